//! SIGTERM: what is under way is finished, nothing acknowledged is lost, and it takes less than ten seconds.

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use serde_json::json;

use crate::support::{Account, Hub, LONG_AGO, Raw, Store, daybook, eventually, start_on, uuids};

const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(10);

/// The head of a request to ingest a body of so many bytes.
fn ingest_head(account: &Account, length: usize) -> String {
    format!(
        "POST /ingest/v1/itemusages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n",
        account.source
    )
}

async fn a_request_under_way_is_finished(store: Store) {
    let mut server = start_on(store, daybook());
    let account = Hub::attach(&server.daybook).account().await;
    let mut raw = Raw::connect(&account.hub);
    let body = events::batch(&ITEM_USAGES, 0..50);
    let (begin, end) = body.split_at(body.len() / 2);
    raw.send(ingest_head(&account, body.len())).send(begin);
    tokio::time::sleep(Duration::from_millis(300)).await;

    let (began, end) = (Instant::now(), end.to_owned());
    let slow = thread::spawn(move || {
        thread::sleep(Duration::from_millis(1500));
        raw.send(end);
        raw.read_answer()
    });
    let status = tokio::task::block_in_place(|| server.daybook.terminate_and_wait());
    assert!(status.success(), "{status}: {}", server.daybook.log());
    assert!(began.elapsed() < SHUTDOWN_TIME_MAX, "{:?}", began.elapsed());
    let answer = slow.join().unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, &br#"{"accepted":50,"rejected":[]}"#[..]),
        "{}",
        answer.head
    );

    server.daybook.restart();
    assert_eq!(account.on(&Hub::attach(&server.daybook)).everything().await, uuids(0..50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_waited_for_on_sqlite() {
    a_request_under_way_is_finished(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_waited_for_on_postgres() {
    a_request_under_way_is_finished(Store::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_it_stops_in_the_middle() {
    let mut server = start_on(Store::Sqlite, daybook());
    let account = Hub::attach(&server.daybook).account().await;
    let producers: Vec<_> =
        (0..4_u64).map(|producer| tokio::spawn(produce(account.clone(), producer * 1_000_000))).collect();
    eventually("everybody is at it", async || account.everything().await.len() > 100).await;
    let status = tokio::task::block_in_place(|| server.daybook.terminate_and_wait());
    assert!(status.success(), "{status}");
    let mut acknowledged = HashSet::new();
    for producer in producers {
        acknowledged.extend(producer.await.unwrap());
    }
    server.daybook.restart();
    let stored = account.on(&Hub::attach(&server.daybook)).everything().await;
    let there: HashSet<String> = stored.iter().cloned().collect();
    assert_eq!(there.len(), stored.len(), "no event twice");
    assert!(acknowledged.is_subset(&there), "{} acknowledged, {} there", acknowledged.len(), there.len());
}

/// Sends until the hub is gone; the events that were acknowledged.
async fn produce(account: Account, first: u64) -> Vec<String> {
    let url = format!("{}/ingest/v1/itemusages", account.hub.url);
    let mut acknowledged = Vec::new();
    for batch in 0.. {
        let numbers = first + batch * 5..first + batch * 5 + 5;
        let body = events::batch(&ITEM_USAGES, numbers.clone()).into_bytes();
        let sent = account.hub.http.try_send(reqwest::Method::POST, &url, Some(&account.source), &[], body).await;
        match sent {
            Ok(answer) if answer.status == 200 => acknowledged.extend(uuids(numbers)),
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
            Err(_) => break,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_and_hostile_connections_do_not_hold_it_up() {
    let mut server = start_on(Store::Sqlite, daybook().config_text("[server]\nshutdown_secs = 3\n"));
    let account = Hub::attach(&server.daybook).account().await;
    account.page(json!({"start_time": LONG_AGO})).await;
    let silent = std::net::TcpStream::connect(account.hub.address()).unwrap();
    let idle = Raw::connect(&account.hub);
    let mut half = Raw::connect(&account.hub);
    half.send(ingest_head(&account, 1000)).send("{");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    let status = tokio::task::block_in_place(|| server.daybook.terminate_and_wait());
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < SHUTDOWN_TIME_MAX, "{:?}", began.elapsed());
    drop((silent, idle, half));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_use_of_tokens_is_written_before_it_ends() {
    let mut server = start_on(Store::Sqlite, daybook().config_text("[workers]\ntoken_use_secs = 600\n"));
    let account = Hub::attach(&server.daybook).account().await;
    account.page(json!({})).await;
    server.daybook.restart();
    let account = account.on(&Hub::attach(&server.daybook));
    let tokens = account.manage(reqwest::Method::GET, "tokens", serde_json::Value::Null).await.json();
    let mut uses = tokens.as_array().unwrap().iter().flat_map(|token| token["uses"].as_array().unwrap());
    assert!(uses.any(|used| used["feature"] == "itemusages" && used["requests"] == 1), "{tokens}");
}
