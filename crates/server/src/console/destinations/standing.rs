//! How a destination stands, in words. “Connected” is said of a receiver that has acknowledged an event, and of no other.

use std::time::Duration;

use daybook_events::Timestamp;

use crate::{
    connectors::Standing,
    console::{integrations::Condition, words::connectors as say},
};

/// The oldest event may wait for so long before a destination that takes events is called behind.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);

/// How it does, in a word and a tone.
pub(super) fn condition_of(standing: &Standing) -> Condition {
    let word = |tone, word| Condition { tone, word };
    let is_acknowledged = last_acknowledged(standing).is_some();
    match standing.status {
        "paused" => word("off", say::PAUSED),
        "stopped" => word("error", say::STOPPED),
        "retrying" => word("warn", say::RETRYING),
        "ok" if !is_acknowledged => word("warn", say::REFUSING),
        "ok" if oldest_waiting(standing).is_some_and(|waiting| waiting > WAIT_MAX) => word("warn", say::BEHIND),
        "ok" => word("ok", say::CONNECTED),
        _ if total_behind(standing) == 0 => word("info", say::WAITING),
        _ => word("info", say::STARTING),
    }
}

/// When the receiver last acknowledged an event.
pub(super) fn last_acknowledged(standing: &Standing) -> Option<Timestamp> {
    standing.streams.iter().filter_map(|stream| stream.health.as_ref()?.last_acknowledged_at).max()
}

/// How long the oldest event has waited, if one waits.
pub(super) fn oldest_waiting(standing: &Standing) -> Option<Duration> {
    standing.streams.iter().filter_map(|stream| stream.waiting).max()
}

/// Events that wait.
pub(super) fn total_behind(standing: &Standing) -> u64 {
    standing.streams.iter().map(|stream| u64::try_from(stream.behind()).unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use daybook_events::{AUDIT_EVENTS, ConnectorId, Position};
    use daybook_store::{ConnectorHealth, HealthStatus};

    use super::*;
    use crate::connectors::StreamStanding;

    fn standing(status: &'static str, acknowledged: bool, waiting_secs: Option<u64>) -> Standing {
        let now = Timestamp::from_seconds(1_772_600_400);
        let health = ConnectorHealth {
            connector_id: ConnectorId::random(),
            feature: AUDIT_EVENTS,
            status: HealthStatus::Ok,
            last_acknowledged_at: acknowledged.then_some(now),
            last_event_time: None,
            last_attempt_at: None,
            next_attempt_at: None,
            failures: 0,
            reason: String::new(),
            fix: String::new(),
            started_at: now,
        };
        let stream = StreamStanding {
            feature: AUDIT_EVENTS,
            position: Position::START,
            head: Position::new(if waiting_secs.is_some() { 7 } else { 0 }),
            waiting: waiting_secs.map(Duration::from_secs),
            health: Some(health),
        };
        Standing { status, streams: vec![stream], dead_letters: 0 }
    }

    #[test]
    fn connected_is_said_of_what_was_acknowledged_alone() {
        let word = |status, acknowledged, waiting| condition_of(&standing(status, acknowledged, waiting)).word;
        assert_eq!(word("ok", true, None), say::CONNECTED);
        assert_eq!(word("ok", true, Some(60)), say::CONNECTED);
        assert_eq!(word("ok", true, Some(3600)), say::BEHIND);
        assert_eq!(word("ok", false, None), say::REFUSING);
        assert_eq!((word("starting", false, None), word("starting", false, Some(1))), (say::WAITING, say::STARTING));
        for status in ["paused", "retrying", "stopped"] {
            assert_ne!(word(status, true, None), say::CONNECTED);
        }
    }
}
