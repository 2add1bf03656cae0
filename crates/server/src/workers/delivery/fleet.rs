//! The destinations at work, kept in step with the catalog.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use daybook_events::{AccountId, ConnectorId, Feature, HubGrant, Position, ReplayId, Timestamp};
use daybook_store::{
    AttemptOutcome, Connector, ConnectorState, CursorKey, CursorName, Direction, ReadFilter, StoreError, StreamState,
};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    committer::Committer,
    memory::Memory,
    redrive,
    replays::Replays,
    stream::{Ended, Job},
};
use crate::{
    connectors::{Opened, open},
    state::{App, days_long},
    workers::board::{Attempt, Standing},
};

pub(super) const HUB: HubGrant = HubGrant::of_the_hub_itself();

/// What all loops share.
pub(super) struct Shared {
    pub(super) app: App,
    committer: Committer,
    memory: Memory,
}

/// Every destination of every account that is not paused.
pub(super) struct Fleet {
    shared: Shared,
    /// What the catalog's revision was when it was last read.
    revision: Option<i64>,
    running: HashMap<ConnectorId, Running>,
    replays: Replays,
}

/// A destination at work.
pub(super) struct Running {
    pub(super) connector: Connector,
    pub(super) opened: Arc<Opened>,
    pub(super) not_before: watch::Sender<Option<Timestamp>>,
    pub(super) stop: watch::Sender<bool>,
    streams: HashMap<i64, JoinHandle<Ended>>,
    redrive: JoinHandle<()>,
}

impl Fleet {
    pub(super) fn new(app: App) -> Self {
        let committer = Committer::start(app.cursors.clone());
        let memory = Memory::of_mib(app.config.connectors.batches_mib_max);
        let shared = Shared { app, committer, memory };
        Self { shared, revision: None, running: HashMap::new(), replays: Replays::default() }
    }

    /// Starts, stops and restarts what the catalog says, and takes up streams that are new.
    pub(super) async fn reconcile(&mut self) -> Result<(), StoreError> {
        let revision = self.shared.app.catalog.revision_of_connectors(HUB).await?;
        if self.revision != Some(revision) {
            self.take_changes().await?;
            self.revision = Some(revision);
        }
        if self.running.is_empty() {
            return Ok(());
        }
        self.update_retention().await?;
        let accounts: HashSet<AccountId> =
            self.running.values().map(|running| running.connector.account_id.clone()).collect();
        for account in accounts {
            let streams = self.shared.app.log.streams(HUB, Some(&account)).await?;
            let ids: Vec<ConnectorId> = self.running.keys().cloned().collect();
            for id in ids {
                if self.running[&id].connector.account_id == account {
                    self.start_streams(&id, &streams).await?;
                }
            }
        }
        self.replays.reconcile(&self.shared, &self.running).await
    }

    /// Ends every loop, each after the attempt it is at.
    pub(super) async fn stop(mut self) {
        for running in self.running.values() {
            running.stop.send_replace(true);
        }
        self.replays.stop().await;
        for (_, running) in self.running.drain() {
            running.stop().await;
        }
    }

    async fn take_changes(&mut self) -> Result<(), StoreError> {
        let connectors = self.shared.app.catalog.list_all_connectors(HUB).await?;
        let is_wanted = |it: &Connector| it.direction == Direction::Destination && it.state == ConnectorState::Active;
        let wanted: HashMap<ConnectorId, Connector> =
            connectors.into_iter().filter(is_wanted).map(|it| (it.connector_id.clone(), it)).collect();
        let is_stale = |id: &ConnectorId, running: &Running| {
            wanted.get(id).is_none_or(|connector| connector.revision != running.connector.revision)
        };
        let stale: Vec<ConnectorId> =
            self.running.iter().filter(|(id, running)| is_stale(id, running)).map(|(id, _)| id.clone()).collect();
        // Each gets the word before the first is waited for.
        for running in stale.iter().filter_map(|id| self.running.get(id)) {
            running.stop.send_replace(true);
        }
        for id in stale {
            self.replays.stop_of(&id).await;
            if let Some(running) = self.running.remove(&id) {
                running.stop().await;
                tracing::info!(
                    destination.id = id.as_str(),
                    "a destination was stopped: it was changed, paused or removed"
                );
            }
        }
        for (id, connector) in wanted {
            if !self.running.contains_key(&id) {
                self.start(connector);
            }
        }
        Ok(())
    }

