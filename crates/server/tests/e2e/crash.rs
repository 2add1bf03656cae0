//! kill -9 at any moment, a hundred times, under concurrent ingest and reading.
//!
//! Writers retry every batch under its idempotency key until it is acknowledged, as a careful producer does; others send
//! without a key and never retry. Readers keep one cursor each. At the end: every acknowledged event is there exactly
//! once, positions have no gaps, and each reader has seen each event once, in the order of the log.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use daybook_events::ITEM_USAGES;
use daybook_testkit::{Daybook, TestHttp, events, postgres::PostgresServer};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

const KILLS: u32 = 100;
const CONFIG: &str =
    "[events_api]\nrequests_per_minute = 0\nrequests_per_hour = 0\n[workers]\npack_secs = 1\nlease_secs = 5\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    let daybook = Daybook::builder(env!("CARGO_BIN_EXE_daybook")).config_text(CONFIG).start();
    run(daybook, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_on_postgres() {
    // A server of its own: every tenth time it is PostgreSQL that crashes.
    let server = PostgresServer::start().unwrap();
    let builder = Daybook::builder(env!("CARGO_BIN_EXE_daybook")).config_text(CONFIG).store_url(server.url());
    run(builder.start(), move |round| {
        if round % 10 == 0 {
            server.stop_at_once().unwrap();
            server.start_again().unwrap();
        }
    })
    .await;
}

/// What every task of a run shares.
#[derive(Clone)]
struct Run {
    http: TestHttp,
    url: String,
    ingest_token: String,
    read_token: String,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<HashSet<String>>>,
    sent: Arc<Mutex<HashSet<String>>>,
}

async fn run(mut daybook: Daybook, mut also_break: impl FnMut(u32)) {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let run = Run::prepare(&daybook).await;
    let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(run.clone().write(writer, seed ^ writer))).collect();
    let readers: Vec<_> = (0..2).map(|_| tokio::spawn(run.clone().read())).collect();

    for round in 1..=KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(20..400))).await;
        daybook.kill9();
        also_break(round);
        tokio::task::block_in_place(|| daybook.restart());
    }
    run.stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    run.written.store(true, Ordering::SeqCst);
    let log = run.walk().await;
    let seen_by_readers: Vec<Vec<String>> = {
        let mut all = Vec::new();
        for reader in readers {
            all.push(reader.await.unwrap());
        }
        all
    };
    check(&run, &log, &seen_by_readers, head(&run, &daybook).await);
}

fn check(run: &Run, log: &[String], seen_by_readers: &[Vec<String>], head: i64) {
    let mut times: HashMap<&str, usize> = HashMap::new();
    log.iter().for_each(|uuid| *times.entry(uuid).or_default() += 1);
    let repeated: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
    assert!(repeated.is_empty(), "{} events are there twice, such as {:?}", repeated.len(), repeated.first());
    let acknowledged = run.acknowledged.lock().unwrap();
    let lost: Vec<_> = acknowledged.iter().filter(|uuid| !times.contains_key(uuid.as_str())).collect();
    assert!(lost.is_empty(), "{} acknowledged events are lost, such as {:?}", lost.len(), lost.first());
    let sent = run.sent.lock().unwrap();
    assert!(log.iter().all(|uuid| sent.contains(uuid)), "the log holds events that nobody sent");
    assert_eq!(head, i64::try_from(log.len()).unwrap(), "positions have gaps");
    for seen in seen_by_readers {
        assert!(
            seen == log,
            "a reader saw {} events in another order or number than the log's {}",
            seen.len(),
            log.len()
        );
    }
    println!("{} events, {} acknowledged, {} readers agree", log.len(), acknowledged.len(), seen_by_readers.len());
    assert!(acknowledged.len() > 500, "the harness was too slow to prove anything");
}

async fn head(run: &Run, daybook: &Daybook) -> i64 {
    let token = std::fs::read_to_string(daybook.data_dir().join("admin.token")).unwrap();
    let status = run.http.get(&format!("{}/manage/v1/status", run.url), Some(token.trim())).await.json();
    let streams = status["streams"].as_array().unwrap();
    let stream = streams.iter().find(|stream| stream["feature"] == ITEM_USAGES.as_str()).unwrap();
    stream["head"].as_i64().unwrap()
}

