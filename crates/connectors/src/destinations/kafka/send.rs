//! One attempt: to each leader one request, and for each partition what came of it.

use std::collections::BTreeMap;

use tokio::{sync::Mutex, time::timeout};

use super::{
    cluster::Cluster,
    config::Config,
    connection::Dialer,
    encode::{RecordStyle, record_batch},
    errors,
    messages::{Api, Produced, init_producer, produce, read_produced, read_producer},
    producer::{Identity, Numbering, Place, Producer},
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, OutgoingEvent, Rejected, Settings, SettingsError,
    Unsettled, http::shorten, tls::tls_of,
};

/// A Kafka cluster.
#[derive(Debug)]
pub(crate) struct Connector {
    config: Config,
    endpoint: Endpoint,
    session: Mutex<Session>,
}

/// What attempts share; all of it can be lost and asked for again.
#[derive(Debug)]
struct Session {
    cluster: Cluster,
    producer: Option<Producer>,
}

/// The events of a batch that go to one partition.
#[derive(Debug)]
struct Share {
    indices: Vec<usize>,
    events: Vec<OutgoingEvent>,
    leader: i32,
}

type Shares = BTreeMap<i32, Share>;

impl Connector {
    /// A cluster of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let config = Config::of(settings)?;
        for (host, _) in &config.brokers {
            let checked = context.guard.check_literal(host);
            checked.map_err(|error| SettingsError::of("brokers", error.to_string()))?;
        }
        let dialer = Dialer::new(&config, tls_of(settings)?, context);
        let (host, port) = config.brokers.first().cloned().unwrap_or_default();
        let endpoint = Endpoint { host, port, tls: dialer.tls() };
        let session = Session { cluster: Cluster::new(config.clone(), dialer), producer: None };
        Ok(Self { config, endpoint, session: Mutex::new(session) })
    }

    async fn attempt(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let style = RecordStyle::of(&self.config, batch);
        let attempt = Attempt { config: &self.config, batch, topic: self.config.topic_of(batch), style };
        let mut session = self.session.lock().await;
        session.cluster.drop_idle();
        let metadata = session.cluster.topic(&attempt.topic).await?;
        let shares = attempt.share(&metadata.leaders);
        if self.config.is_idempotent {
            session.ready_producer(&attempt, &shares).await?;
        }
        let mut by_leader: BTreeMap<i32, Shares> = BTreeMap::new();
        for (partition, share) in shares {
            by_leader.entry(share.leader).or_default().insert(partition, share);
        }
        let mut outcome = Outcome::default();
        for (leader, shares) in by_leader {
            match metadata.brokers.get(&leader) {
                Some((host, port)) => {
                    session.produce(&attempt, (leader, host, *port), shares, &mut outcome).await;
                }
                None => {
                    let error = errors::judge(&attempt.topic, errors::LEADER_NOT_AVAILABLE, None);
                    outcome.unsettle(shares.values().flat_map(|share| share.indices.iter().copied()), error);
                }
            }
        }
        if outcome.error.is_some() {
            session.cluster.forget(&attempt.topic);
        }
        outcome.end(batch.events.len())
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.endpoint.clone())
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let seconds = self.config.timeout.as_secs();
        let late = || DeliveryError::retry(format!("the cluster has not acknowledged within {seconds} s"));
        timeout(self.config.timeout, self.attempt(batch)).await.unwrap_or_else(|_| Err(late()))
    }
}

/// A batch on its way to its topic.
struct Attempt<'a> {
    config: &'a Config,
    batch: &'a Batch,
    topic: String,
    style: RecordStyle,
}

impl Attempt<'_> {
    /// Deals the events out to the partitions by their keys, each partition's in their order.
    fn share(&self, leaders: &BTreeMap<i32, i32>) -> Shares {
        let mut shares = Shares::new();
        for (index, event) in self.batch.events.iter().enumerate() {
            let partition = self.style.partition_of(event, leaders.len());
            let leader = leaders.get(&partition).copied().unwrap_or(-1);
            let share =
                shares.entry(partition).or_insert_with(|| Share { indices: Vec::new(), events: Vec::new(), leader });
            share.indices.push(index);
            share.events.push(event.clone());
        }
        shares
    }

    fn place(&self, partition: i32) -> Place {
        (self.topic.clone(), partition)
    }

    fn identity(&self, share: &Share) -> Identity {
        Identity {
            account: self.batch.account.clone(),
            feature: self.batch.feature.clone(),
            positions: share.events.iter().map(|event| event.position).collect(),
        }
    }
}

impl Session {
    /// Sees to it that there is an id under which all of this can be numbered.
    async fn ready_producer(&mut self, attempt: &Attempt<'_>, shares: &Shares) -> Result<(), DeliveryError> {
        let can_number = |producer: &Producer| {
            shares.iter().all(|(number, share)| producer.can_number(&attempt.place(*number), &attempt.identity(share)))
        };
        if self.producer.as_ref().is_some_and(can_number) {
            return Ok(());
        }
        let (_, answer) = self.cluster.call_any(Api::InitProducerId, &init_producer()).await?;
        let read = read_producer(&answer).map_err(|error| DeliveryError::retry(error.to_string()))?;
        let (code, id, epoch) = read;
        if code != errors::NONE {
            return Err(errors::judge("asking for a producer id", code, None));
        }
        self.producer = Some(Producer::new(id, epoch));
        Ok(())
    }

