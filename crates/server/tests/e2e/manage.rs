//! The life of an account, its integrations and tokens, as its own audit events tell it.

use std::net::IpAddr;

use daybook_events::{Timestamp, decode_unverified};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Hub, Store, WIRE, daybook, eventually, id_of, parts_of, token_of},
};

/// What an audit event tells: action, object type, object, auxiliary object, words.
fn told(event: &Value) -> Value {
    let member = |name: &str| event.get(name).cloned().unwrap_or_default();
    json!([member("action"), member("object_type"), member("object_uuid"), member("aux_uuid"), member("aux_info")])
}

on_both_stores! {
    async fn a_life_of_tokens_is_in_the_account_s_audit_events(hub: Hub) {
        let account = hub.account().await;
        let already = account.audit_trail().await.len();
        let body = json!({"name": " Splunk production ", "kind": "splunk"});
        let integration = account.manage(Method::POST, "integrations", body).await.expect_status(201).json();
        assert_eq!((&integration["name"], &integration["state"]), (&json!("Splunk production"), &json!("active")));
        let integration = id_of(&integration);
        let issued = account.issue_for(&integration, json!({"name": "first", "features": WIRE})).await;
        let token = id_of(&issued);
        let renamed = account.manage(Method::PATCH, &format!("tokens/{token}"), json!({"name": "second"})).await;
        assert_eq!(renamed.expect_status(200).json()["name"], "second");
        let revoked = account.manage(Method::POST, &format!("tokens/{token}/revoke"), Value::Null).await;
        assert_eq!(revoked.expect_status(200).json()["state"], "revoked");
        let path = format!("integrations/{integration}");
        account.manage(Method::PATCH, &path, json!({"state": "disabled"})).await.expect_status(200);
        account.manage(Method::DELETE, &path, Value::Null).await.expect_status(204);
        let trail = account.audit_trail().await;
        let path = format!("accounts/{}", account.uuid);
        hub.manage(Method::PATCH, &path, json!({"retention_days": 400})).await.expect_status(200);

        let tail: Vec<Value> = trail[already..].iter().map(told).collect();
        assert_eq!(json!(tail), json!([
            ["create", "sa", integration, null, "Splunk production"],
            ["create", "satoken", token, integration, "first"],
            ["tverify", "satoken", token, integration, "first"],
            ["trename", "satoken", token, integration, "second"],
            ["trevoke", "satoken", token, integration, "second"],
            ["update", "sa", integration, null, "disabled"],
            ["delete", "sa", integration, null, "removed"],
        ]));
        assert_eq!(told(&trail[0]).as_array().unwrap()[..3], [json!("create"), json!("account"), json!(account.uuid)]);
        let last = account.audit_trail().await.pop().unwrap();
        assert_eq!(told(&last), json!(["update", "account", account.uuid, null, "retention: for ever -> 400 days"]));
    }

    async fn our_own_audit_events_are_fit_for_every_connector(hub: Hub) {
        let account = hub.account().await;
        for event in account.audit_trail().await {
            assert!(event["session"]["ip"].as_str().unwrap().parse::<IpAddr>().is_ok(), "{event}");
            for time in [&event["timestamp"], &event["session"]["login_time"]] {
                assert!(Timestamp::parse_strict(time.as_str().unwrap()).is_ok(), "{event}");
            }
            assert_eq!((&event["account_uuid"], &event["actor_type"]), (&json!(account.uuid), &json!("user")));
            assert!(event.get("aux_id").is_none() && event.get("country").is_none(), "{event}");
            for id in [&event["uuid"], &event["actor_uuid"]] {
                assert_eq!(id.as_str().unwrap().len(), 26, "{event}");
            }
            assert_eq!(event["actor_details"]["uuid"], event["actor_uuid"]);
        }
    }

    async fn the_use_of_a_token_is_told(hub: Hub) {
        let account = hub.account().await;
        account.ingest(0..5).await;
        let issued = account.reader_with(&WIRE).await;
        let token = token_of(&issued);
        let ask = json!({"limit": 2, "start_time": crate::support::LONG_AGO}).to_string();
        for _ in 0..2 {
            let headers = [("user-agent", "1Password Events API for Splunk / 1.15.1")];
            hub.post_with("/api/v1/itemusages", Some(&token), &headers, ask.clone()).await.expect_status(200);
        }
        hub.get("/api/v2/auth/introspect", Some(&token)).await.expect_status(200);
        let mut uses = Value::Null;
        eventually("uses are written", async || {
            let tokens = account.manage(Method::GET, "tokens", Value::Null).await.expect_status(200).json();
            let listed = tokens.as_array().unwrap().iter().find(|listed| listed["uuid"] == issued["uuid"]).unwrap();
            uses = listed["uses"].clone();
            uses.as_array().is_some_and(|uses| uses.len() == 2)
        })
        .await;
        let uses = uses.as_array().unwrap();
        let by_feature = |feature: &str| uses.iter().find(|used| used["feature"] == feature).unwrap();
        let read = by_feature("itemusages");
        assert_eq!((&read["requests"], &read["events"]), (&json!(2), &json!(4)));
        assert_eq!(read["address"], "127.0.0.1");
        assert_eq!(read["user_agent"], "1Password Events API for Splunk / 1.15.1");
        assert_eq!(by_feature("introspect")["requests"], 1);
    }
}