impl Run {
    async fn prepare(daybook: &Daybook) -> Self {
        let http = daybook.http();
        let url = daybook.url().to_owned();
        let administration = std::fs::read_to_string(daybook.data_dir().join("admin.token")).unwrap();
        let make = async |path: &str, body: Value| {
            let url = format!("{url}/manage/v1/{path}");
            http.post_json(&url, Some(administration.trim()), &body).await.expect_status(201).json()
        };
        let id = |value: &Value| value["uuid"].as_str().unwrap().to_owned();
        let account = id(&make("accounts", json!({"name": "Acme"})).await);
        let mut tokens = Vec::new();
        for kind in ["source", "other"] {
            let path = format!("accounts/{account}/integrations");
            let integration = id(&make(&path, json!({"name": kind, "kind": kind})).await);
            let path = format!("{path}/{integration}/tokens");
            let issued = make(&path, json!({"name": "t", "features": [ITEM_USAGES.as_str()]})).await;
            tokens.push(issued["token"].as_str().unwrap().to_owned());
        }
        let read_token = tokens.pop().unwrap();
        let ingest_token = tokens.pop().unwrap();
        Self {
            http,
            url,
            ingest_token,
            read_token,
            stop: Arc::default(),
            written: Arc::default(),
            acknowledged: Arc::default(),
            sent: Arc::default(),
        }
    }

    /// Sends batches until told to stop. Even writers retry under an idempotency key, odd ones never retry.
    async fn write(self, writer: u64, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut next = writer * 10_000_000;
        while !self.stop.load(Ordering::SeqCst) {
            let count = random.random_range(1..40);
            let batch = next..next + count;
            next += count;
            let uuids: Vec<String> = batch.clone().map(|n| events::uuid(&ITEM_USAGES, n)).collect();
            self.sent.lock().unwrap().extend(uuids.iter().cloned());
            let body = events::batch(&ITEM_USAGES, batch);
            let key = format!("batch {next}");
            let keyed = writer.is_multiple_of(2);
            let mut acknowledged = self.send(&body, keyed.then_some(&key)).await;
            while keyed && !acknowledged {
                tokio::time::sleep(Duration::from_millis(20)).await;
                acknowledged = self.send(&body, Some(&key)).await;
            }
            if acknowledged {
                self.acknowledged.lock().unwrap().extend(uuids);
            }
        }
    }

    async fn send(&self, body: &str, key: Option<&String>) -> bool {
        let url = format!("{}/ingest/v1/itemusages", self.url);
        let headers: Vec<(&str, &str)> = key.map(|key| ("Idempotency-Key", key.as_str())).into_iter().collect();
        let method = reqwest::Method::POST;
        let sent = self.http.try_send(method, &url, Some(&self.ingest_token), &headers, body.into()).await;
        sent.is_ok_and(|answer| answer.status == 200)
    }

    /// Follows the log with one cursor; ends at the tail after the writers have.
    async fn read(self) -> Vec<String> {
        let mut body = json!({"limit": 100, "start_time": "2020-01-01T00:00:00Z"});
        let mut seen = Vec::new();
        loop {
            let writers_are_done = self.written.load(Ordering::SeqCst);
            let Some(page) = self.page(&body).await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let items = page["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["uuid"].as_str().unwrap().to_owned()));
            body = json!({"cursor": page["cursor"]});
            if items.is_empty() && page["has_more"] == false {
                if writers_are_done {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn page(&self, body: &Value) -> Option<Value> {
        let url = format!("{}/api/v2/itemusages", self.url);
        let body = body.to_string().into_bytes();
        let answer = self.http.try_send(reqwest::Method::POST, &url, Some(&self.read_token), &[], body).await.ok()?;
        // Whatever is not an answer is a store or a server that is just coming back.
        (answer.status == 200).then(|| answer.json())
    }

    /// The whole log, from the start.
    async fn walk(&self) -> Vec<String> {
        let mut body = json!({"limit": 1000, "start_time": "2020-01-01T00:00:00Z"});
        let mut log = Vec::new();
        loop {
            let Some(page) = self.page(&body).await else { continue };
            log.extend(page["items"].as_array().unwrap().iter().map(|item| item["uuid"].as_str().unwrap().to_owned()));
            if page["has_more"] == false {
                return log;
            }
            body = json!({"cursor": page["cursor"]});
        }
    }
}
