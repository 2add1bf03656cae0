//! One feature of one source on its way in: the loop that leases, asks, appends, and waits.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use daybook_connectors::{After, AnySource, Phase, Source, SourceError, SourcePage, Terms};
use daybook_events::{AccountId, ConnectorId, Feature, NewEvent, Timestamp};
use daybook_store::{AppendBatch, AttemptOutcome, Direction, EncodedBlock, SourceLease, SourceMove, StoreError};
use tokio::sync::watch;

use super::{
    budget::Account,
    entries::{Entry, entry},
    fleet::HUB,
    known::Known,
    pace::Pace,
    reading::outcome_of,
};
use crate::{
    state::App,
    telemetry::metric_label,
    workers::{
        backoff::Backoff,
        board::{Attempt, Standing},
        packer::chain,
    },
};

/// The wait before asking again for a lease that another node holds, or a store that does not answer.
const LEASE_WAIT: Duration = Duration::from_secs(2);
/// A cursor that is only as new as the last event is written down at least so often: upstreams may forget old ones.
const MOVE_EVERY: Duration = Duration::from_secs(3600);

/// What a feature's loop is made of.
pub(super) struct Pull {
    pub(super) app: App,
    pub(super) source: Arc<AnySource>,
    pub(super) terms: Terms,
    pub(super) account: Option<Arc<Account>>,
    pub(super) connector_id: ConnectorId,
    pub(super) account_id: AccountId,
    pub(super) feature: Feature,
    pub(super) stop: watch::Receiver<bool>,
}

/// A lease and when it was last renewed.
struct Held {
    lease: SourceLease,
    renewed: Instant,
    life: Duration,
}

/// What a loop remembers from one page to the next.
struct State {
    pace: Pace,
    backoff: Backoff,
    /// What is here already since a time, while that matters.
    known: Option<(Timestamp, Known)>,
    moved: Instant,
    /// The last page's notice: what goes on is logged once.
    notice: String,
}

/// Why a lease's turn is over: it is another's, or where the source is has to be read anew.
struct Lost;

/// What a page comes to once it is looked at.
#[derive(Default)]
struct Sorted {
    entries: Vec<Entry>,
    repeated: usize,
    /// Why what was left out was left out.
    skipped: Vec<String>,
    notice: String,
}

