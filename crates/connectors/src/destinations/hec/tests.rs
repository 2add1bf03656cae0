//! What is promised of Splunk HEC and its likes without a receiver of the real kind.

use std::time::{Duration, Instant};

use daybook_testkit::{
    Fault, Receiver, Reply, TlsSetup,
    receiver::handlers::{Acks, Hec, HecBehaviour, hec},
};
use serde_json::{Value, json};

use crate::{
    AnyDestination, Batch, Delivered, DeliveryError, Destination, DestinationKind, Rejected, testing, testing::batch_of,
};

const TOKEN: &str = "5e0c0f7a-hush";

async fn collector(behaviour: HecBehaviour) -> (Receiver, Hec) {
    let (receiver, hec) = (Receiver::start().await, hec(behaviour));
    receiver.answer_with(hec.handler());
    (receiver, hec)
}

fn splunk(receiver: &Receiver, more: &[(&str, &str)]) -> AnyDestination {
    let url = receiver.url();
    let given = [&[("url", url.as_str()), ("token", TOKEN)], more].concat();
    testing::open(DestinationKind::SplunkHec, &given).unwrap()
}

fn taken() -> Reply {
    Reply::json(200, &json!({ "text": "Success", "code": 0 }))
}

fn answers(code: u16, body: &Value) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: body.to_string() }
}

