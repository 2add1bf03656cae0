//! How connectors fare, gathered in memory and written every few seconds: an attempt must not cost a commit.
//!
//! After a crash the last few seconds of counts are missing; events never are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use daybook_events::{ConnectorId, Feature, Timestamp};
use daybook_store::{
    AttemptOutcome, Catalog, ConnectorAttempt, ConnectorHealth, ConnectorHour, Direction, HealthStatus, StoreError,
};

use crate::{connectors::withheld, telemetry::metric_label};

/// Attempts kept for the next write of one connector; of more, the newest.
const ATTEMPTS_MAX: usize = 50;
/// Attempts that went well are written down at most so often: they say little, and would push out those that did not.
const DONE_EVERY: Duration = Duration::from_secs(10);

/// Where every stream of every connector notes what comes of its attempts. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board(Arc<Mutex<Unwritten>>);

#[derive(Debug, Default)]
struct Unwritten {
    health: HashMap<(ConnectorId, Feature), ConnectorHealth>,
    hours: HashMap<(ConnectorId, i64), ConnectorHour>,
    attempts: HashMap<ConnectorId, Vec<ConnectorAttempt>>,
    done_at: HashMap<ConnectorId, Timestamp>,
}

/// An attempt and what came of it.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) direction: Direction,
    pub(super) connector_id: &'a ConnectorId,
    pub(super) feature: &'a Feature,
    pub(super) began_at: Timestamp,
    pub(super) took: Duration,
    pub(super) outcome: AttemptOutcome,
    /// Events in it, taken or not.
    pub(super) events: usize,
    pub(super) bytes: usize,
    pub(super) taken: usize,
    pub(super) repeated: usize,
    pub(super) refused: usize,
    pub(super) reason: &'a str,
    /// When the newest event of it happened.
    pub(super) last_event_time: Option<Timestamp>,
}

/// How a stream stands after an attempt.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) failures: u32,
    pub(super) next_attempt_at: Option<Timestamp>,
    pub(super) fix: String,
    /// What is odd although the attempt went well; may be empty.
    pub(super) notice: String,
}

