//! What the management API refuses, and how it says so.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Hub, Store, daybook, id_of, refusal},
};

const NOBODY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Every request of the management API, with ids put in.
fn requests(account: &str, integration: &str, token: &str, key: &str) -> Vec<(Method, String, Value)> {
    let path = |rest: &str| format!("accounts/{account}/{rest}");
    let new_token = json!({"name": "t", "features": ["itemusages"]});
    vec![
        (Method::GET, "status".to_owned(), Value::Null),
        (Method::GET, "accounts".to_owned(), Value::Null),
        (Method::POST, "accounts".to_owned(), json!({"name": "Somebody"})),
        (Method::GET, "signing-keys".to_owned(), Value::Null),
        (Method::POST, "signing-keys".to_owned(), Value::Null),
        (Method::POST, format!("signing-keys/{key}/revoke"), Value::Null),
        (Method::PATCH, format!("accounts/{account}"), json!({"retention_days": 9})),
        (Method::GET, path("storage"), Value::Null),
        (Method::GET, path("integrations"), Value::Null),
        (Method::POST, path("integrations"), json!({"name": "i", "kind": "other"})),
        (Method::GET, path("tokens"), Value::Null),
        (Method::PATCH, path(&format!("integrations/{integration}")), json!({"state": "disabled"})),
        (Method::DELETE, path(&format!("integrations/{integration}")), Value::Null),
        (Method::POST, path(&format!("integrations/{integration}/tokens")), new_token),
        (Method::PATCH, path(&format!("tokens/{token}")), json!({"name": "n"})),
        (Method::POST, path(&format!("tokens/{token}/revoke")), Value::Null),
    ]
}

on_both_stores! {
    async fn ids_of_nothing_and_of_others_are_404(hub: Hub) {
        let (account, other) = (hub.account().await, hub.account().await);
        let issued = other.reader_with(&["itemusages"]).await;
        let (token, integration) = (id_of(&issued), issued["integration_uuid"].as_str().unwrap().to_owned());
        for (theirs, (integration, token)) in [
            (&account.uuid, (integration.as_str(), token.as_str())),
            (&account.uuid, (NOBODY, NOBODY)),
            (&account.uuid, ("x", "%20")),
            (&NOBODY.to_owned(), (integration.as_str(), token.as_str())),
            (&"nobody".to_owned(), (NOBODY, NOBODY)),
        ] {
            // With an account that exists, only what names an integration or a token is missing.
            let first = if *theirs == account.uuid { 11 } else { 6 };
            for (method, path, body) in requests(theirs, integration, token, NOBODY).into_iter().skip(first) {
                let message = refusal(&hub.manage(method, &path, body).await, 404);
                assert!(message.starts_with("no "), "{path}: {message}");
            }
        }
        refusal(&hub.manage(Method::POST, &format!("signing-keys/{NOBODY}/revoke"), Value::Null).await, 404);
        let answer = hub.post("/api/v2/itemusages", issued["token"].as_str(), "{}").await;
        assert_eq!(answer.status, 200, "nothing happened to it");
        assert_eq!(account.manage(Method::GET, "tokens", Value::Null).await.json().as_array().unwrap().len(), 2);
    }

    async fn names_are_unique_where_they_must_be(hub: Hub) {
        let account = hub.account().await;
        let name = daybook_events::random_upper_id();
        let new = json!({"name": name});
        hub.manage(Method::POST, "accounts", new.clone()).await.expect_status(201);
        let message = refusal(&hub.manage(Method::POST, "accounts", new).await, 409);
        assert_eq!(message, format!("account {name:?} exists already"));

        let new = json!({"name": "Splunk", "kind": "splunk"});
        let added = account.manage(Method::POST, "integrations", new.clone()).await.expect_status(201);
        let integration = id_of(&added.json());
        let message = refusal(&account.manage(Method::POST, "integrations", new.clone()).await, 409);
        assert_eq!(message, "integration \"Splunk\" exists already");
        hub.account().await.manage(Method::POST, "integrations", new).await.expect_status(201);

        let wanted = |name: &str| json!({"name": name, "features": ["itemusages"]});
        let first = account.issue_for(&integration, wanted("first")).await;
        let second = account.issue_for(&integration, wanted("second")).await;
        let path = format!("integrations/{integration}/tokens");
        let message = refusal(&account.manage(Method::POST, &path, wanted("first")).await, 409);
        assert_eq!(message, "token \"first\" exists already");
        let path = format!("tokens/{}", id_of(&second));
        let message = refusal(&account.manage(Method::PATCH, &path, json!({"name": "first"})).await, 409);
        assert_eq!(message, "token \"first\" exists already");
        account.manage(Method::PATCH, &path, json!({"name": "second"})).await.expect_status(200);
        account.manage(Method::POST, &format!("tokens/{}/revoke", id_of(&first)), Value::Null).await.expect_status(200);
        account.manage(Method::PATCH, &path, json!({"name": "first"})).await.expect_status(200);
    }

    async fn what_is_revoked_or_removed_stays_so(hub: Hub) {
        let account = hub.account().await;
        let issued = account.reader_with(&["itemusages"]).await;
        let (token, integration) = (id_of(&issued), issued["integration_uuid"].as_str().unwrap());
        let revoke = format!("tokens/{token}/revoke");
        account.manage(Method::POST, &revoke, Value::Null).await.expect_status(200);
        refusal(&account.manage(Method::POST, &revoke, Value::Null).await, 404);
        refusal(&account.manage(Method::PATCH, &format!("tokens/{token}"), json!({"name": "again"})).await, 404);
        let path = format!("integrations/{integration}");
        account.manage(Method::DELETE, &path, Value::Null).await.expect_status(204);
        refusal(&account.manage(Method::DELETE, &path, Value::Null).await, 404);
        refusal(&account.manage(Method::PATCH, &path, json!({"state": "active"})).await, 404);
        let wanted = json!({"name": "new", "features": ["itemusages"]});
        refusal(&account.manage(Method::POST, &format!("{path}/tokens"), wanted).await, 404);
    }
}

