//! What a token may do, as both introspections tell it.

use serde_json::json;

use crate::{
    on_both_stores,
    support::{Hub, WIRE, refusal, token_of},
};

on_both_stores! {
    async fn both_introspections_tell_the_same_under_their_own_keys(hub: Hub) {
        let account = hub.account().await;
        let issued = account.reader_with(&WIRE).await;
        let token = token_of(&issued);
        let features = json!(["auditevents", "itemusages", "signinattempts"]);

        let first = hub.get("/api/auth/introspect", Some(&token)).await.expect_status(200);
        assert_eq!(first.header("content-type"), Some("application/json"));
        let expected = json!({
            "UUID": issued["integration_uuid"], "IssuedAt": issued["issued_at"], "Features": features,
        });
        assert_eq!(first.json(), expected);

        let second = hub.get("/api/v2/auth/introspect", Some(&token)).await.expect_status(200);
        assert_eq!(second.header("content-type"), Some("application/json"));
        let expected = json!({
            "uuid": issued["integration_uuid"], "issued_at": issued["issued_at"], "features": features,
            "account_uuid": account.uuid,
        });
        assert_eq!(second.json(), expected);
    }

    async fn a_token_s_own_features_are_listed_and_no_others(hub: Hub) {
        let account = hub.account().await;
        for features in [vec!["auditevents"], vec!["auditevents", "signinattempts"]] {
            let token = token_of(&account.reader_with(&features).await);
            let answer = hub.get("/api/v2/auth/introspect", Some(&token)).await.expect_status(200);
            assert_eq!(answer.json()["features"], json!(features));
        }
    }
}

#[tokio::test]
async fn introspection_is_not_for_sources() {
    let account = Hub::shared(crate::support::Store::Sqlite).account().await;
    for path in ["/api/auth/introspect", "/api/v2/auth/introspect"] {
        let message = refusal(&account.hub.get(path, Some(&account.source)).await, 401);
        assert!(message.contains("belongs to a source"), "{message}");
    }
}

#[tokio::test]
async fn there_is_no_introspection_of_other_versions() {
    let account = Hub::shared(crate::support::Store::Sqlite).account().await;
    for path in ["/api/v1/auth/introspect", "/api/v1/introspect", "/api/v3/auth/introspect"] {
        refusal(&account.hub.get(path, Some(&account.reader)).await, 404);
    }
}
