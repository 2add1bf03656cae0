//! From payloads as a source gives them to events that are appended. Nothing is refused for a member that is missing or odd:
//! what another system has recorded is kept, byte for byte.

use std::collections::HashMap;

use daybook_events::{Feature, Timestamp, wire::validate};
use serde_json::value::RawValue;

/// The longest payload that is kept; a page of the client is no longer anyway.
const PAYLOAD_BYTES_MAX: usize = 16 << 20;

/// A payload that can be appended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// When it happened; where it does not say, when it came.
    pub(super) time: Timestamp,
    pub(super) payload: String,
    /// The event's own id, where it has one.
    pub(super) uuid: Option<String>,
    /// Whether it is none of the feature's schema.
    pub(super) is_irregular: bool,
}

/// Reads a payload.
///
/// # Errors
///
/// It is no JSON object, or longer than anything that is kept: why, without its content.
pub(super) fn entry(feature: &Feature, payload: String, now: Timestamp) -> Result<Entry, String> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(format!("an event of {} bytes is longer than {PAYLOAD_BYTES_MAX}", payload.len()));
    }
    let members: HashMap<String, &RawValue> =
        serde_json::from_str(&payload).map_err(|_| "an event is no JSON object".to_owned())?;
    let text = |name| members.get(name).and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    let uuid = text("uuid");
    let (time, is_irregular) = match validate(feature, &payload, now) {
        Ok(time) => (time, false),
        Err(_) => (text("timestamp").and_then(|time| time.parse().ok()).unwrap_or(now), true),
    };
    Ok(Entry { time, payload, uuid, is_irregular })
}

#[cfg(test)]
mod tests {
    use daybook_events::{ITEM_USAGES, SIGN_IN_ATTEMPTS};
    use daybook_testkit::events;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_772_600_767)
    }

    #[test]
    fn events_of_the_schema_keep_their_time() {
        let payload = events::event(&ITEM_USAGES, 7).to_string();
        let read = entry(&ITEM_USAGES, payload.clone(), now()).unwrap();
        assert_eq!((read.payload, read.is_irregular), (payload, false));
        assert_eq!(read.uuid, Some(events::uuid(&ITEM_USAGES, 7)));
        assert_ne!(read.time, now());
    }

    #[test]
    fn what_lacks_a_member_is_kept_all_the_same() {
        let time: Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
        for (payload, wanted) in [
            (r#"{ "uuid":"A", "timestamp":"2026-02-03T04:05:06Z" }"#, time),
            (r#"{"timestamp":"2026-02-03 04:05:06Z"}"#, time),
            (r#"{"timestamp":""}"#, now()),
            (r#"{"timestamp":5,"uuid":7}"#, now()),
            ("{}", now()),
        ] {
            let read = entry(&SIGN_IN_ATTEMPTS, payload.to_owned(), now()).unwrap();
            assert_eq!((read.time, read.is_irregular, read.payload.as_str()), (wanted, true, payload));
        }
    }

    #[test]
    fn only_objects_are_events() {
        for payload in ["5", "[]", "null", "\"x\"", "{", ""] {
            assert_eq!(entry(&ITEM_USAGES, payload.to_owned(), now()).unwrap_err(), "an event is no JSON object");
        }
    }
}
