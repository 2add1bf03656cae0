//! v3 of audit events: times of arrival, page tokens, both published spellings.

use daybook_testkit::events;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Account, Hub, LONG_AGO, Store, altered, refusal},
};

fn batch(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|n| format!("{}\n", events::audit_event(n))).collect()
}

impl Account {
    async fn append_audit_events(&self, numbers: std::ops::Range<u64>) {
        let count = numbers.end - numbers.start;
        self.ingest_body("auditevents", batch(numbers), count).await;
    }

    async fn get_v3(&self, query: &str) -> daybook_testkit::Answer {
        self.hub.get(&format!("/api/v3/auditevents{query}"), Some(&self.reader)).await
    }

    async fn page_v3(&self, query: &str) -> Value {
        self.get_v3(query).await.expect_status(200).json()
    }

    /// When the account's latest audit event arrived: before it come those of making the account.
    async fn last_arrival(&self) -> String {
        let page = self.page_v3("?max_page_size=1000").await;
        page["audit_events"].as_array().unwrap().last().unwrap()["insert_time"].as_str().unwrap().to_owned()
    }
}

/// The events of a page that tests ingest, without those of the account's own making.
fn joins(page: &Value) -> Vec<String> {
    let events = page["audit_events"].as_array().unwrap().iter();
    let joins = events.filter(|event| event["action"] == "group.membership.join");
    joins.map(|event| event["uuid"].as_str().unwrap().to_owned()).collect()
}

fn ids(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|n| events::uuid(&daybook_events::AUDIT_EVENTS, n)).collect()
}

on_both_stores! {
    async fn pages_follow_in_both_spellings(hub: Hub) {
        let account = hub.account().await;
        let before = account.last_arrival().await;
        account.append_audit_events(0..25).await;
        for (size, token) in [("max_page_size", "page_token"), ("page_size", "next_page_token")] {
            let mut page = account.page_v3(&format!("?{size}=10&start_time={before}")).await;
            let mut walked = vec![joins(&page)];
            while let Some(next) = page.get("next_page_token") {
                page = account.page_v3(&format!("?{token}={}", next.as_str().unwrap())).await;
                walked.push(joins(&page));
            }
            assert_eq!(walked, [ids(0..10), ids(10..20), ids(20..25)], "{size}");
        }
    }

    async fn times_are_of_arrival_and_exclusive(hub: Hub) {
        let account = hub.account().await;
        let before = account.last_arrival().await;
        account.append_audit_events(10..15).await;
        let first = account.last_arrival().await;
        // Late: happened before all others.
        account.append_audit_events(0..5).await;
        let second = account.last_arrival().await;
        account.append_audit_events(20..25).await;
        let all = account.page_v3(&format!("?start_time={before}")).await;
        assert_eq!(joins(&all), [ids(10..15), ids(0..5), ids(20..25)].concat());
        assert_eq!(joins(&account.page_v3(&format!("?start_time={first}")).await), [ids(0..5), ids(20..25)].concat());
        let between = account.page_v3(&format!("?start_time={first}&end_time={second}")).await;
        assert_eq!(joins(&between), ids(0..4), "the end is exclusive");
        assert_eq!(joins(&account.page_v3(&format!("?end_time={before}")).await), Vec::<String>::new());
    }

    async fn polling_by_insert_time_sees_each_event_once(hub: Hub) {
        let account = hub.account().await;
        let mut last = account.last_arrival().await;
        let mut seen = Vec::new();
        for round in 0..10_u64 {
            account.append_audit_events(round * 20..(round + 1) * 20).await;
            // Even without following page tokens: every event has an arrival of its own.
            for _ in 0..4 {
                let page = account.page_v3(&format!("?max_page_size=6&start_time={last}")).await;
                if let Some(event) = page["audit_events"].as_array().unwrap().last() {
                    last = event["insert_time"].as_str().unwrap().to_owned();
                }
                seen.extend(joins(&page));
            }
        }
        assert_eq!(seen, ids(0..200));
    }
}

