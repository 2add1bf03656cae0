//! Events from whatever can send to Splunk: its envelopes, its codes, its acknowledgements.

use std::sync::Arc;

use daybook_events::{Grant, Position, SystemClock, Window};
use daybook_store::{Database, EventLog, EventLogOptions, ReadFilter};
use daybook_testkit::{Answer, SmallDisk, events};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_both_stores,
    support::{Account, Hub, LONG_AGO, Raw, Store, daybook, eventually, id_of, refusal, token_of, uuids},
};

const EVENT: &str = "/services/collector/event";
const RAW: &str = "/services/collector/raw";
const ACK: &str = "/services/collector/ack";
const HEALTH: &str = "/services/collector/health";
const CHANNEL: &str = "8c48a2e0-6f0b-4b8f-9a64-0c7e1f2a3b4d";
const SUCCESS: &str = r#"{"text":"Success","code":0}"#;

/// Somebody who sends to the event collector.
struct Sender {
    account: Account,
    token: String,
}

impl Sender {
    async fn of(account: &Account, features: &[&str]) -> Self {
        Self { account: account.clone(), token: token_of(&account.issue("source", features).await) }
    }

    async fn send(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send_with(path, &[], body).await
    }

    async fn send_with(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let authorization = format!("Splunk {}", self.token);
        let headers = [&[("authorization", authorization.as_str())], headers].concat();
        self.account.hub.post_with(path, None, &headers, body).await
    }

    /// Sends what must be taken.
    async fn deliver(&self, path: &str, body: impl Into<Vec<u8>>) {
        assert_eq!(self.send(path, body).await.expect_status(200).text, SUCCESS);
    }

    async fn stored(&self) -> Vec<String> {
        stored(&self.account, "okta.system").await
    }

    async fn stored_values(&self) -> Vec<Value> {
        self.stored().await.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
    }

    /// Asks for acknowledgements.
    async fn ask(&self, channel: &str, acks: Value) -> Value {
        let path = format!("{ACK}?channel={channel}");
        let answer = self.send(&path, json!({"acks": acks}).to_string()).await.expect_status(200).json();
        answer["acks"].clone()
    }
}

/// The events of an account as they are in the store, to the byte.
async fn stored(account: &Account, feature: &str) -> Vec<String> {
    let database = Database::open(account.hub.store_options()).await.unwrap();
    let log = EventLog::open(database.clone(), Arc::new(SystemClock), EventLogOptions::default());
    let stream = Grant::viewer(account.uuid.parse().unwrap()).to_read(&feature.parse().unwrap()).unwrap();
    let filter = ReadFilter { window: Window::Everything, not_before: None };
    let events = log.read_after(&stream, Position::START, 100_000, &filter).await.unwrap();
    let payloads = events.iter().map(|event| event.payload.to_owned()).collect();
    log.close().await;
    database.close().await;
    payloads
}

/// Text and code of a refusal, after checking its status; and which event is at fault.
#[track_caller]
fn refused(answer: &Answer, status: u16) -> (u64, String, Option<u64>) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text);
    assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"));
    let body = answer.json();
    (body["code"].as_u64().unwrap(), body["text"].as_str().unwrap().to_owned(), body["invalid-event-number"].as_u64())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

