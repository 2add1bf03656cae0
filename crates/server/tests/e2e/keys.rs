//! Signing keys: rotation leaves old tokens good, revoking a key does not.

use data_encoding::BASE64URL_NOPAD;
use reqwest::Method;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::support::{Account, Hub, Store, WIRE, daybook, parts_of, refusal, token_of};

async fn status_of(account: &Account, token: &str) -> u16 {
    account.hub.get("/api/v2/auth/introspect", Some(token)).await.status
}

async fn public_keys(hub: &Hub) -> Vec<Value> {
    let answer = hub.get("/.well-known/jwks.json", None).await.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()["keys"].as_array().unwrap().clone()
}

fn kid_of(token: &str) -> String {
    let header: Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(parts_of(token)[0].as_bytes()).unwrap()).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("JWT")));
    header["kid"].as_str().unwrap().to_owned()
}

async fn statuses(hub: &Hub) -> Vec<Value> {
    let keys = hub.manage(Method::GET, "signing-keys", Value::Null).await.expect_status(200).json();
    keys.as_array().unwrap().iter().map(|key| key["status"].clone()).collect()
}

async fn rotation_leaves_old_tokens_good_and_revoking_their_key_does_not(store: Store) {
    let hub = Hub::start_on(store, daybook());
    let account = hub.account().await;
    let old = account.reader.clone();
    assert_eq!(statuses(&hub).await, ["active"]);

    let rotated = hub.manage(Method::POST, "signing-keys", Value::Null).await.expect_status(201).json();
    assert_eq!(rotated["status"], "active");
    assert_eq!(statuses(&hub).await, ["active", "retained"]);
    let new = token_of(&account.reader_with(&WIRE).await);
    assert_eq!(kid_of(&new), rotated["uuid"].as_str().unwrap().to_ascii_lowercase());
    assert_ne!(kid_of(&old), kid_of(&new));
    assert_eq!((status_of(&account, &old).await, status_of(&account, &new).await), (200, 200));
    let kids: Vec<Value> = public_keys(&hub).await.iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [kid_of(&new), kid_of(&old)], "newest first");

    let active = rotated["uuid"].as_str().unwrap();
    let message = refusal(&hub.manage(Method::POST, &format!("signing-keys/{active}/revoke"), Value::Null).await, 404);
    assert_eq!(message, format!("no retained signing key {active:?}"), "the active key is rotated first");
    let path = format!("signing-keys/{}/revoke", kid_of(&old));
    assert_eq!(hub.manage(Method::POST, &path, Value::Null).await.expect_status(200).json()["status"], "revoked");
    assert_eq!(statuses(&hub).await, ["active", "revoked"]);
    let refused = hub.get("/api/v2/auth/introspect", Some(&old)).await;
    assert_eq!(refusal(&refused, 401), "the key that signed the token was revoked; issue a new token");
    assert_eq!(status_of(&account, &new).await, 200);
    assert_eq!(public_keys(&hub).await.len(), 1);
    refusal(&hub.manage(Method::POST, &path, Value::Null).await, 404);
    let source = hub.post("/ingest/v1/itemusages", Some(&account.source), "[]").await;
    refusal(&source, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_on_sqlite() {
    rotation_leaves_old_tokens_good_and_revoking_their_key_does_not(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_on_postgres() {
    rotation_leaves_old_tokens_good_and_revoking_their_key_does_not(Store::Postgres).await;
}

#[tokio::test]
async fn anybody_can_verify_a_token_with_the_published_keys() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let [header, payload, signature] = parts_of(&account.reader);
    let keys = public_keys(&account.hub).await;
    let key = keys.iter().find(|key| key["kid"] == kid_of(&account.reader)).unwrap();
    let members: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"], "and nothing private");
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"), &json!("sig"))
    );
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let point = [vec![4], decode(key["x"].as_str().unwrap()), decode(key["y"].as_str().unwrap())].concat();
    let public_key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    public_key.verify(format!("{header}.{payload}").as_bytes(), &decode(signature)).unwrap();
}

#[tokio::test]
async fn rotated_keys_survive_a_restart() {
    let mut server = crate::support::start_on(Store::Sqlite, daybook());
    let hub = Hub::attach(&server.daybook);
    let account = hub.account().await;
    hub.manage(Method::POST, "signing-keys", Value::Null).await.expect_status(201);
    let new = token_of(&account.reader_with(&WIRE).await);
    server.daybook.restart();
    let account = account.on(&Hub::attach(&server.daybook));
    assert_eq!((status_of(&account, &account.reader).await, status_of(&account, &new).await), (200, 200));
    assert_eq!(kid_of(&token_of(&account.reader_with(&WIRE).await)), kid_of(&new), "the active key is the same");
}
