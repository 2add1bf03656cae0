//! What every format yields, and what holds for whatever comes in.

use std::{borrow::Cow, fmt::Write};

use daybook_connectors::format::{Format, encode, one_line};
use daybook_events::{Feature, WIRE_FEATURES};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::sample::{parts, samples};

/// The samples in a format, each under its name.
fn page(format: Format) -> String {
    let mut page = String::new();
    for sample in samples() {
        let encoded = encode(format, &sample.feature, &parts(&sample.payload));
        let shown = match serde_json::from_str::<Value>(&encoded) {
            Ok(json) => serde_json::to_string_pretty(&json).unwrap(),
            Err(_) => encoded.replace('\t', "⇥\n"),
        };
        writeln!(page, "## {}\n{shown}\n", sample.name).unwrap();
    }
    page
}

#[test]
fn events_in_ecs() {
    insta::assert_snapshot!(page("ecs".parse().unwrap()));
}

#[test]
fn events_in_ocsf() {
    insta::assert_snapshot!(page("ocsf".parse().unwrap()));
}

#[test]
fn events_in_cef() {
    insta::assert_snapshot!(page("cef".parse().unwrap()));
}

#[test]
fn events_in_leef() {
    insta::assert_snapshot!(page("leef".parse().unwrap()));
}

#[test]
fn raw_is_the_payload_itself() {
    for sample in samples() {
        let encoded = encode(Format::Raw, &sample.feature, &parts(&sample.payload));
        assert!(matches!(encoded, Cow::Borrowed(borrowed) if std::ptr::eq(borrowed, sample.payload.as_str())));
    }
}

#[test]
fn a_payload_is_put_on_one_line_only_if_it_is_on_several() {
    assert!(matches!(one_line(r#"{ "a" : "\n" }"#), Cow::Borrowed(r#"{ "a" : "\n" }"#)));
    assert_eq!(one_line("{\r\n  \"a\": \"b c\\n\"\n}"), r#"{"a":"b c\n"}"#);
}

#[test]
fn formats_have_one_name_each_and_versions_their_own() {
    for (name, format) in Format::NAMED {
        assert_eq!(name.parse::<Format>().unwrap(), format);
    }
    assert_eq!("ocsf-1.4".parse::<Format>().unwrap().to_string(), "ocsf");
    assert_eq!("ocsf-1.8".parse::<Format>().unwrap().to_string(), "ocsf-1.8");
    insta::assert_snapshot!("xml".parse::<Format>().unwrap_err());
}

/// Members that the mappings look at, and one that they do not.
const NAMES: [&str; 24] = [
    "uuid",
    "timestamp",
    "category",
    "type",
    "country",
    "details",
    "target_user",
    "user",
    "client",
    "location",
    "account_uuid",
    "action",
    "object_type",
    "object_uuid",
    "object_details",
    "actor_uuid",
    "actor_details",
    "aux_uuid",
    "aux_details",
    "aux_info",
    "session",
    "used_version",
    "item_uuid",
    "other",
];
const INNER_NAMES: [&str; 12] = [
    "uuid",
    "name",
    "email",
    "ip",
    "ip_address",
    "login_time",
    "device_uuid",
    "latitude",
    "longitude",
    "country",
    "os_name",
    "app_name",
];
const TEXTS: [&str; 14] = [
    "success",
    "user",
    "gm",
    "uva",
    "gva",
    "device",
    "join",
    "delete",
    "NZ",
    "203.0.113.9",
    "2001:db8::1",
    "robin@acme.example",
    "2026-02-03T04:11:12Z",
    "",
];

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![prop::sample::select(&TEXTS[..]).prop_map(str::to_owned), any::<String>()];
    let scalar = prop_oneof![
        6 => text.prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    prop_oneof![
        3 => scalar.clone(),
        1 => prop::collection::vec((prop::sample::select(&INNER_NAMES[..]), scalar.clone()), 0..8).prop_map(object),
        1 => prop::collection::vec(scalar, 0..3).prop_map(Value::from),
    ]
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// Features with and without a schema.
pub(crate) fn feature() -> impl Strategy<Value = Feature> {
    let open: Feature = "okta.system".parse().unwrap();
    prop::sample::select(WIRE_FEATURES.into_iter().chain([open]).collect::<Vec<_>>())
}

/// Payloads: JSON objects that are more or less events, laid out in two ways, and other texts.
pub(crate) fn payload() -> impl Strategy<Value = String> {
    let members = prop::collection::vec((prop::sample::select(&NAMES[..]), value()), 0..16).prop_map(object);
    prop_oneof![
        8 => (members, any::<bool>()).prop_map(|(event, is_pretty)| {
            if is_pretty { serde_json::to_string_pretty(&event).unwrap() } else { event.to_string() }
        }),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn json_formats_yield_one_valid_line(feature in feature(), payload in payload()) {
        for name in ["ecs", "ocsf-1.3", "ocsf-1.4", "ocsf-1.8"] {
            let encoded = encode(name.parse().unwrap(), &feature, &parts(&payload));
            prop_assert!(!encoded.contains(['\n', '\r']), "{}", encoded);
            let json: Value = serde_json::from_str(&encoded).map_err(|error| TestCaseError::fail(format!("{error}: {encoded}")))?;
            prop_assert!(json.is_object());
            if name != "ecs" {
                prop_assert_eq!(json["raw_data"].as_str(), Some(payload.as_str()));
            }
        }
    }

    #[test]
    fn no_text_of_an_event_gets_lost(feature in feature(), payload in payload()) {
        let Ok(event) = serde_json::from_str::<Value>(&payload) else { return Ok(()) };
        for name in ["ecs", "ocsf"] {
            let encoded = encode(name.parse().unwrap(), &feature, &parts(&payload));
            let mut json: Value = serde_json::from_str(&encoded).unwrap();
            json["raw_data"] = Value::Null;
            let found = texts(&json);
            for text in texts(&event).into_iter().filter(|text| !is_rewritten(text)) {
                prop_assert!(found.contains(&text), "{:?} of {} is not in {}", text, payload, encoded);
            }
        }
    }
}

/// Every text of a JSON value, those of numbers included.
fn texts(json: &Value) -> Vec<String> {
    match json {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

/// Whether a text is nothing, a time, an address or a value for which the schema has a word or number of its own.
fn is_rewritten(text: &str) -> bool {
    text.is_empty()
        || text.parse::<std::net::IpAddr>().is_ok()
        || text.parse::<daybook_events::Timestamp>().is_ok()
        || TEXTS.contains(&text)
}
