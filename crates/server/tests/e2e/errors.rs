//! Every error is the same JSON object, from wherever it comes.

use reqwest::Method;
use serde_json::json;

use crate::support::{Hub, Raw, Store, refusal};

async fn send(hub: &Hub, method: Method, path: &str, token: Option<&str>) -> daybook_testkit::Answer {
    hub.http.send(method, &format!("{}{path}", hub.url), token, &[], Vec::new()).await
}

#[tokio::test]
async fn a_path_that_is_not_there_is_404() {
    let hub = Hub::shared(Store::Sqlite);
    for path in ["/nothing", "/api", "/api/v2", "/api/v4/auditevents", "/api/v2/auditevents/", "/ingest/v1", "/manage"]
    {
        for method in [Method::GET, Method::POST] {
            let message = refusal(&send(&hub, method, path, None).await, 404);
            assert_eq!(message, format!("there is nothing at {path}; /docs lists what there is"));
        }
    }
}

#[tokio::test]
async fn another_method_is_405() {
    let account = Hub::shared(Store::Sqlite).account().await;
    for (method, path) in [
        (Method::GET, "/api/v2/auditevents"),
        (Method::POST, "/api/v3/auditevents"),
        (Method::POST, "/api/v2/auth/introspect"),
        (Method::GET, "/ingest/v1/itemusages"),
        (Method::DELETE, "/manage/v1/accounts"),
        (Method::OPTIONS, "/api/v1/itemusages"),
    ] {
        let answer = send(&account.hub, method, path, Some(&account.reader)).await;
        assert_eq!(refusal(&answer, 405), format!("{path} takes another method; see /docs"));
        assert!(answer.header("allow").is_some(), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let large = format!("{{\"padding\":\"{}\"}}", "x".repeat(100_000));
    for path in ["/api/v1/itemusages", "/api/v2/auditevents"] {
        let answer = account.hub.post(path, Some(&account.reader), large.clone()).await;
        assert!(refusal(&answer, 413).contains("larger than 65536 bytes"), "{}", answer.text);
    }
    let answer = account.hub.manage(Method::POST, "accounts", json!({"name": "x".repeat(100_000)})).await;
    assert!(refusal(&answer, 413).contains("larger than 65536 bytes"), "{}", answer.text);
}

#[tokio::test]
async fn a_chunked_body_without_end_is_413() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let mut raw = Raw::connect(&account.hub);
    let head = format!(
        "POST /api/v2/itemusages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        account.reader
    );
    raw.send(head);
    for _ in 0..100 {
        // The server may answer and hang up before the last chunk.
        let _ = raw.try_send(format!("1000\r\n{}\r\n", " ".repeat(0x1000)));
    }
    let answer = raw.read_to_end().unwrap();
    assert_eq!(answer.status, 413, "{}", answer.head);
}

#[tokio::test]
async fn a_coding_that_is_not_known_is_415() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let answer = account.try_ingest("itemusages", &[("content-encoding", "br")], "x").await;
    assert_eq!(refusal(&answer, 415), "Content-Encoding \"br\" is not known; use gzip, zstd or none");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_an_error_like_others() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let broken = account.hub.post("/ingest/v1/%ff", Some(&account.source), "").await;
    refusal(&broken, 404);
    let answer = account.hub.manage(Method::GET, "accounts/%ff/tokens", json!(null)).await;
    refusal(&answer, 404);
    let answer = account.hub.get("/api/v3/auditevents?start_time=%ff", Some(&account.reader)).await;
    refusal(&answer, 400);
}

#[tokio::test]
async fn a_body_that_is_not_the_request_is_400_by_name() {
    let account = Hub::shared(Store::Sqlite).account().await;
    for (body, words) in [
        (json!({}), "missing field `name`"),
        (json!({"name": 7}), "expected a string"),
        (json!({"name": "A", "colour": "red"}), "unknown field `colour`"),
        (json!([]), "invalid"),
    ] {
        let message = refusal(&account.hub.manage(Method::POST, "accounts", body.clone()).await, 400);
        assert!(message.contains(words), "{body}: {message}");
    }
    let empty = account.hub.manage(Method::POST, "accounts", json!(null)).await;
    assert!(refusal(&empty, 400).contains("EOF"), "{}", empty.text);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let hub = Hub::start(crate::support::daybook().config_text("[server]\nbody_timeout_secs = 1\n"));
    let account = hub.account().await;
    for (path, token) in [
        ("/api/v2/itemusages", account.reader.as_str()),
        ("/ingest/v1/itemusages", account.source.as_str()),
        ("/manage/v1/accounts", hub.administration_token()),
    ] {
        let mut raw = Raw::connect(&hub);
        raw.send(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\
             Connection: close\r\n\r\n{{"
        ));
        let answer = raw.read_to_end().unwrap();
        assert_eq!(answer.status, 408, "{path}: {}", answer.head);
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["message"], body["Error"]["Message"]);
        assert!(body["message"].as_str().unwrap().contains("took longer than 1"), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_in_the_middle_of_a_large_body_gets_to_read_why() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let body = " ".repeat(3 << 20);
    for (path, token, status) in [
        ("/ingest/v1/itemusages", "wrong", 401),
        ("/ingest/v1/nothing", account.source.as_str(), 404),
        ("/api/v2/itemusages", account.reader.as_str(), 413),
        ("/nothing", "wrong", 404),
    ] {
        for _ in 0..5 {
            refusal(&account.hub.post(path, Some(token), body.clone()).await, status);
        }
    }
}
