//! What a producer must send so that every connector can read it: one walk over the event, driven by a table.
//!
//! The types are those whose violation makes an official connector drop a whole page (a time that is none, a number
//! where text is expected, a negative version). Enumerations are open, unknown members are kept, known members may be
//! absent or `null` unless they are required.

use std::{fmt, net::IpAddr};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};

/// The most bytes of one event.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// The deepest nesting of objects and arrays in one event.
pub const DEPTH_MAX: usize = 32;

/// Why an event is refused, and for which member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}{}{reason}", if field.is_empty() { "" } else { ": " })]
pub struct Rejection {
    /// The member, as a path such as `client.ip_address`; empty for the event as a whole.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// One member of an object.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Whether it must be there and say something.
    pub required: bool,
}

/// What a member holds.
#[derive(Debug)]
pub enum Shape {
    /// Any text.
    Text,
    /// A strict RFC 3339 time.
    Time,
    /// An IP address, or empty.
    Ip,
    /// A whole number from 0 to 2^32-1.
    Unsigned32,
    /// A whole number of 64 bits.
    Integer,
    /// Any number.
    Number,
    /// An object.
    Object(&'static [Field]),
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

const fn text(name: &'static str) -> Field {
    optional(name, Shape::Text)
}

static PERSON: [Field; 6] =
    [text("uuid"), text("name"), text("email"), text("user_type"), text("type"), text("user_account_uuid")];

static CLIENT: [Field; 7] = [
    text("app_name"),
    text("app_version"),
    text("platform_name"),
    text("platform_version"),
    text("os_name"),
    text("os_version"),
    optional("ip_address", Shape::Ip),
];

static LOCATION: [Field; 5] = [
    text("country"),
    text("region"),
    text("city"),
    optional("latitude", Shape::Number),
    optional("longitude", Shape::Number),
];

static DETAILS: [Field; 1] = [text("value")];

static SESSION: [Field; 4] =
    [text("uuid"), optional("login_time", Shape::Time), text("device_uuid"), optional("ip", Shape::Ip)];

static SIGN_IN_ATTEMPT: [Field; 11] = [
    required("uuid", Shape::Text),
    text("session_uuid"),
    required("timestamp", Shape::Time),
    required("category", Shape::Text),
    required("type", Shape::Text),
    text("country"),
    optional("details", Shape::Object(&DETAILS)),
    optional("target_user", Shape::Object(&PERSON)),
    optional("client", Shape::Object(&CLIENT)),
    optional("location", Shape::Object(&LOCATION)),
    text("account_uuid"),
];

static ITEM_USAGE: [Field; 10] = [
    required("uuid", Shape::Text),
    required("timestamp", Shape::Time),
    optional("used_version", Shape::Unsigned32),
    required("vault_uuid", Shape::Text),
    required("item_uuid", Shape::Text),
    required("action", Shape::Text),
    optional("user", Shape::Object(&PERSON)),
    optional("client", Shape::Object(&CLIENT)),
    optional("location", Shape::Object(&LOCATION)),
    text("account_uuid"),
];

static AUDIT_EVENT: [Field; 17] = [
    required("uuid", Shape::Text),
    required("timestamp", Shape::Time),
    text("actor_uuid"),
    optional("actor_details", Shape::Object(&PERSON)),
    text("actor_type"),
    text("actor_account_uuid"),
    text("account_uuid"),
    required("action", Shape::Text),
    required("object_type", Shape::Text),
    text("object_uuid"),
    optional("object_details", Shape::Object(&PERSON)),
    optional("aux_id", Shape::Integer),
    text("aux_uuid"),
    optional("aux_details", Shape::Object(&PERSON)),
    text("aux_info"),
    optional("session", Shape::Object(&SESSION)),
    optional("location", Shape::Object(&LOCATION)),
];

static OPEN_SCHEMA: [Field; 1] = [optional("timestamp", Shape::Time)];

/// The members that events of a feature are checked for, in the order of the wire's documentation.
#[must_use]
pub fn schema_of(feature: &Feature) -> &'static [Field] {
    match feature {
        feature if *feature == SIGN_IN_ATTEMPTS => &SIGN_IN_ATTEMPT,
        feature if *feature == ITEM_USAGES => &ITEM_USAGE,
        feature if *feature == AUDIT_EVENTS => &AUDIT_EVENT,
        _ => &OPEN_SCHEMA,
    }
}

/// Checks one event, and tells when it happened: its `timestamp`, or `arrival` where an open-schema event has none.
///
/// # Errors
///
/// The first thing that is wrong with it, by member.
pub fn validate(feature: &Feature, payload: &str, arrival: Timestamp) -> Result<Timestamp, Rejection> {
    let whole = |reason: String| Rejection { field: String::new(), reason };
    if payload.len() > EVENT_BYTES_MAX {
        return Err(whole(format!("{} bytes, more than the {EVENT_BYTES_MAX} an event may have", payload.len())));
    }
    if depth_exceeds(payload.as_bytes(), DEPTH_MAX) {
        return Err(whole(format!("nested deeper than {DEPTH_MAX} levels")));
    }
    let mut findings = Findings::default();
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    let walk = ObjectSeed { fields: schema_of(feature), top: true, findings: &mut findings };
    match walk.deserialize(&mut deserializer).and_then(|()| deserializer.end()) {
        Ok(()) => Ok(findings.time.unwrap_or(arrival)),
        Err(error) => Err(findings.rejection.unwrap_or_else(|| whole(error.to_string()))),
    }
}

/// Whether brackets outside of texts nest deeper than `limit`.
fn depth_exceeds(json: &[u8], limit: usize) -> bool {
    if json.iter().filter(|byte| matches!(byte, b'{' | b'[')).count() <= limit {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What the walk has found so far.
#[derive(Default)]
struct Findings {
    time: Option<Timestamp>,
    rejection: Option<Rejection>,
}

impl Findings {
    fn reject<E: Error>(&mut self, field: &str, reason: &str) -> E {
        self.rejection.get_or_insert_with(|| Rejection { field: field.to_owned(), reason: reason.to_owned() });
        E::custom(reason)
    }

    fn prefix(&mut self, name: &str) {
        if let Some(rejection) = &mut self.rejection {
            rejection.field = format!("{name}.{}", rejection.field);
        }
    }
}

struct ObjectSeed<'a> {
    fields: &'static [Field],
    top: bool,
    findings: &'a mut Findings,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.top { Err(E::custom("must be an object")) } else { Ok(()) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = 0_u32;
        while let Some(index) = map.next_key_seed(KeySeed(self.fields))? {
            let Some(index) = index else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let field = &self.fields[index];
            if seen & (1 << index) != 0 {
                return Err(self.findings.reject(field.name, "is there twice"));
            }
            seen |= 1 << index;
            if let Shape::Object(fields) = field.shape {
                let seed = ObjectSeed { fields, top: false, findings: &mut *self.findings };
                if let Err(error) = map.next_value_seed(seed) {
                    if self.findings.rejection.is_none() {
                        return Err(self.findings.reject(field.name, "must be an object"));
                    }
                    self.findings.prefix(field.name);
                    return Err(error);
                }
                continue;
            }
            let time = map
                .next_value_seed(ScalarSeed(field))
                .map_err(|_| self.findings.reject::<A::Error>(field.name, field.demand()))?;
            if self.top && field.name == "timestamp" {
                self.findings.time = time;
            }
        }
        let missing = self.fields.iter().enumerate().find(|(index, field)| field.required && seen & (1 << index) == 0);
        match missing {
            Some((_, field)) => Err(self.findings.reject(field.name, "is missing")),
            None => Ok(()),
        }
    }
}

/// The index of a known member's name.
struct KeySeed(&'static [Field]);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|field| field.name == name))
    }
}

