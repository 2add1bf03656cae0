//! How a source stands, in words. “Following” is said of one of which everything is here, and of no other.

use daybook_connectors::Phase;
use daybook_events::Timestamp;

use crate::{
    connectors::{FeatureStanding, SourceStanding, status_in_words},
    console::{
        integrations::Condition,
        words::{connectors as say, sources as say_source},
    },
};

/// How it does, in a word and a tone: the worst of its features, or else the one that is least far.
pub(super) fn condition_of(standing: &SourceStanding) -> Condition {
    let is = |wanted: fn(Phase) -> bool| standing.features.iter().filter_map(begun).any(wanted);
    match standing.status {
        "ok" if is(|phase| matches!(phase, Phase::CatchingUp { .. })) => in_words("ok", Some(CATCHING_UP)),
        "ok" if is(|phase| matches!(phase, Phase::Again { .. })) => in_words("ok", Some(AGAIN)),
        status => in_words(status, None),
    }
}

/// The same of one of its features.
pub(super) fn condition_of_feature(standing: &FeatureStanding, is_paused: bool) -> Condition {
    let status = standing.health.as_ref().map_or("starting", |health| status_in_words(health).as_str());
    let reading = begun(standing).and_then(|phase| match phase {
        Phase::CatchingUp { .. } => Some(CATCHING_UP),
        Phase::Again { .. } => Some(AGAIN),
        Phase::Following => None,
    });
    in_words(if is_paused { "paused" } else { status }, reading)
}

const CATCHING_UP: Condition = Condition { tone: "info", word: say_source::CATCHING_UP };
const AGAIN: Condition = Condition { tone: "info", word: say_source::READING_AGAIN };

fn in_words(status: &str, reading: Option<Condition>) -> Condition {
    let word = |tone, word| Condition { tone, word };
    match status {
        "paused" => word("off", say::PAUSED),
        "stopped" => word("error", say::STOPPED),
        "retrying" => word("warn", say::RETRYING),
        "ok" => reading.unwrap_or(word("ok", say_source::FOLLOWING)),
        _ => word("info", say::STARTING),
    }
}

/// What reading is about, once there was a page.
fn begun(standing: &FeatureStanding) -> Option<Phase> {
    standing.place.as_ref().filter(|place| !place.cursor.is_empty()).and(standing.phase)
}

/// When its system last answered.
pub(super) fn last_answered(standing: &SourceStanding) -> Option<Timestamp> {
    standing.features.iter().filter_map(|feature| feature.health.as_ref()?.last_acknowledged_at).max()
}

/// Events that it has brought in.
pub(super) fn total_events(standing: &SourceStanding) -> u64 {
    standing.features.iter().map(events_of).sum()
}

/// The same of one of its features.
pub(super) fn events_of(standing: &FeatureStanding) -> u64 {
    standing.place.as_ref().map_or(0, |place| place.events.unsigned_abs())
}

/// When the newest event happened that it has brought in.
pub(super) fn newest_event(standing: &SourceStanding) -> Option<Timestamp> {
    standing.features.iter().filter_map(|feature| feature.place.as_ref()?.last_time).max()
}

#[cfg(test)]
mod tests {
    use daybook_events::{AUDIT_EVENTS, ConnectorId};
    use daybook_store::{ConnectorHealth, HealthStatus, SourceState};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_600_400);

    fn feature(status: HealthStatus, cursor: &str, phase: Phase) -> FeatureStanding {
        let health = ConnectorHealth {
            connector_id: ConnectorId::random(),
            feature: AUDIT_EVENTS,
            status,
            last_acknowledged_at: None,
            last_event_time: None,
            last_attempt_at: None,
            next_attempt_at: None,
            failures: 0,
            reason: String::new(),
            fix: String::new(),
            started_at: NOW,
        };
        let place = SourceState {
            feature: AUDIT_EVENTS,
            cursor: cursor.to_owned(),
            last_time: None,
            events: 3,
            lease_owner: None,
            updated_at: NOW,
        };
        let (health, place) = (Some(health), Some(place));
        FeatureStanding { feature: AUDIT_EVENTS, place, phase: Some(phase), health, loss_at: None, now: NOW }
    }

    fn source(status: &'static str, features: Vec<FeatureStanding>) -> SourceStanding {
        let (withheld, warnings) = (Vec::new(), Vec::new());
        SourceStanding { status, features, expires_at: None, requests: None, withheld, warnings }
    }

    #[test]
    fn following_is_said_once_everything_is_here() {
        let catching_up = Phase::CatchingUp { since: NOW, began_at: NOW };
        let of = |phase| feature(HealthStatus::Ok, "c", phase);
        let word = |features| condition_of(&source("ok", features)).word;
        assert_eq!(word(vec![of(Phase::Following), of(catching_up)]), say_source::CATCHING_UP);
        assert_eq!(word(vec![of(Phase::Following), of(Phase::Again { since: NOW })]), say_source::READING_AGAIN);
        assert_eq!(word(vec![of(Phase::Following)]), say_source::FOLLOWING);
        for status in ["paused", "starting", "retrying", "stopped"] {
            assert_ne!(condition_of(&source(status, vec![of(Phase::Following)])).word, say_source::FOLLOWING);
        }
    }

    #[test]
    fn a_feature_that_has_not_begun_is_starting_whatever_comes_first() {
        let new = feature(HealthStatus::Starting, "", Phase::CatchingUp { since: NOW, began_at: NOW });
        assert_eq!(condition_of_feature(&new, false).word, say::STARTING);
        let read = feature(HealthStatus::Retrying, "c", Phase::Following);
        assert_eq!(condition_of_feature(&read, false).word, say::RETRYING);
        assert_eq!(condition_of_feature(&read, true).word, say::PAUSED);
        assert_eq!(total_events(&source("ok", vec![new, read])), 6);
    }
}
