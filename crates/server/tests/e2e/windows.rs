//! Bounded reads: a start and an end, side by side and once over.

use std::time::Duration;

use daybook_events::{ITEM_USAGES, Timestamp};
use daybook_testkit::events::{self, BASE_SECONDS};
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Hub, LONG_AGO, Store, ago, uuids, uuids_of},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(BASE_SECONDS + seconds)
}

fn window(limit: u64, from: i64, to: i64) -> Value {
    json!({"limit": limit, "start_time": at(from), "end_time": at(to)})
}

on_both_stores! {
    async fn adjoining_windows_give_each_event_once(hub: Hub) {
        let account = hub.account().await;
        for batch in 0..3 {
            account.ingest(batch * 100..(batch + 1) * 100).await;
        }
        let mut walked = Vec::new();
        for from in (0..300).step_by(50) {
            let page = account.walk(window(7, from, from + 50)).await;
            assert_eq!(page.len(), 50, "from {from}");
            walked.extend(page);
        }
        assert_eq!(walked, uuids(0..300));
    }

    async fn a_start_is_inclusive_and_an_end_exclusive(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..10).await;
        let exactly = |n: u64| events::item_usage(n)["timestamp"].clone();
        let page = account.page(json!({"start_time": exactly(3), "end_time": exactly(7)})).await;
        assert_eq!(uuids_of(&page), uuids(3..7));
        let page = account.page(json!({"start_time": exactly(3), "end_time": exactly(3)})).await;
        assert_eq!((uuids_of(&page), &page["has_more"]), (vec![], &json!(false)));
    }

    async fn the_final_cursor_of_a_window_gives_empty_pages_for_ever(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..40).await;
        let page = account.page(window(100, 10, 20)).await;
        assert_eq!((uuids_of(&page), &page["has_more"]), (uuids(10..20), &json!(false)));
        let mut cursor = page["cursor"].clone();
        for round in 0..5_u64 {
            account.ingest(40 + round..41 + round).await;
            let next = account.page(json!({"cursor": cursor})).await;
            assert_eq!((uuids_of(&next), &next["has_more"]), (vec![], &json!(false)), "round {round}");
            cursor = next["cursor"].clone();
        }
    }

    async fn events_out_of_time_order_are_in_their_windows_once(hub: Hub) {
        let account = hub.account().await;
        // Arrival order is not time order: every batch runs backwards, and batches overlap.
        for batch in [200..300_u64, 0..100, 100..200] {
            let lines: String = batch.rev().map(|n| format!("{}\n", events::item_usage(n))).collect();
            account.ingest_body("itemusages", lines, 100).await;
        }
        let mut walked = Vec::new();
        for from in (0..300).step_by(30) {
            walked.extend(account.walk(window(11, from, from + 30)).await);
        }
        walked.sort();
        let mut expected = uuids(0..300);
        expected.sort();
        assert_eq!(walked, expected);
    }
}

#[tokio::test]
async fn without_a_start_a_window_is_the_hour_before_its_end() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest_body("itemusages", events::batch_from(&ITEM_USAGES, 0..3, at(0)), 3).await;
    account.ingest_body("itemusages", events::batch_from(&ITEM_USAGES, 3..6, at(3600)), 3).await;
    account.ingest_body("itemusages", events::batch_from(&ITEM_USAGES, 6..9, at(7200)), 3).await;
    assert_eq!(uuids_of(&account.page(json!({"end_time": at(7200)})).await), uuids(3..6));
    assert_eq!(uuids_of(&account.page(json!({"start_time": "", "end_time": at(3600)})).await), uuids(0..3));
}

#[tokio::test]
async fn a_window_stays_bounded_while_events_arrive_in_the_middle_of_its_walk() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest(0..100).await;
    let first = account.page(window(10, 0, 50)).await;
    account.ingest(100..200).await;
    let rest = account.walk(json!({"cursor": first["cursor"]})).await;
    assert_eq!([uuids_of(&first), rest].concat(), uuids(0..50));
}

#[tokio::test]
async fn a_page_that_searches_in_vain_says_that_there_may_be_more() {
    let hub = Hub::start(
        crate::support::daybook().config_text("[events_api]\npage_blocks_max = 1\n[workers]\npack_secs = 3600\n"),
    );
    let account = hub.account().await;
    // Every block has an event of the window's time span at either end, and wanted ones are far apart.
    for batch in 0..20_u64 {
        let (early, late) = (events::at(events::item_usage(batch * 2), at(0)), events::item_usage(5_000 + batch));
        account.ingest_body("itemusages", format!("{early}\n{late}"), 2).await;
    }
    account.ingest(1000..1003).await;
    let reset = json!({"limit": 100, "start_time": at(1000), "end_time": at(1003)});
    let first = account.page(reset.clone()).await;
    assert_eq!((uuids_of(&first), &first["has_more"]), (vec![], &json!(true)));
    assert_eq!(account.walk(reset).await, uuids(1000..1003));
    assert_eq!(account.everything().await.len(), 43);
    assert_eq!(account.walk(json!({"start_time": ago(Duration::from_secs(60))})).await, Vec::<String>::new());
    assert_eq!(account.walk(json!({"start_time": LONG_AGO, "end_time": at(-1)})).await, Vec::<String>::new());
}
