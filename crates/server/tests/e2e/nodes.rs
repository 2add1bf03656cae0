//! Several nodes on one PostgreSQL: any node takes any request.

use std::{path::Path, process::Command, time::Duration};

use daybook_testkit::{Daybook, TestDatabase, events};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Account, Hub, LONG_AGO, WIRE, daybook, eventually, id_of, refusal, token_of, uuids, uuids_of};

/// What is revoked on one node is refused on every other one within a second; and a second for slow machines.
const REVOCATION_TIME_MAX: Duration = Duration::from_secs(2);

/// Two nodes with the same master key. They end before their database does.
struct Nodes {
    first: Daybook,
    second: Daybook,
    database: TestDatabase,
}

impl Nodes {
    fn start() -> Self {
        let database = TestDatabase::create();
        let first = daybook().store_url(database.url()).start();
        let key = first.data_dir().join("master.key");
        let second = daybook().store_url(database.url()).env("DAYBOOK_SECURITY__MASTER_KEY_FILE", key).start();
        Self { first, second, database }
    }

    /// An account made on the first node, as it is seen on both.
    async fn account(&self) -> (Account, Account) {
        let account = Hub::attach(&self.first).account().await;
        let on_second = account.on(&Hub::attach(&self.second));
        (account, on_second)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_and_cursors_are_good_on_every_node() {
    let nodes = Nodes::start();
    let (here, there) = nodes.account().await;
    here.ingest(0..10).await;
    there.ingest(10..20).await;
    let first = here.page(json!({"limit": 7, "start_time": LONG_AGO})).await;
    let second = there.page(json!({"cursor": first["cursor"]})).await;
    let third = here.page(json!({"cursor": second["cursor"]})).await;
    assert_eq!([&first, &second, &third].map(uuids_of).concat(), uuids(0..20));
    let tail = json!({"cursor": third["cursor"]}).to_string();
    assert_eq!(here.ask(tail.clone()).await.text, there.ask(tail).await.text, "the same cursor at the tail");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_on_one_node_is_refused_on_the_other_within_a_second() {
    let nodes = Nodes::start();
    let (here, there) = nodes.account().await;
    let issued = here.reader_with(&WIRE).await;
    let token = token_of(&issued);
    let introspect = async |account: &Account| account.hub.get("/api/v2/auth/introspect", Some(&token)).await;
    assert_eq!((introspect(&here).await.status, introspect(&there).await.status), (200, 200));

    let path = format!("tokens/{}/revoke", id_of(&issued));
    here.manage(Method::POST, &path, Value::Null).await.expect_status(200);
    refusal(&introspect(&here).await, 401);
    // Asked all the while, so that a verdict that is renewed by its own use would be caught.
    let revoked = tokio::time::Instant::now();
    while introspect(&there).await.status == 200 {
        assert!(revoked.elapsed() < REVOCATION_TIME_MAX, "the other node still honours the token");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(refusal(&introspect(&there).await, 401), "the token was revoked; issue a new one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_on_two_nodes_are_seen_once_and_in_one_order() {
    let nodes = Nodes::start();
    let (here, there) = nodes.account().await;
    let writers: Vec<_> = [(here.clone(), 0), (there.clone(), 1000)]
        .into_iter()
        .map(|(account, first)| {
            tokio::spawn(async move {
                for n in 0..40 {
                    account.ingest(first + n * 3..first + n * 3 + 3).await;
                }
            })
        })
        .collect();
    let reader = tokio::spawn({
        let there = there.clone();
        async move {
            let mut body = json!({"limit": 10, "start_time": LONG_AGO});
            let mut seen = Vec::new();
            while seen.len() < 240 {
                let page = there.page(body).await;
                seen.extend(uuids_of(&page));
                body = json!({"cursor": page["cursor"]});
            }
            seen
        }
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let seen = reader.await.unwrap();
    assert_eq!((here.everything().await, there.everything().await), (seen.clone(), seen.clone()));
    let of_one: Vec<String> = seen.into_iter().filter(|uuid| uuids(0..120).contains(uuid)).collect();
    assert_eq!(of_one, uuids(0..120), "a producer's own order is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_on_the_other_node_appends_nothing() {
    let nodes = Nodes::start();
    let (here, there) = nodes.account().await;
    let body = events::batch(&daybook_events::ITEM_USAGES, 0..5);
    let key = [("idempotency-key", "one batch")];
    let first = here.try_ingest("itemusages", &key, body.clone()).await.expect_status(200);
    assert_eq!(there.try_ingest("itemusages", &key, body).await.expect_status(200).text, first.text);
    assert_eq!(there.everything().await, uuids(0..5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_rotated_on_one_node_is_used_by_the_other() {
    let nodes = Nodes::start();
    let (here, there) = nodes.account().await;
    let old = id_of(&here.hub.manage(Method::GET, "signing-keys", Value::Null).await.json()[0]);
    let new = id_of(&here.hub.manage(Method::POST, "signing-keys", Value::Null).await.expect_status(201).json());
    let from_here = token_of(&here.reader_with(&WIRE).await);
    let from_there = token_of(&there.reader_with(&WIRE).await);
    for account in [&here, &there] {
        for token in [&from_here, &from_there, &here.reader] {
            account.hub.get("/api/v2/auth/introspect", Some(token)).await.expect_status(200);
        }
    }
    eventually("the other node publishes the new key", async || {
        let keys = there.hub.get("/.well-known/jwks.json", None).await.json();
        keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == new.to_ascii_lowercase())
    })
    .await;
    here.hub.manage(Method::POST, &format!("signing-keys/{old}/revoke"), Value::Null).await.expect_status(200);
    eventually("the other node refuses the revoked key's tokens", async || there.ask("{}").await.status == 401).await;
    for token in [&from_here, &from_there] {
        there.hub.get("/api/v2/auth/introspect", Some(token)).await.expect_status(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_may_go_and_the_other_carries_on() {
    let mut nodes = Nodes::start();
    let (here, there) = nodes.account().await;
    here.ingest(0..5).await;
    let page = here.page(json!({"limit": 3, "start_time": LONG_AGO})).await;
    nodes.first.kill9();
    there.ingest(5..8).await;
    assert_eq!(there.walk(json!({"cursor": page["cursor"]})).await, uuids(3..8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_another_master_key_refuses_to_start() {
    let nodes = Nodes::start();
    let data_dir = tempfile::tempdir().unwrap();
    let output = serve(data_dir.path(), &nodes.database.url());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("the store's secrets were sealed with another master key; give this node the master.key"),
        "{said}"
    );
    let (_, there) = nodes.account().await;
    there.ingest(0..1).await;
}

fn serve(data_dir: &Path, store: &str) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
    command.arg("serve").arg("--data-dir").arg(data_dir).args(["--listen", "127.0.0.1:0", "--store", store]);
    command.output().unwrap()
}
