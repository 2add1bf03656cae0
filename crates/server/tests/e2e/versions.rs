//! v1 and v2 of every feature: the same events, v1 without what v2 brought.

use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS};
use daybook_testkit::events;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Account, Hub, LONG_AGO, Store, refusal, token_of},
};

const PEOPLE: [&str; 5] = ["target_user", "user", "actor_details", "object_details", "aux_details"];

/// The first event of a feature that was ingested, in a version.
async fn read_one(account: &Account, version: &str, feature: &Feature, uuid: &str) -> Value {
    let path = format!("/api/{version}/{feature}");
    let page = account.page_of(&path, json!({"limit": 1000, "start_time": LONG_AGO})).await;
    let found = page["items"].as_array().unwrap().iter().find(|item| item["uuid"] == uuid).cloned();
    found.unwrap_or_else(|| panic!("{uuid} is not at {path}"))
}

fn without(event: &Value, members: &[&str]) -> Value {
    let kept = event.as_object().unwrap().iter().filter(|(name, _)| !members.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

on_both_stores! {
    async fn v2_gives_everything_and_v1_what_was_there_before(hub: Hub) {
        let account = hub.account().await;
        for feature in [SIGN_IN_ATTEMPTS, ITEM_USAGES, AUDIT_EVENTS] {
            let event = events::event(&feature, 7);
            let uuid = event["uuid"].as_str().unwrap();
            account.ingest_body(feature.as_str(), event.to_string(), 1).await;
            assert_eq!(read_one(&account, "v2", &feature, uuid).await, event);

            let mut first = without(&event, &["account_uuid", "actor_type", "actor_account_uuid"]);
            for person in PEOPLE {
                if first[person].is_object() {
                    first[person] = without(&first[person], &["user_type", "type", "user_account_uuid"]);
                }
            }
            assert_eq!(read_one(&account, "v1", &feature, uuid).await, first);
        }
    }
}

#[tokio::test]
async fn v1_has_the_members_that_the_vendor_documents() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest_body("signinattempts", events::sign_in_attempt(9).to_string(), 1).await;
    let uuid = events::uuid(&SIGN_IN_ATTEMPTS, 9);
    let event = read_one(&account, "v1", &SIGN_IN_ATTEMPTS, &uuid).await;
    let members: Vec<&String> = event.as_object().unwrap().keys().collect();
    let expected = [
        "category",
        "client",
        "country",
        "details",
        "location",
        "session_uuid",
        "target_user",
        "timestamp",
        "type",
        "uuid",
    ];
    assert_eq!(members, expected);
    assert_eq!(
        event["target_user"],
        json!({
            "uuid": "PERSONAAAAAAAAAAAAAAAAAAAJ", "name": "Person 9", "email": "person9@acme.example",
        })
    );
    // An outcome is not a kind of person: it stays.
    assert_eq!((&event["category"], &event["type"]), (&json!("credentials_failed"), &json!("password_secret_bad")));
    assert_eq!(event["details"], Value::Null);
}

#[tokio::test]
async fn each_endpoint_needs_its_own_feature() {
    let account = Hub::shared(Store::Sqlite).account().await;
    for has in ["signinattempts", "itemusages", "auditevents"] {
        let token = token_of(&account.reader_with(&[has]).await);
        for wanted in ["signinattempts", "itemusages", "auditevents"] {
            for version in ["v1", "v2"] {
                let answer = account.hub.post(&format!("/api/{version}/{wanted}"), Some(&token), "{}").await;
                if wanted == has {
                    assert_eq!(answer.status, 200, "{}", answer.text);
                } else {
                    assert_eq!(refusal(&answer, 401), format!("the token may not read {wanted}; it has {has}"));
                }
            }
        }
        let answer = account.hub.get("/api/v3/auditevents", Some(&token)).await;
        assert_eq!(answer.status, if has == "auditevents" { 200 } else { 401 });
    }
}
