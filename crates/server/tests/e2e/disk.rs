//! A full disk: appends are refused with 507, reading goes on, and all is well again when there is room.

use daybook_testkit::SmallDisk;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Hub, LONG_AGO, daybook, eventually, refusal, uuids, uuids_of};

const MEGABYTES: u32 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_loses_nothing() {
    let disk = SmallDisk::mount(MEGABYTES);
    let hub = Hub::start(daybook().data_directory(disk.path().join("data")));
    let account = hub.account().await;
    account.ingest(0..100).await;
    let page = account.page(json!({"limit": 50, "start_time": LONG_AGO})).await;

    disk.fill();
    let mut acknowledged = 100;
    let refused = loop {
        // What has room already takes some more.
        let body = daybook_testkit::events::batch(&daybook_events::ITEM_USAGES, acknowledged..acknowledged + 10);
        let answer = account.try_ingest("itemusages", &[], body).await;
        if answer.status != 200 {
            break answer;
        }
        acknowledged += 10;
    };
    let message = refusal(&refused, 507);
    assert_eq!(message, "the hub's disk is full; nothing acknowledged is lost, this was not accepted");
    assert_eq!(refused.header("retry-after"), Some("30"));
    refusal(&account.manage(Method::POST, "integrations", json!({"name": "i", "kind": "other"})).await, 507);

    for _ in 0..3 {
        assert_eq!(account.everything().await, uuids(0..acknowledged));
        assert_eq!(account.walk(json!({"cursor": page["cursor"]})).await, uuids(50..acknowledged));
        account.manage(Method::GET, "tokens", Value::Null).await.expect_status(200);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    hub.get("/healthz", None).await.expect_status(200);

    disk.free();
    eventually("there is room again", async || account.try_ingest("itemusages", &[], "[]").await.status == 200).await;
    let more = acknowledged..acknowledged + 10;
    account.ingest(more.clone()).await;
    assert_eq!(account.everything().await, uuids(0..more.end));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_the_disk_was_full_is_there_after_a_restart() {
    let disk = SmallDisk::mount(MEGABYTES);
    let mut server = daybook().data_directory(disk.path().join("data")).start();
    let account = Hub::attach(&server).account().await;
    account.ingest(0..500).await;
    disk.fill();
    let mut acknowledged = 500;
    loop {
        let body = daybook_testkit::events::batch(&daybook_events::ITEM_USAGES, acknowledged..acknowledged + 50);
        if account.try_ingest("itemusages", &[], body).await.status != 200 {
            break;
        }
        acknowledged += 50;
    }
    server.kill9();
    disk.free();
    server.restart();
    let account = account.on(&Hub::attach(&server));
    let mut page = account.page(json!({"limit": 1000, "start_time": LONG_AGO})).await;
    let mut stored = uuids_of(&page);
    while page["has_more"] == true {
        page = account.page(json!({"cursor": page["cursor"]})).await;
        stored.extend(uuids_of(&page));
    }
    assert_eq!(stored, uuids(0..acknowledged));
}