impl<'a> Attempt<'a> {
    /// An attempt that moved nothing.
    pub(super) fn failed(
        (direction, connector_id): (Direction, &'a ConnectorId),
        feature: &'a Feature,
        (began_at, took): (Timestamp, Duration),
        (outcome, reason): (AttemptOutcome, &'a str),
    ) -> Self {
        let (events, bytes, taken, repeated, refused) = (0, 0, 0, 0, 0);
        Self {
            direction,
            connector_id,
            feature,
            began_at,
            took,
            outcome,
            events,
            bytes,
            taken,
            repeated,
            refused,
            reason,
            last_event_time: None,
        }
    }

    /// A receiver acknowledges events; a system that is read has answered, if only that there are none.
    fn is_acknowledged(&self) -> bool {
        let has_answered = matches!(self.outcome, AttemptOutcome::Done | AttemptOutcome::Partial);
        self.taken > 0 || (self.direction == Direction::Source && has_answered)
    }
}

impl Board {
    /// Notes that a stream is at work and has not attempted anything yet.
    pub(super) fn note_start(&self, connector_id: &ConnectorId, feature: &Feature, now: Timestamp) {
        let health = starting(connector_id, feature, now);
        self.unwritten().health.insert((connector_id.clone(), feature.clone()), health);
    }

    /// Notes that a kind of events does not come, and that nobody has asked for it by name.
    pub(super) fn note_withheld(&self, connector_id: &ConnectorId, feature: &Feature, now: Timestamp) {
        let health = withheld(starting(connector_id, feature, now));
        self.unwritten().health.insert((connector_id.clone(), feature.clone()), health);
    }

    /// Notes an attempt.
    pub(super) fn note(&self, attempt: &Attempt<'_>, standing: Standing) {
        measure(attempt);
        let mut unwritten = self.unwritten();
        let key = (attempt.connector_id.clone(), attempt.feature.clone());
        let health = unwritten
            .health
            .entry(key)
            .or_insert_with(|| starting(attempt.connector_id, attempt.feature, attempt.began_at));
        let ended_at = attempt.began_at.plus(attempt.took);
        health.status = status_of(attempt.outcome);
        health.last_attempt_at = Some(ended_at);
        if attempt.is_acknowledged() {
            health.last_acknowledged_at = Some(ended_at);
            health.last_event_time = attempt.last_event_time;
        }
        health.next_attempt_at = standing.next_attempt_at;
        health.failures = i64::from(standing.failures);
        health.reason = if standing.failures == 0 { standing.notice } else { attempt.reason.to_owned() };
        health.fix = standing.fix;
        unwritten.add_to_hour(attempt);
        unwritten.add_attempt(attempt);
    }

    /// Writes what was noted.
    pub(super) async fn write(&self, catalog: &Catalog) -> Result<(), StoreError> {
        let Unwritten { health, hours, attempts, done_at } = std::mem::take(&mut *self.unwritten());
        self.unwritten().done_at = done_at;
        if health.is_empty() && hours.is_empty() && attempts.is_empty() {
            return Ok(());
        }
        let health: Vec<_> = health.into_values().collect();
        let hours: Vec<_> = hours.into_values().collect();
        let attempts: Vec<_> = attempts.into_values().flatten().collect();
        let written = catalog.record_delivery(&health, &hours, &attempts).await;
        if written.is_err() {
            self.put_back(health, hours);
        }
        written
    }

    /// Keeps for the next write what the store did not take, unless something newer is known by now.
    fn put_back(&self, health: Vec<ConnectorHealth>, hours: Vec<ConnectorHour>) {
        let mut unwritten = self.unwritten();
        for it in health {
            unwritten.health.entry((it.connector_id.clone(), it.feature.clone())).or_insert(it);
        }
        for it in hours {
            unwritten.add_hour(it);
        }
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unwritten {
    fn add_to_hour(&mut self, attempt: &Attempt<'_>) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let is_taken = matches!(attempt.outcome, AttemptOutcome::Done | AttemptOutcome::Partial);
        self.add_hour(ConnectorHour {
            connector_id: attempt.connector_id.clone(),
            begins_at: attempt.began_at,
            events: count(attempt.taken),
            bytes: if is_taken { count(attempt.bytes) } else { 0 },
            batches: i64::from(is_taken),
            retries: i64::from(matches!(attempt.outcome, AttemptOutcome::Retried | AttemptOutcome::Stopped)),
            rejected: count(attempt.refused),
            repeated: count(attempt.repeated),
            busy_ms: i64::try_from(attempt.took.as_millis()).unwrap_or(i64::MAX),
        });
    }

    fn add_hour(&mut self, hour: ConnectorHour) {
        let key = (hour.connector_id.clone(), hour.begins_at.as_seconds().div_euclid(3600));
        let Some(known) = self.hours.get_mut(&key) else {
            self.hours.insert(key, hour);
            return;
        };
        known.events += hour.events;
        known.bytes += hour.bytes;
        known.batches += hour.batches;
        known.retries += hour.retries;
        known.rejected += hour.rejected;
        known.repeated += hour.repeated;
        known.busy_ms += hour.busy_ms;
    }

    fn add_attempt(&mut self, attempt: &Attempt<'_>) {
        if attempt.outcome == AttemptOutcome::Done {
            let done_at = self.done_at.entry(attempt.connector_id.clone()).or_insert(Timestamp::MIN);
            if attempt.began_at.since(*done_at) < DONE_EVERY {
                return;
            }
            *done_at = attempt.began_at;
        }
        let attempts = self.attempts.entry(attempt.connector_id.clone()).or_default();
        if attempts.len() >= ATTEMPTS_MAX {
            attempts.remove(0);
        }
        attempts.push(ConnectorAttempt {
            connector_id: attempt.connector_id.clone(),
            attempt_id: 0,
            attempted_at: attempt.began_at,
            feature: attempt.feature.clone(),
            outcome: attempt.outcome,
            events: i64::try_from(attempt.events).unwrap_or(i64::MAX),
            bytes: i64::try_from(attempt.bytes).unwrap_or(i64::MAX),
            duration_ms: i64::try_from(attempt.took.as_millis()).unwrap_or(i64::MAX),
            detail: attempt.reason.to_owned(),
        });
    }
}

fn starting(connector_id: &ConnectorId, feature: &Feature, now: Timestamp) -> ConnectorHealth {
    ConnectorHealth {
        connector_id: connector_id.clone(),
        feature: feature.clone(),
        status: HealthStatus::Starting,
        last_acknowledged_at: None,
        last_event_time: None,
        last_attempt_at: None,
        next_attempt_at: None,
        failures: 0,
        reason: String::new(),
        fix: String::new(),
        started_at: now,
    }
}

fn status_of(outcome: AttemptOutcome) -> HealthStatus {
    match outcome {
        AttemptOutcome::Done | AttemptOutcome::Partial | AttemptOutcome::Refused => HealthStatus::Ok,
        AttemptOutcome::Retried => HealthStatus::Retrying,
        AttemptOutcome::Stopped => HealthStatus::Stopped,
    }
}

fn measure(attempt: &Attempt<'_>) {
    match attempt.direction {
        Direction::Destination => measure_delivery(attempt),
        Direction::Source => measure_reading(attempt),
    }
}

fn measure_reading(attempt: &Attempt<'_>) {
    let labels = [("source", attempt.connector_id.to_string()), ("feature", metric_label(attempt.feature).to_owned())];
    metrics::counter!("daybook_source_requests_total", &labels).increment(1);
    metrics::counter!("daybook_source_events_total", &labels).increment(attempt.taken as u64);
    metrics::counter!("daybook_source_repeated_total", &labels).increment(attempt.repeated as u64);
    metrics::counter!("daybook_source_skipped_total", &labels).increment(attempt.refused as u64);
    if !attempt.is_acknowledged() {
        metrics::counter!("daybook_source_errors_total", &labels).increment(1);
    }
    if let Some(newest) = attempt.last_event_time {
        let ended_at = attempt.began_at.plus(attempt.took);
        metrics::gauge!("daybook_source_lag_seconds", &labels).set(ended_at.since(newest).as_secs_f64());
    }
}

fn measure_delivery(attempt: &Attempt<'_>) {
    let destination = attempt.connector_id.to_string();
    let labels = [("destination", destination.clone()), ("feature", metric_label(attempt.feature).to_owned())];
    metrics::counter!("daybook_destination_events_total", &labels).increment(attempt.taken as u64);
    metrics::counter!("daybook_destination_rejected_total", &labels).increment(attempt.refused as u64);
    metrics::counter!("daybook_destination_repeated_total", &labels).increment(attempt.repeated as u64);
    let labels = [("destination", destination.clone()), ("outcome", attempt.outcome.as_str().to_owned())];
    metrics::counter!("daybook_destination_attempts_total", &labels).increment(1);
    metrics::histogram!("daybook_destination_attempt_seconds", "destination" => destination)
        .record(attempt.took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use daybook_events::AUDIT_EVENTS;

    use super::*;

    fn attempt(connector_id: &ConnectorId, secs: i64, outcome: AttemptOutcome, taken: usize) -> Attempt<'_> {
        Attempt {
            direction: Direction::Destination,
            connector_id,
            feature: &AUDIT_EVENTS,
            began_at: Timestamp::from_seconds(secs),
            took: Duration::from_millis(20),
            outcome,
            events: 10,
            bytes: 100,
            taken,
            repeated: 0,
            refused: 0,
            reason: "said so",
            last_event_time: None,
        }
    }

    #[test]
    fn hours_add_up_and_attempts_are_bounded() {
        let (board, id) = (Board::default(), ConnectorId::random());
        for secs in 0..200 {
            board
                .note(&attempt(&id, secs, AttemptOutcome::Retried, 0), Standing { failures: 1, ..Standing::default() });
        }
        board.note(&attempt(&id, 200, AttemptOutcome::Done, 10), Standing::default());
        let unwritten = board.unwritten();
        let hour = unwritten.hours.values().next().unwrap();
        assert_eq!((hour.retries, hour.events, hour.batches, hour.bytes), (200, 10, 1, 100));
        assert_eq!(unwritten.attempts[&id].len(), ATTEMPTS_MAX);
        let health = unwritten.health.values().next().unwrap();
        assert_eq!((health.status, health.failures, health.reason.as_str()), (HealthStatus::Ok, 0, ""));
        assert!(health.last_acknowledged_at.is_some());
    }

    #[test]
    fn a_system_without_events_has_answered_all_the_same() {
        let id = ConnectorId::random();
        for (direction, is_acknowledged) in [(Direction::Destination, false), (Direction::Source, true)] {
            let board = Board::default();
            board.note(&Attempt { direction, ..attempt(&id, 1, AttemptOutcome::Done, 0) }, Standing::default());
            let health = board.unwritten().health.values().next().cloned().unwrap();
            assert_eq!(health.last_acknowledged_at.is_some(), is_acknowledged, "{direction:?}");
        }
    }

    #[test]
    fn an_attempt_that_went_well_is_written_down_now_and_then() {
        let (board, id) = (Board::default(), ConnectorId::random());
        for secs in 0..25 {
            board.note(&attempt(&id, secs, AttemptOutcome::Done, 10), Standing::default());
        }
        assert_eq!(board.unwritten().attempts[&id].len(), 3);
    }
}
