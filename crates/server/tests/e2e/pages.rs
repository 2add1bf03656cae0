//! Reset cursors: every body that real clients send, and what is wrong with others.

use std::time::Duration;

use daybook_events::{ITEM_USAGES, Timestamp};
use daybook_testkit::events;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Account, Hub, LONG_AGO, Store, ago, refusal, uuids, uuids_of},
};

/// An account with 150 events half an hour old and one of two hours ago, which arrived first.
async fn account_with_a_recent_hour(hub: &Hub) -> Account {
    let account = hub.account().await;
    let old = events::at(events::item_usage(900), ago(Duration::from_secs(7200)));
    account.ingest_body("itemusages", old.to_string(), 1).await;
    let recent = events::batch_from(&ITEM_USAGES, 0..150, ago(Duration::from_secs(1800)));
    account.ingest_body("itemusages", recent, 150).await;
    account
}

on_both_stores! {
    async fn nothing_said_means_the_last_hour_a_hundred_a_page(hub: Hub) {
        let account = account_with_a_recent_hour(&hub).await;
        let bodies = [
            "", " \r\n\t", "{}", "{ }\n", "\u{feff}{}", "\u{feff}", r#"{"start_time":"","limit":100}"#,
            r#"{"cursor":""}"#, r#"{"cursor":null,"limit":null,"start_time":null,"end_time":null}"#, r#"{"unknown":1}"#,
        ];
        for body in bodies {
            let page = account.ask(body).await.expect_status(200).json();
            assert_eq!(uuids_of(&page), uuids(0..100), "{body:?}");
            assert_eq!(page["has_more"], true, "{body:?}");
            let rest = account.page(json!({"cursor": page["cursor"]})).await;
            assert_eq!(uuids_of(&rest), uuids(100..150), "{body:?}");
            assert_eq!(rest["has_more"], false, "{body:?}");
        }
    }

    async fn every_spelling_of_a_start_time_means_the_same(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..10).await;
        for time in [
            "2026-02-03T00:00:05Z",
            "2026-02-02T21:00:05-03:00",
            "2026-02-03T12:00:05+12:00",
            "2026-02-03T00:00:05.000Z",
            "2026-02-03T00:00:05.000000Z",
            "2026-02-03T00:00:05.000000000Z",
            "2026-02-03T00:00:05.000000+00:00",
            " 2026-02-03T00:00:05Z\n",
            "2026-02-03T00:00:04.318000001Z",
            // Event 5 happened at this very time: a start is inclusive.
            "2026-02-03T00:00:05.318Z",
        ] {
            assert_eq!(uuids_of(&account.page(json!({"start_time": time})).await), uuids(5..10), "{time}");
        }
        let just_after = json!({"start_time": "2026-02-03T00:00:05.318000001Z"});
        assert_eq!(uuids_of(&account.page(just_after).await), uuids(6..10));
    }

    async fn a_start_before_everything_gives_everything(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..30).await;
        for start in [LONG_AGO, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
            assert_eq!(account.walk(json!({"limit": 7, "start_time": start})).await, uuids(0..30), "{start}");
        }
    }

    async fn a_start_in_the_future_waits_for_what_arrives(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..5).await;
        let tomorrow = Timestamp::from_seconds(ago(Duration::ZERO).as_seconds() + 86_400);
        for start in [json!(tomorrow), json!("9999-01-01T00:00:00Z")] {
            let page = account.page(json!({"limit": 1000, "start_time": start})).await;
            assert_eq!((uuids_of(&page), &page["has_more"]), (vec![], &json!(false)), "{start}");
        }
        let page = account.page(json!({"limit": 1000, "start_time": tomorrow})).await;
        account.ingest(5..7).await;
        let next = account.page(json!({"limit": 1000, "cursor": page["cursor"]})).await;
        assert_eq!(uuids_of(&next), uuids(5..7));
    }

    async fn has_more_is_true_exactly_while_there_is_more(hub: Hub) {
        let account = hub.account().await;
        for batch in 0..6 {
            account.ingest(batch * 50..(batch + 1) * 50).await;
        }
        for (limit, pages) in [(100, 3), (150, 2), (50, 6), (299, 2), (300, 1), (301, 1), (1000, 1)] {
            let mut page = account.page(json!({"limit": limit, "start_time": LONG_AGO})).await;
            let mut seen = vec![uuids_of(&page).len()];
            while page["has_more"] == true {
                page = account.page(json!({"cursor": page["cursor"]})).await;
                seen.push(uuids_of(&page).len());
            }
            assert_eq!((seen.len(), seen.iter().sum::<usize>()), (pages, 300), "limit {limit}: {seen:?}");
            assert!(seen.iter().all(|count| *count > 0), "limit {limit}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn the_content_type_is_nobody_s_business() {
    let account = account_with_a_recent_hour(&Hub::shared(Store::Sqlite)).await;
    for content_type in ["application/x-www-form-urlencoded", "text/plain", "application/JSON;charset=UTF-16", "?", ""]
    {
        for (name, body) in [("content-type", "{}"), ("contenttype", r#"{"limit":100}"#)] {
            let headers = [(name, content_type)];
            let answer = account.hub.post_with("/api/v2/itemusages", Some(&account.reader), &headers, body).await;
            assert_eq!(uuids_of(&answer.expect_status(200).json()), uuids(0..100), "{name}: {content_type}");
        }
    }
}

#[tokio::test]
async fn a_page_has_cursor_has_more_and_items_and_is_json() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest(0..1).await;
    for (path, items) in [
        ("/api/v1/itemusages", 1),
        ("/api/v2/itemusages", 1),
        ("/api/v1/signinattempts", 0),
        ("/api/v2/signinattempts", 0),
    ] {
        let answer = account.hub.post(path, Some(&account.reader), r#"{"start_time":"2020-01-01T00:00:00Z"}"#).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let page = answer.expect_status(200).json();
        let members: Vec<&String> = page.as_object().unwrap().keys().collect();
        assert_eq!(members, ["cursor", "has_more", "items"], "{path}");
        assert_eq!((page["has_more"].as_bool(), uuids_of(&page).len()), (Some(false), items), "{path}");
        assert!(!page["cursor"].as_str().unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_cursor_wins_over_everything_beside_it() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest(0..10).await;
    let first = account.page(json!({"limit": 3, "start_time": LONG_AGO})).await;
    let cursor = &first["cursor"];
    for beside in [
        json!({"limit": 1000}),
        json!({"limit": 0, "start_time": "yesterday", "end_time": 7}),
        json!({"limit": 1000, "start_time": LONG_AGO, "end_time": "2020-01-01T01:00:00Z"}),
    ] {
        let mut body = beside.clone();
        body["cursor"] = cursor.clone();
        assert_eq!(uuids_of(&account.page(body).await), uuids(3..6), "{beside}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_by_field() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let deep = format!("{{\"a\":{}", "[".repeat(30_000));
    for (body, words) in [
        (r#"{"limit":0}"#, "limit: must be a whole number from 1 to 1000"),
        (r#"{"limit":1001}"#, "limit: must be a whole number from 1 to 1000"),
        (r#"{"limit":-1}"#, "limit: must be"),
        (r#"{"limit":2.5}"#, "limit: must be"),
        (r#"{"limit":"x"}"#, "limit: must be"),
        (r#"{"limit":1e999}"#, "the body is not JSON"),
        (r#"{"start_time":"yesterday"}"#, "start_time: \"yesterday\" is not an RFC 3339 time"),
        (r#"{"start_time":1770076800}"#, "start_time: must be an RFC 3339 time"),
        (r#"{"end_time":"2026-13-01T00:00:00Z"}"#, "end_time: "),
        (r#"{"start_time":"2026-02-03T00:00:01Z","end_time":"2026-02-03T00:00:00Z"}"#, "start_time: is after end_time"),
        (r#"{"cursor":17}"#, "cursor: must be the text from an earlier answer"),
        (r#"{"cursor":"no cursor of ours"}"#, "cursor: not a cursor that this hub gave"),
        ("{", "the body is not JSON"),
        ("not json", "the body is not JSON"),
        ("{} {}", "the body is not JSON"),
        ("[]", "the body must be a JSON object"),
        ("null", "the body must be a JSON object"),
        ("\"text\"", "the body must be a JSON object"),
        (&deep, "the body is not JSON"),
    ] {
        for path in ["/api/v1/itemusages", "/api/v2/signinattempts"] {
            let message = refusal(&account.hub.post(path, Some(&account.reader), body).await, 400);
            assert!(message.starts_with(words), "{}: {message}", body.chars().take(60).collect::<String>());
        }
    }
    let invalid_utf8 = account.ask(b"{\"cursor\":\"\xff\"}".to_vec()).await;
    assert!(refusal(&invalid_utf8, 400).starts_with("the body is not JSON"));
}

#[tokio::test]
async fn limits_of_a_whole_number_are_taken_in_every_spelling() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest(0..20).await;
    for (limit, count) in [("1", 1), ("10.0", 10), ("1e1", 10), ("1000", 20)] {
        let body = format!(r#"{{"limit":{limit},"start_time":"{LONG_AGO}"}}"#);
        let page: Value = account.ask(body).await.expect_status(200).json();
        assert_eq!(uuids_of(&page).len(), count, "{limit}");
    }
}
