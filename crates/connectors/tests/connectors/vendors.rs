//! Intakes of vendors, with Tenzir's HTTP server in their place, and a receiver that has bad days.

use std::time::Duration;

use daybook_connectors::{Delivered, DeliveryError, Destination, DestinationKind};
use daybook_testkit::{Fault, Receiver, receivers::Tenzir};
use serde_json::{Value, json};

use crate::support::{audit_events, open};

const PATIENCE: Duration = Duration::from_secs(20);

/// The body; Tenzir has unpacked it.
fn text_of(request: &Value) -> String {
    String::from_utf8(Tenzir::body_of(request)).unwrap()
}

/// The value of a header that Tenzir wrote, whatever the case of its name.
fn header<'a>(request: &'a Value, name: &str) -> &'a str {
    let headers = request["headers"].as_object().unwrap();
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).unwrap().1.as_str().unwrap()
}

#[tokio::test]
async fn another_server_reads_what_datadog_would() {
    let server = Tenzir::http(&[("/api/v2/logs", 202, "{}")]);
    let url = format!("{}/api/v2/logs", server.url());
    let batch = audit_events(3);
    let datadog = open(DestinationKind::Datadog, &[("url", &url), ("api_key", "k-hush")]);
    assert_eq!(datadog.deliver(&batch).await, Ok(Delivered::all()));

    let request = &server.wait_for(1, PATIENCE).await[0];
    assert_eq!((request["method"].as_str(), header(request, "dd-api-key")), (Some("post"), "k-hush"));
    let logs: Vec<Value> = serde_json::from_str(&text_of(request)).unwrap();
    let messages: Vec<&str> = logs.iter().map(|log| log["message"].as_str().unwrap()).collect();
    assert_eq!(messages, batch.events.iter().map(|event| &*event.payload).collect::<Vec<_>>());
}

#[tokio::test]
async fn another_server_reads_what_sumo_logic_would() {
    let server = Tenzir::http(&[("/receiver/v1/http/code", 200, "")]);
    let url = format!("{}/receiver/v1/http/code", server.url());
    let batch = audit_events(3);
    assert_eq!(open(DestinationKind::SumoLogic, &[("url", &url)]).deliver(&batch).await, Ok(Delivered::all()));

    let request = &server.wait_for(1, PATIENCE).await[0];
    assert_eq!(header(request, "x-sumo-category"), "1password");
    let expected: String = batch.events.iter().map(|event| format!("{}\n", event.payload)).collect();
    assert_eq!(text_of(request), expected);
}

#[tokio::test]
async fn another_server_reads_what_cortex_would() {
    let server = Tenzir::http(&[("/logs/v1/event", 200, r#"{"ok":"true"}"#)]);
    let cortex = open(DestinationKind::CortexXsiam, &[("url", &server.url()), ("api_key", "k-hush")]);
    assert_eq!(cortex.deliver(&audit_events(2)).await, Ok(Delivered::all()));

    let request = &server.wait_for(1, PATIENCE).await[0];
    assert_eq!((request["path"].as_str(), header(request, "authorization")), (Some("/logs/v1/event"), "k-hush"));
    let text = text_of(request);
    assert_eq!(text.lines().count(), 2);
    for line in text.lines() {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["SOURCE_LOG_TYPE"], "AUDIT EVENTS");
    }
}

#[tokio::test]
async fn a_bad_day_ends_with_every_event_there() {
    let receiver = Receiver::start().await;
    let url = receiver.url();
    let datadog = open(DestinationKind::Datadog, &[("url", &url), ("api_key", "k-hush")]);
    receiver.for_next(1, &Fault::retry_after(429, 2));
    receiver.for_next(1, &Fault::status(413));
    receiver.for_next(1, &Fault::status(408));
    receiver.for_next(1, &Fault::StoreThenDrop);
    let batch = audit_events(4);
    let (first, second) = (batch.slice(0..2), batch.slice(2..4));

    let error = datadog.deliver(&batch).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { after: Some(after), .. } if after.as_secs() == 2), "{error:?}");
    let error = datadog.deliver(&batch).await.unwrap_err();
    assert!(matches!(error, DeliveryError::TooLarge { .. }), "{error:?}");
    for _ in 0..2 {
        let error = datadog.deliver(&first).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { after: None, .. }), "{error:?}");
    }
    assert_eq!(datadog.deliver(&first).await, Ok(Delivered::all()));
    assert_eq!(datadog.deliver(&second).await, Ok(Delivered::all()));

    let stored: Vec<Value> = receiver.stored().iter().flat_map(|it| it.json().as_array().unwrap().clone()).collect();
    let messages: Vec<&Value> = stored.iter().map(|log| &log["message"]).collect();
    let sent: Vec<Value> = batch.events.iter().map(|event| json!(&*event.payload)).collect();
    // The answer that was lost makes the first two come twice.
    assert_eq!(messages, [&sent[0], &sent[1], &sent[0], &sent[1], &sent[2], &sent[3]]);
}