/// One value that is not an object; times come back.
struct ScalarSeed(&'static Field);

impl Field {
    fn demand(&self) -> &'static str {
        match (&self.shape, self.required) {
            (Shape::Text, false) => "must be text",
            (Shape::Text, true) => "must be text that is not empty",
            (Shape::Time, _) => "must be an RFC 3339 time such as \"2026-02-03T04:05:06.789Z\"",
            (Shape::Ip, _) => "must be an IP address",
            (Shape::Unsigned32, _) => "must be a whole number from 0 to 4294967295",
            (Shape::Integer, _) => "must be a whole number of 64 bits",
            (Shape::Number, _) => "must be a number",
            (Shape::Object(_), _) => "must be an object",
        }
    }

    fn wrong<E: Error>(&self) -> E {
        E::custom(self.demand())
    }
}

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Option<Timestamp>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for ScalarSeed {
    type Value = Option<Timestamp>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.demand())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        if self.0.required { Err(self.0.wrong()) } else { Ok(None) }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        match self.0.shape {
            Shape::Text if !(self.0.required && value.is_empty()) => Ok(None),
            Shape::Ip if value.is_empty() || value.parse::<IpAddr>().is_ok() => Ok(None),
            Shape::Time => Timestamp::parse_strict(value).map(Some).map_err(|_| self.0.wrong()),
            _ => Err(self.0.wrong()),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        match self.0.shape {
            Shape::Unsigned32 if u32::try_from(value).is_ok() => Ok(None),
            Shape::Integer if i64::try_from(value).is_ok() => Ok(None),
            Shape::Number => Ok(None),
            _ => Err(self.0.wrong()),
        }
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        match self.0.shape {
            Shape::Integer | Shape::Number => Ok(None),
            _ => Err(self.0.wrong()),
        }
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        match self.0.shape {
            Shape::Number => Ok(None),
            _ => Err(self.0.wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ARRIVAL: Timestamp = Timestamp::from_seconds(99);

    fn check(feature: &Feature, payload: &str) -> Result<Timestamp, String> {
        validate(feature, payload, ARRIVAL).map_err(|rejection| rejection.to_string())
    }

    #[test]
    fn an_event_with_unknown_members_and_values_is_accepted() {
        let payload = r#"{"uuid":"first event","timestamp":"1970-01-01T00:00:01.5Z","category":"new_one","type":"x","details":null,
            "target_user":{"type":"robot","shoe":{"size":[44]}},"location":{"latitude":-45,"longitude":170.5},"more":[{}]}"#;
        assert_eq!(check(&SIGN_IN_ATTEMPTS, payload), Ok(Timestamp::from_nanos(1_500_000_000)));
    }

    #[test]
    fn what_makes_connectors_drop_a_page_is_refused_by_name() {
        let usage = |member: &str| {
            let rest = r#""uuid":"A","vault_uuid":"v","item_uuid":"i","action":"fill""#;
            check(&ITEM_USAGES, &format!("{{{rest},{member}}}")).unwrap_err()
        };
        let ok_time = r#""timestamp":"2026-01-01T00:00:00Z""#;
        assert_eq!(usage(r#""x":1"#), "timestamp: is missing");
        assert_eq!(
            usage(r#""timestamp":"""#),
            "timestamp: must be an RFC 3339 time such as \"2026-02-03T04:05:06.789Z\""
        );
        for (member, error) in [
            (r#""used_version":-1"#, "used_version: must be a whole number from 0 to 4294967295"),
            (r#""used_version":4294967296"#, "used_version: must be a whole number from 0 to 4294967295"),
            (r#""used_version":1.0"#, "used_version: must be a whole number from 0 to 4294967295"),
            (r#""client":{"app_version":20195}"#, "client.app_version: must be text"),
            (r#""client":{"ip_address":"unknown"}"#, "client.ip_address: must be an IP address"),
            (r#""client":[]"#, "client: must be an object"),
            (r#""location":{"latitude":"45"}"#, "location.latitude: must be a number"),
            (r#""action":"reveal""#, "action: is there twice"),
        ] {
            assert_eq!(usage(&format!("{ok_time},{member}")), error);
        }
    }

    #[test]
    fn required_members_must_say_something() {
        assert_eq!(check(&AUDIT_EVENTS, r#"{"uuid":""}"#).unwrap_err(), "uuid: must be text that is not empty");
        assert_eq!(check(&AUDIT_EVENTS, r#"{"uuid":null}"#).unwrap_err(), "uuid: must be text that is not empty");
        assert_eq!(check(&AUDIT_EVENTS, "null").unwrap_err(), "must be an object at line 1 column 4");
        assert!(check(&AUDIT_EVENTS, "[]").unwrap_err().contains("invalid type: sequence, expected an object"));
    }

    #[test]
    fn open_schema_events_need_only_be_objects() {
        let feature: Feature = "okta.system".parse().unwrap();
        assert_eq!(check(&feature, r#"{"published":"x","a":{"b":1}}"#), Ok(ARRIVAL));
        assert_eq!(check(&feature, r#"{"timestamp":"1970-01-01T00:00:07Z"}"#), Ok(Timestamp::from_seconds(7)));
        assert!(check(&feature, r#"{"timestamp":"tomorrow"}"#).is_err());
        assert!(check(&feature, "7").is_err());
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let feature: Feature = "okta.system".parse().unwrap();
        let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(check(&feature, &nested(DEPTH_MAX)).is_ok());
        assert_eq!(check(&feature, &nested(DEPTH_MAX + 1)).unwrap_err(), "nested deeper than 32 levels");
        assert!(check(&feature, &format!("{{\"a\":\"{}\"}}", "[".repeat(1000))).is_ok());
        assert!(
            check(&feature, &format!("{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES_MAX))).unwrap_err().contains("bytes")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(payload in "\\PC{0,200}") {
            let _ = check(&AUDIT_EVENTS, &payload);
        }

        #[test]
        fn what_is_accepted_is_a_json_object(payload in r#"\{("uuid"|"timestamp"|:|,|"a"|1|null|\{|\}|\[|\]){0,12}\}"#) {
            if check(&"okta.system".parse().unwrap(), &payload).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&payload).is_ok());
            }
        }
    }
}
