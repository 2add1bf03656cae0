//! One stream on its way to one destination: the loop that leases, reads, delivers and commits.
//!
//! ```text
//!  lease ──▶ read ahead ──▶ attempt ──▶ taken: commit the cursor, with what was refused
//!    ▲                        ▲  └────▶ not now: wait, ever longer; a receiver that is gone gets one event as a probe
//!    └── lost: begin again ───┴────────────────┘
//! ```

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use daybook_connectors::{Batch, Delivered, DeliveryError};
use daybook_events::{ConnectorId, Kind, Kinded, Position, Read, ReplayId, StreamKey, Timestamp};
use daybook_store::{
    AttemptOutcome, ConnectorState, CursorKey, Direction, Lease, NewDeadLetter, ReadFilter, StoreError,
};
use tokio::sync::{mpsc, watch};

use super::{
    committer::Committer,
    fleet::HUB,
    memory::Memory,
    reading::{Fed, Reader},
    work::{Outcome, Streak, Work},
};
use crate::{
    connectors::Opened,
    state::App,
    workers::{
        backoff::Backoff,
        board::{Attempt, Board, Standing},
        packer::chain,
    },
};

/// The wait before asking again for a lease that another node holds, or a store that does not answer.
const LEASE_WAIT: Duration = Duration::from_secs(2);
/// A batch is not held in memory for longer than this: it is read again.
const HOLD_MAX: Duration = Duration::from_secs(20);
/// How long an attempt may go on after the word to stop.
pub(super) const STOP_GRACE: Duration = Duration::from_secs(3);

/// What a stream's loop is made of.
pub(super) struct Job {
    pub(super) app: App,
    pub(super) opened: Arc<Opened>,
    pub(super) connector_id: ConnectorId,
    pub(super) stream: StreamKey<Read>,
    pub(super) key: CursorKey,
    /// Where to begin if the cursor was never moved.
    pub(super) start: Position,
    pub(super) filter: ReadFilter,
    pub(super) until: Option<Position>,
    /// The replay that this loop is a part of, if it is one.
    pub(super) replay: Option<ReplayId>,
    pub(super) not_before: watch::Receiver<Option<Timestamp>>,
    pub(super) board: Board,
    pub(super) committer: Committer,
    pub(super) memory: Memory,
    pub(super) stop: watch::Receiver<bool>,
}

/// How a loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was told to.
    Stopped,
    /// Everything up to its end was delivered.
    Finished,
}

/// Why a lease's turn is over.
enum Turn {
    Ended(Ended),
    /// The lease is another's.
    Lost,
    /// Something of ours went wrong: it is tried again after a while.
    Failed,
    /// The receiver takes nothing for so long that the batches are read again then.
    Later(Duration),
}

