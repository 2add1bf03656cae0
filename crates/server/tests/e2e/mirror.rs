//! A Daybook that mirrors another Daybook: every event once, byte for byte.

use daybook_events::ITEM_USAGES;
use daybook_testkit::{Fault, Receiver, Reply, events};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_both_stores, on_own_hubs,
    support::{
        Account, Hub, LONG_AGO, PATIENCE, Store, daybook, days_ago, eventually, id_of, page_of, refusal, scripted,
        scripted_settings, start_on, uuids, within,
    },
};

/// Upstreams are on this machine here.
const CONFIG: &str = "[events_api]\nrequests_per_minute = 0\nrequests_per_hour = 0\n\
                      [connectors]\nallow_networks = \"127.0.0.0/8\"\n[workers]\nlease_secs = 5\n";

fn mirror_builder() -> daybook_testkit::DaybookBuilder {
    daybook().config_text(CONFIG)
}

/// The settings of a source that reads an account of another hub.
fn settings_of(upstream: &Account) -> Value {
    let ca = std::fs::read_to_string(upstream.hub.ca_path.as_ref().unwrap()).unwrap();
    json!({
        "url": upstream.hub.url, "token": upstream.reader, "ca_pem": ca, "features": "itemusages",
        "requests_per_minute": "6000", "requests_per_hour": "600000", "poll_max_secs": "1",
    })
}

async fn add_source(mirror: &Account, settings: Value) -> String {
    let body = json!({"name": "up", "kind": "upstream", "settings": settings});
    id_of(&mirror.manage(Method::POST, "sources", body).await.expect_status(201).json())
}

/// Appends events that happened lately: nobody may read further back than 120 days.
async fn ingest(upstream: &Account, numbers: std::ops::Range<u64>) {
    let count = numbers.end - numbers.start;
    upstream.ingest_body("itemusages", events::batch_from(&ITEM_USAGES, numbers, days_ago(1)), count).await;
}

async fn show(mirror: &Account, source: &str) -> Value {
    mirror.manage(Method::GET, &format!("sources/{source}"), Value::Null).await.expect_status(200).json()
}

async fn payloads(account: &Account) -> Vec<String> {
    let page = account.ask(json!({"limit": 1000, "start_time": LONG_AGO}).to_string()).await.expect_status(200).text;
    let items: daybook_client::Page = serde_json::from_str(&page).unwrap();
    items.items.iter().map(|item| item.get().to_owned()).collect()
}

on_own_hubs! {
    async fn a_mirror_has_every_event_once_and_byte_for_byte(upstream: Hub) {
        let upstream = upstream.account().await;
        let odd = events::at(events::event(&ITEM_USAGES, 9000), days_ago(1)).to_string();
        let odd = format!("{{ \"z\":1.0, {}", &odd[1..]);
        ingest(&upstream, 0..500).await;
        upstream.ingest_body("itemusages", odd, 1).await;
        let mirror = Hub::start(mirror_builder()).account().await;
        let source = add_source(&mirror, settings_of(&upstream)).await;
        eventually("the past is mirrored", async || mirror.everything().await.len() == 501).await;
        ingest(&upstream, 500..600).await;
        eventually("the newest are mirrored", async || mirror.everything().await.len() >= 601).await;
        assert_eq!(payloads(&mirror).await, payloads(&upstream).await);
        let shown = show(&mirror, &source).await;
        assert_eq!((&shown["features"][0]["phase"], &shown["features"][0]["events"]), (&json!("following"), &json!(601)));
        assert_eq!(shown["status"], "ok", "{shown}");
        assert_eq!(shown["secrets"], json!(["token"]));
        assert!(!shown.to_string().contains(&upstream.reader), "the token is shown");
    }
}

