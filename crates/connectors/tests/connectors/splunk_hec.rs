//! Splunk's protocol, with Tenzir as the collector.

use std::time::Duration;

use daybook_connectors::{Delivered, DeliveryError, Destination, DestinationKind};
use daybook_testkit::receivers::Tenzir;
use serde_json::{Value, json};

use crate::support::{audit_events, batch_of, open};

const PATIENCE: Duration = Duration::from_secs(20);

const TOKEN: &str = "e0c0f7a5-hush";

fn splunk(collector: &Tenzir, more: &[(&str, &str)]) -> daybook_connectors::AnyDestination {
    let url = collector.url();
    open(DestinationKind::SplunkHec, &[&[("url", url.as_str())], more].concat())
}

/// Tenzir reads texts that are times as such, and may be a nanosecond off.
fn without_times(mut event: Value) -> Value {
    event["timestamp"].take();
    event["session"]["login_time"].take();
    event
}

#[tokio::test]
async fn a_collector_understands_every_event() {
    let collector = Tenzir::splunk(TOKEN);
    let mut batch = audit_events(1000);
    batch.events[0].time = "2026-03-04T05:06:07.123456Z".parse().unwrap();
    let given = [("token", TOKEN), ("index", "op"), ("source", "hub"), ("indexed_uuid", "true")];
    assert_eq!(splunk(&collector, &given).deliver(&batch).await, Ok(Delivered::all()));

    let events = collector.wait_for(1000, PATIENCE).await;
    assert_eq!(events.len(), 1000);
    for (event, sent) in events.iter().zip(&batch.events) {
        assert_eq!(without_times(event["event"].clone()), without_times(serde_json::from_str(&sent.payload).unwrap()));
        assert_eq!(event["fields"], json!({ "event_uuid": &*sent.uuid }));
    }
    let first = &events[0];
    let names = [&first["host"], &first["source"], &first["sourcetype"], &first["index"]];
    assert_eq!(names, ["hub.acme.example", "hub", "1password:insights:audit_events", "op"]);
    let time = first["time"].as_str().unwrap();
    assert!(time.starts_with("2026-03-04T05:06:07.123456"), "{time}");
}

#[tokio::test]
async fn a_collector_refuses_a_wrong_token() {
    let collector = Tenzir::splunk(TOKEN);
    let error = splunk(&collector, &[("token", "another-hush")]).deliver(&audit_events(1)).await.unwrap_err();
    assert!(
        matches!(&error, DeliveryError::Stop { reason, .. } if reason == "the collector answered 403, code 4: Invalid token"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_collector_that_gives_no_number_leaves_the_search_to_the_hub() {
    let collector = Tenzir::splunk(TOKEN);
    let batch = batch_of("okta.system", &[r#"{"n":1}"#.to_owned(), r#""""#.to_owned(), r#"{"n":3}"#.to_owned()]);
    let splunk = splunk(&collector, &[("token", TOKEN)]);
    for (part, is_bad) in [(batch.clone(), true), (batch.slice(0..1), false), (batch.slice(1..2), true)] {
        let outcome = splunk.deliver(&part).await;
        assert_eq!(matches!(outcome, Err(DeliveryError::Refused { .. })), is_bad, "{outcome:?}");
    }
    let events = collector.wait_for(1, PATIENCE).await;
    assert_eq!((events.len(), &events[0]["event"]["n"]), (1, &json!(1)));
}