#[tokio::test]
async fn an_issued_token_is_one_that_the_official_clients_read() {
    let hub = Hub::start(daybook().arg("--public-url").arg("https://events.acme.example:8443"));
    let account = hub.account().await;
    let integration = account.integration("splunk").await;
    let wanted = json!({"name": "A", "features": ["auditevents", "itemusages"], "expires_in_secs": 3600});
    let issued = account.issue_for(&integration, wanted).await;
    let token = token_of(&issued);
    let claims = decode_unverified(&token).unwrap();
    assert_eq!(claims.aud, ["events.acme.example:8443"]);
    assert_eq!(claims.features, ["auditevents", "itemusages"]);
    assert_eq!(
        (claims.account.as_deref(), claims.sub.as_deref()),
        (Some(account.uuid.as_str()), Some(integration.as_str()))
    );
    assert_eq!(claims.jti.as_deref(), issued["uuid"].as_str());
    assert_eq!(claims.exp.unwrap() - claims.iat.unwrap(), 3600);
    assert_eq!(issued["issued_at"], Timestamp::from_seconds(claims.iat.unwrap()).to_string());
    // One client decodes the payload with atob().
    assert!(!parts_of(&token)[1].contains(['-', '_']), "{token}");
    let status = hub.manage(Method::GET, "status", Value::Null).await.expect_status(200).json();
    assert_eq!(status["public_url"], "https://events.acme.example:8443");
}

#[tokio::test]
async fn without_an_expiry_a_token_has_none() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let issued = account.reader_with(&WIRE).await;
    assert_eq!(issued["expires_at"], Value::Null);
    assert_eq!(decode_unverified(&token_of(&issued)).unwrap().exp, None);
    let tokens = account.manage(Method::GET, "tokens", Value::Null).await.json();
    let listed = tokens.as_array().unwrap().iter().find(|token| token["uuid"] == issued["uuid"]).unwrap();
    assert!(listed.get("token").is_none(), "a token is shown once");
    assert_eq!(listed["state"], "active");
}

#[tokio::test]
async fn a_name_is_free_again_after_its_token_is_revoked() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let integration = account.integration("other").await;
    let wanted = json!({"name": "only", "features": ["itemusages"]});
    let first = account.issue_for(&integration, wanted.clone()).await;
    let path = format!("integrations/{integration}/tokens");
    crate::support::refusal(&account.manage(Method::POST, &path, wanted.clone()).await, 409);
    account.manage(Method::POST, &format!("tokens/{}/revoke", id_of(&first)), Value::Null).await.expect_status(200);
    account.issue_for(&integration, wanted).await;
}

#[tokio::test]
async fn the_status_tells_of_streams() {
    for (store, name) in [(Store::Sqlite, "sqlite"), (Store::Postgres, "postgres")] {
        let hub = Hub::shared(store);
        let account = hub.account().await;
        account.ingest(0..7).await;
        let status = hub.manage(Method::GET, "status", Value::Null).await.expect_status(200).json();
        assert_eq!((&status["store"], &status["version"]), (&json!(name), &json!(env!("CARGO_PKG_VERSION"))));
        let mut streams = status["streams"].as_array().unwrap().iter();
        let stream =
            streams.find(|stream| stream["account_uuid"] == account.uuid.as_str() && stream["feature"] == "itemusages");
        assert_eq!(stream.unwrap()["head"], 7);
    }
}