fn numbered(count: usize, bad: &[usize]) -> Batch {
    let text = |n| if bad.contains(&n) { format!(r#"{{"poison":{n}}}"#) } else { format!(r#"{{"n":{n}}}"#) };
    let texts: Vec<String> = (0..count).map(text).collect();
    batch_of("okta.system", &texts.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn events_arrive_as_the_add_on_names_them() {
    let (receiver, hec) = collector(HecBehaviour { token: Some(TOKEN.to_owned()), ..HecBehaviour::default() }).await;
    let splunk = splunk(&receiver, &[("index", "main"), ("indexes", "itemusages=op_items, okta.system=okta")]);
    for (feature, source_type, index) in [
        ("signinattempts", "1password:insights:signin_attempts", "main"),
        ("itemusages", "1password:insights:item_usages", "op_items"),
        ("auditevents", "1password:insights:audit_events", "main"),
        ("okta.system", "daybook:okta.system", "okta"),
    ] {
        let batch = if feature == "okta.system" { numbered(1, &[]) } else { testing::batch(feature, 1) };
        assert_eq!(splunk.deliver(&batch).await, Ok(Delivered::all()));
        let event: Value = serde_json::from_str(&batch.events[0].payload).unwrap();
        let expected = json!({
            "host": "hub.acme.example", "source": "daybook", "sourcetype": source_type, "index": index,
            "time": 1_772_600_767.0, "event": event,
        });
        assert_eq!(hec.events().last(), Some(&expected));
    }
    let first = &receiver.received()[0];
    assert_eq!((first.path.as_str(), first.header("content-encoding")), ("/services/collector/event", Some("gzip")));
}

#[tokio::test]
async fn a_whole_url_is_taken_as_it_is() {
    let receiver = Receiver::start().await;
    receiver.answer_with(|_| taken());
    for (kind, given, seen) in [
        (DestinationKind::SplunkHec, "", "/services/collector/event"),
        (DestinationKind::SplunkHec, "/hec/v2", "/hec/v2"),
        (DestinationKind::CrowdStrike, "/", "/api/v1/ingest/hec"),
        (DestinationKind::CrowdStrike, "/abc/services/collector", "/abc/services/collector"),
        (DestinationKind::Exabeam, "/cloud-collectors/v1/logs/hec", "/cloud-collectors/v1/logs/hec"),
    ] {
        let url = format!("{}{given}", receiver.url());
        let destination = testing::open(kind, &[("url", &url), ("token", "t")]).unwrap();
        assert_eq!(destination.deliver(&numbered(1, &[])).await, Ok(Delivered::all()));
        assert_eq!(receiver.received().last().unwrap().path, seen);
    }
    let error = testing::open(DestinationKind::Exabeam, &[("url", &receiver.url()), ("token", "t")]).unwrap_err();
    assert_eq!(error, "url: must be the whole URL, with its path");
}

#[tokio::test]
async fn what_is_no_collectors_word_takes_no_events() {
    let receiver = Receiver::start().await;
    let url = format!("{}/x", receiver.url());
    let page = "<html><body>Sign in to the network</body></html>";
    for (body, others_take) in [("", true), ("OK", true), (r#"{"text":"Welcome"}"#, true), (page, false)] {
        for kind in [DestinationKind::SplunkHec, DestinationKind::CrowdStrike, DestinationKind::Exabeam] {
            receiver.for_next(1, &Fault::Status { code: 200, headers: Vec::new(), body: body.to_owned() });
            let collector = testing::open(kind, &[("url", &url), ("token", TOKEN)]).unwrap();
            let came = collector.deliver(&numbered(1, &[])).await;
            if others_take && kind != DestinationKind::SplunkHec {
                assert_eq!(came, Ok(Delivered::all()), "{kind}: {body}");
            } else {
                assert!(matches!(&came, Err(DeliveryError::Stop { .. })), "{kind}: {body}: {came:?}");
            }
        }
    }
}

#[tokio::test]
async fn other_products_get_what_they_know() {
    let receiver = Receiver::start().await;
    let url = format!("{}/x", receiver.url());
    let more = [("url", url.as_str()), ("token", "t"), ("parser", "json"), ("indexed_uuid", "true")];
    let falcon = testing::open(DestinationKind::CrowdStrike, &more).unwrap();
    assert_eq!(falcon.deliver(&batch_of("auditevents", &[r#"{"uuid":"U"}"#])).await, Ok(Delivered::all()));
    let more = [("url", url.as_str()), ("token", "t"), ("scheme", "none")];
    let exabeam = testing::open(DestinationKind::Exabeam, &more).unwrap();
    assert_eq!(exabeam.deliver(&batch_of("auditevents", &["{}"])).await, Ok(Delivered::all()));

    let received = receiver.received();
    let expected = json!({
        "host": "hub.acme.example", "source": "daybook", "sourcetype": "json", "time": 1_772_600_767.0,
        "event": { "uuid": "U" }, "fields": { "event_uuid": "U" },
    });
    assert_eq!(received[0].json(), expected);
    assert_eq!(received[1].json()["sourcetype"], "1password:insights:audit_events");
    let authorizations: Vec<_> = received.iter().map(|it| it.header("authorization")).collect();
    assert_eq!(authorizations, [Some("Bearer t"), Some("t")]);
    assert!(received.iter().all(|it| it.header("x-splunk-request-channel").is_none()));
}

#[tokio::test]
async fn a_batch_is_done_when_it_is_indexed() {
    let acks = Acks::TrueOnce { after_polls: 1 };
    let (receiver, hec) = collector(HecBehaviour { acks, ..HecBehaviour::default() }).await;
    let splunk = splunk(&receiver, &[("acknowledge", "on")]);
    for _ in 0..2 {
        assert_eq!(splunk.deliver(&numbered(3, &[])).await, Ok(Delivered::all()));
    }
    let received = receiver.received();
    let asked = received.iter().filter(|it| it.path == "/services/collector/ack").count();
    assert_eq!((hec.events().len(), asked), (6, 4));
    let channels: Vec<_> = received.iter().map(|it| it.header("x-splunk-request-channel").unwrap()).collect();
    assert!(channels.iter().all(|channel| *channel == channels[0]), "{channels:?}");
}

#[tokio::test]
async fn a_batch_that_is_never_indexed_is_sent_again() {
    let (receiver, hec) = collector(HecBehaviour { acks: Acks::Never, ..HecBehaviour::default() }).await;
    let given = [("acknowledge_timeout_secs", "1")];
    let error = splunk(&receiver, &given).deliver(&numbered(1, &[])).await.unwrap_err();
    assert_eq!(error, DeliveryError::retry("the collector has not said within 1 s that it is indexed"));
    assert_eq!(hec.events().len(), 1, "it is there, so the next attempt makes a repeat");

    let started = Instant::now();
    let without = splunk(&receiver, &[("acknowledge", "off")]);
    assert_eq!(without.deliver(&numbered(1, &[])).await, Ok(Delivered::all()));
    assert!(started.elapsed() < Duration::from_millis(200), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_collector_that_cannot_tell_is_taken_at_its_first_word() {
    let receiver = Receiver::start().await;
    let taken = answers(200, &json!({ "text": "Success", "code": 0, "ackId": 7 }));
    let splunk = splunk(&receiver, &[]);
    for second in [
        answers(400, &json!({ "text": "ACK is disabled", "code": 14 })),
        Fault::status(404),
        answers(200, &json!("what?")),
    ] {
        receiver.for_next(1, &taken);
        receiver.for_next(1, &second);
        assert_eq!(splunk.deliver(&numbered(1, &[])).await, Ok(Delivered::all()), "{second:?}");
    }
    // A busy one is asked again, and so is one that answers nothing.
    receiver.for_next(1, &taken);
    receiver.for_next(1, &Fault::status(503));
    receiver.for_next(1, &Fault::DropBeforeReading);
    receiver.for_next(1, &answers(200, &json!({ "acks": { "7": true } })));
    assert_eq!(splunk.deliver(&numbered(1, &[])).await, Ok(Delivered::all()));
    assert_eq!(receiver.received().len(), 10);
}

#[tokio::test]
async fn acknowledgement_that_is_wanted_and_not_there_stops() {
    let (receiver, _) = collector(HecBehaviour::default()).await;
    let error = splunk(&receiver, &[("acknowledge", "on")]).deliver(&numbered(1, &[])).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("acknowledge=auto")), "{error:?}");
    assert_eq!(splunk(&receiver, &[]).deliver(&numbered(1, &[])).await, Ok(Delivered::all()));
}

#[tokio::test]
async fn a_bad_event_is_named_and_the_others_go_again() {
    let behaviour = HecBehaviour { invalid_marker: Some("poison".to_owned()), ..HecBehaviour::default() };
    let (receiver, hec) = collector(behaviour).await;
    let splunk = splunk(&receiver, &[]);
    let batch = numbered(4, &[1]);
    let delivered = splunk.deliver(&batch).await.unwrap();
    let reason = "the collector answered 400, code 6: Invalid data format".to_owned();
    assert_eq!(delivered.rejected, [Rejected { index: 1, reason }]);
    let unsettled = delivered.unsettled.unwrap();
    assert_eq!(unsettled.indices, [0, 2, 3]);
    assert!(
        matches!(&unsettled.error, DeliveryError::Retry { after, .. } if *after == Some(Duration::ZERO)),
        "{unsettled:?}"
    );
    assert_eq!(splunk.deliver(&batch.pick(&unsettled.indices)).await, Ok(Delivered::all()));
    // This collector keeps what comes before the bad event: it is there twice.
    let kept: Vec<u64> = hec.events().iter().map(|envelope| envelope["event"]["n"].as_u64().unwrap()).collect();
    assert_eq!(kept, [0, 0, 2, 3]);

    let alone = splunk.deliver(&numbered(1, &[0])).await.unwrap();
    assert_eq!((alone.rejected.len(), alone.unsettled), (1, None));
}

/// What a connector makes of an answer: a word, and the seconds to wait.
async fn consequence(code: u32, status: u16, number: Option<usize>) -> &'static str {
    let receiver = Receiver::start().await;
    let mut body = json!({ "text": "Said so", "code": code });
    if let Some(number) = number {
        body["invalid-event-number"] = number.into();
    }
    receiver.until_told(answers(status, &body));
    match splunk(&receiver, &[]).deliver(&numbered(2, &[])).await {
        Ok(delivered) if delivered == Delivered::all() => "taken",
        Ok(_) => "split",
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(&status.to_string()) && text.contains("Said so"), "{text}");
            match error {
                DeliveryError::Retry { .. } => "retry",
                DeliveryError::TooLarge { .. } => "too large",
                DeliveryError::Refused { .. } => "refused",
                DeliveryError::Stop { .. } => "stop",
            }
        }
    }
}

#[tokio::test]
async fn every_code_has_its_consequence() {
    for (status, codes, word) in [
        (200, &[0][..], "taken"),
        (403, &[1, 4], "stop"),
        (401, &[2, 3], "stop"),
        (400, &[5, 7, 10, 11, 15, 16, 21, 22], "stop"),
        (400, &[6, 12, 13], "refused"),
        (500, &[8], "retry"),
        (503, &[9, 18, 19, 20, 23], "retry"),
        (429, &[24, 25], "retry"),
        (413, &[26, 27], "too large"),
        (200, &[17], "stop"),
        (400, &[99], "refused"),
        (503, &[99], "retry"),
    ] {
        for code in codes {
            assert_eq!(consequence(*code, status, None).await, word, "code {code}");
        }
    }
    for code in [6, 12, 13] {
        assert_eq!(consequence(code, 400, Some(1)).await, "split", "code {code}");
        assert_eq!(consequence(code, 400, Some(2)).await, "refused", "code {code}: there is no such event");
    }
}

#[tokio::test]
async fn bad_days_say_what_to_do_and_keep_the_token() {
    let receiver = Receiver::start().await;
    let splunk = splunk(&receiver, &[("timeout_secs", "1")]);
    let busy = json!({ "text": "Server is busy", "code": 9 }).to_string();
    let headers = vec![("Retry-After".to_owned(), "7".to_owned())];
    receiver.for_next(1, &Fault::Status { code: 503, headers, body: busy });
    receiver.for_next(1, &Fault::status(413));
    receiver.for_next(1, &Fault::BlackHole);
    receiver.for_next(1, &Fault::StoreThenDrop);
    receiver.for_next(1, &Fault::Status { code: 403, headers: Vec::new(), body: r#"{"code":4}"#.to_owned() });
    let mut texts = Vec::new();
    for expected in ["after 7", "too large", "retry", "retry", "stop"] {
        let error = splunk.deliver(&numbered(2, &[])).await.unwrap_err();
        texts.push(format!("{error:?}"));
        let word = match error {
            DeliveryError::Retry { after: Some(after), .. } => format!("after {}", after.as_secs()),
            DeliveryError::Retry { .. } => "retry".to_owned(),
            DeliveryError::TooLarge { .. } => "too large".to_owned(),
            DeliveryError::Refused { .. } => "refused".to_owned(),
            DeliveryError::Stop { .. } => "stop".to_owned(),
        };
        assert_eq!(word, expected, "{texts:?}");
    }
    receiver.answer_with(|_| taken());
    assert_eq!(splunk.deliver(&numbered(2, &[])).await, Ok(Delivered::all()));
    texts.push(format!("{splunk:?}"));
    assert!(!texts.concat().contains(TOKEN), "{texts:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_to_be_trusted_gets_no_event() {
    for (setup, word) in [(TlsSetup::ExpiredCertificate, "expired"), (TlsSetup::UnknownAuthority, "UnknownIssuer")] {
        let receiver = Receiver::builder().tls(setup).start().await;
        let splunk = splunk(&receiver, &[("ca_pem", receiver.ca_pem())]);
        let error = splunk.deliver(&numbered(1, &[])).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Retry { reason, .. } if reason.contains(word)), "{error:?}");
        assert_eq!(receiver.received().len(), 0);
    }
    let receiver = Receiver::builder().tls(TlsSetup::Valid).start().await;
    receiver.answer_with(|_| taken());
    let splunk = splunk(&receiver, &[("ca_pem", receiver.ca_pem())]);
    assert_eq!(splunk.deliver(&numbered(1, &[])).await, Ok(Delivered::all()));
}

#[test]
fn settings_are_checked() {
    let url = ("url", "https://splunk.acme.example:8088");
    for (name, value, part) in [
        ("token", "a\nb", "token: must be one line"),
        ("indexes", "auditevents", "indexes: \"auditevents\" must be feature=index"),
        ("indexes", "audits=x", "indexes: \"audits\" is not a feature"),
        ("indexes", "auditevents=", "indexes: \"auditevents=\" names no index"),
    ] {
        let token = if name == "token" { None } else { Some(("token", "t")) };
        let given: Vec<_> = [Some(url), token, Some((name, value))].into_iter().flatten().collect();
        let error = testing::open(DestinationKind::SplunkHec, &given).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}
