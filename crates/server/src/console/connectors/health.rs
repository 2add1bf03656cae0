//! What a connector's worker said last, and what came of its newest attempts.

use std::time::Duration;

use daybook_events::Timestamp;
use daybook_store::{ConnectorAttempt, ConnectorHealth, ConnectorHour, Direction, HealthStatus};

use crate::console::{
    times::{When, counted},
    words::{self, connectors as say},
};

/// Attempts that are shown.
pub(in crate::console) const ATTEMPTS_SHOWN: u32 = 20;
/// The time that a rate is taken of.
const RATE_HOURS: u64 = 24;

/// Something that is wrong or odd, and what mends it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::console) struct Trouble {
    pub(in crate::console) tone: &'static str,
    /// The kinds of events that it is about.
    pub(in crate::console) features: String,
    pub(in crate::console) reason: String,
    pub(in crate::console) fix: String,
    /// When it is tried again; empty when it is not.
    pub(in crate::console) next: String,
}

impl Trouble {
    /// Whether another try may mend it: what is odd although all goes well needs none.
    pub(in crate::console) fn is_retried(&self) -> bool {
        self.tone != "info"
    }
}

/// An attempt.
pub(in crate::console) struct AttemptLine {
    pub(in crate::console) when: When,
    pub(in crate::console) name: String,
    pub(in crate::console) tone: &'static str,
    pub(in crate::console) outcome: &'static str,
    pub(in crate::console) events: String,
    pub(in crate::console) bytes: String,
    pub(in crate::console) took: String,
    pub(in crate::console) detail: String,
}

/// What is wrong, each thing once, with the kinds of events that it is wrong with.
pub(in crate::console) fn troubles<'a>(
    health: impl Iterator<Item = &'a ConnectorHealth>,
    now: Timestamp,
) -> Vec<Trouble> {
    let mut all: Vec<Trouble> = Vec::new();
    for health in health.filter(|health| !health.reason.is_empty()) {
        let tone = match health.status {
            HealthStatus::Stopped => "error",
            HealthStatus::Ok if health.failures == 0 => "info",
            _ => "warn",
        };
        let (reason, fix) = (say::sentence_of(&health.reason), say::sentence_of(&health.fix));
        let name = words::feature(&health.feature);
        if let Some(same) = all.iter_mut().find(|it| it.reason == reason && it.fix == fix && it.tone == tone) {
            same.features = format!("{}, {}", same.features, name.to_lowercase());
            continue;
        }
        let next = health.next_attempt_at.map(|time| say::next_try(time, now)).filter(|_| tone != "info");
        all.push(Trouble { tone, features: name, reason, fix, next: next.unwrap_or_default() });
    }
    all
}

pub(in crate::console) fn attempt_line(attempt: ConnectorAttempt, direction: Direction, now: Timestamp) -> AttemptLine {
    let (tone, outcome) = say::outcome(direction, attempt.outcome);
    AttemptLine {
        when: When::of(attempt.attempted_at, now),
        name: words::feature(&attempt.feature),
        tone,
        outcome,
        events: counted(attempt.events.unsigned_abs(), words::EVENT),
        bytes: say::bytes(attempt.bytes.unsigned_abs()),
        took: say::took(Duration::from_millis(attempt.duration_ms.unsigned_abs())),
        detail: attempt.detail,
    }
}

/// Events an hour, of the last day or of the time since the connector was added.
pub(in crate::console) fn rate(hours: &[ConnectorHour], created_at: Timestamp, now: Timestamp) -> u64 {
    let events: i64 = hours.iter().map(|hour| hour.events).sum();
    let life_hours = now.since(created_at).as_secs().div_ceil(3600);
    u64::try_from(events).unwrap_or(0).div_ceil(life_hours.clamp(1, RATE_HOURS))
}

/// Since when a rate is taken.
pub(in crate::console) fn rate_since(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_secs(RATE_HOURS * 3600))
}

#[cfg(test)]
mod tests {
    use daybook_events::{AUDIT_EVENTS, ConnectorId, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_600_400);

    fn health(feature: Feature, status: HealthStatus, failures: i64, reason: &str) -> ConnectorHealth {
        ConnectorHealth {
            connector_id: ConnectorId::random(),
            feature,
            status,
            last_acknowledged_at: None,
            last_event_time: None,
            last_attempt_at: None,
            next_attempt_at: Some(NOW.plus(Duration::from_secs(90))),
            failures,
            reason: reason.to_owned(),
            fix: String::new(),
            started_at: NOW,
        }
    }

    #[test]
    fn each_thing_is_told_once_and_what_is_merely_odd_needs_no_other_try() {
        let all = [
            health(ITEM_USAGES, HealthStatus::Retrying, 2, "no answer"),
            health(AUDIT_EVENTS, HealthStatus::Retrying, 1, "no answer"),
            health(SIGN_IN_ATTEMPTS, HealthStatus::Ok, 0, "read again"),
            health(SIGN_IN_ATTEMPTS, HealthStatus::Ok, 0, ""),
        ];
        let told = troubles(all.iter(), NOW);
        let lines: Vec<_> =
            told.iter().map(|it| (it.tone, it.features.as_str(), it.reason.as_str(), it.next.as_str())).collect();
        assert_eq!(
            lines,
            [
                ("warn", "Item usages, audit events", "No answer.", "in 1 minute"),
                ("info", "Sign-in attempts", "Read again.", ""),
            ]
        );
        assert!(told[0].is_retried() && !told[1].is_retried());
    }
}
