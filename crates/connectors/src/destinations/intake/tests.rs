//! What is promised of vendors' HTTP intakes without a receiver of the real kind.

use std::{sync::Arc, time::Duration};

use data_encoding::{BASE64, HEXLOWER};
use daybook_events::{FixedClock, Timestamp};
use daybook_testkit::{Fault, Receiver, Reply};
use ring::hmac;
use serde_json::{Value, json};

use crate::{
    AnyDestination, Context, Delivered, DeliveryError, Destination, DestinationKind, Rejected, testing,
    testing::batch_of,
};

const PATH: &str = "/receiver/v1/http/ZaVnC4dhaV2-hush";

/// The least that each kind needs to reach a receiver.
fn open(kind: DestinationKind, receiver: &Receiver, more: &[(&str, &str)]) -> AnyDestination {
    let url = format!("{}{PATH}", receiver.url());
    let key: &[(&str, &str)] = match kind {
        DestinationKind::Datadog | DestinationKind::CortexXsiam => &[("api_key", "key-hush")],
        DestinationKind::Panther => &[("secret", "key-hush")],
        _ => &[],
    };
    testing::open(kind, &[&[("url", url.as_str())], key, more].concat()).unwrap()
}

const KINDS: [DestinationKind; 6] = [
    DestinationKind::Datadog,
    DestinationKind::SumoLogic,
    DestinationKind::Panther,
    DestinationKind::CortexXsiam,
    DestinationKind::Rapid7,
    DestinationKind::Http,
];

#[tokio::test]
async fn datadog_gets_the_event_as_a_message() {
    let receiver = Receiver::start().await;
    let datadog = open(DestinationKind::Datadog, &receiver, &[("tags", "env:prod")]);
    let batch = testing::batch("auditevents", 2);
    assert_eq!(datadog.deliver(&batch).await, Ok(Delivered::all()));
    let request = &receiver.received()[0];
    let names = ["dd-api-key", "content-type", "content-encoding"].map(|name| request.header(name).unwrap());
    assert_eq!(names, ["key-hush", "application/json", "gzip"]);
    let expected = |index: usize| {
        json!({
            "ddsource": "1password", "service": "1password", "hostname": "hub.acme.example",
            "ddtags": format!("event_type:auditevents,account:{},env:prod", batch.account),
            "timestamp": (testing::NOW_SECS + i64::try_from(index).unwrap()) * 1000,
            "message": &*batch.events[index].payload,
        })
    };
    assert_eq!(request.json(), json!([expected(0), expected(1)]));
}

#[test]
fn datadog_is_reached_by_its_site() {
    let host = |site| {
        let datadog = testing::open(DestinationKind::Datadog, &[("api_key", "k"), ("site", site)]);
        datadog.map(|datadog| datadog.endpoint().unwrap().host)
    };
    assert_eq!(host("us3.datadoghq.com"), Ok("http-intake.logs.us3.datadoghq.com".to_owned()));
    let error = host("evil.example/x?").unwrap_err();
    assert!(error.starts_with("site: must be a name"), "{error}");
}

#[tokio::test]
async fn sumo_logic_gets_lines_and_what_they_are_in_headers() {
    let receiver = Receiver::start().await;
    let more = [("category", "op/{feature}"), ("fields", "env=prod"), ("cloud_siem", "true")];
    let sumo = open(DestinationKind::SumoLogic, &receiver, &more);
    for feature in ["auditevents", "okta.system"] {
        assert_eq!(sumo.deliver(&batch_of(feature, &["{\n}", "{}"])).await, Ok(Delivered::all()));
    }
    let received = receiver.received();
    assert_eq!((received[0].path.as_str(), received[0].text().as_str()), (PATH, "{ }\n{}\n"));
    let header = |index: usize, name| received[index].header(name).unwrap();
    assert_eq!([header(0, "x-sumo-category"), header(1, "x-sumo-category")], ["op/auditevents", "op/okta.system"]);
    assert_eq!(header(0, "x-sumo-host"), "hub.acme.example");
    let siem = header(0, "x-sumo-fields");
    assert!(siem.starts_with("_siemForward=true,_siemVendor=1Password,") && siem.ends_with(",env=prod"), "{siem}");
    assert_eq!(header(1, "x-sumo-fields"), "env=prod", "Okta's events have another parser");
}