on_both_stores! {
    async fn what_was_sent_is_stored_with_the_event_to_the_byte(hub: Hub) {
        let sender = Sender::of(&hub.account().await, &["okta.system"]).await;
        let event = r#"{ "z":1.0, "a":"é\u00e9", "n":1e400, "a":2 }"#;
        let envelope = format!(
            "{{\"time\":1767225600.123456,\"host\":\"web1\",\"source\":\"/var/log/x\",\"sourcetype\":\"nginx\",\
             \"index\":\"main\",\"fields\":{{\"env\":[\"prod\"]}},\"event\":{event}}}"
        );
        sender.deliver("/services/collector", format!("{envelope}{{\"time\":\"1767225600\",\"event\":\"line\"}}")).await;
        sender.deliver(EVENT, r#"[{"event":[1]},{"event":{"uuid":"OWN","timestamp":"2026-02-03T04:05:06Z"}}]"#).await;
        sender.deliver("/services/collector/event/1.0", "{\"event\":1}\n\n{\"event\":false}").await;
        let stored = sender.stored().await;
        let uuid = &stored[0][9..35];
        assert_eq!(
            stored[0],
            format!(
                "{{\"uuid\":\"{uuid}\",\"timestamp\":\"2026-01-01T00:00:00.123456Z\",\"host\":\"web1\",\
                 \"source\":\"/var/log/x\",\"sourcetype\":\"nginx\",\"index\":\"main\",\"fields\":{{\"env\":[\"prod\"]}},\
                 \"event\":{event}}}"
            )
        );
        assert!(stored[1].ends_with(r#"","timestamp":"2026-01-01T00:00:00Z","event":"line"}"#), "{}", stored[1]);
        let own = r#"{"uuid":"OWN","timestamp":"2026-02-03T04:05:06Z","event":{"uuid":"OWN","timestamp":"2026-02-03T04:05:06Z"}}"#;
        assert_eq!((stored.len(), stored[3].as_str()), (6, own));
    }

    async fn lines_are_events_with_what_the_query_says_of_them(hub: Hub) {
        let sender = Sender::of(&hub.account().await, &["okta.system"]).await;
        let path = format!("{RAW}?host=web%201&source=app&sourcetype=nginx&channel={CHANNEL}");
        let answer = sender.send(&path, "first \"line\"\r\n\n  \n\tsecond\\ é").await.expect_status(200);
        assert_eq!(answer.text, r#"{"text":"Success","code":0,"ackId":0}"#);
        sender.deliver("/services/collector/raw/1.0", "{\"a\":1}").await;
        let stored = sender.stored_values().await;
        let lines: Vec<&Value> = stored.iter().map(|event| &event["event"]).collect();
        assert_eq!(lines, ["first \"line\"", "\tsecond\\ é", "{\"a\":1}"]);
        let members = ["host", "source", "sourcetype"].map(|name| stored[1][name].as_str());
        assert_eq!(members, [Some("web 1"), Some("app"), Some("nginx")]);
        assert_eq!(stored[2].as_object().unwrap().keys().collect::<Vec<_>>(), ["event", "timestamp", "uuid"]);
    }
}

#[tokio::test]
async fn a_token_comes_after_splunk_or_bearer_or_as_a_password() {
    let sender = Sender::of(&Hub::shared(Store::Sqlite).account().await, &["okta.system"]).await;
    let basic = data_encoding::BASE64.encode(format!("x:{}", sender.token).as_bytes());
    let hub = &sender.account.hub;
    for value in [
        format!("Splunk {}", sender.token),
        format!("splunk {}", sender.token),
        format!("Bearer {}", sender.token),
        format!("Basic {basic}"),
    ] {
        let answer = hub.post_with(EVENT, None, &[("authorization", &value)], r#"{"event":"x"}"#).await;
        assert_eq!(answer.expect_status(200).text, SUCCESS);
    }
    assert_eq!(sender.stored().await.len(), 4);
}

#[tokio::test]
async fn tokens_that_do_not_serve_have_their_codes() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let hub = &account.hub;
    let body = r#"{"event":"x"}"#;
    let revoked = account.issue("source", &["okta.system"]).await;
    account.manage(Method::POST, &format!("tokens/{}/revoke", id_of(&revoked)), Value::Null).await.expect_status(200);
    let integration = account.integration("source").await;
    let disabled = account.issue_for(&integration, json!({"name": "t", "features": ["okta.system"]})).await;
    let state = json!({"state": "disabled"});
    account.manage(Method::PATCH, &format!("integrations/{integration}"), state).await.expect_status(200);
    for path in [EVENT, RAW, ACK] {
        assert_eq!(refused(&hub.post(path, None, body).await, 401), (2, "Token is required".to_owned(), None));
        let in_query = hub.post(&format!("{path}?token={}", account.source), None, body).await;
        assert_eq!(refused(&in_query, 400), (16, "Query string authorization is not enabled".to_owned(), None));
        for (authorization, status, code, text) in [
            (account.source.clone(), 401, 3, "Invalid authorization"),
            ("Splunk ".to_owned(), 401, 3, "Invalid authorization"),
            (format!("Digest {}", account.source), 401, 3, "Invalid authorization"),
            ("Basic !".to_owned(), 401, 3, "Invalid authorization"),
            ("Splunk 00000000-0000-0000-0000-000000000000".to_owned(), 403, 4, "Invalid token"),
            (format!("Splunk {}", account.reader), 403, 4, "Invalid token"),
            (format!("Splunk {}", token_of(&revoked)), 403, 1, "Token disabled"),
            (format!("Splunk {}", token_of(&disabled)), 403, 1, "Token disabled"),
        ] {
            let answer = hub.post_with(path, None, &[("authorization", &authorization)], body).await;
            assert_eq!(refused(&answer, status), (code, text.to_owned(), None), "{path} {authorization}");
            assert!(!answer.text.contains(&account.source) && !answer.text.contains(&token_of(&revoked)));
        }
    }
    assert_eq!(stored(&account, "okta.system").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_first_event_that_is_wrong_is_named_and_nothing_is_stored() {
    let sender = Sender::of(&Hub::shared(Store::Sqlite).account().await, &["okta.system"]).await;
    let good = r#"{"event":"good"}"#;
    for (wrong, code, text) in [
        ("{}", 12, "Event field is required"),
        (r#"{"event":null}"#, 12, "Event field is required"),
        (r#"{"event":""}"#, 13, "Event field cannot be blank"),
        (r#"{"event":"x","fields":{"a":{"b":1}}}"#, 15, "Error in handling indexed fields"),
        (r#"{"event":"x","fields":"a"}"#, 6, "Invalid data format"),
        (r#"{"event":"x","time":"NaN"}"#, 6, "Invalid data format"),
        (r#"{"event":"x","time":1e400}"#, 6, "Invalid data format"),
        (r#"{"event":"x","time":"99999999999999999999999999999999"}"#, 6, "Invalid data format"),
        (r#"{"event":"x","event":"y"}"#, 6, "Invalid data format"),
        (r#"{"event":"x","host":{}}"#, 6, "Invalid data format"),
        (r#"{"event":"x""#, 6, "Invalid data format"),
        ("[]", 6, "Invalid data format"),
        ("event=x", 6, "Invalid data format"),
    ] {
        let answer = sender.send(EVENT, format!("{good}{good}{wrong}{good}")).await;
        assert_eq!(refused(&answer, 400), (code, text.to_owned(), Some(2)), "{wrong}");
        assert_ne!(answer.json()["detail"], "", "{wrong}");
    }
    let no_data = (5, "No data".to_owned(), None);
    for (path, nothing) in [(EVENT, ""), (EVENT, " \n"), (EVENT, "[]"), (RAW, ""), (RAW, "\n \r\n")] {
        assert_eq!(refused(&sender.send(path, nothing).await, 400), no_data, "{path} {nothing:?}");
    }
    let not_text = sender.send(RAW, b"good\n\xff".to_vec()).await;
    assert_eq!(refused(&not_text, 400), (6, "Invalid data format".to_owned(), None));
    let long = format!("{RAW}?host={}", "x".repeat(300));
    assert_eq!(refused(&sender.send(&long, "line").await, 400).0, 6);
    assert_eq!(sender.stored().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_event_past_retention_is_refused() {
    let account = Hub::shared(Store::Sqlite).account_kept_for(json!(30)).await;
    let sender = Sender::of(&account, &["okta.system"]).await;
    let answer = sender.send(EVENT, r#"{"event":"new"}{"event":"old","time":1500000000}"#).await;
    assert_eq!(refused(&answer, 400), (6, "Invalid data format".to_owned(), Some(1)));
    assert!(answer.json()["detail"].as_str().unwrap().contains("older than the account's retention"));
    assert_eq!(sender.stored().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_index_chooses_among_several_features() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let sender = Sender::of(&account, &["okta.system", "git-hub.audit", "auditevents"]).await;
    sender.deliver(EVENT, r#"{"event":1,"index":"okta.system"}{"event":2}{"event":3,"index":"git-hub.audit"}"#).await;
    sender.deliver(&format!("{RAW}?index=okta.system"), "4").await;
    sender.deliver(RAW, "5").await;
    let incorrect = |number| (7, "Incorrect index".to_owned(), number);
    let answer = sender.send(EVENT, r#"{"event":6}{"event":7,"index":"main"}"#).await;
    assert_eq!(refused(&answer, 400), incorrect(Some(1)));
    let detail = "index: must be a feature of the token: auditevents, git-hub.audit, okta.system";
    assert_eq!(answer.json()["detail"], detail);
    assert_eq!(refused(&sender.send(&format!("{RAW}?index=slack.audit"), "8").await, 400), incorrect(None));
    let values = async |feature: &str| -> Vec<Value> {
        let events = stored(&account, feature).await;
        events.iter().map(|event| serde_json::from_str::<Value>(event).unwrap()["event"].clone()).collect()
    };
    assert_eq!(values("okta.system").await, [json!(1), json!("4")]);
    assert_eq!(values("git-hub.audit").await, [json!(2), json!(3), json!("5")]);
}

#[tokio::test]
async fn a_token_of_the_wire_takes_events_of_its_schema_alone() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let sender = Sender::of(&account, &["itemusages"]).await;
    let envelope = |n| json!({"time": 1, "host": "web1", "event": events::item_usage(n)}).to_string();
    sender.deliver(EVENT, envelope(0) + &envelope(1)).await;
    sender.deliver(RAW, format!("{}\n{}\n", events::item_usage(2), events::item_usage(3))).await;
    for (path, wrong) in [(EVENT, r#"{"event":{"uuid":"A"}}"#), (EVENT, r#"{"event":"text"}"#), (RAW, "text")] {
        assert_eq!(refused(&sender.send(path, wrong).await, 400).0, 6, "{wrong}");
    }
    assert_eq!(account.everything().await, uuids(0..4));
    let stored: Vec<String> = (0..4).map(|n| events::item_usage(n).to_string()).collect();
    let page = account.page(json!({"limit": 10, "start_time": LONG_AGO})).await;
    assert_eq!(page["items"].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>(), stored);
}

#[tokio::test]
async fn nobody_sends_to_or_hears_of_another_account() {
    let hub = Hub::shared(Store::Sqlite);
    let (own, other) = (hub.account().await, hub.account().await);
    let (sender, neighbour) = (Sender::of(&own, &["okta.system"]).await, Sender::of(&other, &["okta.system"]).await);
    let channel = [("x-splunk-request-channel", CHANNEL)];
    let answer = sender.send_with(EVENT, &channel, r#"{"event":"mine"}"#).await;
    assert_eq!(answer.expect_status(200).json()["ackId"], 0);
    assert_eq!(neighbour.ask(CHANNEL, json!([0])).await, json!({"0": false}));
    assert_eq!(sender.ask(CHANNEL, json!([0])).await, json!({"0": true}));
    assert_eq!((sender.stored().await.len(), neighbour.stored().await.len()), (1, 0));
}

#[tokio::test]
async fn an_acknowledgement_is_told_once() {
    let sender = Sender::of(&Hub::shared(Store::Sqlite).account().await, &["okta.system"]).await;
    let upper = CHANNEL.to_uppercase();
    for id in 0..3 {
        let answer = sender.send_with(EVENT, &[("x-splunk-request-channel", &upper)], r#"{"event":1}"#).await;
        assert_eq!(answer.expect_status(200).text, format!("{{\"text\":\"Success\",\"code\":0,\"ackId\":{id}}}"));
    }
    let wrong = sender.send_with(EVENT, &[("x-splunk-request-channel", CHANNEL)], r#"{"event":""}"#).await;
    assert!(wrong.expect_status(400).json().get("ackId").is_none());
    assert_eq!(sender.ask(CHANNEL, json!([0, 2, 3])).await, json!({"0": true, "2": true, "3": false}));
    assert_eq!(sender.ask(CHANNEL, json!([0, 1, 2])).await, json!({"0": false, "1": true, "2": false}));
    assert_eq!(sender.ask("00000000-0000-0000-0000-000000000000", json!([1])).await, json!({"1": false}));
    assert_eq!(sender.ask(CHANNEL, json!([])).await, json!({}));
    let missing = sender.send(ACK, r#"{"acks":[0]}"#).await;
    assert_eq!(refused(&missing, 400), (10, "Data channel is missing".to_owned(), None));
    for path in [ACK, EVENT, RAW] {
        let answer = sender.send(&format!("{path}?channel=mine"), r#"{"event":1}"#).await;
        assert_eq!(refused(&answer, 400), (11, "Invalid data channel".to_owned(), None), "{path}");
    }
    for body in ["", "{}", r#"{"acks":[-1]}"#, r#"{"acks":["0"]}"#, r#"{"acks":[1e3]}"#] {
        let answer = sender.send(&format!("{ACK}?channel={CHANNEL}"), body).await;
        assert_eq!(refused(&answer, 400), (6, "Invalid data format".to_owned(), None), "{body}");
    }
}

#[tokio::test]
async fn packed_and_large_bodies_are_bounded() {
    let hub = Hub::start(daybook().config_text("[ingest]\nbody_mib_max = 1\nbody_events_max = 10\n"));
    let sender = Sender::of(&hub.account().await, &["okta.system"]).await;
    let answer = sender.send_with(EVENT, &[("content-encoding", "gzip")], gzip(r#"{"event":"packed"}"#)).await;
    assert_eq!(answer.expect_status(200).text, SUCCESS);
    let large = format!("{{\"event\":\"{}\"}}", "x".repeat(1 << 20));
    let too_large = (413, "Request entity too large".to_owned(), None);
    assert_eq!(refused(&sender.send(EVENT, large.clone()).await, 413), too_large);
    let bomb = sender.send_with(EVENT, &[("content-encoding", "gzip")], gzip(&large)).await;
    assert_eq!(refused(&bomb, 413), too_large);
    assert_eq!(refused(&sender.send(EVENT, r#"{"event":1}"#.repeat(11)).await, 413), too_large);
    assert_eq!(refused(&sender.send(RAW, "line\n".repeat(11)).await, 413), too_large);
    let coding = sender.send_with(EVENT, &[("content-encoding", "br")], "x").await;
    assert_eq!(refused(&coding, 415).0, 415);
    let broken = sender.send_with(EVENT, &[("content-encoding", "gzip")], "no gzip").await;
    assert_eq!(refused(&broken, 400).0, 6);
    assert_eq!(sender.stored_values().await.len(), 1);
}

#[tokio::test]
async fn bodies_that_mean_harm_are_refused_and_others_served() {
    let sender = Sender::of(&Hub::shared(Store::Sqlite).account().await, &["okta.system"]).await;
    let nested =
        |open: &str, close: &str, depth| format!("{{\"event\":{}1{}}}", open.repeat(depth), close.repeat(depth));
    for body in [
        nested("[", "]", 100_000),
        nested("{\"a\":", "}", 100_000),
        "[".repeat(1 << 20),
        "{\"event\":".repeat(100_000),
        format!("{{\"event\":1,\"time\":{}}}", "9".repeat(1 << 20)),
        format!("{{\"event\":1,\"time\":\"{}\"}}", "1e".repeat(1 << 18)),
        format!("{{\"event\":1,\"fields\":{}}}", "[".repeat(1 << 20)),
        format!("{{\"event\":\"{}\"}}", "x".repeat(10 << 20)),
    ] {
        let (code, _, number) = refused(&sender.send(EVENT, body).await, 400);
        assert_eq!((code, number), (6, Some(0)));
    }
    let (code, _, number) = refused(&sender.send(RAW, format!("short\n{}", "x".repeat(10 << 20))).await, 400);
    assert_eq!((code, number), (6, Some(1)), "a line of 10 MiB is no event");
    let members: Vec<String> = (0..20_000).map(|n| format!("\"m{}\":{n}", n % 7)).collect();
    sender.deliver(EVENT, format!("{{\"event\":{{{}}}}}", members[..5_000].join(","))).await;
    assert_eq!(sender.stored().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_kill_9() {
    let mut server = crate::support::start_on(Store::Sqlite, daybook());
    let hub = Hub::attach(&server.daybook);
    let account = hub.account().await;
    let sender = Sender::of(&account, &["itemusages"]).await;
    for batch in 0..20 {
        let envelope = |n| json!({"event": events::item_usage(n)}).to_string();
        sender.deliver(EVENT, (batch * 5..batch * 5 + 5).map(envelope).collect::<String>()).await;
    }
    server.daybook.kill9();
    tokio::task::block_in_place(|| server.daybook.restart());
    assert_eq!(account.on(&Hub::attach(&server.daybook)).everything().await, uuids(0..100));
}

#[tokio::test]
async fn a_hub_that_takes_events_says_so() {
    let hub = Hub::shared(Store::Sqlite);
    for path in [HEALTH, "/services/collector/health/1.0"] {
        let answer = hub.get(path, None).await.expect_status(200);
        assert_eq!(answer.text, r#"{"text":"HEC is healthy","code":17}"#);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    refusal(&hub.get(EVENT, None).await, 405);
    refusal(&hub.post("/services/collector/nothing", None, "").await, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_busy_and_unhealthy_until_there_is_room() {
    let disk = SmallDisk::mount(16);
    let hub = Hub::start(daybook().data_directory(disk.path().join("data")));
    let sender = Sender::of(&hub.account().await, &["itemusages"]).await;
    disk.fill();
    let mut acknowledged = 0;
    let full = loop {
        let envelope = |n| json!({"event": events::item_usage(n)}).to_string();
        let body = (acknowledged..acknowledged + 10).map(envelope).collect::<String>();
        let answer = sender.send(EVENT, body).await;
        if answer.status != 200 {
            break answer;
        }
        acknowledged += 10;
    };
    assert_eq!(refused(&full, 503), (9, "Server is busy".to_owned(), None));
    assert_eq!(full.header("retry-after"), Some("30"));
    assert!(full.json()["detail"].as_str().unwrap().contains("disk is full"), "{}", full.text);
    let unhealthy = hub.get(HEALTH, None).await;
    assert_eq!(refused(&unhealthy, 503), (9, "Server is busy".to_owned(), None));
    assert_eq!(sender.account.everything().await, uuids(0..acknowledged));

    disk.free();
    let next = json!({"event": events::item_usage(acknowledged)}).to_string();
    eventually("there is room again", async || sender.send(EVENT, next.clone()).await.status == 200).await;
    hub.get(HEALTH, None).await.expect_status(200);
    assert_eq!(sender.account.everything().await, uuids(0..=acknowledged));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_at_once_is_busy() {
    const BODY_BYTES: usize = 1 << 20;
    let hub = Hub::start(daybook().config_text("[ingest]\nbody_mib_max = 1\nin_flight_mib_max = 2\nwait_secs = 1\n"));
    let sender = Sender::of(&hub.account().await, &["okta.system"]).await;
    let slow = [0, 1].map(|_| {
        let mut raw = Raw::connect(&hub);
        let token = &sender.token;
        raw.send(format!(
            "POST {EVENT} HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {token}\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
        ));
        raw.send(" ".repeat(BODY_BYTES - 1));
        raw
    });
    let mut busy = None;
    eventually("slow bodies take the budget", async || {
        let answer = sender.send(EVENT, r#"{"event":1}"#).await;
        let is_busy = answer.status != 200;
        busy = Some(answer);
        is_busy
    })
    .await;
    let busy = busy.unwrap();
    assert_eq!(refused(&busy, 503), (9, "Server is busy".to_owned(), None));
    assert_eq!(busy.header("retry-after"), Some("1"));
    drop(slow);
    eventually("there is room again", async || sender.send(EVENT, r#"{"event":1}"#).await.status == 200).await;
}

#[tokio::test]
async fn slow_bodies_are_cut_off_in_the_words_of_the_collector() {
    let hub = Hub::start(daybook().config_text("[server]\nbody_timeout_secs = 1\n"));
    let sender = Sender::of(&hub.account().await, &["okta.system"]).await;
    let mut raw = Raw::connect(&hub);
    let token = &sender.token;
    raw.send(format!(
        "POST {EVENT} HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {token}\r\nContent-Length: 99\r\n\r\n"
    ));
    raw.send(r#"{"event":"#);
    let answer = tokio::task::spawn_blocking(move || raw.read_answer()).await.unwrap();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, &body["code"], &body["text"]), (408, &json!(408), &json!("Request timeout")));
}

#[tokio::test]
async fn what_comes_this_way_is_counted_and_noted() {
    let hub = Hub::start(daybook());
    let account = hub.account().await;
    let sender = Sender::of(&account, &["okta.system"]).await;
    sender.deliver(EVENT, r#"{"event":1}{"event":2}"#).await;
    sender.send(EVENT, r#"{"event":1}{"event":""}"#).await.expect_status(400);
    let other = ["feature=\"other\""];
    assert_eq!(hub.metric("daybook_events_appended_total", &other).await, 2.0);
    assert_eq!(hub.metric("daybook_events_rejected_total", &other).await, 1.0);
    eventually("the use of the token is written down", async || {
        let tokens = account.manage(Method::GET, "tokens", Value::Null).await.json();
        let uses = tokens.as_array().unwrap().iter().flat_map(|token| token["uses"].as_array().unwrap());
        uses.into_iter().any(|used| used["feature"] == "okta.system" && used["events"] == 2 && used["requests"] == 1)
    })
    .await;
}
