//! `_bulk`, with noida-db as Elasticsearch, osmem as OpenSearch, and Tenzir as one that speaks it.

use std::time::Duration;

use daybook_connectors::{AnyDestination, Delivered, DeliveryError, Destination, DestinationKind, format::encode};
use daybook_events::{AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS};
use daybook_testkit::receivers::{SearchServer, Tenzir};
use serde_json::{Value, json};

use crate::{
    sample::{Sample, believable, parts},
    support::{audit_events, batch_of, open},
};

const PATIENCE: Duration = Duration::from_secs(20);

fn destination(url: &str, more: &[(&str, &str)]) -> AnyDestination {
    open(DestinationKind::Elasticsearch, &[&[("url", url)], more].concat())
}

async fn keeps_each_event_once(server: SearchServer) {
    let batch = audit_events(1000);
    let destination = destination(server.url(), &[]);
    assert_eq!(destination.deliver(&batch.slice(0..300)).await, Ok(Delivered::all()));
    let rest = Delivered { repeated: 300, ..Delivered::all() };
    assert_eq!(destination.deliver(&batch).await, Ok(rest));

    let documents = server.wait_for("logs-1password.audit_events-default", 1000, PATIENCE).await;
    let mut sent: Vec<_> = batch.events.iter().map(|event| (&*event.uuid, &*event.payload)).collect();
    sent.sort_unstable();
    let kept: Vec<_> =
        documents.iter().map(|it| (it["_id"].as_str().unwrap(), it["_source"]["message"].as_str().unwrap())).collect();
    assert_eq!(kept, sent);
    let names = json!({ "type": "logs", "dataset": "1password.audit_events", "namespace": "default" });
    assert_eq!(documents[0]["_source"]["data_stream"], names);
}

#[tokio::test]
async fn elasticsearch_keeps_each_event_once() {
    keeps_each_event_once(SearchServer::elasticsearch()).await;
}

#[tokio::test]
async fn opensearch_keeps_each_event_once() {
    keeps_each_event_once(SearchServer::opensearch()).await;
}

/// Documents as the format ECS makes them; the second has a time that is none, the third an address that is none.
fn documents() -> daybook_connectors::Batch {
    let one = |n: u32, time: &str, ip: &str| {
        json!({ "uuid": format!("U{n}"), "@timestamp": time, "source": { "ip": ip } }).to_string()
    };
    let time = "2026-03-04T05:06:07Z";
    batch_of("okta.system", &[one(1, time, "192.0.2.1"), one(2, "hush", "192.0.2.1"), one(3, time, "unknown")])
}

#[tokio::test]
async fn the_template_gives_fields_their_types_and_is_lenient() {
    let server = SearchServer::elasticsearch();
    let destination = destination(server.url(), &[("format", "ecs"), ("install_template", "true")]);
    let delivered = destination.deliver(&documents()).await.unwrap();
    let [rejected] = &delivered.rejected[..] else { panic!("{delivered:?}") };
    assert!(rejected.index == 1 && rejected.reason.contains("[@timestamp] of type [date]"), "{rejected:?}");
    assert!(!rejected.reason.contains("hush"), "{rejected:?}");
    assert_eq!(delivered.unsettled, None);

    let kept = server.wait_for("logs-okta.system-default", 2, PATIENCE).await;
    let ids: Vec<&Value> = kept.iter().map(|it| &it["_id"]).collect();
    assert_eq!(ids, ["U1", "U3"]);
}

#[tokio::test]
async fn what_the_formats_make_fits_the_templates() {
    let server = SearchServer::elasticsearch();
    for format in ["ecs", "ocsf"] {
        let destination = destination(server.url(), &[("format", format), ("install_template", "true")]);
        for feature in [AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS] {
            // A text where all others have an object is beyond every mapping.
            let fits = |one: &Sample| one.feature == feature && !one.name.contains("values of other types");
            let payloads: Vec<String> = believable().into_iter().filter(fits).map(|one| one.payload).collect();
            let mut batch = batch_of(feature.as_str(), &payloads);
            for event in &mut batch.events {
                event.text = encode(format.parse().unwrap(), &feature, &parts(&event.payload)).into();
            }
            let delivered = destination.deliver(&batch).await.unwrap();
            assert_eq!((delivered.rejected, delivered.unsettled), (vec![], None), "{format} {feature}");
        }
    }
}

#[tokio::test]
async fn an_index_that_takes_nothing_stops_the_destination_and_loses_nothing() {
    let server = SearchServer::opensearch();
    let given = [("format", "ecs"), ("install_template", "true")];
    let error = destination(server.url(), &given).deliver(&documents()).await.unwrap_err();
    assert!(
        matches!(&error, DeliveryError::Stop { reason, .. } if reason.contains("unsupported_operation_exception")),
        "{error:?}"
    );
    let plain = destination(server.url(), &[("format", "ecs"), ("index", "plain")]);
    let delivered = plain.deliver(&documents()).await.unwrap();
    assert_eq!((delivered.rejected.len(), delivered.unsettled), (1, None), "a plain index sees dates by itself");
}

#[tokio::test]
async fn one_result_for_all_events_is_enough() {
    let receiver = Tenzir::start(
        |port| format!("accept_elasticsearch \"127.0.0.1:{port}\""),
        |port| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok(),
    );
    let batch = audit_events(50);
    assert_eq!(destination(&receiver.url(), &[]).deliver(&batch).await, Ok(Delivered::all()));
    let events = receiver.wait_for(50, PATIENCE).await;
    assert_eq!((events.len(), &events[49]["message"]), (50, &json!(&*batch.events[49].payload)));
}
