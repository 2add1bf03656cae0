//! Valid events by number: the same number always gives the same event, and no two events share a `uuid`.
//!
//! Event *n* happens *n* seconds after `BASE_SECONDS`; `at` moves an event to another time, and `batch_from` a batch, for
//! tests against a real clock where old events fall to retention.

use std::ops::Range;

use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};
use serde_json::{Value, json};

/// When event 0 happens: 2026-02-03T00:00:00Z, in seconds since 1970.
pub const BASE_SECONDS: i64 = 1_770_076_800;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PEOPLE_COUNT: u64 = 50;
const VAULTS_COUNT: u64 = 20;
const ITEMS_COUNT: u64 = 500;

/// Sign-in attempt *n*: mostly successes, every tenth a failure; times in whole seconds.
#[must_use]
pub fn sign_in_attempt(n: u64) -> Value {
    let (category, kind) =
        if n % 10 == 9 { ("credentials_failed", "password_secret_bad") } else { ("success", "mfa_ok") };
    json!({
        "uuid": id("SIGNINATTEMPT", n),
        "session_uuid": id("SESSIONAAAAAA", n),
        "timestamp": Timestamp::from_seconds(seconds_of(n)),
        "category": category,
        "type": kind,
        "country": "NZ",
        "details": null,
        "target_user": person(n),
        "client": client(n),
        "location": location(),
        "account_uuid": id("ACCOUNTAAAAAA", 0),
    })
}

/// Item usage *n*; times in milliseconds.
#[must_use]
pub fn item_usage(n: u64) -> Value {
    const ACTIONS: [&str; 4] = ["fill", "reveal", "secure-copy", "server-fetch"];
    json!({
        "uuid": id("ITEMUSAGEAAAA", n),
        "timestamp": Timestamp::from_nanos(seconds_of(n) * 1_000_000_000 + 318_000_000),
        "used_version": n % 7,
        "vault_uuid": id("VAULTAAAAAAAA", n % VAULTS_COUNT).to_ascii_lowercase(),
        "item_uuid": id("ITEMAAAAAAAAA", n % ITEMS_COUNT).to_ascii_lowercase(),
        "action": ACTIONS[usize::try_from(n % 4).unwrap()],
        "user": person(n),
        "client": client(n),
        "location": location(),
        "account_uuid": id("ACCOUNTAAAAAA", 0),
    })
}

/// Audit event *n*: a person joins a group; times in nanoseconds.
#[must_use]
pub fn audit_event(n: u64) -> Value {
    let actor = person(n);
    let member = person(n + 1);
    json!({
        "uuid": id("AUDITEVENTAAA", n),
        "timestamp": Timestamp::from_nanos(seconds_of(n) * 1_000_000_000 + 119_204_887),
        "actor_uuid": actor["uuid"],
        "actor_details": actor,
        "actor_type": "user",
        "actor_account_uuid": id("ACCOUNTAAAAAA", 0),
        "account_uuid": id("ACCOUNTAAAAAA", 0),
        "action": "join",
        "object_type": "gm",
        "object_uuid": id("GROUPAAAAAAAA", n % 10).to_ascii_lowercase(),
        "aux_id": 412_907,
        "aux_uuid": member["uuid"],
        "aux_details": member,
        "aux_info": "R",
        "session": {
            "uuid": id("SESSIONAAAAAA", n),
            "login_time": Timestamp::from_nanos(seconds_of(n) * 1_000_000_000 - 900_000_000_001),
            "device_uuid": id("DEVICEAAAAAAA", n % PEOPLE_COUNT).to_ascii_lowercase(),
            "ip": "203.0.113.9",
        },
        "location": location(),
    })
}

/// Event *n* of a feature; of a feature without a schema, a small open event of some vendor.
#[must_use]
pub fn event(feature: &Feature, n: u64) -> Value {
    match feature {
        feature if *feature == SIGN_IN_ATTEMPTS => sign_in_attempt(n),
        feature if *feature == ITEM_USAGES => item_usage(n),
        feature if *feature == AUDIT_EVENTS => audit_event(n),
        other => json!({
            "uuid": id("OPENEVENTAAAA", n),
            "timestamp": Timestamp::from_seconds(seconds_of(n)),
            "kind": other.as_str(),
            "number": n,
        }),
    }
}

