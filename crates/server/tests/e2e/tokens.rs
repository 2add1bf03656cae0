//! Who is let in: everything wrong with a token is 401, says what, and says what to do.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use daybook_testkit::Answer;
use reqwest::Method;
use ring::{hmac, rand::SystemRandom, signature};
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{
        Hub, Store, WIRE, altered, daybook, eventually, forged, id_of, parts_of, refusal, token_of, with_payload,
    },
};

async fn read_with(hub: &Hub, token: &str) -> Answer {
    hub.post("/api/v2/itemusages", Some(token), "{}").await
}

/// Header of a token as JSON.
fn header_of(token: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(parts_of(token)[0].as_bytes()).unwrap()).unwrap()
}

on_both_stores! {
    async fn a_revoked_token_is_refused_on_the_next_request(hub: Hub) {
        let account = hub.account().await;
        let issued = account.reader_with(&WIRE).await;
        let (token, id) = (token_of(&issued), id_of(&issued));
        assert_eq!(read_with(&hub, &token).await.status, 200);
        account.manage(Method::POST, &format!("tokens/{id}/revoke"), Value::Null).await.expect_status(200);
        assert_eq!(refusal(&read_with(&hub, &token).await, 401), "the token was revoked; issue a new one");
        assert_eq!(read_with(&hub, &account.reader).await.status, 200, "others are not concerned");
    }

    async fn an_expired_token_is_refused(hub: Hub) {
        let account = hub.account().await;
        let integration = account.integration("splunk").await;
        let wanted = json!({"name": "short", "features": ["itemusages"], "expires_in_secs": 1});
        let token = token_of(&account.issue_for(&integration, wanted).await);
        // Whether it still lives is a matter of luck; that it ends is not.
        eventually("the token expires", async || read_with(&hub, &token).await.status == 401).await;
        assert_eq!(refusal(&read_with(&hub, &token).await, 401), "the token has expired; issue a new one");
    }

    async fn the_tokens_of_an_integration_follow_it(hub: Hub) {
        let account = hub.account().await;
        let integration = account.integration("elastic").await;
        let wanted = json!({"name": "first", "features": ["itemusages"]});
        let token = token_of(&account.issue_for(&integration, wanted).await);
        let path = format!("integrations/{integration}");
        for (state, status) in [("disabled", 401), ("active", 200), ("disabled", 401), ("active", 200)] {
            let changed = account.manage(Method::PATCH, &path, json!({"state": state})).await.expect_status(200).json();
            assert_eq!(changed["state"], state);
            assert_eq!(read_with(&hub, &token).await.status, status, "{state}");
        }
        account.manage(Method::PATCH, &path, json!({"state": "disabled"})).await.expect_status(200);
        assert_eq!(refusal(&read_with(&hub, &token).await, 401), "the integration of this token is disabled");
        account.manage(Method::DELETE, &path, Value::Null).await.expect_status(204);
        assert_eq!(refusal(&read_with(&hub, &token).await, 401), "the integration of this token is removed");
    }
}

#[tokio::test]
async fn without_a_bearer_token_nobody_reads() {
    let hub = Hub::shared(Store::Sqlite);
    let account = hub.account().await;
    let missing = "send the bearer token in the header \"Authorization: Bearer …\"";
    for path in ["/api/v1/itemusages", "/api/v2/signinattempts", "/ingest/v1/itemusages"] {
        assert_eq!(refusal(&hub.post(path, None, "{}").await, 401), missing, "{path}");
    }
    for path in ["/api/auth/introspect", "/api/v2/auth/introspect", "/api/v3/auditevents"] {
        assert_eq!(refusal(&hub.get(path, None).await, 401), missing, "{path}");
    }
    let basic = format!("Basic {}", account.reader);
    for value in [&basic, "Bearer", "Bearer ", "Bearer  ", &account.reader, ""] {
        let answer = hub.post_with("/api/v2/itemusages", None, &[("authorization", value)], "{}").await;
        assert_eq!(refusal(&answer, 401), missing, "{value}");
    }
    for scheme in ["bearer", "BEARER"] {
        let value = format!("{scheme} {}", account.reader);
        let answer = hub.post_with("/api/v2/itemusages", None, &[("authorization", &value)], "{}").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_broken_copy_is_told_apart() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let token = &account.reader;
    let malformed = "the token is malformed; was it copied whole?";
    let [header, payload, _] = parts_of(token);
    let too_long = "x".repeat(6000);
    for broken in ["garbage", "a.b.c", &format!("{header}.{payload}"), &format!("{token}.x"), &token[..40], &too_long] {
        assert_eq!(refusal(&read_with(&account.hub, broken).await, 401), malformed, "{broken}");
    }
    for length in [token.len() - 1, token.len() - 2, token.len() - 10] {
        let message = refusal(&read_with(&account.hub, &token[..length]).await, 401);
        assert!(message == malformed || message.starts_with("the token's signature is wrong"), "{length}: {message}");
    }
    assert_eq!(read_with(&account.hub, token).await.status, 200);
}

#[tokio::test]
async fn an_altered_token_is_refused_wherever_it_was_altered() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let token = token_of(&account.reader_with(&["itemusages"]).await);
    let wrong = "the token's signature is wrong; it was altered, or not issued by this hub";
    let greedy = with_payload(&token, |claims| claims["1password.com/fts"] = json!(WIRE));
    assert_eq!(refusal(&read_with(&account.hub, &greedy).await, 401), wrong);
    let other = account.hub.account().await;
    let foreign = with_payload(&token, |claims| claims["1password.com/auuid"] = json!(other.uuid));
    assert_eq!(refusal(&read_with(&account.hub, &foreign).await, 401), wrong);
    for at in (0..token.len()).step_by(23) {
        refusal(&read_with(&account.hub, &altered(&token, at)).await, 401);
    }
}