on_both_stores! {
    async fn sources_of_another_account_are_none(hub: Hub) {
        let (own, other) = (hub.account().await, hub.account().await);
        let settings = json!({"token": "opaque", "url": "https://events.acme.example"});
        let source = add_source(&own, settings).await;
        for (method, path, body) in [
            (Method::GET, format!("sources/{source}"), Value::Null),
            (Method::PATCH, format!("sources/{source}"), json!({"state": "paused"})),
            (Method::DELETE, format!("sources/{source}"), Value::Null),
            (Method::POST, format!("sources/{source}/test"), Value::Null),
            (Method::GET, format!("sources/{source}/hours"), Value::Null),
            (Method::GET, format!("sources/{source}/attempts"), Value::Null),
        ] {
            let answer = other.manage(method, &path, body).await;
            assert_eq!(refusal(&answer, 404), format!("no source {source:?} in this account"), "{path}");
        }
        let answer = own.manage(Method::GET, &format!("destinations/{source}"), Value::Null).await;
        assert!(refusal(&answer, 404).starts_with("no destination"));
        let answer = own.manage(Method::GET, &format!("destinations/{source}/attempts"), Value::Null).await;
        assert!(refusal(&answer, 404).starts_with("no destination"));
        own.manage(Method::DELETE, &format!("sources/{source}"), Value::Null).await.expect_status(204);
        let left = own.manage(Method::GET, "sources", Value::Null).await.expect_status(200).json();
        assert_eq!(left, json!([]));
    }

    async fn an_upstream_inside_of_the_network_is_refused(hub: Hub) {
        let account = hub.account().await;
        let new = |url: &str| json!({"name": "in", "kind": "upstream", "settings": {"token": "opaque", "url": url}});
        let answer = account.manage(Method::POST, "sources", new("https://127.0.0.1:1")).await;
        assert!(refusal(&answer, 400).contains("allow_networks"), "{}", answer.text);
        // A name is looked up when it is asked.
        let hops = account.manage(Method::POST, "sources/test", new("https://localhost:1")).await.expect_status(200).json();
        let last = hops.as_array().unwrap().last().unwrap();
        assert_eq!((&last["hop"], &last["passed"]), (&json!("dns"), &json!(false)), "{hops}");
        assert!(last["seen"].as_str().unwrap().contains("not allowed"), "{hops}");
    }
}

async fn is_mirrored(mirror: &Account, count: u64) {
    within(PATIENCE, "everything is mirrored", async || mirror.everything().await.len() as u64 >= count).await;
    let mut mirrored = mirror.everything().await;
    mirrored.sort();
    let mut wanted = uuids(0..count);
    wanted.sort();
    assert!(mirrored == wanted, "{} events instead of {count}, each once", mirrored.len());
}

