//! What the hub tells whoever watches over it, and the headers of every answer.

use serde_json::json;

use crate::{
    on_both_stores,
    support::{Hub, LONG_AGO, Store, eventually},
};

on_both_stores! {
    async fn a_hub_that_serves_is_healthy_and_ready(hub: Hub) {
        assert_eq!(hub.get("/healthz", None).await.expect_status(200).text, "ok\n");
        assert_eq!(hub.get("/readyz", None).await.expect_status(200).text, "ready\n");
    }
}

#[tokio::test]
async fn counters_move_with_what_happens() {
    let hub = Hub::start(crate::support::daybook());
    let account = hub.account().await;
    let usages = ["feature=\"itemusages\""];
    assert_eq!(hub.metric("daybook_events_appended_total", &usages).await, 0.0);
    account.ingest(0..7).await;
    account.try_ingest("itemusages", &[], "{}\n{}").await.expect_status(200);
    account.page(json!({"limit": 5, "start_time": LONG_AGO})).await;
    account.ask("[]").await;
    assert_eq!(hub.metric("daybook_events_appended_total", &usages).await, 7.0);
    assert_eq!(hub.metric("daybook_events_rejected_total", &usages).await, 2.0);
    assert_eq!(hub.metric("daybook_events_read_total", &usages).await, 5.0);
    let page = ["route=\"/api/v2/itemusages\"", "method=\"POST\""];
    for (status, count) in [("200", 1.0), ("400", 1.0)] {
        let status = format!("status=\"{status}\"");
        let labels = [page[0], page[1], &status];
        assert_eq!(hub.metric("daybook_http_requests_total", &labels).await, count, "{status}");
    }
    let ingest = ["route=\"/ingest/v1/{feature}\"", "status=\"200\""];
    assert_eq!(hub.metric("daybook_http_requests_total", &ingest).await, 2.0);
    assert!(hub.metric("daybook_http_request_duration_seconds_count", &["route=\"/api/v2/itemusages\""]).await >= 2.0);
    eventually("time passes", async || hub.metric("daybook_uptime_seconds", &[]).await > 0.0).await;
}

#[tokio::test]
async fn metrics_tell_of_no_account_and_no_unbounded_names() {
    let hub = Hub::start(crate::support::daybook());
    let account = hub.account().await;
    account.ingest(0..3).await;
    for path in ["/made/up/1", "/made/up/2", "/api/v2/nothing"] {
        hub.get(path, Some(&account.reader)).await.expect_status(404);
    }
    let answer = hub.get("/metrics", None).await.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for unwanted in [&account.uuid, "made/up", "nothing", "127.0.0.1"] {
        assert!(!answer.text.contains(unwanted), "{unwanted} in\n{}", answer.text);
    }
    for line in answer.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(line.starts_with("daybook_") && line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn a_method_that_somebody_made_up_makes_no_series() {
    let hub = Hub::start(crate::support::daybook());
    for method in ["BREW", "PROPFIND", "X1", "X2"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        hub.http.send(method, &format!("{}/healthz", hub.url), None, &[], Vec::new()).await.expect_status(405);
    }
    let text = hub.get("/metrics", None).await.text;
    assert!(!text.contains("BREW") && !text.contains("X1"), "{text}");
}

#[tokio::test]
async fn every_answer_has_the_headers_that_browsers_heed() {
    let account = Hub::shared(Store::Sqlite).account().await;
    for (path, token) in [
        ("/healthz", None),
        ("/docs", None),
        ("/openapi.json", None),
        ("/nothing", None),
        ("/api/v2/auth/introspect", None),
        ("/api/v2/auth/introspect", Some(account.reader.as_str())),
        ("/api/v2/auditevents", None),
        ("/manage/v1/status", None),
    ] {
        let answer = account.hub.get(path, token).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("server"), None, "{path}");
    }
}
