//! Cursors: the same at the tail, good for ever, bound to account and feature, fit for every client's file.

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Hub, LONG_AGO, Store, altered, refusal, uuids, uuids_of},
};

on_both_stores! {
    async fn at_the_tail_the_cursor_stays_the_same(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..5).await;
        let first = account.page(json!({"limit": 100, "start_time": LONG_AGO})).await;
        assert_eq!(uuids_of(&first), uuids(0..5));
        let mut bodies = Vec::new();
        let mut cursor = first["cursor"].clone();
        for _ in 0..10 {
            let answer = account.ask(json!({"cursor": cursor}).to_string()).await.expect_status(200);
            cursor = answer.json()["cursor"].clone();
            bodies.push(answer.text);
        }
        bodies.dedup();
        let expected = format!("{{\"cursor\":{},\"has_more\":false,\"items\":[]}}", first["cursor"]);
        assert_eq!(bodies, [expected]);
    }

    async fn an_empty_stream_has_a_cursor_that_sees_what_comes(hub: Hub) {
        let account = hub.account().await;
        let first = account.page(json!({})).await;
        let again = account.page(json!({"cursor": first["cursor"]})).await;
        assert_eq!(again, first);
        account.ingest(0..3).await;
        assert_eq!(uuids_of(&account.page(json!({"cursor": first["cursor"]})).await), uuids(0..3));
    }

    async fn an_old_cursor_gives_its_page_again(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..50).await;
        let first = account.page(json!({"limit": 10, "start_time": LONG_AGO})).await;
        let body = json!({"cursor": first["cursor"]}).to_string();
        let page = account.ask(body.clone()).await.expect_status(200).text;
        account.walk(json!({"cursor": first["cursor"]})).await;
        account.ingest(50..100).await;
        for _ in 0..3 {
            assert_eq!(account.ask(body.clone()).await.text, page);
        }
    }

    async fn a_late_event_comes_after_the_cursor_whatever_its_timestamp(hub: Hub) {
        let account = hub.account().await;
        account.ingest(100..110).await;
        let page = account.page(json!({"limit": 100, "start_time": LONG_AGO})).await;
        account.ingest(0..3).await;
        let next = account.page(json!({"cursor": page["cursor"]})).await;
        assert_eq!(uuids_of(&next), uuids(0..3));
        // Also where the walk began at a time after the late event's own.
        let from = events::item_usage(105)["timestamp"].clone();
        let page = account.page(json!({"start_time": from})).await;
        assert_eq!(uuids_of(&page), uuids(105..110));
        account.ingest(3..5).await;
        assert_eq!(uuids_of(&account.page(json!({"cursor": page["cursor"]})).await), uuids(3..5));
    }

    async fn a_cursor_belongs_to_one_account_and_one_feature(hub: Hub) {
        let (account, other) = (hub.account().await, hub.account().await);
        account.ingest(0..5).await;
        other.ingest(0..5).await;
        let cursor = json!({"cursor": account.page(json!({"limit": 2, "start_time": LONG_AGO})).await["cursor"]});
        let message = refusal(&other.ask(cursor.to_string()).await, 400);
        assert_eq!(message, "cursor: not a cursor that this hub gave for this account; start again with start_time");
        for (path, feature) in [("/api/v2/auditevents", "auditevents"), ("/api/v1/signinattempts", "signinattempts")] {
            let message = refusal(&hub.post(path, Some(&account.reader), cursor.to_string()).await, 400);
            let expected = format!("cursor: a cursor of itemusages, not of {feature}; keep one cursor per endpoint");
            assert_eq!(message, expected);
        }
    }
}

#[tokio::test]
async fn a_cursor_of_v1_goes_on_in_v2_and_back() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest(0..9).await;
    let first = account.page_of("/api/v1/itemusages", json!({"limit": 3, "start_time": LONG_AGO})).await;
    let second = account.page_of("/api/v2/itemusages", json!({"cursor": first["cursor"]})).await;
    let third = account.page_of("/api/v1/itemusages", json!({"cursor": second["cursor"]})).await;
    assert_eq!([&first, &second, &third].map(uuids_of), [uuids(0..3), uuids(3..6), uuids(6..9)]);
    assert_eq!(third["has_more"], false);
}

