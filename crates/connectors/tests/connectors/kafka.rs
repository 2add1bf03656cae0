//! Records in a real broker (noida-db), as an independent consumer (kcat) reads them.

use std::time::Duration;

use daybook_connectors::{AnyDestination, Delivered, DeliveryError, Destination, DestinationKind, check};
use daybook_testkit::receivers::Kafka;
use serde_json::{Value, json};

use crate::support::{NOW_SECS, audit_events, batch_of, context, deliver, open};

const PATIENCE: Duration = Duration::from_secs(20);

fn destination(kafka: &Kafka, more: &[(&str, &str)]) -> AnyDestination {
    let brokers = kafka.address().to_string();
    let mut given = vec![("brokers", brokers.as_str()), ("encryption", "none"), ("create_topic", "true")];
    given.extend_from_slice(more);
    open(DestinationKind::Kafka, &given)
}

#[tokio::test]
async fn a_consumer_reads_what_was_sent_in_every_compression() {
    let kafka = Kafka::start();
    let batch = audit_events(25);
    for compression in ["zstd", "lz4", "gzip", "none"] {
        let topic = format!("{compression}-{{feature}}");
        let destination = destination(&kafka, &[("compression", compression), ("topic", &topic)]);
        assert_eq!(deliver(&destination, &batch).await, Ok(Delivered::all()), "{compression}");
        let records = kafka.wait_for(&format!("{compression}-auditevents"), 25, PATIENCE).await;
        assert_eq!(records.len(), 25);
        for (n, (record, event)) in (0i64..).zip(records.iter().zip(&batch.events)) {
            let headers =
                ["event_type", "onepassword.auditevent", "event_uuid", &event.uuid, "schema", "onepassword.v2"];
            assert_eq!(
                (&record["offset"], &record["key"], &record["payload"], &record["headers"], &record["ts"]),
                (
                    &json!(n),
                    &json!("A".repeat(26)),
                    &json!(&*event.payload),
                    &json!(headers),
                    &json!((NOW_SECS + n) * 1000)
                ),
                "{compression}"
            );
        }
    }
}

#[tokio::test]
async fn batches_follow_each_other_under_one_producer() {
    let kafka = Kafka::start();
    let destination = destination(&kafka, &[("key", "uuid")]);
    let batch = audit_events(30);
    for range in [0..10, 10..20, 20..30] {
        assert_eq!(deliver(&destination, &batch.slice(range)).await, Ok(Delivered::all()));
    }
    let records = kafka.wait_for("1password.auditevents", 30, PATIENCE).await;
    let keys: Vec<&Value> = records.iter().map(|record| &record["key"]).collect();
    let uuids: Vec<Value> = batch.events.iter().map(|event| json!(&*event.uuid)).collect();
    assert_eq!(keys, uuids.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_made_only_when_asked_for() {
    let kafka = Kafka::start();
    let destination = destination(&kafka, &[("create_topic", "false")]);
    let error = destination.deliver(&audit_events(1)).await.unwrap_err();
    let DeliveryError::Stop { reason, fix } = error else { panic!("{error:?}") };
    assert_eq!(reason, "there is no topic 1password.auditevents");
    assert!(fix.contains("create_topic=true"), "{fix}");
    assert!(kafka.records("1password.auditevents").is_empty());
}

#[tokio::test]
async fn a_record_beyond_the_brokers_limit_is_too_large() {
    let kafka = Kafka::start();
    let destination = destination(&kafka, &[("compression", "none")]);
    let large = format!(r#"{{"uuid":"A","text":"{}"}}"#, "x".repeat(2 << 20));
    let error = deliver(&destination, &batch_of("okta.system", &[large])).await.unwrap_err();
    assert!(matches!(error, DeliveryError::TooLarge { .. }), "{error:?}");
    assert_eq!(deliver(&destination, &batch_of("okta.system", &["{}".to_owned()])).await, Ok(Delivered::all()));
}

#[tokio::test]
async fn the_way_there_is_tested_hop_by_hop() {
    let kafka = Kafka::start();
    let destination = destination(&kafka, &[]);
    assert_eq!(deliver(&destination, &audit_events(1)).await, Ok(Delivered::all()));
    let hops = check(&destination, &context(), &audit_events(1)).await;
    assert!(hops.len() == 3 && hops.iter().all(daybook_connectors::Hop::is_passed), "{hops:?}");
}