#[tokio::test]
async fn only_the_administration_token_manages() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let other = Hub::start(daybook());
    for (method, path, body) in requests(&account.uuid, NOBODY, NOBODY, NOBODY) {
        let url = format!("{}/manage/v1/{path}", account.hub.url);
        let send = |token| account.hub.http.send(method.clone(), &url, token, &[], body.to_string().into());
        let message = refusal(&send(None).await, 401);
        assert!(message.contains("it is in admin.token in the data directory"), "{message}");
        let cut = &account.hub.administration_token()[..50];
        for token in [&account.reader, &account.source, "wrong", cut, other.administration_token()] {
            assert_eq!(refusal(&send(Some(token)).await, 401), "this is not an administration token of this hub");
        }
    }
}

#[tokio::test]
async fn a_name_is_one_to_a_hundred_characters() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let issued = account.reader_with(&["itemusages"]).await;
    let path = format!("tokens/{}", id_of(&issued));
    let message = "name: must be 1 to 100 characters, none of them a control character";
    for name in ["", "  ", "a\nb", "a\u{0}", "\u{7f}", &"ü".repeat(101)] {
        assert_eq!(refusal(&account.hub.manage(Method::POST, "accounts", json!({"name": name})).await, 400), message);
        let body = json!({"name": name, "kind": "other"});
        assert_eq!(refusal(&account.manage(Method::POST, "integrations", body).await, 400), message);
        assert_eq!(refusal(&account.manage(Method::PATCH, &path, json!({"name": name})).await, 400), message);
    }
    for name in ["ü".repeat(100), "  Ünïcode 名前 😀 ' \" <b>  ".to_owned()] {
        let renamed = account.manage(Method::PATCH, &path, json!({"name": name})).await.expect_status(200).json();
        assert_eq!(renamed["name"], name.trim());
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_by_field() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let integration = account.integration("other").await;
    let source = account.integration("source").await;
    let (tokens, sources) = (format!("integrations/{integration}/tokens"), format!("integrations/{source}/tokens"));
    let many: Vec<String> = (0..33).map(|n| format!("vendor.log{n}")).collect();
    let token =
        |features: Value, expires: Value| json!({"name": "t", "features": features, "expires_in_secs": expires});
    for (method, path, body, words) in [
        (Method::POST, "integrations", json!({"name": "i", "kind": "fax"}), "kind: \"fax\" is none of splunk, elastic"),
        (
            Method::PATCH,
            &format!("integrations/{integration}"),
            json!({"state": "removed"}),
            "state: must be active or disabled",
        ),
        (Method::POST, &tokens, token(json!([]), Value::Null), "features: name 1 to 32"),
        (Method::POST, &sources, token(json!(many), Value::Null), "features: name 1 to 32"),
        (Method::POST, &tokens, token(json!(["nothing"]), Value::Null), "features: "),
        (
            Method::POST,
            &tokens,
            token(json!(["okta.system"]), Value::Null),
            "features: okta.system is not served by the Events API",
        ),
        (
            Method::POST,
            &tokens,
            token(json!(["itemusages"]), json!(0)),
            "expires_in_secs: must be 1 second to 100 years",
        ),
        (Method::POST, &tokens, token(json!(["itemusages"]), json!(u64::MAX)), "expires_in_secs: must be"),
        (Method::POST, &tokens, token(json!(["itemusages"]), json!(-1)), "Failed to deserialize the JSON body"),
        (
            Method::POST,
            &tokens,
            json!({"name": "t", "features": ["itemusages"], "admin": true}),
            "Failed to deserialize",
        ),
    ] {
        let message = refusal(&account.manage(method, path, body.clone()).await, 400);
        assert!(message.starts_with(words), "{body}: {message}");
    }
    let new = json!({"name": daybook_events::random_upper_id(), "retention_days": 0});
    let message = refusal(&account.hub.manage(Method::POST, "accounts", new).await, 400);
    assert_eq!(message, "retention_days: must be 1 to 36500, or null to keep events for ever");
}
