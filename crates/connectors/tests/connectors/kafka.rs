//! Records in a real broker (noida-db), as an independent consumer (kcat) reads them.

use std::time::Duration;

use daybook_connectors::{AnyDestination, Delivered, DeliveryError, Destination, DestinationKind, check};
use daybook_testkit::{TlsProxy, TlsSetup, receivers::Kafka};
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
    // One start in twenty of this broker forgets a topic, with everything in it, some time after it has acknowledged and
    // shown its records. What was sent to such a one says nothing; what a consumer reads is compared all the same.
    for _ in 0..4 {
        if is_read_in_every_compression(&Kafka::start()).await {
            return;
        }
    }
    panic!("four brokers lost the topic");
}

/// Whether a consumer has read everything; false if the broker has lost the topic.
async fn is_read_in_every_compression(kafka: &Kafka) -> bool {
    let batch = audit_events(25);
    for (round, compression) in (0i64..).zip(["zstd", "lz4", "gzip", "none"]) {
        let destination = destination(kafka, &[("compression", compression), ("topic", "packed-{feature}")]);
        assert_eq!(deliver(&destination, &batch).await, Ok(Delivered::all()), "{compression}");
        let (before, after) = (round * 25, (round + 1) * 25);
        let records = kafka.records("packed-auditevents");
        if records.is_empty() {
            return false;
        }
        assert_eq!(records.len(), usize::try_from(after).unwrap(), "what is acknowledged can be read");
        let new = records.iter().skip(usize::try_from(before).unwrap());
        for (n, (record, event)) in (0i64..).zip(new.zip(&batch.events)) {
            let headers =
                ["event_type", "onepassword.auditevent", "event_uuid", &event.uuid, "schema", "onepassword.v2"];
            assert_eq!(
                (&record["offset"], &record["key"], &record["payload"], &record["headers"], &record["ts"]),
                (
                    &json!(before + n),
                    &json!("A".repeat(26)),
                    &json!(&*event.payload),
                    &json!(headers),
                    &json!((NOW_SECS + n) * 1000)
                ),
                "{compression}"
            );
        }
    }
    true
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

/// A destination that speaks TLS to a broker behind a proxy.
fn encrypted(proxy: &TlsProxy, more: &[(&str, &str)]) -> AnyDestination {
    let brokers = proxy.address().to_string();
    let mut given = vec![("brokers", brokers.as_str()), ("create_topic", "true"), ("ca_pem", proxy.ca_pem())];
    given.extend_from_slice(more);
    open(DestinationKind::Kafka, &given)
}

#[tokio::test]
async fn a_broker_takes_records_over_tls_with_a_certificate_of_ours() {
    let kafka = Kafka::start();
    let proxy = TlsProxy::start_as_broker(kafka.address(), TlsSetup::ClientCertificateRequired).await;
    let error = encrypted(&proxy, &[]).deliver(&audit_events(1)).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. } | DeliveryError::Stop { .. }), "{error:?}");
    let identity = proxy.client_identity();
    let ours = [("client_certificate_pem", &*identity.certificate_pem), ("client_key_pem", &*identity.key_pem)];
    let (destination, batch) = (encrypted(&proxy, &ours), audit_events(25));
    assert_eq!(deliver(&destination, &batch).await, Ok(Delivered::all()));
    let records = kafka.wait_for("1password.auditevents", 25, PATIENCE).await;
    let payloads: Vec<&Value> = records.iter().map(|record| &record["payload"]).collect();
    let sent: Vec<Value> = batch.events.iter().map(|event| json!(&*event.payload)).collect();
    assert_eq!(payloads, sent.iter().collect::<Vec<_>>());
    let hops = check(&destination, &context(), &audit_events(1)).await;
    let names: Vec<&str> = hops.iter().map(|hop| hop.name.as_str()).collect();
    assert_eq!(names, ["dns", "tcp", "tls", "event"], "{hops:?}");
    assert!(hops.iter().all(daybook_connectors::Hop::is_passed), "{hops:?}");
}

#[tokio::test]
async fn a_broker_of_an_unknown_authority_is_sent_nothing() {
    for setup in [TlsSetup::UnknownAuthority, TlsSetup::ExpiredCertificate] {
        let kafka = Kafka::start();
        let proxy = TlsProxy::start_as_broker(kafka.address(), setup).await;
        let error = encrypted(&proxy, &[]).deliver(&audit_events(1)).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{setup:?}: {error}");
        assert!(kafka.records("1password.auditevents").is_empty(), "{setup:?}");
    }
}