    fn start(&mut self, connector: Connector) {
        let id = connector.connector_id.clone();
        let opened = match open(&self.shared.app, &connector) {
            Ok(opened) => Arc::new(opened),
            Err(error) => {
                tracing::warn!(destination.id = id.as_str(), %error, "a destination cannot be opened");
                self.note_broken(&connector, &error.to_string());
                return;
            }
        };
        tracing::info!(destination.id = id.as_str(), destination.kind = connector.kind, "a destination is at work");
        let stop = watch::Sender::new(false);
        let redrive = start_redrive(&self.shared.app, &opened, &connector, &stop);
        let running =
            Running { connector, opened, not_before: watch::Sender::new(None), stop, streams: HashMap::new(), redrive };
        self.running.insert(id, running);
    }

    fn note_broken(&self, connector: &Connector, reason: &str) {
        let attempt = Attempt::failed(
            (Direction::Destination, &connector.connector_id),
            &daybook_events::AUDIT_EVENTS,
            (self.shared.app.clock.now(), std::time::Duration::ZERO),
            (AttemptOutcome::Stopped, reason),
        );
        let fix = "change its settings, or remove it and add it again".to_owned();
        self.shared.app.board.note(&attempt, Standing { failures: 1, fix, ..Standing::default() });
    }

    async fn update_retention(&self) -> Result<(), StoreError> {
        let now = self.shared.app.clock.now();
        let accounts = self.shared.app.catalog.list_accounts(HUB).await?;
        let cutoffs: HashMap<AccountId, Option<Timestamp>> = accounts
            .into_iter()
            .map(|account| (account.account_id, account.retention_days.map(|days| now.minus(days_long(days)))))
            .collect();
        for running in self.running.values() {
            running.not_before.send_replace(cutoffs.get(&running.connector.account_id).copied().flatten());
        }
        Ok(())
    }

    /// Starts a loop for each stream that the destination wants and that has none.
    async fn start_streams(&mut self, id: &ConnectorId, streams: &[StreamState]) -> Result<(), StoreError> {
        let Some(running) = self.running.get_mut(id) else { return Ok(()) };
        // A loop ends by itself only in a panic, which was reported where it happened: it begins again.
        running.streams.retain(|_, task| !task.is_finished());
        if running.redrive.is_finished() {
            running.redrive = start_redrive(&self.shared.app, &running.opened, &running.connector, &running.stop);
        }
        let wanted = streams.iter().filter(|stream| running.opened.shape.wants_feature(&stream.feature));
        let new: Vec<&StreamState> = wanted.filter(|stream| !running.streams.contains_key(&stream.stream_id)).collect();
        for stream in new {
            let start = begin_at(&self.shared.app, running, &stream.feature).await?;
            let part = JobPart {
                name: CursorName::of_destination(id),
                stream,
                start,
                filter: ReadFilter::default(),
                until: None,
                replay: None,
                stop: running.stop.subscribe(),
            };
            let job = job(&self.shared, running, part);
            running.streams.insert(stream.stream_id, tokio::spawn(job.run()));
        }
        Ok(())
    }
}

fn start_redrive(app: &App, opened: &Arc<Opened>, connector: &Connector, stop: &watch::Sender<bool>) -> JoinHandle<()> {
    tokio::spawn(redrive::run(app.clone(), Arc::clone(opened), connector.clone(), stop.subscribe()))
}

/// What of a job differs between a destination's own loops and its replays'.
pub(super) struct JobPart<'a> {
    pub(super) name: CursorName,
    pub(super) stream: &'a StreamState,
    pub(super) start: Position,
    pub(super) filter: ReadFilter,
    pub(super) until: Option<Position>,
    pub(super) replay: Option<ReplayId>,
    pub(super) stop: watch::Receiver<bool>,
}

pub(super) fn job(shared: &Shared, running: &Running, part: JobPart<'_>) -> Job {
    let key = HUB.account(part.stream.account.clone()).to_read(&part.stream.feature);
    Job {
        app: shared.app.clone(),
        opened: Arc::clone(&running.opened),
        connector_id: running.connector.connector_id.clone(),
        stream: key.expect("the hub reads every stream of every account"),
        key: CursorKey { name: part.name, stream_id: part.stream.stream_id },
        start: part.start,
        filter: part.filter,
        until: part.until,
        replay: part.replay,
        not_before: running.not_before.subscribe(),
        board: shared.app.board.clone(),
        committer: shared.committer.clone(),
        memory: shared.memory.clone(),
        stop: part.stop,
    }
}

/// Where a destination that has delivered nothing of a stream begins.
async fn begin_at(app: &App, running: &Running, feature: &Feature) -> Result<Position, StoreError> {
    if running.opened.is_from_beginning {
        return Ok(Position::START);
    }
    let grant = HUB.account(running.connector.account_id.clone());
    let stream = grant.to_read(feature).expect("the hub reads every stream of every account");
    app.log.position_at_arrival(&stream, running.connector.created_at).await
}

impl Running {
    async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.streams.into_values() {
            // A panic was reported where it happened.
            let _ = task.await;
        }
        let _ = self.redrive.await;
    }
}
