//! Filters and redactions.

use std::borrow::Cow;

use daybook_connectors::selection::{Filter, Redaction, RedactionKey};
use daybook_events::{AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS};
use proptest::prelude::*;
use serde_json::{Value, json};

const EVENT: &str = r#"{"uuid":"E","category":"firewall_failed","used_version":4,"is_new":true,"nothing":null,"empty":"",
    "cl\u0069ent":{"ip_address":"203.0.113.9","app_name":"1Password for Mac"},"tags":["a; b","c,d"],
    "members":[{"email":"robin@acme.example"},{"email":"sam@acme.example","roles":[["R"],["A"]]}]}"#;

fn matches(filter: &str) -> bool {
    Filter::parse(filter).unwrap().matches(&SIGN_IN_ATTEMPTS, EVENT)
}

#[test]
fn conditions_hold_as_they_say() {
    for condition in [
        "category=firewall_failed",
        "category = \"firewall_failed\"",
        "category != success",
        "!category = success",
        "category in success, firewall_failed",
        "!category in success,mfa_failed",
        "category =~ firewall_*",
        "category =~ *",
        "category =~ f*w*_failed",
        "category !~ *success*",
        "client.ip_address =~ 203.0.113.*",
        "client.app_name = 1Password for Mac",
        "used_version = 4",
        "is_new = true",
        "empty = \"\"",
        "empty exists",
        "!nothing exists",
        "!missing exists",
        "missing != anything",
        "members.email = sam@acme.example",
        "members.roles = A",
        "tags = \"a; b\"",
        "tags in \"c,d\", e",
        "!client = x",
        "feature = signinattempts",
        "feature =~ *attempts",
        "!feature in itemusages, auditevents",
        "",
        " ;\n; ",
        "category=firewall_failed; used_version in 3, 4\nclient exists",
    ] {
        assert!(matches(condition), "{condition}");
        if !condition.contains([';', '\n']) && !condition.is_empty() {
            let turned = condition.strip_prefix('!').map_or_else(|| format!("!{condition}"), str::to_owned);
            assert!(!matches(&turned), "{turned}");
        }
    }
}

#[test]
fn all_conditions_must_hold_exactly() {
    for condition in [
        "category = Firewall_failed",
        "Category = firewall_failed",
        "category = firewall",
        "category =~ firewall",
        "category =~ failed*",
        "category =~ firewall_failed*d",
        "client = 203.0.113.9",
        "client.ip_address.more exists",
        "used_version = 4.0",
        "nothing = null",
        "missing = \"\"",
        "category = firewall_failed; is_new = false",
        "feature = itemusages; category = firewall_failed",
    ] {
        assert!(!matches(condition), "{condition}");
    }
}

#[test]
fn a_payload_that_is_no_object_has_no_fields() {
    let filter = |text| Filter::parse(text).unwrap();
    assert!(!filter("category exists").matches(&AUDIT_EVENTS, "[1]"));
    assert!(filter("feature = auditevents").matches(&AUDIT_EVENTS, "[1]"));
    assert!(filter("").is_empty() && filter("").matches(&AUDIT_EVENTS, "not JSON"));
}