impl Job {
    /// Delivers until it is told to stop, or everything is delivered.
    pub(super) async fn run(mut self) -> Ended {
        let mut state = State::default();
        let mut is_noted = self.replay.is_some();
        loop {
            // A lease makes a cursor where there is none: for what was removed, it would begin from the beginning.
            if self.is_told_to_stop() || !self.is_wanted().await {
                return Ended::Stopped;
            }
            let life = Duration::from_secs(self.app.config.workers.lease_secs);
            match self.app.cursors.lease(&self.key, life).await {
                Ok(Some(lease)) => {
                    if !is_noted {
                        is_noted = true;
                        self.board.note_start(&self.connector_id, self.stream.feature(), self.app.clock.now());
                    }
                    let mut held = HeldLease { lease, renewed: Instant::now(), life };
                    let mut turn = Box::pin(self.deliver_under(&mut held, &mut state)).await;
                    if let Turn::Later(wait) = turn {
                        turn = self.wait_out(wait, &mut held).await.unwrap_or(Turn::Later(Duration::ZERO));
                    }
                    self.release(held.lease).await;
                    match turn {
                        Turn::Ended(ended) => return ended,
                        Turn::Failed | Turn::Lost => self.pause(LEASE_WAIT).await,
                        Turn::Later(_) => {}
                    }
                }
                Ok(None) => self.pause(LEASE_WAIT).await,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the cursor of a destination could not be leased");
                    self.pause(LEASE_WAIT).await;
                }
            }
        }
    }

    /// Whether the catalog still has what this loop works for.
    async fn is_wanted(&self) -> bool {
        let found = match &self.replay {
            None => {
                let grant = HUB.account(self.stream.account().clone());
                let found = self.app.catalog.find_connector(&grant, &self.connector_id).await;
                found.map(|connector| connector.state == ConnectorState::Active)
            }
            Some(id) => {
                let running = self.app.catalog.running_replays(HUB).await;
                running.map(|running| running.iter().any(|replay| replay.replay_id == *id))
            }
        };
        // A store that does not answer says so again with the lease.
        found.unwrap_or(true)
    }

    /// Also when nobody is left who could tell it.
    fn is_told_to_stop(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    async fn release(&self, lease: Lease) {
        if let Err(error) = self.app.cursors.release(lease).await {
            tracing::debug!(%error, "a lease was not given back; it will run out");
        }
    }

    async fn deliver_under(&mut self, held: &mut HeldLease, state: &mut State) -> Turn {
        let after = held.lease.position.max(self.start);
        let (feed, mut batches) = mpsc::channel(1);
        let reader = Reader {
            app: self.app.clone(),
            connector_id: self.connector_id.clone(),
            stream: self.stream.clone(),
            opened: Arc::clone(&self.opened),
            filter: self.filter,
            not_before: self.not_before.clone(),
            until: self.until,
            memory: self.memory.clone(),
        };
        let reading = tokio::spawn(reader.feed(after, feed));
        let turn = self.take_batches(&mut batches, held, state).await;
        reading.abort();
        turn
    }

    async fn take_batches(
        &mut self,
        batches: &mut mpsc::Receiver<Fed>,
        held: &mut HeldLease,
        state: &mut State,
    ) -> Turn {
        let mut stop = self.stop.clone();
        loop {
            let fed = tokio::select! {
                biased;
                () = told_to_stop(&mut stop) => return Turn::Ended(Ended::Stopped),
                () = tokio::time::sleep(held.renewal_in()) => {
                    if !self.renew(held).await { return Turn::Lost }
                    continue;
                }
                fed = batches.recv() => fed,
            };
            match fed {
                Some(Fed::Work(work)) => {
                    if let Some(turn) = self.work_off(work, held, state).await {
                        return turn;
                    }
                }
                Some(Fed::Damaged(reason)) => self.note_stopped(
                    &reason,
                    "restore the hub's store from a backup; what comes after the damage can be sent with a replay: daybook \
                     destination replay NAME --since TIME",
                ),
                Some(Fed::End) => return Turn::Ended(Ended::Finished),
                // What read for us has ended, and has said why.
                None => return Turn::Failed,
            }
        }
    }

    /// Attempts a batch, part by part, until it is settled; `Some` if that cannot go on.
    async fn work_off(&mut self, mut work: Work, held: &mut HeldLease, state: &mut State) -> Option<Turn> {
        loop {
            if self.is_told_to_stop() {
                return self.commit(&mut work, held).await.or(Some(Turn::Ended(Ended::Stopped)));
            }
            if state.backoff.is_probing() {
                work.split_off_one();
            }
            let Some(batch) = work.next() else { break };
            let (began_at, began) = (self.app.clock.now(), Instant::now());
            let came = {
                let deliver = self.attempt(&batch);
                let mut deliver = std::pin::pin!(deliver);
                let mut stop = self.stop.clone();
                let mut stopped = std::pin::pin!(stopped_for(&mut stop, STOP_GRACE));
                loop {
                    tokio::select! {
                        came = &mut deliver => break Some(came),
                        () = &mut stopped => break None,
                        () = tokio::time::sleep(held.renewal_in()) => {
                            // Lost while the receiver is at it: the commit will find out.
                            self.renew(held).await;
                        }
                    }
                }
            };
            let Some(came) = came else {
                // Whether it was taken is not known: it is sent again by whoever goes on.
                return self.commit(&mut work, held).await.or(Some(Turn::Ended(Ended::Stopped)));
            };
            let outcome = work.settle(came, &mut state.streak);
            let waits = state.note(&outcome);
            let last_event_time = batch.events.iter().map(|event| event.time).max();
            let attempt = Attempt {
                direction: Direction::Destination,
                connector_id: &self.connector_id,
                feature: self.stream.feature(),
                began_at,
                took: began.elapsed(),
                outcome: outcome_of(&outcome),
                events: batch.events.len(),
                bytes: batch.text_bytes(),
                taken: outcome.taken,
                repeated: outcome.repeated,
                refused: outcome.refused,
                reason: &outcome.reason,
                last_event_time,
            };
            self.board.note(&attempt, state.standing(&outcome, waits, self.app.clock.now()));
            if let Some(wait) = waits {
                // What is settled stays settled, whatever happens while we wait.
                if let Some(turn) = self.commit(&mut work, held).await {
                    return Some(turn);
                }
                if wait > HOLD_MAX {
                    return Some(Turn::Later(wait));
                }
                if let Some(turn) = self.wait_out(wait, held).await {
                    return Some(turn);
                }
            }
        }
        self.commit(&mut work, held).await
    }

    async fn attempt(&self, batch: &Arc<Batch>) -> Result<Delivered, DeliveryError> {
        let (opened, batch) = (Arc::clone(&self.opened), Arc::clone(batch));
        self.app.background.run(async move { opened.deliver(&batch).await }).await
    }

    /// Moves the cursor to where everything is settled, with what was refused on the way.
    async fn commit(&mut self, work: &mut Work, held: &mut HeldLease) -> Option<Turn> {
        let (position, refused) = (work.settled(), work.take_refused());
        if position <= held.lease.position && refused.is_empty() {
            return None;
        }
        loop {
            match self.try_commit(&held.lease, position, &refused).await {
                Ok(()) => {
                    held.lease.position = position;
                    return None;
                }
                Err(error) if error.kind() == Kind::Unavailable || error.kind() == Kind::StorageFull => {
                    tracing::warn!(
                        error = chain(&error),
                        "the cursor of a destination was not committed; it is tried again"
                    );
                }
                Err(error @ StoreError::DeadLettersFull { .. }) => self.note_stopped(
                    &error.to_string(),
                    "redrive or discard the dead letters: daybook destination redrive NAME --all, or discard",
                ),
                Err(error) if error.kind() == Kind::Conflict || error.kind() == Kind::NotFound => {
                    tracing::warn!(error = chain(&error), "the cursor of a destination is not ours any more");
                    return Some(Turn::Lost);
                }
                Err(error) => {
                    // Read and sent again, it would fail again: what is settled waits here for its commit.
                    tracing::error!(error = chain(&error), "the cursor of a destination cannot be committed");
                }
            }
            if let Some(turn) = self.wait_out(LEASE_WAIT, held).await {
                return Some(turn);
            }
        }
    }

    async fn try_commit(&self, lease: &Lease, position: Position, refused: &[NewDeadLetter]) -> Result<(), StoreError> {
        if refused.is_empty() {
            return self.committer.commit(lease, position).await.map_err(|error| StoreError::Shared(error.0));
        }
        self.app.cursors.commit_with_dead_letters(lease, position, &self.connector_id, refused).await
    }

    /// Notes what stops the stream on our side.
    fn note_stopped(&self, reason: &str, fix: &str) {
        let attempt = Attempt::failed(
            (Direction::Destination, &self.connector_id),
            self.stream.feature(),
            (self.app.clock.now(), Duration::ZERO),
            (AttemptOutcome::Stopped, reason),
        );
        self.board.note(&attempt, Standing { failures: 1, fix: fix.to_owned(), ..Standing::default() });
    }

    /// Waits, keeping the lease; `Some` if it was lost or the word is to stop.
    async fn wait_out(&mut self, wait: Duration, held: &mut HeldLease) -> Option<Turn> {
        let until = tokio::time::Instant::now() + wait;
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = told_to_stop(&mut stop) => return Some(Turn::Ended(Ended::Stopped)),
                () = tokio::time::sleep_until(until) => return None,
                () = tokio::time::sleep(held.renewal_in()) => {
                    if !self.renew(held).await { return Some(Turn::Lost) }
                }
            }
        }
    }

    /// Renews the lease; false if it is another's now.
    async fn renew(&self, held: &mut HeldLease) -> bool {
        match self.app.cursors.renew(&held.lease, held.life).await {
            Ok(()) => {
                held.renewed = Instant::now();
                true
            }
            Err(StoreError::LeaseLost { .. }) => false,
            Err(error) => {
                tracing::warn!(error = chain(&error), "the lease of a destination was not renewed; it is tried again");
                held.renewed += LEASE_WAIT;
                true
            }
        }
    }

    async fn pause(&mut self, wait: Duration) {
        let _ = tokio::time::timeout(wait, self.stop.wait_for(|stop| *stop)).await;
    }
}