on_own_hubs! {
    async fn faults_of_an_upstream_lose_nothing_and_repeat_nothing(_hub: Hub) {
        let upstream = scripted(100).await;
        upstream.for_next(1, &Fault::retry_after(429, 1));
        upstream.for_next(1, &Fault::status(500));
        let mirror = Hub::start(mirror_builder()).account().await;
        add_source(&mirror, scripted_settings(&upstream.url())).await;
        upstream.wait_for(4, std::time::Duration::from_secs(15)).await;
        for fault in [Fault::TruncatedAnswer, Fault::StoreThenDrop, Fault::GarbageAnswer, Fault::status(503), Fault::BlackHole] {
            upstream.for_next(1, &fault);
        }
        is_mirrored(&mirror, 100).await;
    }

    async fn a_cursor_that_is_not_taken_any_more_loses_nothing(_hub: Hub) {
        let upstream = scripted(30).await;
        let mirror = Hub::start(mirror_builder()).account().await;
        let source = add_source(&mirror, json!({"overlap_minutes": "10080", "url": upstream.url(), "token": "opaque"})).await;
        is_mirrored(&mirror, 30).await;
        // From now on only its new cursors are taken, and there are ten events more.
        upstream.answer_with(|request| {
            if request.path.ends_with("introspect") {
                return Reply::json(200, &json!({"uuid": "I", "features": ["itemusages"]}));
            }
            match request.json()["cursor"].as_str() {
                None => Reply::json(200, &page_of(0..20, "new:20", true)),
                Some("new:20") => Reply::json(200, &page_of(20..40, "new:40", false)),
                Some("new:40") => Reply::json(200, &page_of(0..0, "new:40", false)),
                Some(_) => Reply::json(400, &json!({"Error": {"Message": "Bad Request"}})),
            }
        });
        is_mirrored(&mirror, 40).await;
        let attempts = show(&mirror, &source).await;
        assert_eq!(attempts["features"][0]["events"], 40, "{attempts}");
    }

    async fn a_stuck_cursor_is_not_asked_in_a_tight_loop(_hub: Hub) {
        let upstream = Receiver::start().await;
        upstream.answer_with(|request| {
            if request.path.ends_with("introspect") {
                return Reply::json(200, &json!({"uuid": "I", "features": ["itemusages"]}));
            }
            Reply::json(200, &page_of(0..10, "stuck", true))
        });
        let mirror = Hub::start(mirror_builder()).account().await;
        let source = add_source(&mirror, scripted_settings(&upstream.url())).await;
        is_mirrored(&mirror, 10).await;
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        let asked = upstream.received().len();
        assert!((4..12).contains(&asked), "{asked} requests in some 5 seconds");
        is_mirrored(&mirror, 10).await;
        let shown = show(&mirror, &source).await;
        assert!(shown["features"][0]["reason"].as_str().unwrap().contains("same cursor again"), "{shown}");
    }

    async fn one_feature_that_fails_holds_up_no_other_and_odd_events_are_kept(_hub: Hub) {
        let upstream = Receiver::start().await;
        upstream.answer_with(|request| match request.path.as_str() {
            "/api/v2/auth/introspect" => {
                Reply::json(200, &json!({"uuid": "I", "features": ["itemusages", "auditevents"]}))
            }
            "/api/v2/auditevents" => Reply::status(500),
            _ if request.json()["cursor"].is_string() => Reply::json(200, &page_of(0..0, "a", false)),
            _ => Reply::json(200, &json!({"cursor": "a", "has_more": false, "items": [{"uuid": "ODD"}, 5]})),
        });
        let mirror = Hub::start(mirror_builder()).account().await;
        let source = add_source(&mirror, scripted_settings(&upstream.url())).await;
        eventually("the odd event is kept", async || payloads(&mirror).await == [r#"{"uuid":"ODD"}"#]).await;
        eventually("the other is tried again", async || {
            let shown = show(&mirror, &source).await;
            shown["features"][0]["status"] == "retrying" && shown["features"][1]["status"] == "ok"
        })
        .await;
        assert!(mirror.hub.metric("daybook_source_skipped_total", &[&source]).await >= 1.0);
    }

    async fn what_a_token_may_not_read_is_told_unless_what_is_wanted_is_named(_hub: Hub) {
        let upstream = scripted(10).await;
        let mirror = Hub::start(mirror_builder()).account().await;
        let source = add_source(&mirror, scripted_settings(&upstream.url())).await;
        is_mirrored(&mirror, 10).await;
        eventually("it is told", async || show(&mirror, &source).await["withheld_features"] != json!([])).await;
        let shown = show(&mirror, &source).await;
        assert_eq!(shown["withheld_features"], json!(["auditevents", "signinattempts"]), "{shown}");
        assert!(shown["warnings"][0].as_str().unwrap().contains("auditevents and signinattempts"), "{shown}");
        let names: Vec<&Value> = shown["features"].as_array().unwrap().iter().map(|it| &it["feature"]).collect();
        eventually("all is well", async || show(&mirror, &source).await["status"] == "ok").await;
        assert_eq!(names, [&json!("itemusages")], "what does not come is none of its features: {shown}");

        let change = json!({"settings": {"features": "itemusages"}});
        mirror.manage(Method::PATCH, &format!("sources/{source}"), change).await.expect_status(200);
        let shown = show(&mirror, &source).await;
        assert_eq!((&shown["withheld_features"], &shown["warnings"]), (&json!([]), &json!([])), "{shown}");
    }

    async fn what_an_upstream_repeats_of_the_token_is_shown_nowhere(_hub: Hub) {
        const TOKEN: &str = "an-opaque-token-of-somebody";
        let upstream = Receiver::start().await;
        upstream.answer_with(|request| {
            let repeated = format!("no such token: {}", request.header("authorization").unwrap_or_default());
            Reply::json(401, &json!({"Error": {"Message": repeated}}))
        });
        let mirror = Hub::start(mirror_builder()).account().await;
        let settings = json!({"url": upstream.url(), "token": TOKEN});
        let new = json!({"name": "up", "kind": "upstream", "settings": settings});
        let tested = mirror.manage(Method::POST, "sources/test", new).await.expect_status(200).text;
        let source = add_source(&mirror, settings).await;
        eventually("it has stopped", async || show(&mirror, &source).await["status"] == "stopped").await;
        let attempts = format!("sources/{source}/attempts");
        let attempts = mirror.manage(Method::GET, &attempts, Value::Null).await.expect_status(200).text;
        for text in [tested, show(&mirror, &source).await.to_string(), attempts, mirror.hub.daybook().log()] {
            assert!(!text.contains(TOKEN), "{text}");
        }
        assert!(show(&mirror, &source).await.to_string().contains("no such token: Bearer [secret]"));
    }

    async fn a_right_that_was_taken_away_is_a_fault(_hub: Hub) {
        let upstream = Receiver::start().await;
        let answers = |features: Value| {
            move |request: &daybook_testkit::Received| match request.path.as_str() {
                "/api/v2/auth/introspect" => Reply::json(200, &json!({"uuid": "I", "features": features})),
                _ => Reply::json(200, &page_of(0..0, "tail", false)),
            }
        };
        upstream.answer_with(answers(json!(["itemusages", "auditevents"])));
        let mirror = Hub::start(mirror_builder()).account().await;
        let source = add_source(&mirror, scripted_settings(&upstream.url())).await;
        let count = async |phase: &str| {
            let shown = show(&mirror, &source).await;
            shown["features"].as_array().unwrap().iter().filter(|it| it["phase"] == phase).count()
        };
        eventually("both are read", async || count("following").await == 2).await;
        upstream.answer_with(answers(json!(["itemusages"])));
        for state in ["paused", "active"] {
            let change = json!({"state": state});
            mirror.manage(Method::PATCH, &format!("sources/{source}"), change).await.expect_status(200);
        }
        eventually("it has stopped", async || show(&mirror, &source).await["status"] == "stopped").await;
        let shown = show(&mirror, &source).await;
        let audit = &shown["features"][0];
        assert_eq!((&audit["feature"], &audit["status"]), (&json!("auditevents"), &json!("stopped")), "{shown}");
        assert!(audit["fix"].as_str().unwrap().contains("make a token"), "{shown}");
        assert_eq!(shown["features"][1]["status"], "ok", "{shown}");
    }

    async fn a_token_that_is_revoked_stops_it_until_there_is_another(upstream: Hub) {
        let upstream = upstream.account().await;
        ingest(&upstream, 0..10).await;
        let issued = upstream.reader_with(&["itemusages"]).await;
        let mirror = Hub::start(mirror_builder()).account().await;
        let mut settings = settings_of(&upstream);
        settings["token"] = issued["token"].clone();
        let source = add_source(&mirror, settings).await;
        is_mirrored(&mirror, 10).await;
        let path = format!("tokens/{}/revoke", id_of(&issued));
        upstream.manage(Method::POST, &path, Value::Null).await.expect_status(200);
        eventually("it has stopped", async || show(&mirror, &source).await["status"] == "stopped").await;
        assert!(show(&mirror, &source).await["features"][0]["fix"].as_str().unwrap().contains("token"));
        ingest(&upstream, 10..20).await;
        let change = json!({"settings": {"token": upstream.reader}});
        mirror.manage(Method::PATCH, &format!("sources/{source}"), change).await.expect_status(200);
        is_mirrored(&mirror, 20).await;
    }
}

on_own_hubs! {
    async fn a_mirror_that_is_killed_loses_nothing_and_repeats_nothing(upstream: Hub) {
        let upstream = upstream.account().await;
        let mut server = start_on(Store::Sqlite, mirror_builder());
        let mirror = Hub::attach(&server.daybook).account().await;
        ingest(&upstream, 0..200).await;
        let mut settings = settings_of(&upstream);
        settings["backfill_days"] = json!("120");
        add_source(&mirror, settings).await;
        let mut sent = 200;
        for round in 0..10_u64 {
            ingest(&upstream, sent..sent + 300).await;
            sent += 300;
            tokio::time::sleep(std::time::Duration::from_millis(150 + 130 * round)).await;
            server.daybook.kill9();
            tokio::task::block_in_place(|| server.daybook.restart());
        }
        is_mirrored(&mirror.on(&Hub::attach(&server.daybook)), sent).await;
    }
}
