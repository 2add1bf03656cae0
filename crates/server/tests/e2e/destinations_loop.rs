//! Destinations that lead back to the hub: refused when they are set up, or stopped before anything goes round.

use daybook_testkit::events;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Account, Hub, LONG_AGO, Pushing, merged, pushing, refusal, token_of, uuids};

const FEATURE: &str = "okta.system";

/// So many events of a service, appended.
async fn append(account: &Account, count: u64) {
    let lines: Vec<String> = (0..count).map(|n| json!({"uuid": format!("E{n}")}).to_string()).collect();
    account.ingest_body(FEATURE, lines.join("\n"), count).await;
}

/// What every kind needs to lead back to the hub, whose certificate is its own.
async fn back_to(hub: &Hub, account: &Account, url: &str) -> Value {
    let ca = std::fs::read_to_string(hub.ca_path.as_ref().unwrap()).unwrap();
    let token = token_of(&account.issue("source", &[FEATURE]).await);
    json!({"url": url, "ca_pem": ca, "from": "beginning", "features": FEATURE, "token": token, "batch_wait_ms": "0"})
}

fn with_bearer(mut settings: Value) -> Value {
    let token = settings.as_object_mut().unwrap().remove("token").unwrap();
    merged(settings, json!({"auth": "bearer", "secret": token}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_that_leads_back_to_the_hub_stops_and_nothing_goes_round() {
    let hub = Hub::start(pushing());
    let pushing = Pushing::on(&hub).await;
    let account = &pushing.account;
    append(account, 5).await;
    let ingest = with_bearer(back_to(&hub, account, &format!("{}/ingest/v1/{FEATURE}", hub.url)).await);
    let collector = back_to(&hub, account, &hub.url).await;
    let falcon = back_to(&hub, account, &format!("{}/services/collector", hub.url)).await;
    for (kind, settings) in [("http", ingest), ("splunk-hec", collector), ("crowdstrike", falcon)] {
        let body = json!({"name": kind, "kind": kind, "settings": settings});
        let hops = account.manage(Method::POST, "destinations/test", body).await.expect_status(200).json();
        let last = hops.as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["hop"], &last["passed"]), (&json!("credentials"), &json!(false)), "{kind}: {hops}");
        assert!(last["seen"].as_str().unwrap().contains("leads to this hub itself"), "{kind}: {last}");

        let id = pushing.add_kind(kind, settings).await;
        pushing.has_status(&id, "stopped").await;
        let stream = pushing.show(&id).await["streams"][0].clone();
        assert!(stream["reason"].as_str().unwrap().contains("leads to this hub itself"), "{kind}: {stream}");
        assert_eq!((&stream["behind"], &stream["position"]), (&json!(5), &json!(0)), "{kind}: {stream}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hubs_public_address_is_refused_at_set_up() {
    let hub = Hub::start(pushing());
    let pushing = Pushing::on(&hub).await;
    let port = hub.url.rsplit_once(':').unwrap().1;
    let settings = back_to(&hub, &pushing.account, &format!("https://localhost:{port}/services/collector")).await;
    for kind in ["splunk-hec", "crowdstrike"] {
        let body = json!({"name": kind, "kind": kind, "settings": settings});
        let message = refusal(&pushing.account.manage(Method::POST, "destinations", body).await, 400);
        assert!(message.starts_with("url: it leads to this hub itself"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_hubs_events_are_taken() {
    let (from, to) = (Hub::start(pushing()), Hub::start(pushing()));
    let (pushing, other) = (Pushing::on(&from).await, to.account().await);
    pushing.account.ingest(0..20).await;
    let token = token_of(&other.issue("source", &["itemusages"]).await);
    let ca = std::fs::read_to_string(to.ca_path.as_ref().unwrap()).unwrap();
    let settings = json!({
        "url": format!("{}/ingest/v1/itemusages", to.url), "ca_pem": ca, "auth": "bearer", "secret": token,
        "from": "beginning", "features": "itemusages", "batch_wait_ms": "0",
    });
    let id = pushing.add_kind("http", settings).await;
    pushing.delivered(&id).await;
    assert_eq!(other.walk(json!({"limit": 100, "start_time": LONG_AGO})).await, uuids(0..20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_with_the_hubs_own_mark_is_refused_wherever_it_goes() {
    let pushing = Pushing::start().await;
    pushing.account.ingest(0..1).await;
    let id = pushing.add(json!({})).await;
    pushing.delivered(&id).await;
    let mark = pushing.receiver.stored()[0].header("daybook-hub").unwrap().to_owned();
    let answer = async |mark: &str| {
        let body = events::batch(&daybook_events::ITEM_USAGES, 1..2);
        pushing.account.try_ingest("itemusages", &[("daybook-hub", mark)], body).await
    };
    let refused = answer(&mark).await;
    assert_eq!(refused.header("daybook-hub"), Some(mark.as_str()));
    assert!(refusal(&refused, 403).contains("this is a loop"), "{}", refused.text);
    answer("another").await.expect_status(200);
    assert_eq!(pushing.account.walk(json!({"limit": 10, "start_time": LONG_AGO})).await, uuids(0..2));
}