/// A lease and when it was last renewed.
struct HeldLease {
    lease: Lease,
    renewed: Instant,
    life: Duration,
}

impl HeldLease {
    /// A third of its life after it was renewed.
    fn renewal_in(&self) -> Duration {
        (self.life / 3).saturating_sub(self.renewed.elapsed())
    }
}

/// What a stream remembers from one attempt to the next.
#[derive(Default)]
struct State {
    backoff: Backoff,
    streak: Streak,
}

impl State {
    /// Counts failures in a row, and tells how long to wait.
    fn note(&mut self, outcome: &Outcome) -> Option<Duration> {
        if outcome.taken > 0 || outcome.refused > 0 {
            self.backoff.reset();
        }
        outcome.wait.as_ref().map(|error| self.backoff.wait_after(error))
    }

    fn standing(&self, outcome: &Outcome, waits: Option<Duration>, now: Timestamp) -> Standing {
        let fix = match &outcome.wait {
            Some(DeliveryError::Stop { fix, .. }) => fix.clone(),
            _ => String::new(),
        };
        Standing {
            failures: self.backoff.failures(),
            next_attempt_at: waits.map(|wait| now.plus(wait)),
            fix,
            notice: String::new(),
        }
    }
}

/// Ends when the word to stop has been given.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // The other end is gone only when everything ends.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Ends so long after that.
pub(super) async fn stopped_for(stop: &mut watch::Receiver<bool>, grace: Duration) {
    told_to_stop(stop).await;
    tokio::time::sleep(grace).await;
}

fn outcome_of(outcome: &Outcome) -> AttemptOutcome {
    match &outcome.wait {
        Some(DeliveryError::Stop { .. }) => AttemptOutcome::Stopped,
        Some(_) => AttemptOutcome::Retried,
        // Its halves are next.
        None if outcome.taken == 0 && outcome.refused == 0 => AttemptOutcome::Retried,
        None if outcome.taken == 0 => AttemptOutcome::Refused,
        None if outcome.refused > 0 => AttemptOutcome::Partial,
        None => AttemptOutcome::Done,
    }
}
