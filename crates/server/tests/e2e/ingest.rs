//! Events in by HTTP: every form of body, an answer per item, and bodies that are none.

use std::io::Write;

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Hub, Raw, Store, daybook, refusal, token_of, uuids},
};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::bulk::compress(text.as_bytes(), 3).unwrap()
}

on_both_stores! {
    async fn every_form_of_a_body_appends_its_events(hub: Hub) {
        let account = hub.account().await;
        let lines = |numbers| events::batch(&ITEM_USAGES, numbers);
        account.ingest_body("itemusages", lines(0..3), 3).await;
        account.ingest_body("itemusages", events::batch_array(&ITEM_USAGES, 3..6), 3).await;
        account.ingest_body("itemusages", format!("\u{feff}\n\n{}\r\n \n", lines(6..8).replace('\n', "\r\n")), 2).await;
        account.ingest_body("itemusages", format!(" \n[\n{}]\n", events::item_usage(8)), 1).await;
        account.ingest_body("itemusages", events::item_usage(9).to_string(), 1).await;
        let (packed, smaller) = (gzip(&lines(10..13)), zstd(&lines(13..16)));
        for (coding, body) in [("gzip", packed), ("zstd", smaller), ("identity", lines(16..19).into())] {
            let answer = account.try_ingest("itemusages", &[("content-encoding", coding)], body).await;
            assert_eq!(answer.text, r#"{"accepted":3,"rejected":[]}"#, "{coding}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        for nothing in ["", "\n\n", "[]", "\u{feff}"] {
            account.ingest_body("itemusages", nothing, 0).await;
        }
        assert_eq!(account.everything().await, uuids(0..19));
    }

    async fn what_is_wrong_is_named_and_the_rest_is_kept(hub: Hub) {
        let account = hub.account().await;
        let mut wrong_ip = events::item_usage(1);
        wrong_ip["client"]["ip_address"] = json!("unknown");
        let body = format!("{}\n{wrong_ip}\n\nnot json\n{}\n", events::item_usage(0), events::item_usage(2));
        let answer = account.try_ingest("itemusages", &[], body).await.expect_status(200).json();
        assert_eq!(answer["accepted"], 2);
        let rejected = answer["rejected"].as_array().unwrap();
        assert_eq!(rejected[0], json!({"index": 1, "field": "client.ip_address", "reason": "must be an IP address"}));
        assert_eq!((&rejected[1]["index"], &rejected[1]["field"], rejected.len()), (&json!(2), &json!(""), 2));
        assert_eq!(account.everything().await, uuids([0, 2]));
    }

    async fn features_without_a_schema_take_any_object(hub: Hub) {
        let account = hub.account().await;
        let body = "{}\n{\"timestamp\":\"2026-02-03T00:00:00Z\",\"n\":1.0}\n{\"timestamp\":\"soon\"}\n[1]";
        let answer = account.try_ingest("okta.system", &[], body).await.expect_status(200).json();
        assert_eq!(answer["accepted"], 2);
        let fields: Vec<&Value> = answer["rejected"].as_array().unwrap().iter().map(|item| &item["field"]).collect();
        assert_eq!(fields, ["timestamp", ""]);
        let storage = account.manage(Method::GET, "storage", Value::Null).await.json();
        let stream = storage.as_array().unwrap().iter().find(|stream| stream["feature"] == "okta.system").unwrap();
        assert_eq!(stream["events"], 2);
    }
}

#[tokio::test]
async fn every_rule_of_the_wire_is_told_by_field() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let time = "must be an RFC 3339 time such as \"2026-02-03T04:05:06.789Z\"";
    let (text, something, whole) =
        ("must be text", "must be text that is not empty", "must be a whole number from 0 to 4294967295");
    for (feature, pointer, value, field, reason) in [
        ("itemusages", "/timestamp", json!(""), "timestamp", time),
        ("itemusages", "/timestamp", json!("2026-02-03 00:00:00Z"), "timestamp", time),
        ("itemusages", "/timestamp", json!(1_770_076_800), "timestamp", time),
        ("itemusages", "/used_version", json!(-1), "used_version", whole),
        ("itemusages", "/used_version", json!(4_294_967_296_u64), "used_version", whole),
        ("itemusages", "/used_version", json!("4"), "used_version", whole),
        ("itemusages", "/item_uuid", json!(""), "item_uuid", something),
        ("itemusages", "/action", json!(null), "action", something),
        ("itemusages", "/client/app_version", json!(20_195), "client.app_version", text),
        ("itemusages", "/client", json!([]), "client", "must be an object"),
        ("signinattempts", "/category", json!(1), "category", something),
        ("signinattempts", "/target_user/email", json!({}), "target_user.email", text),
        ("signinattempts", "/location/latitude", json!("45"), "location.latitude", "must be a number"),
        ("signinattempts", "/details", json!("x"), "details", "must be an object"),
        ("auditevents", "/aux_id", json!(1.5), "aux_id", "must be a whole number of 64 bits"),
        ("auditevents", "/session/ip", json!("here"), "session.ip", "must be an IP address"),
        ("auditevents", "/session/login_time", json!(""), "session.login_time", time),
        ("auditevents", "/object_type", json!(""), "object_type", something),
    ] {
        let mut event = events::event(&feature.parse().unwrap(), 1);
        *event.pointer_mut(pointer).unwrap() = value.clone();
        let answer = account.try_ingest(feature, &[], event.to_string()).await.expect_status(200).json();
        let expected = json!({"accepted": 0, "rejected": [{"index": 0, "field": field, "reason": reason}]});
        assert_eq!(answer, expected, "{feature}{pointer} = {value}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let large = json!({"a": "x".repeat(300_000)}).to_string();
    let too_large = format!("{} bytes, more than the 262144 an event may have", large.len());
    let answer =
        account.try_ingest("okta.system", &[], format!("[{deep},{large},{{}}]")).await.expect_status(200).json();
    assert_eq!(
        answer,
        json!({"accepted": 1, "rejected": [
            {"index": 0, "field": "", "reason": "nested deeper than 32 levels"},
            {"index": 1, "field": "", "reason": too_large},
        ]})
    );
    assert_eq!(account.everything().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_body_that_is_no_list_is_refused_whole() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let truncated = gzip(&events::batch(&ITEM_USAGES, 0..50));
    let first = events::item_usage(0);
    for (coding, body, words) in [
        ("identity", format!("[{first},").into_bytes(), "the body is not a JSON array"),
        ("identity", format!("[{first}] x").into_bytes(), "the body is not a JSON array"),
        ("identity", [first.to_string().as_bytes(), b"\n\xff"].concat(), "the body is not UTF-8 after byte"),
        ("identity", "[".repeat(100_000).into_bytes(), "the body is not a JSON array"),
        ("gzip", b"not gzip".to_vec(), "the body cannot be decompressed"),
        ("gzip", truncated[..truncated.len() / 2].to_vec(), "the body cannot be decompressed"),
        ("zstd", b"not zstd".to_vec(), "the body cannot be decompressed"),
    ] {
        let answer = account.try_ingest("itemusages", &[("content-encoding", coding)], body).await;
        let message = refusal(&answer, 400);
        assert!(message.starts_with(words), "{message}");
    }
    assert_eq!(account.everything().await, Vec::<String>::new());
}

#[tokio::test]
async fn only_features_of_the_token_are_appended_to() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let token = token_of(&account.issue("source", &["itemusages"]).await);
    for unknown in ["nothing", "Itemusages", "okta", "alerts", "a..b"] {
        refusal(&account.hub.post(&format!("/ingest/v1/{unknown}"), Some(&token), "[]").await, 404);
    }
    let answer = account.hub.post("/ingest/v1/auditevents", Some(&token), "[]").await;
    assert_eq!(refusal(&answer, 403), "the token may not append to auditevents; it has itemusages");
    account.hub.post("/ingest/v1/itemusages", Some(&token), "[]").await.expect_status(200);
}

#[tokio::test]
async fn bodies_and_batches_have_a_largest_size() {
    let hub = Hub::start(daybook().config_text("[ingest]\nbody_mib_max = 1\nbody_events_max = 10\n"));
    let account = hub.account().await;
    let large = " ".repeat((1 << 20) + 1);
    let message = "the body is larger than 1048576 bytes; send less at a time";
    assert_eq!(refusal(&account.try_ingest("itemusages", &[], large.clone()).await, 413), message);
    for (coding, body) in [("gzip", gzip(&large)), ("zstd", zstd(&large))] {
        let answer = account.try_ingest("itemusages", &[("content-encoding", coding)], body).await;
        assert_eq!(refusal(&answer, 413), message, "{coding}");
    }
    let many = account.try_ingest("itemusages", &[], events::batch(&ITEM_USAGES, 0..11)).await;
    assert_eq!(refusal(&many, 413), "the body has more than 10 events; send fewer at a time");
    assert_eq!(account.everything().await, Vec::<String>::new());
    account.ingest(0..10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_half_way_appends_nothing() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let lines = events::batch(&ITEM_USAGES, 0..20);
    let head =
        format!("POST /ingest/v1/itemusages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n", account.source);
    for (length, chunk) in [
        (format!("Content-Length: {}\r\n\r\n", lines.len() + 1), lines.clone()),
        // Whole lines, and no last chunk: as good as cut.
        ("Transfer-Encoding: chunked\r\n\r\n".to_owned(), format!("{:x}\r\n{lines}\r\n", lines.len())),
    ] {
        Raw::connect(&account.hub).send(&head).send(length).send(chunk);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    account.ingest(20..21).await;
    assert_eq!(account.everything().await, uuids(20..21));
}
