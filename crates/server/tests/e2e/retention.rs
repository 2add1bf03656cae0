//! How far back readers may go, and what becomes of events after that.

use std::time::Duration;

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Account, Hub, LONG_AGO, Store, ago, daybook, days_ago, eventually, start_on, uuids, uuids_of};

async fn ingest_days_ago(account: &Account, days: u64, numbers: std::ops::Range<u64>) {
    let count = numbers.end - numbers.start;
    let body = events::batch_from(&ITEM_USAGES, numbers, days_ago(days));
    account.ingest_body("itemusages", body, count).await;
}

async fn kept(account: &Account) -> u64 {
    let storage = account.manage(Method::GET, "storage", Value::Null).await.expect_status(200).json();
    let usages = storage.as_array().unwrap().iter().find(|stream| stream["feature"] == "itemusages");
    usages.map_or(0, |usages| usages["events"].as_u64().unwrap())
}

#[tokio::test]
async fn readers_see_no_further_back_than_the_window() {
    let hub = Hub::start(daybook().config_text("[events_api]\nwindow_days = 120\n"));
    let account = hub.account().await;
    ingest_days_ago(&account, 121, 0..5).await;
    ingest_days_ago(&account, 119, 5..10).await;
    ingest_days_ago(&account, 300, 10..12).await;
    assert_eq!(account.everything().await, uuids(5..10));
    assert_eq!(
        account.walk(json!({"start_time": days_ago(400), "end_time": days_ago(120)})).await,
        Vec::<String>::new()
    );
    assert_eq!(kept(&account).await, 12, "they are kept all the same");
}

async fn events_past_retention_are_not_served_and_then_dropped(store: Store) {
    let hub = Hub::start_on(store, daybook().config_text("[workers]\nretention_secs = 1\n"));
    let account = hub.account().await;
    ingest_days_ago(&account, 60, 0..10).await;
    ingest_days_ago(&account, 1, 10..20).await;
    let page = account.page(json!({"limit": 3, "start_time": LONG_AGO})).await;
    assert_eq!(uuids_of(&page), uuids(0..3));
    assert_eq!(kept(&account).await, 20);

    let path = format!("accounts/{}", account.uuid);
    let changed = hub.manage(Method::PATCH, &path, json!({"retention_days": 30})).await.expect_status(200).json();
    assert_eq!(changed["retention_days"], 30);
    assert_eq!(account.everything().await, uuids(10..20), "from the next request on");
    // A cursor from before goes on with the oldest event that is left.
    assert_eq!(account.walk(json!({"cursor": page["cursor"]})).await, uuids(10..20));
    eventually("the worker drops what is past retention", async || kept(&account).await == 10).await;
    assert_eq!(account.everything().await, uuids(10..20));
    assert_eq!(account.walk(json!({"cursor": page["cursor"]})).await, uuids(10..20));

    // What was dropped is gone, whatever retention is later.
    let changed = hub.manage(Method::PATCH, &path, json!({"retention_days": null})).await.expect_status(200).json();
    assert_eq!(changed["retention_days"], Value::Null);
    assert_eq!(account.everything().await, uuids(10..20));
    ingest_days_ago(&account, 60, 20..22).await;
    assert_eq!(account.everything().await, uuids(10..22));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_past_retention_go_on_sqlite() {
    events_past_retention_are_not_served_and_then_dropped(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_past_retention_go_on_postgres() {
    events_past_retention_are_not_served_and_then_dropped(Store::Postgres).await;
}

#[tokio::test]
async fn an_event_past_retention_is_refused_at_the_door() {
    let hub = Hub::shared(Store::Sqlite);
    let account = hub.account_kept_for(json!(30)).await;
    let fresh = events::at(events::item_usage(1), days_ago(29));
    let body = format!("{}\n{fresh}", events::at(events::item_usage(0), days_ago(31)));
    let answer = account.try_ingest("itemusages", &[], body).await.expect_status(200).json();
    let reason = "is older than the account's retention; the event would be dropped at once";
    assert_eq!(answer, json!({"accepted": 1, "rejected": [{"index": 0, "field": "timestamp", "reason": reason}]}));
    assert_eq!(account.everything().await, uuids(1..2));
}

#[tokio::test]
async fn retention_is_changed_only_by_naming_it() {
    let hub = Hub::shared(Store::Sqlite);
    let account = hub.account_kept_for(json!(30)).await;
    let path = format!("accounts/{}", account.uuid);
    let message = crate::support::refusal(&hub.manage(Method::PATCH, &path, json!({})).await, 400);
    assert!(message.contains("retention_days"), "{message}");
    for days in [json!(0), json!(36_501), json!(-1), json!("30")] {
        crate::support::refusal(&hub.manage(Method::PATCH, &path, json!({"retention_days": days})).await, 400);
    }
    let accounts = hub.manage(Method::GET, "accounts", Value::Null).await.json();
    let unchanged = accounts.as_array().unwrap().iter().find(|other| other["uuid"] == account.uuid.as_str()).unwrap();
    assert_eq!(unchanged["retention_days"], 30);
}

#[tokio::test]
async fn v3_keeps_to_retention_too() {
    let hub = Hub::shared(Store::Sqlite);
    let account = hub.account().await;
    let old = events::at(events::audit_event(0), days_ago(60));
    let recent = events::at(events::audit_event(1), ago(Duration::from_secs(60)));
    account.ingest_body("auditevents", format!("{old}\n{recent}"), 2).await;
    let path = format!("accounts/{}", account.uuid);
    hub.manage(Method::PATCH, &path, json!({"retention_days": 30})).await.expect_status(200);
    let page = hub.get("/api/v3/auditevents?max_page_size=1000", Some(&account.reader)).await.json();
    let seen: Vec<&str> =
        page["audit_events"].as_array().unwrap().iter().map(|event| event["uuid"].as_str().unwrap()).collect();
    assert!(
        !seen.contains(&old["uuid"].as_str().unwrap()) && seen.contains(&recent["uuid"].as_str().unwrap()),
        "{seen:?}"
    );
}

#[tokio::test]
async fn retention_goes_on_over_a_restart() {
    let mut server = start_on(Store::Sqlite, daybook().config_text("[workers]\nretention_secs = 1\n"));
    let account = Hub::attach(&server.daybook).account().await;
    ingest_days_ago(&account, 60, 0..10).await;
    server.daybook.restart();
    let hub = Hub::attach(&server.daybook);
    let account = account.on(&hub);
    let path = format!("accounts/{}", account.uuid);
    hub.manage(Method::PATCH, &path, json!({"retention_days": 30})).await.expect_status(200);
    eventually("the worker drops what is past retention", async || kept(&account).await == 0).await;
}
