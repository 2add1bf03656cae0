//! The next batch of a stream: read after a position, filtered, redacted and encoded, within the bounds of its destination.

use std::{sync::Arc, time::Duration};

use daybook_connectors::Batch;
use daybook_events::{ConnectorId, Kind, Kinded, Position, Read, StreamKey, Timestamp, Window};
use daybook_store::{Events, ReadFilter, StoreError, Watch};
use tokio::sync::{mpsc, watch};

use super::{memory::Memory, work::Work};
use crate::{connectors::Opened, state::App, workers::packer::chain};

/// Signals of other nodes can be lost with their connection: so often is looked all the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The wait after the store did not answer.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// Reads one stream for one destination.
pub(super) struct Reader {
    pub(super) app: App,
    pub(super) connector_id: ConnectorId,
    pub(super) stream: StreamKey<Read>,
    pub(super) opened: Arc<Opened>,
    /// Of the events, those that happened then.
    pub(super) filter: ReadFilter,
    /// Asked before every page: retention can change.
    pub(super) not_before: watch::Receiver<Option<Timestamp>>,
    /// Where the reading ends, if it does: a replay's end.
    pub(super) until: Option<Position>,
    pub(super) memory: Memory,
}

/// A batch, or word that there is none.
#[derive(Debug)]
pub(super) enum Fed {
    Work(Work),
    /// What comes next cannot be read, today or tomorrow; why.
    Damaged(String),
    /// Everything up to `until` was read.
    End,
}

impl Reader {
    /// Feeds batches after a position, one ahead of who takes them, until nobody does.
    pub(super) async fn feed(mut self, mut after: Position, batches: mpsc::Sender<Fed>) {
        let mut signal = self.app.log.watch(&self.stream);
        while !batches.is_closed() {
            if self.until.is_some_and(|until| after >= until) {
                // Whoever reads ahead may have been stopped.
                let _ = batches.send(Fed::End).await;
                return;
            }
            match self.next(after, &mut signal).await {
                Ok(None) => {}
                Ok(Some(work)) => {
                    after = work.1;
                    if batches.send(Fed::Work(work.0)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(error = chain(&error), "a destination's events could not be read");
                    if error.kind() == Kind::Internal && batches.send(Fed::Damaged(chain(&error))).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(STORE_WAIT).await;
                }
            }
        }
    }

    /// The next batch and where it ends; `None` after a while without one.
    async fn next(&mut self, after: Position, signal: &mut Watch) -> Result<Option<(Work, Position)>, StoreError> {
        let mut turn = self.app.background.turn().await;
        let mut events = self.read(after).await?;
        if events.scanned <= after {
            drop(turn);
            // Until there is a signal, or it is time to look.
            let _ = tokio::time::timeout(LOOK_EVERY, signal.changed()).await;
            return Ok(None);
        }
        if !self.is_full(&events) && !self.opened.batch_wait.is_zero() {
            drop(turn);
            tokio::time::sleep(self.opened.batch_wait).await;
            turn = self.app.background.turn().await;
            events = self.read(after).await?;
        }
        self.tell_expired(after, &events);
        let (work, end) = self.shape(events).await;
        drop(turn);
        Ok(Some((work, end)))
    }

    /// Whether waiting could not make the batch larger.
    fn is_full(&self, events: &Events) -> bool {
        let bytes = || events.runs.iter().map(|run| run.joined().len()).sum::<usize>();
        events.more || events.count() >= self.opened.batch_events || bytes() >= self.opened.batch_bytes
    }

    /// Tells of events that were past their retention before they could be delivered. Without a window, everything that a
    /// page passes over is.
    fn tell_expired(&self, after: Position, events: &Events) {
        let looked_at = events.scanned.get() - after.get();
        let expired = looked_at - i64::try_from(events.count()).unwrap_or(i64::MAX);
        if self.filter.window != Window::Everything || expired <= 0 {
            return;
        }
        let destination = self.connector_id.to_string();
        metrics::counter!("daybook_destination_expired_total", "destination" => destination)
            .increment(expired.unsigned_abs());
        tracing::error!(
            destination.id = self.connector_id.as_str(),
            feature = self.stream.feature().as_str(),
            batch.events = expired,
            "events passed their retention before they were delivered; lengthen the account's retention"
        );
    }

    async fn read(&mut self, after: Position) -> Result<Events, StoreError> {
        self.filter.not_before = *self.not_before.borrow_and_update();
        self.app.log.read_after(&self.stream, after, self.opened.batch_events, &self.filter).await
    }

    /// Encodes as much as fits into a batch.
    async fn shape(&self, events: Events) -> (Work, Position) {
        let (stream, opened, until) = (self.stream.clone(), Arc::clone(&self.opened), self.until);
        let (memory, batch_bytes) = (self.memory.clone(), self.memory.batch_bytes(self.opened.batch_bytes));
        let shape = move || {
            let (mut taken, mut bytes, mut end) = (Vec::with_capacity(events.count()), 0, events.scanned);
            for event in events.iter() {
                if until.is_some_and(|until| event.position > until) {
                    end = Position::new(event.position.get() - 1);
                    break;
                }
                let Some(outgoing) = opened.shape.prepare(stream.account(), stream.feature(), &event) else { continue };
                if bytes + outgoing.text.len() > batch_bytes && !taken.is_empty() {
                    end = Position::new(event.position.get() - 1);
                    break;
                }
                bytes += outgoing.text.len();
                taken.push(outgoing);
            }
            let batch = Batch { account: stream.account().clone(), feature: stream.feature().clone(), events: taken };
            let held = memory.hold(batch.memory_bytes());
            (Work::new(batch, end, held), end)
        };
        self.app.background.compute(shape).await
    }
}