/// The event at another time.
///
/// # Panics
///
/// The event is not an object.
#[must_use]
pub fn at(mut event: Value, time: Timestamp) -> Value {
    event["timestamp"] = json!(time);
    event
}

/// The `uuid` of event *n* of a feature.
///
/// # Panics
///
/// Never: every event here has one.
#[must_use]
pub fn uuid(feature: &Feature, n: u64) -> String {
    event(feature, n)["uuid"].as_str().unwrap().to_owned()
}

/// The events of a range of numbers, one JSON object a line.
#[must_use]
pub fn batch(feature: &Feature, numbers: Range<u64>) -> String {
    numbers.map(|n| format!("{}\n", event(feature, n))).collect()
}

/// The events of a range of numbers as one JSON array.
#[must_use]
pub fn batch_array(feature: &Feature, numbers: Range<u64>) -> String {
    Value::from_iter(numbers.map(|n| event(feature, n))).to_string()
}

/// Like `batch`, with event *n* a millisecond times *n* after `start`.
#[must_use]
pub fn batch_from(feature: &Feature, numbers: Range<u64>, start: Timestamp) -> String {
    let time = |n: u64| start.plus(std::time::Duration::from_millis(n));
    numbers.map(|n| format!("{}\n", at(event(feature, n), time(n)))).collect()
}

fn seconds_of(n: u64) -> i64 {
    BASE_SECONDS + i64::try_from(n).unwrap()
}

/// 26 characters: what it is the id of, and the number in base32.
fn id(kind: &str, n: u64) -> String {
    let digits = (0..13).rev().map(|place| char::from(BASE32[usize::try_from((n >> (5 * place)) & 31).unwrap()]));
    kind.chars().chain(digits).collect()
}

fn person(n: u64) -> Value {
    let number = n % PEOPLE_COUNT;
    json!({
        "uuid": id("PERSONAAAAAAA", number),
        "name": format!("Person {number}"),
        "email": format!("person{number}@acme.example"),
        "user_type": "user",
        "type": "user",
        "user_account_uuid": id("ACCOUNTAAAAAA", 0),
    })
}

fn client(n: u64) -> Value {
    json!({
        "app_name": "1Password Browser Extension",
        "app_version": "81120",
        "platform_name": "Chrome",
        "platform_version": "140.0.1.2",
        "os_name": "MacOSX",
        "os_version": "15.3",
        "ip_address": format!("203.0.113.{}", n % 250),
    })
}

fn location() -> Value {
    json!({"country": "NZ", "region": "Otago", "city": "Dunedin", "latitude": -45.87, "longitude": 170.5})
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use daybook_events::{WIRE_FEATURES, wire};

    use super::*;

    #[test]
    fn every_event_is_valid_and_happens_when_its_number_says() {
        for feature in WIRE_FEATURES {
            for n in [0, 9, 31, 32, 1_000_000] {
                let payload = event(&feature, n).to_string();
                let time = wire::validate(&feature, &payload, Timestamp::MAX).unwrap();
                assert_eq!(time.as_seconds(), seconds_of(n), "{payload}");
            }
        }
    }

    #[test]
    fn uuids_are_26_base32_characters_and_never_repeat() {
        let open: Feature = "okta.system".parse().unwrap();
        let features = WIRE_FEATURES.into_iter().chain([open]);
        let uuids: Vec<String> = features.flat_map(|feature| (0..2000).map(move |n| uuid(&feature, n))).collect();
        assert!(uuids.iter().all(|uuid| uuid.len() == 26 && uuid.bytes().all(|byte| BASE32.contains(&byte))));
        assert_eq!(uuids.iter().collect::<HashSet<_>>().len(), uuids.len());
    }

    #[test]
    fn batches_hold_the_numbers_of_their_range() {
        assert_eq!(batch(&ITEM_USAGES, 3..6).lines().count(), 3);
        let array: Value = serde_json::from_str(&batch_array(&ITEM_USAGES, 3..6)).unwrap();
        assert_eq!(array[0], item_usage(3));
        let moved = batch_from(&AUDIT_EVENTS, 1..2, Timestamp::from_seconds(7));
        assert!(moved.contains("\"1970-01-01T00:00:07.001Z\""), "{moved}");
    }
}
