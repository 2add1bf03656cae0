//! What an account may ask for, told in every answer; and answers that are packed for whoever takes them so.

use std::io::Read;

use daybook_events::ITEM_USAGES;
use daybook_testkit::{Answer, events};
use serde_json::json;

use crate::support::{Account, Hub, LONG_AGO, Raw, RawAnswer, Store, daybook, refusal, token_of};

/// `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`.
fn told(answer: &Answer) -> [u64; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| {
        let value = answer.header(name).unwrap_or_else(|| panic!("no {name}: {}", answer.text));
        value.parse().unwrap()
    })
}

async fn limited_hub() -> Hub {
    Hub::start(daybook().config_text("[events_api]\nrequests_per_minute = 6\nrequests_per_hour = 100\n"))
}

#[tokio::test]
async fn an_account_has_so_many_requests_over_all_its_tokens() {
    let hub = limited_hub().await;
    let (account, other) = (hub.account().await, hub.account().await);
    let second = token_of(&account.reader_with(&["itemusages"]).await);
    let mut remaining = Vec::new();
    for request in 0..6 {
        let token = if request % 2 == 0 { &account.reader } else { &second };
        let answer = match request % 3 {
            0 => hub.get("/api/v2/auth/introspect", Some(token)).await,
            1 => hub.post("/api/v1/itemusages", Some(token), "{}").await,
            _ => hub.get("/api/auth/introspect", Some(token)).await,
        };
        let [limit, left, reset] = told(&answer.expect_status(200));
        assert_eq!(limit, 6);
        assert!(reset <= 60, "{reset}");
        remaining.push(left);
    }
    // A slow run may have earned a request back.
    assert!(remaining.windows(2).all(|pair| pair[0] >= pair[1]) && remaining[0] == 5, "{remaining:?}");

    let refused = loop {
        let answer = hub.post("/api/v2/itemusages", Some(&second), "{}").await;
        if answer.status != 200 {
            break answer;
        }
    };
    let message = refusal(&refused, 429);
    assert!(message.starts_with("more than 6 requests in 60 seconds for this account; try again in"), "{message}");
    let [limit, left, reset] = told(&refused);
    let retry_after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert_eq!((limit, left, reset), (6, 0, retry_after));
    assert!((1..=60).contains(&retry_after));
    for path in ["/api/v3/auditevents", "/api/auth/introspect"] {
        refusal(&hub.get(path, Some(&account.reader)).await, 429);
    }
    assert_eq!(told(&other.ask("{}").await.expect_status(200))[1], 5, "another account is not concerned");
}

#[tokio::test]
async fn refused_requests_tell_of_the_limit_too() {
    let account = limited_hub().await.account().await;
    let invalid = account.ask("[]").await;
    refusal(&invalid, 400);
    assert_eq!(told(&invalid)[0], 6);
    let one = token_of(&account.reader_with(&["auditevents"]).await);
    let lacking = account.hub.post("/api/v2/itemusages", Some(&one), "{}").await;
    refusal(&lacking, 401);
    assert_eq!(told(&lacking)[0], 6);
    let v3 = account.hub.get("/api/v3/auditevents", Some(&one)).await.expect_status(200);
    assert_eq!(told(&v3)[0], 6);
}

#[tokio::test]
async fn the_tighter_window_is_told_and_zero_is_no_limit() {
    let hub = Hub::start(daybook().config_text("[events_api]\nrequests_per_minute = 100\nrequests_per_hour = 3\n"));
    let account = hub.account().await;
    for left in [2, 1, 0] {
        let [limit, remaining, _] = told(&account.ask("{}").await.expect_status(200));
        assert_eq!((limit, remaining), (3, left));
    }
    assert!(refusal(&account.ask("{}").await, 429).contains("more than 3 requests in 3600 seconds"));

    let hub = Hub::start(daybook().config_text("[events_api]\nrequests_per_minute = 0\nrequests_per_hour = 0\n"));
    let account = hub.account().await;
    for _ in 0..20 {
        assert_eq!(account.ask("{}").await.expect_status(200).header("ratelimit-limit"), None);
    }
}

#[tokio::test]
async fn ingest_is_not_limited_by_reading() {
    let account = limited_hub().await.account().await;
    for n in 0..20 {
        account.ingest(n..n + 1).await;
    }
}

/// A page of twenty events, asked for with these headers.
fn page_with(account: &Account, headers: &str) -> RawAnswer {
    let body = json!({"limit": 20, "start_time": LONG_AGO}).to_string();
    let mut raw = Raw::connect(&account.hub);
    raw.send(format!(
        "POST /api/v2/itemusages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Authorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        account.reader,
        body.len()
    ));
    raw.read_to_end().unwrap()
}

/// The body of an answer whose chunks, where it has any, are put together.
fn body_of(answer: &RawAnswer) -> Vec<u8> {
    if answer.header("transfer-encoding") != Some("chunked") {
        return answer.body.clone();
    }
    let (mut rest, mut body) = (&answer.body[..], Vec::new());
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_packed_for_whoever_accepts_it() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest_body("itemusages", events::batch(&ITEM_USAGES, 0..20), 20).await;
    let plain = page_with(&account, "");
    assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{}", plain.head);
    for accepted in ["gzip", "deflate, gzip;q=0.5", "br, gzip"] {
        let packed = page_with(&account, &format!("Accept-Encoding: {accepted}\r\n"));
        assert_eq!((packed.status, packed.header("content-encoding")), (200, Some("gzip")), "{}", packed.head);
        assert_eq!(packed.header("content-type"), Some("application/json"));
        let packed = body_of(&packed);
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body);
        assert!(packed.len() < plain.body.len() / 3);
    }
    for refused in ["identity", "br", "gzip;q=0"] {
        let answer = page_with(&account, &format!("Accept-Encoding: {refused}\r\n"));
        assert_eq!((answer.header("content-encoding"), &answer.body), (None, &plain.body), "{refused}");
    }
}
