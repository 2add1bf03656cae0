//! Payloads come out as they went in: members that nobody knows, their order, every spelling of a number or a text.

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use serde_json::json;

use crate::{
    on_both_stores,
    support::{Hub, LONG_AGO, Store},
};

/// Known members in an unusual order and spelling, between ones that no version knows.
const ODD: &str = r#"{"zeta":{"b":1,"a":[1.0,1e3,-0.0,1E+2,123456789012345678901234567890,0.1000]},"uuid":"X","action":"fill","\u0061lpha":"é\u00e9\/\\\"\ud83d\ude00 😀 \u0000","vault_uuid" : "v","item_uuid":  "i","used_version":0,"timestamp":"2026-02-03T04:05:06.120-03:00","user":{"email":"a@b","shoe":{"size":[44]},"uuid":"U","name":"N"},"empty":{},"none":null,"twice":1,"twice":2,"account_uuid":"A"}"#;

on_both_stores! {
    async fn v2_gives_the_bytes_that_came_in(hub: Hub) {
        let account = hub.account().await;
        account.ingest_body("itemusages", ODD, 1).await;
        let spread = "{\n  \"uuid\": \"Y\",\n  \"timestamp\": \"2026-02-03T04:05:06Z\", \"vault_uuid\": \"v\",\r\n\t\"item_uuid\": \"i\", \"action\": \"\\u0066ill\"\n}";
        account.ingest_body("itemusages", format!("[ {ODD} ,\n{spread}\n]"), 2).await;
        let answer = account.ask(json!({"start_time": LONG_AGO}).to_string()).await.expect_status(200);
        let items = answer.text.split_once("\"items\":").unwrap().1;
        assert_eq!(items, format!("[{ODD},{ODD},{spread}]}}"));
    }

    async fn v1_gives_the_same_bytes_less_the_new_members(hub: Hub) {
        let account = hub.account().await;
        account.ingest_body("itemusages", ODD, 1).await;
        let body = json!({"start_time": LONG_AGO}).to_string();
        let answer = hub.post("/api/v1/itemusages", Some(&account.reader), body).await.expect_status(200);
        let items = answer.text.split_once("\"items\":").unwrap().1;
        // A member's name is written anew, its value never is.
        let expected = ODD
            .replace(r#","account_uuid":"A""#, "")
            .replace(r#""\u0061lpha""#, r#""alpha""#)
            .replace(r#""vault_uuid" : "#, r#""vault_uuid":"#)
            .replace("\"item_uuid\":  ", "\"item_uuid\":");
        assert_eq!(items, format!("[{expected}]}}"));
    }
}

#[tokio::test]
async fn v3_carries_the_original_byte_for_byte() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let payload = r#"{"zeta":1.0,"uuid":"X","timestamp":"2026-02-03T04:05:06Z","action":"join","object_type":"gm","alpha":"\u00e9"}"#;
    account.ingest_body("auditevents", payload, 1).await;
    let answer = account.hub.get("/api/v3/auditevents?max_page_size=1000", Some(&account.reader)).await;
    assert!(answer.text.contains(&format!("\"original\":{payload}")), "{}", answer.text);
}

/// The shapes of events that real servers were seen to send: ids that are none of ours, members missing.
#[tokio::test]
async fn events_as_upstream_sends_them_are_accepted() {
    let account = Hub::shared(Store::Sqlite).account().await;
    for (feature, payload) in [
        (
            "auditevents",
            r#"{"uuid":"first event","timestamp":"2026-01-02T11:54:19.710457472Z","actor_details":{"name":"A","email":"a@acme.example"},"action":"create","object_type":"device","session":{"login_time":"2026-01-02T11:54:19.693369325Z","ip":"198.51.100.8"},"location":{"country":"New Zealand"},"actor_type":"user"}"#,
        ),
        (
            "itemusages",
            r#"{"uuid":"00000000-0000-0000-0000-000000000000","timestamp":"2026-01-15T16:33:50-03:00","used_version":0,"vault_uuid":"1","item_uuid":"2","user":{"uuid":"0","name":"B","email":"b@acme.example"},"client":{"app_version":"20240","platform_version":"string","ip_address":"1.2.3.4"},"location":{"latitude":-45.87,"longitude":170},"action":"something-new"}"#,
        ),
        (
            "signinattempts",
            r#"{"uuid":"1234","session_uuid":"s","timestamp":"2026-01-02T11:54:19.716235495Z","country":"UK","category":"new_category","type":"new_type","client":{"os_name":"Windows 11","ip_address":""},"target_user":{"name":"C","type":"robot"},"account_uuid":"account-aaa"}"#,
        ),
    ] {
        account.ingest_body(feature, payload, 1).await;
        let path = format!("/api/v2/{feature}");
        let body = json!({"limit": 1000, "start_time": LONG_AGO}).to_string();
        let answer = account.hub.post(&path, Some(&account.reader), body).await;
        assert!(answer.text.contains(payload), "{}", answer.text);
    }
}

#[tokio::test]
async fn large_pages_come_whole() {
    let account = Hub::shared(Store::Sqlite).account().await;
    account.ingest_body("itemusages", events::batch(&ITEM_USAGES, 0..3000), 3000).await;
    let mut body = json!({"limit": 1000, "start_time": LONG_AGO});
    for thousand in 0..3_u64 {
        let answer = account.ask(body.to_string()).await.expect_status(200);
        let payloads: Vec<String> =
            (thousand * 1000..(thousand + 1) * 1000).map(|n| events::item_usage(n).to_string()).collect();
        assert!(answer.text.ends_with(&format!("\"items\":[{}]}}", payloads.join(","))));
        body = json!({"cursor": answer.json()["cursor"]});
    }
}
