//! A Daybook that mirrors another Daybook: every event once, byte for byte.

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_own_hubs,
    support::{Account, Hub, LONG_AGO, daybook, eventually, id_of},
};

/// Upstreams are on this machine here.
const CONFIG: &str = "[events_api]\nrequests_per_minute = 0\nrequests_per_hour = 0\n\
                      [connectors]\nallow_networks = \"127.0.0.0/8\"\n[workers]\nlease_secs = 5\n";

fn mirror_builder() -> daybook_testkit::DaybookBuilder {
    daybook().config_text(CONFIG)
}

/// The settings of a source that reads an account of another hub.
fn settings_of(upstream: &Account) -> Value {
    let ca = std::fs::read_to_string(upstream.hub.ca_path.as_ref().unwrap()).unwrap();
    json!({
        "url": upstream.hub.url, "token": upstream.reader, "ca_pem": ca, "features": "itemusages",
        "requests_per_minute": "6000", "requests_per_hour": "600000", "poll_max_secs": "1",
    })
}

async fn add_source(mirror: &Account, settings: Value) -> String {
    let body = json!({"name": "up", "kind": "upstream", "settings": settings});
    id_of(&mirror.manage(Method::POST, "sources", body).await.expect_status(201).json())
}

async fn show(mirror: &Account, source: &str) -> Value {
    mirror.manage(Method::GET, &format!("sources/{source}"), Value::Null).await.expect_status(200).json()
}

async fn payloads(account: &Account) -> Vec<String> {
    let page = account.ask(json!({"limit": 1000, "start_time": LONG_AGO}).to_string()).await.expect_status(200).text;
    let items: daybook_client::Page = serde_json::from_str(&page).unwrap();
    items.items.iter().map(|item| item.get().to_owned()).collect()
}

on_own_hubs! {
    async fn a_mirror_has_every_event_once_and_byte_for_byte(upstream: Hub) {
        let upstream = upstream.account().await;
        let odd = format!("{{ \"z\":1.0, {}", &events::event(&ITEM_USAGES, 9000).to_string()[1..]);
        upstream.ingest(0..500).await;
        upstream.ingest_body("itemusages", odd, 1).await;
        let mirror = Hub::start(mirror_builder()).account().await;
        let source = add_source(&mirror, settings_of(&upstream)).await;
        eventually("the past is mirrored", async || mirror.everything().await.len() == 501).await;
        upstream.ingest(500..600).await;
        eventually("the newest are mirrored", async || mirror.everything().await.len() >= 601).await;
        assert_eq!(payloads(&mirror).await, payloads(&upstream).await);
        let shown = show(&mirror, &source).await;
        assert_eq!((&shown["features"][0]["phase"], &shown["features"][0]["events"]), (&json!("following"), &json!(601)));
        assert_eq!(shown["status"], "ok", "{shown}");
        assert_eq!(shown["secrets"], json!(["token"]));
        assert!(!shown.to_string().contains(&upstream.reader), "the token is shown");
    }
}