#[tokio::test]
async fn no_algorithm_but_es256_is_believed() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let payload = parts_of(&account.reader)[1];
    let kid = header_of(&account.reader)["kid"].clone();
    let header = |alg: &str| json!({"alg": alg, "kid": kid, "typ": "JWT"});
    for alg in ["none", "None", ""] {
        let token = forged(&header(alg), payload, |_| Vec::new());
        let expected = format!("the token is signed with {alg:?}; only ES256 tokens are accepted");
        assert_eq!(refusal(&read_with(&account.hub, &token).await, 401), expected);
    }
    let jwks = account.hub.get("/.well-known/jwks.json", None).await.json();
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
    let coordinate = |name: &str| BASE64URL_NOPAD.decode(key[name].as_str().unwrap().as_bytes()).unwrap();
    let public_key = [vec![4], coordinate("x"), coordinate("y")].concat();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &public_key);
    let confused = forged(&header("HS256"), payload, |signed| hmac::sign(&secret, signed).as_ref().to_vec());
    let message = refusal(&read_with(&account.hub, &confused).await, 401);
    assert_eq!(message, "the token is signed with \"HS256\"; only ES256 tokens are accepted");
}

#[tokio::test]
async fn a_key_of_somebody_s_own_signs_nothing_here() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let random = SystemRandom::new();
    let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let key = signature::EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let sign = |signed: &[u8]| key.sign(&random, signed).unwrap().as_ref().to_vec();
    let payload = parts_of(&account.reader)[1];
    let token = forged(&header_of(&account.reader), payload, sign);
    assert!(refusal(&read_with(&account.hub, &token).await, 401).starts_with("the token's signature is wrong"));
    for kid in ["", "x", "../../etc/passwd", "abcdefghijklmnopqrstuvwxyz"] {
        let token = forged(&json!({"alg": "ES256", "kid": kid, "typ": "JWT"}), payload, sign);
        assert_eq!(refusal(&read_with(&account.hub, &token).await, 401), "the token was not issued by this hub");
    }
}

#[tokio::test]
async fn a_token_of_another_hub_is_refused() {
    let (hub, other) = (Hub::shared(Store::Sqlite), Hub::start(daybook()));
    let stranger = other.account().await;
    assert_eq!(read_with(&other, &stranger.reader).await.status, 200);
    assert_eq!(refusal(&read_with(&hub, &stranger.reader).await, 401), "the token was not issued by this hub");
    assert_eq!(
        refusal(&read_with(&hub, other.administration_token()).await, 401),
        "the token is malformed; was it copied whole?"
    );
}

#[tokio::test]
async fn a_source_s_token_does_not_read_and_a_reader_s_does_not_append() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let message = refusal(&read_with(&account.hub, &account.source).await, 401);
    assert!(message.contains("can only ingest; read with the token of another integration"), "{message}");
    let message = refusal(&account.hub.post("/ingest/v1/itemusages", Some(&account.reader), "[]").await, 401);
    assert!(message.contains("ingest with the token of an integration of kind source"), "{message}");
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_remembered_as_good() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let broken = altered(&account.reader, account.reader.len() - 30);
    for _ in 0..3 {
        assert_eq!(read_with(&account.hub, &account.reader).await.status, 200);
        refusal(&read_with(&account.hub, &broken).await, 401);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