#[tokio::test]
async fn the_size_of_a_page_is_a_hundred_unless_said() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.append_audit_events(0..150).await;
    for (query, count) in [("", 100), ("?max_page_size=0", 100), ("?page_size=0", 100), ("?max_page_size=1", 1)] {
        let page = account.page_v3(query).await;
        assert_eq!(page["audit_events"].as_array().unwrap().len(), count, "{query}");
        assert!(page["next_page_token"].is_string(), "{query}");
    }
    let whole = account.page_v3("?max_page_size=1000").await;
    assert!(whole.get("next_page_token").is_none(), "nothing follows, and the member is absent");
    assert!(whole["audit_events"].as_array().unwrap().len() > 150);
}

#[tokio::test]
async fn nothing_there_is_an_empty_array() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let answer = account.get_v3("?start_time=2099-01-01T00:00:00Z").await.expect_status(200);
    assert_eq!(
        (answer.text.as_str(), answer.header("content-type")),
        ("{\"audit_events\":[]}", Some("application/json"))
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_told_by_field() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.append_audit_events(0..10).await;
    let page = account.page_v3("?max_page_size=5").await;
    let token = page["next_page_token"].as_str().unwrap();
    let broken = altered(token, 40);
    for (query, words) in [
        ("?max_page_size=1001".to_owned(), "max_page_size: must be a whole number from 0 to 1000"),
        ("?page_size=1001".to_owned(), "page_size: must be a whole number from 0 to 1000"),
        ("?max_page_size=-1".to_owned(), "max_page_size: must be"),
        ("?max_page_size=x".to_owned(), "max_page_size: must be"),
        ("?start_time=yesterday".to_owned(), "start_time: \"yesterday\" is not an RFC 3339 time"),
        ("?end_time=1".to_owned(), "end_time: "),
        (format!("?page_token={token}&start_time={LONG_AGO}"), "page_token: start_time and end_time cannot go with it"),
        (format!("?next_page_token={token}&end_time={LONG_AGO}"), "page_token: start_time and end_time cannot"),
        (format!("?page_token={broken}"), "page_token: not a cursor that this hub gave"),
    ] {
        let message = refusal(&account.get_v3(&query).await, 400);
        assert!(message.starts_with(words), "{query}: {message}");
    }
    let usages = account.page(json!({})).await;
    let message = refusal(&account.get_v3(&format!("?page_token={}", usages["cursor"].as_str().unwrap())).await, 400);
    assert_eq!(message, "page_token: a cursor of itemusages, not of auditevents; keep one cursor per endpoint");
}

#[tokio::test]
async fn an_event_has_its_groups() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let before = account.last_arrival().await;
    account.append_audit_events(7..8).await;
    let page = account.page_v3(&format!("?start_time={before}")).await;
    let event = &page["audit_events"][0];
    let (actor, member) = (events::audit_event(7)["actor_uuid"].clone(), events::audit_event(7)["aux_uuid"].clone());
    assert_eq!(
        *event,
        json!({
            "uuid": events::audit_event(7)["uuid"],
            "action": "group.membership.join",
            "insert_time": event["insert_time"],
            "timestamp": "2026-02-03T00:00:07.119204887Z",
            "actor": {
                "uuid": actor, "type": "user", "name": "Person 7", "email": "person7@acme.example",
                "account_uuid": "ACCOUNTAAAAAAAAAAAAAAAAAAA",
            },
            "entities": [
                {"role": "object", "type": "gm", "uuid": "groupaaaaaaaaaaaaaaaaaaaah"},
                {
                    "role": "auxiliary", "uuid": member, "id": 412_907, "name": "Person 8",
                    "email": "person8@acme.example",
                    "info": "R",
                },
            ],
            "context": {
                "account": {"uuid": "ACCOUNTAAAAAAAAAAAAAAAAAAA"},
                "session": {"uuid": "SESSIONAAAAAAAAAAAAAAAAAAH", "login_time": "2026-02-02T23:45:06.999999999Z"},
                "device": {"uuid": "deviceaaaaaaaaaaaaaaaaaaah"},
                "client": {"ip_address": "203.0.113.9"},
                "location": events::audit_event(7)["location"],
            },
            "original": events::audit_event(7),
        })
    );
}