#[tokio::test]
async fn panther_can_check_who_sends() {
    let receiver = Receiver::start().await;
    let batch = batch_of("auditevents", &["{}"]);
    for (given, name, value) in [
        (&[][..], "x-panther-secret", "key-hush".to_owned()),
        (&[("auth", "header"), ("auth_header", "x-mine")], "x-mine", "key-hush".to_owned()),
        (&[("auth", "bearer")], "authorization", "Bearer key-hush".to_owned()),
        (&[("auth", "basic"), ("username", "u")], "authorization", format!("Basic {}", BASE64.encode(b"u:key-hush"))),
    ] {
        assert_eq!(open(DestinationKind::Panther, &receiver, given).deliver(&batch).await, Ok(Delivered::all()));
        assert_eq!(receiver.received().last().unwrap().header(name), Some(value.as_str()));
    }
    for (hash, encoding, algorithm) in [
        ("sha256", "hex", hmac::HMAC_SHA256),
        ("sha384", "base64", hmac::HMAC_SHA384),
        ("sha512", "hex", hmac::HMAC_SHA512),
    ] {
        let given = [("auth", "hmac"), ("auth_header", "x-sign"), ("hmac_hash", hash), ("hmac_encoding", encoding)];
        assert_eq!(open(DestinationKind::Panther, &receiver, &given).deliver(&batch).await, Ok(Delivered::all()));
        let last = receiver.received().pop().unwrap();
        let text = last.header("x-sign").unwrap();
        let decoder = if encoding == "hex" { HEXLOWER } else { BASE64 };
        let tag = decoder.decode(text.as_bytes()).unwrap();
        hmac::verify(&hmac::Key::new(algorithm, b"key-hush"), &last.body, &tag).unwrap();
        assert_ne!(last.body.to_vec(), last.body_plain(), "what is signed is what is sent, packed");
    }
}

