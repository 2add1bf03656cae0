//! The document of what the hub serves: exactly that, and readable.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Hub, Store};

async fn document(hub: &Hub) -> Value {
    let answer = hub.get("/openapi.json", None).await.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// `METHOD /path` of every operation, with the operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    all.sort_by(|first, second| (&first.1, &first.0).cmp(&(&second.1, &second.0)));
    all
}

#[tokio::test]
async fn the_routes_are_these() {
    let document = document(&Hub::shared(Store::Sqlite)).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let routes: Vec<String> =
        operations(&document).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    insta::assert_snapshot!(routes.join("\n"), @r"
    GET /.well-known/jwks.json
    GET /api/auth/introspect
    POST /api/v1/auditevents
    POST /api/v1/itemusages
    POST /api/v1/signinattempts
    POST /api/v2/auditevents
    GET /api/v2/auth/introspect
    POST /api/v2/itemusages
    POST /api/v2/signinattempts
    GET /api/v3/auditevents
    GET /docs
    GET /docs/reference.css
    GET /healthz
    POST /ingest/v1/{feature}
    GET /manage/v1/accounts
    POST /manage/v1/accounts
    PATCH /manage/v1/accounts/{account}
    GET /manage/v1/accounts/{account}/destinations
    POST /manage/v1/accounts/{account}/destinations
    POST /manage/v1/accounts/{account}/destinations/test
    DELETE /manage/v1/accounts/{account}/destinations/{destination}
    GET /manage/v1/accounts/{account}/destinations/{destination}
    PATCH /manage/v1/accounts/{account}/destinations/{destination}
    GET /manage/v1/accounts/{account}/destinations/{destination}/attempts
    GET /manage/v1/accounts/{account}/destinations/{destination}/dead-letters
    POST /manage/v1/accounts/{account}/destinations/{destination}/dead-letters/discard
    POST /manage/v1/accounts/{account}/destinations/{destination}/dead-letters/redrive
    GET /manage/v1/accounts/{account}/destinations/{destination}/hours
    GET /manage/v1/accounts/{account}/destinations/{destination}/replays
    POST /manage/v1/accounts/{account}/destinations/{destination}/replays
    DELETE /manage/v1/accounts/{account}/destinations/{destination}/replays/{replay}
    POST /manage/v1/accounts/{account}/destinations/{destination}/test
    GET /manage/v1/accounts/{account}/integrations
    POST /manage/v1/accounts/{account}/integrations
    DELETE /manage/v1/accounts/{account}/integrations/{integration}
    PATCH /manage/v1/accounts/{account}/integrations/{integration}
    POST /manage/v1/accounts/{account}/integrations/{integration}/tokens
    POST /manage/v1/accounts/{account}/invitations
    GET /manage/v1/accounts/{account}/sources
    POST /manage/v1/accounts/{account}/sources
    POST /manage/v1/accounts/{account}/sources/test
    DELETE /manage/v1/accounts/{account}/sources/{source}
    GET /manage/v1/accounts/{account}/sources/{source}
    PATCH /manage/v1/accounts/{account}/sources/{source}
    GET /manage/v1/accounts/{account}/sources/{source}/attempts
    GET /manage/v1/accounts/{account}/sources/{source}/hours
    POST /manage/v1/accounts/{account}/sources/{source}/test
    GET /manage/v1/accounts/{account}/storage
    GET /manage/v1/accounts/{account}/tokens
    PATCH /manage/v1/accounts/{account}/tokens/{token}
    POST /manage/v1/accounts/{account}/tokens/{token}/revoke
    GET /manage/v1/administration-tokens
    DELETE /manage/v1/administration-tokens/{token}
    GET /manage/v1/destination-kinds
    GET /manage/v1/people
    POST /manage/v1/people/{person}/reset-link
    POST /manage/v1/setup-link
    GET /manage/v1/signing-keys
    POST /manage/v1/signing-keys
    POST /manage/v1/signing-keys/{key}/revoke
    GET /manage/v1/source-kinds
    GET /manage/v1/status
    GET /metrics
    GET /openapi.json
    GET /readyz
    POST /services/collector
    POST /services/collector/ack
    POST /services/collector/event
    POST /services/collector/event/1.0
    GET /services/collector/health
    GET /services/collector/health/1.0
    POST /services/collector/raw
    POST /services/collector/raw/1.0
    ");
}

#[tokio::test]
async fn every_operation_is_there_and_guarded_as_documented() {
    let hub = Hub::shared(Store::Sqlite);
    let document = document(&hub).await;
    for (method, path, operation) in operations(&document) {
        let filled: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let url = format!("{}{}", hub.url, filled.join("/"));
        let answer = hub.http.send(Method::from_bytes(method.as_bytes()).unwrap(), &url, None, &[], Vec::new()).await;
        let needs_token = operation["security"].as_array().is_some_and(|needed| !needed.is_empty());
        assert_eq!(answer.status, if needs_token { 401 } else { 200 }, "{method} {path}: {}", answer.text);
        assert!(operation["responses"].get(answer.status.to_string()).is_some(), "{method} {path}: {}", answer.status);
        assert_ne!(operation["summary"].as_str().unwrap_or_default(), "", "{method} {path}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_operation_ids_are_unique() {
    let document = document(&Hub::shared(Store::Sqlite)).await;
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.iter().any(|reference| reference == "#/components/schemas/ErrorBody"));
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
    let mut ids: Vec<Value> =
        operations(&document).into_iter().map(|(_, _, operation)| operation["operationId"].clone()).collect();
    let count = ids.len();
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), count);
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_for_people_shows_every_operation() {
    let hub = Hub::shared(Store::Sqlite);
    let page = hub.get("/docs", None).await.expect_status(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let document = document(&hub).await;
    for (method, path, operation) in operations(&document) {
        let line = format!("<code class=\"method\">{method}</code> <code>{path}</code>");
        assert_eq!(page.text.matches(&line).count(), 1, "{method} {path}");
        for status in operation["responses"].as_object().unwrap().keys() {
            assert!(page.text.contains(&format!("<code>{status}</code>")), "{status}");
        }
    }
    assert!(
        !page.text.contains("<script") && !page.text.contains("style="),
        "it works under the content security policy"
    );
    let style = hub.get("/docs/reference.css", None).await.expect_status(200);
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
}