#[test]
fn what_is_no_filter_is_told_with_an_example() {
    let too_many = "a exists;".repeat(65);
    let errors: Vec<String> = [
        "category = success; action",
        "category == success",
        "action in",
        "action in export,,share",
        "action in export,",
        "category =",
        "category =~",
        "= success",
        "a..b = c",
        "a b = c",
        "category = \"open",
        "category = \"a\" b",
        "category exists twice",
        &too_many,
    ]
    .into_iter()
    .map(|text| format!("{:.30}\n    {}", text, Filter::parse(text).unwrap_err()))
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

fn key() -> RedactionKey {
    RedactionKey::new([7; 32])
}

fn redacted(redaction: &str, payload: &str) -> String {
    Redaction::parse(redaction).unwrap().apply(payload, &key()).unwrap().into_owned()
}

#[test]
fn fields_are_redacted_and_all_else_keeps_its_bytes() {
    for (redaction, payload, expected) in [
        ("drop: a", r#"{ "a" : 1 , "b" : 2 }"#, r#"{ "b" : 2 }"#),
        ("drop: b", r#"{ "a" : 1 , "b" : 2 }"#, r#"{ "a" : 1 }"#),
        ("drop: a, b", r#"{ "a" : 1 , "b" : 2 }"#, r#"{  }"#),
        ("drop: a, b", r#"{"a":1,"b":2,"c":3}"#, r#"{"c":3}"#),
        ("drop: a, c", r#"{"a":1,"b":2,"c":3}"#, r#"{"b":2}"#),
        ("drop: b, c", r#"{"a":1,"b":2,"c":3,"d":4}"#, r#"{"a":1,"d":4}"#),
        ("drop: a", r#"{"a":1,"b":2,"\u0061":3}"#, r#"{"b":2}"#),
        ("drop: A", r#"{"a":1}"#, r#"{"a":1}"#),
        ("drop: a.b", r#"{"a":[{"b":1},[{"b":2,"c":3}],4]}"#, r#"{"a":[{},[{"c":3}],4]}"#),
        ("drop: a.b", r#"{"b":1,"a":{"x":{"b":2}}}"#, r#"{"b":1,"a":{"x":{"b":2}}}"#),
        (
            "mask: u.email",
            r#"{"u":{"\u0065mail":"robin@acme.example"}}"#,
            r#"{"u":{"\u0065mail":"r***@acme.example"}}"#,
        ),
        ("mask: e", r#"{"e":"r@acme.example"}"#, r#"{"e":"***@acme.example"}"#),
        ("mask: e", r#"{"e":["Robin Vale",7,true,null,"a@b"]}"#, r#"{"e":["***","***","***",null,"***"]}"#),
        ("mask: e", r#"{"e":{"a":{"b":"c"}},"d":"d"}"#, r#"{"e":{"a":{"b":"***"}},"d":"d"}"#),
        ("mask: a; drop: b", "{\"a\":\"x\",\n\"b\":\"y\"}", r#"{"a":"***"}"#),
    ] {
        assert_eq!(redacted(redaction, payload), expected, "{redaction} of {payload}");
    }
}

#[test]
fn a_hash_is_the_same_for_the_same_value_and_key_only() {
    let hashed = |payload: &str, key: [u8; 32]| {
        let redaction = Redaction::parse("hash: a").unwrap();
        let out = redaction.apply(payload, &RedactionKey::new(key)).unwrap();
        serde_json::from_str::<Value>(&out).unwrap()["a"].as_str().unwrap().to_owned()
    };
    let first = hashed(r#"{"a":"robin@acme.example"}"#, [7; 32]);
    // HMAC-SHA256 by Python: hmac.new(bytes([7]) * 32, b"robin@acme.example", "sha256").hexdigest()[:32]
    assert_eq!(first, "hmac:f2c6853c42905ec57e7fa65694b17d4a");
    assert_eq!(hashed(r#"{"a":"\u0072obin@acme.example"}"#, [7; 32]), first);
    assert_ne!(hashed(r#"{"a":"robin@acme.example"}"#, [8; 32]), first);
    assert_ne!(hashed(r#"{"a":"Robin@acme.example"}"#, [7; 32]), first);
}

#[test]
fn nothing_below_too_many_arrays_leaves() {
    let payload = format!(r#"{{"a":{}{{"b":"secret"}}{}}}"#, "[".repeat(40), "]".repeat(40));
    for redaction in ["drop: a.b", "mask: a.b", "mask: a"] {
        let out = redacted(redaction, &payload);
        assert!(!out.contains("secret") && serde_json::from_str::<Value>(&out).is_ok(), "{out}");
    }
}

#[test]
fn what_cannot_be_read_cannot_be_redacted() {
    for payload in ["", "null", "[{\"a\":1}]", "{\"a\":1"] {
        assert!(Redaction::parse("drop: a").unwrap().apply(payload, &key()).is_err(), "{payload}");
    }
}

#[test]
fn what_is_no_redaction_is_told_with_an_example() {
    let too_many: String = (0..65).map(|n| format!("drop: a{n};")).collect();
    let errors: Vec<String> = [
        "client.ip_address",
        "remove: a",
        "drop:",
        "drop: a,",
        "drop: a b",
        "mask: uuid",
        "hash: user.name; drop: timestamp",
        "drop: client; mask: client.ip_address",
        "mask: client.ip_address; drop: client",
        "drop: a; drop: a",
        &too_many,
    ]
    .into_iter()
    .map(|text| format!("{:.40}\n    {}", text, Redaction::parse(text).unwrap_err()))
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
    assert!(Redaction::parse("drop: user.uuid, session.timestamp").is_ok());
}

/// JSON of a few levels whose texts are of lower-case letters and whose names are few, so that rules hit.
fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\\\\\"\n]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[abc]", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts a secret at `a.b` of an object, in one of the shapes that count as that place.
fn with_secret(event: &mut Value, secret: &str, shape: u8) {
    let place = match shape % 4 {
        0 => json!({"b": secret}),
        1 => json!([{"x": 1}, {"b": [secret, "other"]}]),
        2 => json!([[{"b": secret, "c": 2}]]),
        _ => json!({"b": {"deep": [secret]}, "d": {"b": "kept"}}),
    };
    event["a"] = place;
}

proptest! {
    #[test]
    fn without_rules_and_without_hits_the_bytes_are_the_same(event in any_json(), is_pretty in any::<bool>()) {
        let payload = if is_pretty { serde_json::to_string_pretty(&event).unwrap() } else { event.to_string() };
        prop_assert!(matches!(Redaction::default().apply(&payload, &key()), Ok(Cow::Borrowed(same)) if same == payload));
        if event.is_object() {
            let missing = Redaction::parse("drop: q; mask: a.q; hash: b.q.a").unwrap();
            prop_assert!(matches!(missing.apply(&payload, &key()), Ok(Cow::Borrowed(same)) if same == payload));
        }
    }

    #[test]
    fn a_secret_never_leaves(
        event in any_json(),
        secret in "SECRET[0-9]{6}(@acme\\.example)?",
        shape in any::<u8>(),
        is_pretty in any::<bool>(),
        way in prop::sample::select(vec!["drop", "mask", "hash"]),
        field in prop::sample::select(vec!["a.b", "a"]),
    ) {
        let mut event = if event.is_object() { event } else { json!({"c": event}) };
        with_secret(&mut event, &secret, shape);
        let text = if is_pretty { serde_json::to_string_pretty(&event).unwrap() } else { event.to_string() };
        // The name spelt with an escape, and the member there twice.
        let twice = format!("{{\"\\u0061\":{},{}", event["a"], &text[1..]);
        for payload in [text, twice] {
            let out = redacted(&format!("{way}: {field}"), &payload);
            prop_assert!(!out.contains(&secret), "{}", out);
            let json = serde_json::from_str::<Value>(&out);
            prop_assert!(json.is_ok(), "{}", out);
            let (json, mut rest) = (json.unwrap(), event.clone());
            rest["a"] = json.get("a").cloned().unwrap_or_default();
            prop_assert_eq!(json.get("a").map_or_else(|| { let mut json = json.clone(); json["a"] = Value::Null; json }, |_| json.clone()), rest);
        }
    }

    #[test]
    fn parsing_never_panics(text in "\\PC{0,40}|[a-c=!~ ,;:\"*.\n]{0,40}") {
        let _ = Filter::parse(&text).map(|filter| filter.matches(&ITEM_USAGES, EVENT));
        let _ = Redaction::parse(&text).map(|redaction| redaction.apply(EVENT, &key()).map(Cow::into_owned));
    }
}