#[tokio::test]
async fn cortex_gets_what_its_modelling_rules_look_for() {
    let receiver = Receiver::start().await;
    let url = receiver.url();
    let given = [("url", url.as_str()), ("api_key", "key-hush")];
    let cortex = testing::open(DestinationKind::CortexXsiam, &given).unwrap();
    for (feature, kind) in [
        ("auditevents", "AUDIT EVENTS"),
        ("itemusages", "ITEM USAGE ACTIONS"),
        ("signinattempts", "SIGN IN ATTEMPTS"),
        ("okta.system", "OKTA.SYSTEM"),
    ] {
        assert_eq!(cortex.deliver(&batch_of(feature, &[r#"{"uuid":"A"}"#])).await, Ok(Delivered::all()));
        let last = receiver.received().pop().unwrap();
        assert_eq!((last.path.as_str(), last.header("authorization")), ("/logs/v1/event", Some("key-hush")));
        assert_eq!(last.json(), json!({"SOURCE_LOG_TYPE": kind, "_time": "2026-03-04T05:06:07Z", "uuid": "A"}));
    }
}

#[tokio::test]
async fn any_receiver_gets_what_it_wants() {
    let receiver = Receiver::start().await;
    let batch = batch_of("auditevents", &[r#"{"n":1}"#, r#"{"n":2}"#]);
    let headers = ("headers", "X-Dataset: {feature}\n\nX-Org: acme");
    for (body, content_type, texts) in [
        ("lines", "application/x-ndjson", vec!["{\"n\":1}\n{\"n\":2}\n"]),
        ("array", "application/json", vec![r#"[{"n":1},{"n":2}]"#]),
        ("event", "application/json", vec![r#"{"n":1}"#, r#"{"n":2}"#]),
    ] {
        let before = receiver.received().len();
        let given = [("body", body), headers, ("auth", "header"), ("secret", "s-hush")];
        assert_eq!(open(DestinationKind::Http, &receiver, &given).deliver(&batch).await, Ok(Delivered::all()));
        let received = receiver.received().split_off(before);
        assert_eq!(received.iter().map(daybook_testkit::Received::text).collect::<Vec<_>>(), texts);
        let names = ["content-type", "x-dataset", "x-org", "x-api-key"].map(|name| received[0].header(name).unwrap());
        assert_eq!(names, [content_type, "auditevents", "acme", "s-hush"]);
    }
}

#[tokio::test]
async fn one_event_a_request_goes_on_after_a_bad_one_and_waits_at_a_passing_fault() {
    let receiver = Receiver::start().await;
    let http = open(DestinationKind::Http, &receiver, &[("body", "event")]);
    let batch = batch_of("auditevents", &["{}"; 5]);
    let bad = Fault::status(400);
    receiver.for_next(1, &Fault::status(200));
    receiver.for_next(1, &bad);
    receiver.for_next(1, &Fault::status(204));
    receiver.for_next(1, &Fault::retry_after(429, 3));
    let delivered = http.deliver(&batch).await.unwrap();
    assert_eq!(delivered.rejected, [Rejected { index: 1, reason: "the receiver answered 400".to_owned() }]);
    let unsettled = delivered.unsettled.unwrap();
    assert_eq!(unsettled.indices, [3, 4]);
    assert!(matches!(unsettled.error, DeliveryError::Retry { after: Some(_), .. }), "{unsettled:?}");
}

#[tokio::test]
async fn a_slow_receiver_ends_an_attempt_with_what_it_took() {
    let clock = Arc::new(FixedClock::at(Timestamp::from_seconds(testing::NOW_SECS)));
    let context = Context { clock: Arc::clone(&clock) as _, ..testing::context(&std::env::temp_dir()) };
    let webhook_secret = ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    for (kind, more) in [(DestinationKind::Http, ("body", "event")), (DestinationKind::Webhook, webhook_secret)] {
        let receiver = Receiver::start().await;
        let moved = Arc::clone(&clock);
        receiver.answer_with(move |_| {
            moved.advance(Duration::from_secs(20));
            Reply::status(200)
        });
        let destination = testing::open_with(kind, &[("url", &receiver.url()), more], &context).unwrap();
        let delivered = destination.deliver(&testing::batch("auditevents", 5)).await.unwrap();
        assert_eq!(delivered.unsettled.unwrap().indices, [2, 3, 4], "{kind}");
        assert_eq!(receiver.stored().len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn every_status_has_its_consequence_with_every_vendor() {
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let destination = open(kind, &receiver, &[("timeout_secs", "1")]);
        receiver.for_next(1, &Fault::retry_after(429, 7));
        for status in [408, 413, 400, 401, 403, 404, 500, 503] {
            receiver.for_next(1, &Fault::status(status));
        }
        receiver.for_next(1, &Fault::BlackHole);
        receiver.for_next(1, &Fault::StoreThenDrop);
        let mut words = Vec::new();
        for _ in 0..11 {
            let error = destination.deliver(&testing::batch("auditevents", 2)).await.unwrap_err();
            words.push(match error {
                DeliveryError::Retry { after: Some(after), .. } => format!("after {}", after.as_secs()),
                DeliveryError::Retry { .. } => "retry".to_owned(),
                DeliveryError::TooLarge { .. } => "too large".to_owned(),
                DeliveryError::Refused { .. } => "refused".to_owned(),
                DeliveryError::Stop { .. } => "stop".to_owned(),
            });
        }
        let expected =
            ["after 7", "retry", "too large", "refused", "stop", "stop", "stop", "retry", "retry", "retry", "retry"];
        assert_eq!(words, expected, "{kind}");
        assert_eq!(destination.deliver(&testing::batch("auditevents", 2)).await, Ok(Delivered::all()), "{kind}");
    }
}

#[tokio::test]
async fn a_sign_in_page_of_a_proxy_takes_no_events() {
    let page = Fault::Status {
        code: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: "<!DOCTYPE html><title>Sign in to the network</title>".to_owned(),
    };
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let destination = open(kind, &receiver, &[]);
        receiver.for_next(1, &page);
        let came = destination.deliver(&testing::batch("auditevents", 2)).await;
        // What one's own receiver answers with is its own affair.
        let is_stopped = matches!(&came, Err(DeliveryError::Stop { fix, .. }) if fix.contains("proxy"));
        assert_eq!(is_stopped, kind != DestinationKind::Http, "{kind}: {came:?}");
    }
}

#[tokio::test]
async fn neither_keys_nor_urls_that_are_keys_are_told() {
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let destination = open(kind, &receiver, &[]);
        let body = format!("Cannot POST {PATH} with key-hush");
        receiver.for_next(1, &Fault::Status { code: 401, headers: Vec::new(), body });
        receiver.for_next(1, &Fault::DropBeforeReading);
        let mut texts = format!("{destination:?} {:?}", destination.endpoint().map(|it| it.host));
        for _ in 0..2 {
            let error = destination.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
            texts.push_str(&format!("{error:?}"));
        }
        let has_secret_url = !matches!(kind, DestinationKind::Datadog | DestinationKind::CortexXsiam);
        assert!(!has_secret_url || !texts.contains("ZaVnC4dhaV2"), "{kind}: {texts}");
        let has_key = !matches!(kind, DestinationKind::SumoLogic | DestinationKind::Rapid7 | DestinationKind::Http);
        assert!(!has_key || !texts.contains("key-hush"), "{kind}: {texts}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_vendors_limit_is_not_sent() {
    let event = format!(r#"{{"x":"{}"}}"#, "x".repeat(250_000));
    for (kind, count) in [
        (DestinationKind::Datadog, 20),
        (DestinationKind::SumoLogic, 4),
        (DestinationKind::Panther, 4),
        (DestinationKind::Rapid7, 4),
    ] {
        let receiver = Receiver::start().await;
        let destination = open(kind, &receiver, &[]);
        let batch = batch_of("auditevents", &vec![event.as_str(); count]);
        let error = destination.deliver(&batch).await.unwrap_err();
        assert!(matches!(error, DeliveryError::TooLarge { .. }), "{kind}: {error:?}");
        assert_eq!(receiver.received().len(), 0);
        assert_eq!(destination.deliver(&batch.slice(1..count)).await, Ok(Delivered::all()), "{kind}");
    }
}

#[test]
fn headers_are_secret() {
    assert!(DestinationKind::Http.description().setting("headers").unwrap().is_secret());
    let given = [("url", "https://a.example/x"), ("headers", "x-key: hush-hush")];
    assert!(!format!("{:?}", testing::open(DestinationKind::Http, &given)).contains("hush"));
}

#[test]
fn settings_that_cannot_be_right_are_told() {
    let url = ("url", "https://a.example/ZaVnC4dhaV2-hush");
    let http = |more: &[(&str, &str)]| testing::open(DestinationKind::Http, &[&[url], more].concat()).unwrap_err();
    for (given, part) in [
        (&[("headers", "a: b\n\nhush")][..], "headers: line 3 must be a name, a colon and a value"),
        (&[("headers", "hush hush: c")], "headers: line 1 has no name of a header before its colon"),
        (&[("headers", "Host: hush")], "headers: line 1 is of Host, which is written by the hub"),
        (&[("headers", "x: é")], "headers: must be one line of visible ASCII characters"),
        (&[("auth", "header")], "secret: is missing: auth=header needs it"),
        (&[("auth", "basic"), ("secret", "s")], "username: is missing: auth=basic needs it"),
        (&[("auth", "header"), ("secret", "a\nb")], "secret: must be one line of visible ASCII characters"),
        (&[("body", "array"), ("format", "cef")], "body: must be lines or event"),
    ] {
        let error = http(given);
        assert!(error.starts_with(part) && !error.contains("hush"), "{error}");
    }
    for (url, part) in [
        ("http://a.example/ZaVnC4dhaV2-hush", "url: must begin with https://"),
        ("https://10.0.0.1/ZaVnC4dhaV2-hush", "private address"),
        ("ZaVnC4dhaV2-hush", "url: must be a URL"),
    ] {
        for kind in [DestinationKind::SumoLogic, DestinationKind::Rapid7, DestinationKind::Http] {
            let error = testing::open(kind, &[("url", url)]).unwrap_err();
            assert!(error.contains(part) && !error.contains("hush"), "{error}");
        }
    }
}

#[tokio::test]
async fn rapid7_gets_lines() {
    let receiver = Receiver::start().await;
    let batch = testing::batch("signinattempts", 2);
    assert_eq!(open(DestinationKind::Rapid7, &receiver, &[]).deliver(&batch).await, Ok(Delivered::all()));
    let request = &receiver.received()[0];
    assert_eq!((request.header("content-type"), request.header("content-encoding")), (Some("application/json"), None));
    let text = request.text();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[1], serde_json::from_str::<Value>(&batch.events[1].payload).unwrap());
}