#[tokio::test]
async fn readers_with_one_token_do_not_disturb_each_other() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest(0..60).await;
    let walks = [3, 7, 11].map(|limit| {
        let account = account.clone();
        tokio::spawn(async move { account.walk(json!({"limit": limit, "start_time": LONG_AGO})).await })
    });
    for walk in walks {
        assert_eq!(walk.await.unwrap(), uuids(0..60));
    }
}

#[tokio::test]
async fn a_cut_or_altered_cursor_is_refused() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest(0..5).await;
    let page = account.page(json!({"limit": 2, "start_time": LONG_AGO})).await;
    let cursor = page["cursor"].as_str().unwrap();
    let cut = (0..cursor.len()).step_by(7).skip(1).map(|length| cursor[..length].to_owned());
    let changed = (0..cursor.len()).step_by(5).map(|at| altered(cursor, at));
    let longer = [format!("{cursor}A"), format!("{cursor}{cursor}"), "d1".to_owned(), "d1".repeat(5000)];
    for broken in cut.chain(changed).chain(longer) {
        let message = refusal(&account.ask(json!({"cursor": broken}).to_string()).await, 400);
        assert!(message.starts_with("cursor: not a cursor that this hub gave"), "{broken}: {message}");
    }
}

#[tokio::test]
async fn a_cursor_fits_every_client_s_file() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let audit_events: String = (0..300).map(|n| format!("{}\n", events::audit_event(n))).collect();
    account.ingest_body("auditevents", audit_events, 300).await;
    account.ingest(0..300).await;
    let path = "/api/v3/auditevents?max_page_size=3&end_time=2262-01-01T00:00:00Z";
    let v3 = account.hub.get(path, Some(&account.reader)).await.expect_status(200).json();
    let mut cursors = vec![v3["next_page_token"].clone()];
    for feature in ["signinattempts", "itemusages", "auditevents"] {
        for body in [
            json!({}),
            json!({"limit": 1000, "start_time": LONG_AGO}),
            json!({"limit": 7, "start_time": "2026-02-03T00:00:07.123456789Z"}),
            json!({"limit": 999, "start_time": "2026-02-03T00:00:07.123456789Z", "end_time": "9999-01-01T00:00:00Z"}),
        ] {
            cursors.push(account.page_of(&format!("/api/v2/{feature}"), body).await["cursor"].clone());
        }
    }
    for cursor in cursors {
        let text = cursor.as_str().unwrap();
        assert!(text.len() <= 150, "{} bytes: {text}", text.len());
        assert!(text.starts_with(|first: char| first.is_ascii_alphabetic()), "{text}");
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
    }
}

#[tokio::test]
async fn a_page_of_large_events_is_shorter_and_says_that_there_is_more() {
    let hub = Hub::start(crate::support::daybook().config_text("[events_api]\npage_mib_max = 1\n"));
    let account = hub.account().await;
    for n in 0..12 {
        let mut event: Value = events::item_usage(n);
        event["padding"] = json!("x".repeat(200_000));
        account.ingest_body("itemusages", event.to_string(), 1).await;
    }
    let page = account.page(json!({"limit": 12, "start_time": LONG_AGO})).await;
    assert!((1..12).contains(&uuids_of(&page).len()), "{} events", uuids_of(&page).len());
    assert_eq!(page["has_more"], true);
    assert_eq!(account.walk(json!({"limit": 12, "start_time": LONG_AGO})).await, uuids(0..12));
}

#[tokio::test]
async fn a_cursor_of_before_packing_is_as_good_after() {
    let hub = Hub::start(crate::support::daybook().config_text("[workers]\npack_secs = 1\n"));
    let account = hub.account().await;
    for batch in 0..200_u64 {
        account.ingest_body("itemusages", events::batch(&ITEM_USAGES, batch * 6..(batch + 1) * 6), 6).await;
    }
    let first = account.page(json!({"limit": 100, "start_time": LONG_AGO})).await;
    let body = json!({"cursor": first["cursor"]}).to_string();
    let before = account.ask(body.clone()).await.text;
    crate::support::eventually("small blocks are packed", async || {
        let storage = account.manage(reqwest::Method::GET, "storage", Value::Null).await.json();
        let usages = storage.as_array().unwrap().iter().find(|stream| stream["feature"] == "itemusages").cloned();
        usages.is_some_and(|usages| usages["blocks"].as_u64().unwrap() < 200)
    })
    .await;
    assert_eq!(account.ask(body).await.text, before);
    assert_eq!(account.everything().await, uuids(0..1200));
}
