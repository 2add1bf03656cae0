//! One request: what is sent, what is asked again, what is not.

use std::time::Duration;

use daybook_client::{AUDIT_EVENTS, Client, ClientError, ITEM_USAGES, Introspection, Kind, Kinded, RetryPolicy, Start};

use crate::{
    client,
    fake::{Answer, FakeServer},
    impatient,
};

fn from_c0() -> Start {
    Start::Cursor("c0".into())
}

#[tokio::test]
async fn an_opaque_token_is_sent_to_the_url_given() {
    let server = FakeServer::start([Answer::page(&[], "c1", false)]).await;
    let client = Client::builder(" opaque\n").base_url(format!("{}/hub/", server.url)).user_agent("x/1").build();
    client.unwrap().page(&AUDIT_EVENTS, &from_c0()).await.unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(asked.what, "POST /hub/api/v2/auditevents");
    assert_eq!(asked.headers["authorization"], "Bearer opaque");
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(asked.headers["user-agent"], "x/1");
    assert_eq!(asked.body, r#"{"cursor":"c0"}"#);
}

#[tokio::test]
async fn unavailable_with_retry_after_is_asked_again() {
    let busy = Answer::new(503, "{}").header("retry-after", "0");
    let date = "Wed, 04 Mar 2026 05:06:07 GMT";
    let limited = Answer::new(429, "{}").header("date", date).header("retry-after", date);
    let server = FakeServer::start([busy, limited, Answer::page(&["A"], "c1", false)]).await;
    // Our own back-off would outlast any patience: that the page comes shows that the server's word counts.
    let retry = RetryPolicy { backoff_min: Duration::from_secs(1 << 20), ..RetryPolicy::default() };
    let client = Client::builder("opaque").base_url(&server.url).retry(retry).build().unwrap();
    assert_eq!(client.page(&AUDIT_EVENTS, &from_c0()).await.unwrap().items.len(), 1);
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn retry_after_is_held_to_its_bound_and_shown_to_the_caller() {
    let server = FakeServer::start([
        Answer::new(429, r#"{"Error":{"Message":"Too Many Requests"}}"#).header("retry-after", "86400")
    ])
    .await;
    let client = Client::builder("opaque").base_url(&server.url).retry(RetryPolicy::never()).build().unwrap();
    let error = client.page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(300)));
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!(
        error.to_string(),
        format!("POST {}/api/v2/auditevents: the server answered 429: Too Many Requests", server.url)
    );
}

#[tokio::test]
async fn attempts_come_to_an_end() {
    let server = FakeServer::start(vec![Answer::new(500, "{}"); 9]).await;
    let error = client(&server.url).page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn a_refusal_is_not_asked_again_and_its_message_is_shown() {
    for (status, kind, body) in [
        (400, Kind::Invalid, r#"{"status":400,"message":"the words"}"#),
        (401, Kind::Unauthenticated, r#"{"Error":{"Message":"the words"}}"#),
        (403, Kind::Forbidden, r#"{"status":403,"message":"the words","Error":{"Message":"the words"}}"#),
    ] {
        let server = FakeServer::start([Answer::new(status, body)]).await;
        let error = client(&server.url).page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(&format!("the server answered {status}: the words; ")), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_feature_unknown_to_v2_is_read_from_v1_and_that_is_remembered() {
    let unknown = || Answer::new(404, "404 page not found\n");
    let server = FakeServer::start([
        unknown(),
        Answer::page(&["A"], "c1", false),
        Answer::page(&["B"], "c2", false),
        Answer::page(&["C"], "c3", false),
    ])
    .await;
    let client = client(&server.url);
    client.page(&AUDIT_EVENTS, &from_c0()).await.unwrap();
    client.clone().page(&AUDIT_EVENTS, &from_c0()).await.unwrap();
    client.page(&ITEM_USAGES, &from_c0()).await.unwrap();
    assert_eq!(
        server.asked_what(),
        ["POST /api/v2/auditevents", "POST /api/v1/auditevents", "POST /api/v1/auditevents", "POST /api/v2/itemusages"]
    );
}

#[tokio::test]
async fn a_server_with_neither_version_is_no_events_api() {
    let server = FakeServer::start(vec![Answer::new(404, "404 page not found\n"); 3]).await;
    let client = client(&server.url);
    let error = client.page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(
        error.to_string(),
        format!(
            "POST {}/api/v1/auditevents: the server answered 404: 404 page not found; is this the URL of the Events API?",
            server.url
        )
    );
    // One such moment must not make it forget v2.
    client.page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert_eq!(server.asked_what()[2], "POST /api/v2/auditevents");
}

#[tokio::test]
async fn introspection_falls_back_to_v1() {
    let v1 = r#"{"UUID":"I","IssuedAt":"2026-02-03T04:05:06Z","Features":["auditevents"]}"#;
    let server = FakeServer::start([Answer::new(404, ""), Answer::new(200, v1)]).await;
    let wanted = Introspection {
        uuid: Some("I".into()),
        issued_at: Some("2026-02-03T04:05:06Z".into()),
        features: vec!["auditevents".into()],
        account_uuid: None,
    };
    assert_eq!(client(&server.url).introspect().await.unwrap(), wanted);
    assert_eq!(server.asked_what(), ["GET /api/v2/auth/introspect", "GET /api/auth/introspect"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakeServer::start([]).await;
    let server = FakeServer::start([Answer::new(307, "").header("location", format!("{}/x", elsewhere.url))]).await;
    let error = client(&server.url).page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert!(matches!(&error, ClientError::Redirected { status: 307, location, .. } if location.ends_with("/x")));
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn an_oversize_answer_is_refused() {
    let server = FakeServer::start([Answer::new(200, " ".repeat(2000))]).await;
    let client =
        Client::builder("opaque").base_url(&server.url).retry(impatient()).body_bytes_max(1999).build().unwrap();
    let error = client.page(&AUDIT_EVENTS, &from_c0()).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { bytes_max: 1999, .. }), "{error}");
    assert_eq!(server.asked().len(), 1);
}