    /// Sends one leader its shares, and notes what came of each.
    async fn produce(
        &mut self,
        attempt: &Attempt<'_>,
        leader: (i32, &str, u16),
        shares: Shares,
        outcome: &mut Outcome,
    ) {
        let mut numbered = Vec::new();
        for (partition, share) in &shares {
            let numbering = self.producer.as_mut().map_or(Numbering::NONE, |producer| {
                producer.number(&attempt.place(*partition), attempt.identity(share))
            });
            numbered.push((*partition, share.events.clone(), numbering));
        }
        let (style, topic, timeout_ms) =
            (attempt.style.clone(), attempt.topic.clone(), attempt.config.broker_timeout_ms());
        // Packing takes milliseconds of processor time.
        let packed = tokio::task::spawn_blocking(move || {
            let pack = |(partition, events, numbering): (i32, Vec<OutgoingEvent>, Numbering)| {
                (partition, record_batch(&style, &events, numbering))
            };
            let records: Vec<(i32, Vec<u8>)> = numbered.into_iter().map(pack).collect();
            produce(&topic, records.iter().map(|(partition, records)| (*partition, records.as_slice())), timeout_ms)
        });
        let body = packed.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let called = self.cluster.call(leader, Api::Produce, &body).await;
        let produced = called.and_then(|(version, answer)| {
            read_produced(&answer, version).map_err(|error| DeliveryError::retry(error.to_string()))
        });
        match produced {
            Ok(produced) => self.settle(attempt, &shares, &produced, outcome),
            Err(error) => outcome.unsettle(shares.values().flat_map(|share| share.indices.iter().copied()), error),
        }
    }

    fn settle(&mut self, attempt: &Attempt<'_>, shares: &Shares, produced: &[Produced], outcome: &mut Outcome) {
        for (partition, share) in shares {
            let place = attempt.place(*partition);
            let Some(produced) = produced.iter().find(|it| it.partition == *partition) else {
                let error = DeliveryError::retry("the broker's answer leaves out a partition");
                outcome.unsettle(share.indices.iter().copied(), error);
                continue;
            };
            if let Some(producer) = &mut self.producer {
                match produced.code {
                    errors::NONE | errors::DUPLICATE_SEQUENCE => producer.appended(&place),
                    code if errors::is_in_doubt(code) => {}
                    _ => producer.not_appended(&place),
                }
            }
            if errors::wants_new_producer(produced.code) {
                self.producer = None;
            }
            outcome.note(&attempt.topic, share, produced);
        }
    }
}

/// What has come of an attempt so far.
#[derive(Debug, Default)]
struct Outcome {
    rejected: Vec<Rejected>,
    repeated: usize,
    unsettled: Vec<usize>,
    error: Option<DeliveryError>,
}

impl Outcome {
    fn note(&mut self, topic: &str, share: &Share, produced: &Produced) {
        let message = produced.message.as_deref();
        match produced.code {
            errors::NONE => {}
            errors::DUPLICATE_SEQUENCE => self.repeated += share.indices.len(),
            code => {
                let asked = format!("writing to {topic}, partition {}", produced.partition);
                let error = errors::judge(&asked, code, message);
                if produced.bad_records.is_empty() {
                    self.unsettle(share.indices.iter().copied(), error);
                } else {
                    self.note_bad_records(share, produced, &error);
                }
            }
        }
    }

    /// The broker has named the records that are to blame: the others may go without them.
    fn note_bad_records(&mut self, share: &Share, produced: &Produced, error: &DeliveryError) {
        let mut rest = Vec::new();
        for (place, index) in (0i32..).zip(&share.indices) {
            match produced.bad_records.iter().find(|(bad, _)| *bad == place) {
                Some((_, message)) => {
                    let reason = message.as_deref().map_or_else(|| error.to_string(), shorten);
                    self.rejected.push(Rejected { index: *index, reason });
                }
                None => rest.push(*index),
            }
        }
        if rest.len() == share.indices.len() {
            self.unsettle(rest.into_iter(), error.clone());
        } else if !rest.is_empty() {
            self.unsettle(rest.into_iter(), DeliveryError::retry("the batch held records that the broker refuses"));
        }
    }

    fn unsettle(&mut self, indices: impl Iterator<Item = usize>, error: DeliveryError) {
        self.unsettled.extend(indices);
        if self.error.as_ref().is_none_or(|known| weight(&error) > weight(known)) {
            self.error = Some(error);
        }
    }

    fn end(mut self, count: usize) -> Result<Delivered, DeliveryError> {
        let Some(error) = self.error else {
            return Ok(Delivered { rejected: self.rejected, repeated: self.repeated, ..Delivered::default() });
        };
        if self.unsettled.len() == count {
            return Err(error);
        }
        self.unsettled.sort_unstable();
        let unsettled = Unsettled { indices: self.unsettled, error };
        let (rejected, repeated) = (self.rejected, self.repeated);
        Ok(Delivered { rejected, repeated, unsettled: Some(unsettled), ..Delivered::default() })
    }
}

/// Which of several troubles is told: the one that most wants something to be done.
fn weight(error: &DeliveryError) -> u8 {
    match error {
        DeliveryError::Retry { .. } => 0,
        DeliveryError::Refused { .. } => 1,
        DeliveryError::TooLarge { .. } => 2,
        DeliveryError::Stop { .. } => 3,
    }
}