impl Pull {
    /// Reads until it is told to stop.
    pub(super) async fn run(self) {
        let mut state = State {
            pace: Pace::new(self.terms.poll_min, self.terms.poll_max),
            backoff: Backoff::default(),
            known: None,
            moved: Instant::now(),
            notice: String::new(),
        };
        while !*self.stop.borrow() {
            let life = Duration::from_secs(self.app.config.workers.lease_secs);
            match self.app.cursors.lease_source(&self.connector_id, &self.feature, life).await {
                Ok(Some(lease)) => {
                    let mut held = Held { lease, renewed: Instant::now(), life };
                    while !*self.stop.borrow() && Box::pin(self.turn(&mut held, &mut state)).await.is_ok() {}
                    if let Err(error) = self.app.cursors.release_source(held.lease).await {
                        tracing::debug!(%error, "the lease of a source was not given back; it will run out");
                    }
                }
                Ok(None) => self.pause(LEASE_WAIT).await,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "where a source is could not be leased; it is tried again");
                    self.pause(LEASE_WAIT).await;
                }
            }
        }
    }

    /// One page, and the wait after it.
    async fn turn(&self, held: &mut Held, state: &mut State) -> Result<(), Lost> {
        let is_catching_up = self.source.phase(&held.lease.cursor) != Phase::Following;
        if let Some(account) = &self.account {
            self.keep(held, account.take(is_catching_up)).await?;
            metrics::gauge!("daybook_source_budget_used_ratio", "source" => self.connector_id.to_string())
                .set(account.used());
        }
        let (began_at, began) = (self.app.clock.now(), Instant::now());
        let (cursor, last_time) = (held.lease.cursor.clone(), held.lease.last_time);
        let fetching = self.source.fetch(&self.feature, After { cursor: &cursor, last_time });
        let wait = match self.keep(held, fetching).await? {
            Ok(page) => self.take(page, held, state, (began_at, began)).await?,
            Err(error) => self.note_failure(&error, state, (began_at, began.elapsed())),
        };
        self.keep(held, tokio::time::sleep(wait)).await
    }

    /// Appends what a page holds, and tells how long to wait for the next.
    async fn take(
        &self,
        page: SourcePage,
        held: &mut Held,
        state: &mut State,
        (began_at, began): (Timestamp, Instant),
    ) -> Result<Duration, Lost> {
        let (cursor, has_more) = (page.cursor.clone(), page.has_more);
        let sorted = match self.sort(page, state).await {
            Ok(sorted) => sorted,
            Err(error) => return Err(self.store_failed(&error).await),
        };
        if self.is_worth_moving(&sorted, (&cursor, has_more), held, state) {
            self.append(&sorted.entries, cursor, held).await?;
            state.moved = Instant::now();
            if let Some((_, known)) = &mut state.known {
                sorted.entries.iter().filter_map(|entry| entry.uuid.as_deref()).for_each(|uuid| known.add(uuid));
            }
        }
        state.backoff.reset();
        let wait = state.pace.after(sorted.entries.len(), has_more);
        self.note_page(&sorted, state, (began_at, began.elapsed()), wait);
        Ok(wait)
    }

    /// Reads the payloads, and leaves out what is here already.
    async fn sort(&self, page: SourcePage, state: &mut State) -> Result<Sorted, StoreError> {
        self.learn_known(page.known_since, state).await?;
        let mut sorted = Sorted { skipped: page.skipped, notice: page.notice, ..Sorted::default() };
        let now = self.app.clock.now();
        for payload in page.payloads {
            match entry(&self.feature, payload, now) {
                Ok(entry) => {
                    let known = state.known.as_ref().map(|(_, known)| known);
                    let is_known = known.zip(entry.uuid.as_deref()).is_some_and(|(known, uuid)| known.has(uuid));
                    if is_known {
                        sorted.repeated += 1;
                    } else {
                        sorted.entries.push(entry);
                    }
                }
                Err(reason) => sorted.skipped.push(reason),
            }
        }
        if state.known.as_ref().is_some_and(|(_, known)| known.is_cut) {
            sorted.notice.push_str("; there are more than can be compared, so that some may be here twice");
        }
        Ok(sorted)
    }

    async fn learn_known(&self, since: Option<Timestamp>, state: &mut State) -> Result<(), StoreError> {
        let Some(since) = since else {
            state.known = None;
            return Ok(());
        };
        if state.known.as_ref().is_none_or(|(learnt, _)| since < *learnt) {
            let stream = HUB.account(self.account_id.clone()).to_read(&self.feature);
            let stream = stream.expect("the hub reads every stream of every account");
            state.known = Some((since, Known::since(&self.app.log, &stream, since).await?));
        }
        Ok(())
    }

    /// Whether a page's place has to be kept: an empty page at the tail needs no commit, its cursor leads to the same.
    fn is_worth_moving(&self, sorted: &Sorted, (cursor, has_more): (&str, bool), held: &Held, state: &State) -> bool {
        let has_new_phase =
            held.lease.cursor.is_empty() || self.source.phase(cursor) != self.source.phase(&held.lease.cursor);
        let is_new = cursor != held.lease.cursor;
        !sorted.entries.is_empty() || is_new && (has_more || has_new_phase || state.moved.elapsed() > MOVE_EVERY)
    }

    async fn append(&self, entries: &[Entry], cursor: String, held: &mut Held) -> Result<(), Lost> {
        let events: Vec<NewEvent<'_>> =
            entries.iter().map(|entry| NewEvent { time: entry.time, payload: &entry.payload }).collect();
        let now = self.app.clock.now();
        let newest = entries.iter().map(|entry| entry.time.min(now)).max();
        let source = SourceMove { lease: held.lease.clone(), cursor, last_time: newest.max(held.lease.last_time) };
        let moved = source.lease_after();
        let stream = HUB.account(self.account_id.clone()).to_append(&self.feature);
        let batch = AppendBatch {
            stream: stream.expect("the hub appends to every stream of every account"),
            blocks: EncodedBlock::encode_batch(&events),
            idempotency: None,
            source: Some(source),
        };
        match self.app.log.append(batch).await {
            Ok(_) => {
                held.lease = moved;
                Ok(())
            }
            // Whether it is on disk all the same, the next lease tells.
            Err(error) => Err(self.store_failed(&error).await),
        }
    }

    async fn store_failed(&self, error: &StoreError) -> Lost {
        tracing::warn!(error = chain(error), "what a source gave was not appended; it is asked again");
        self.pause(LEASE_WAIT).await;
        Lost
    }

    fn note_page(&self, sorted: &Sorted, state: &mut State, began: (Timestamp, Duration), wait: Duration) {
        let irregular = sorted.entries.iter().filter(|entry| entry.is_irregular).count();
        let mut words = Vec::new();
        if irregular > 0 {
            let labels =
                [("source", self.connector_id.to_string()), ("feature", metric_label(&self.feature).to_owned())];
            metrics::counter!("daybook_source_irregular_total", &labels).increment(irregular as u64);
            words.push(format!("{irregular} events lack what events of this kind have; they are kept as they came"));
        }
        if let Some(first) = sorted.skipped.first() {
            words.push(format!("{} left out, such as: {first}", sorted.skipped.len()));
        }
        if !sorted.notice.is_empty() {
            words.push(sorted.notice.clone());
        }
        let reason = words.join("; ");
        let is_new = !sorted.notice.is_empty() && sorted.notice != state.notice;
        state.notice.clone_from(&sorted.notice);
        if is_new || !sorted.skipped.is_empty() {
            tracing::warn!(
                source.id = self.connector_id.as_str(),
                notice = reason,
                "a source is read with a difference"
            );
        }
        let outcome = if sorted.skipped.is_empty() { AttemptOutcome::Done } else { AttemptOutcome::Partial };
        let attempt = Attempt {
            events: sorted.entries.len() + sorted.repeated + sorted.skipped.len(),
            bytes: sorted.entries.iter().map(|entry| entry.payload.len()).sum(),
            taken: sorted.entries.len(),
            repeated: sorted.repeated,
            refused: sorted.skipped.len(),
            last_event_time: sorted.entries.iter().map(|entry| entry.time).max(),
            ..Attempt::failed((Direction::Source, &self.connector_id), &self.feature, began, (outcome, &reason))
        };
        let next_attempt_at = Some(self.app.clock.now().plus(wait));
        self.app.board.note(&attempt, Standing { next_attempt_at, notice: reason.clone(), ..Standing::default() });
    }

    fn note_failure(&self, error: &SourceError, state: &mut State, began: (Timestamp, Duration)) -> Duration {
        if let (Some(account), SourceError::Retry { after: Some(after), .. }) = (&self.account, error) {
            account.pause(*after);
        }
        let wait = state.backoff.wait_after(error);
        let ((outcome, fix), reason) = (outcome_of(error), error.to_string());
        let attempt =
            Attempt::failed((Direction::Source, &self.connector_id), &self.feature, began, (outcome, &reason));
        let failures = state.backoff.failures();
        tracing::warn!(
            source.id = self.connector_id.as_str(),
            failures,
            wait_ms = wait.as_millis() as u64,
            "a source gave no page; it is asked again"
        );
        let next_attempt_at = Some(self.app.clock.now().plus(wait));
        self.app.board.note(&attempt, Standing { failures, next_attempt_at, fix, ..Standing::default() });
        wait
    }

    /// Waits for something, keeping the lease; the word to stop ends it.
    async fn keep<T>(&self, held: &mut Held, what: impl Future<Output = T>) -> Result<T, Lost> {
        let mut stop = self.stop.clone();
        let mut what = std::pin::pin!(what);
        loop {
            tokio::select! {
                biased;
                () = told_to_stop(&mut stop) => return Err(Lost),
                came = &mut what => return Ok(came),
                () = tokio::time::sleep((held.life / 3).saturating_sub(held.renewed.elapsed())) => self.renew(held).await?,
            }
        }
    }

    async fn renew(&self, held: &mut Held) -> Result<(), Lost> {
        match self.app.cursors.lease_source(&self.connector_id, &self.feature, held.life).await {
            Ok(Some(lease)) if lease.cursor == held.lease.cursor => held.renewed = Instant::now(),
            // Another's, or ours again with a place that somebody moved in between.
            Ok(_) => return Err(Lost),
            Err(error) => {
                tracing::warn!(error = chain(&error), "the lease of a source was not renewed; it is tried again");
                held.renewed += LEASE_WAIT;
            }
        }
        Ok(())
    }

    async fn pause(&self, wait: Duration) {
        let mut stop = self.stop.clone();
        let _ = tokio::time::timeout(wait, told_to_stop(&mut stop)).await;
    }
}

/// Ends when the word to stop has been given.
pub(super) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // The other end is gone only when everything ends.
    let _ = stop.wait_for(|stop| *stop).await;
}
