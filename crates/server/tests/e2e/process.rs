//! The process: what keeps it from starting, and what outlives it.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use daybook_testkit::postgres::PostgresServer;
use serde_json::json;

use crate::support::{Account, Hub, LONG_AGO, Store, daybook, eventually, refusal, start_on, uuids, uuids_of};

/// A server that is expected to end by itself.
fn serve(data_dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
    command.arg("serve").arg("--data-dir").arg(data_dir).args(arguments).output().unwrap()
}

/// What a server said that could not start.
fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it started");
    assert!(output.status.code().is_some(), "it did not end by itself: {}", output.status);
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_data_directory_has_one_process() {
    let daybook = daybook().start();
    let said = complaint(&serve(daybook.data_dir(), &["--listen", "127.0.0.1:0"]));
    let expected =
        format!("is in use by process {}; stop that one first, or choose another with --data-dir", daybook.pid());
    assert!(said.contains(&expected), "{said}");
    Hub::attach(&daybook).account().await.ingest(0..1).await;
}

#[tokio::test]
async fn a_port_has_one_process() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data_dir = tempfile::tempdir().unwrap();
    let said = complaint(&serve(data_dir.path(), &["--listen", &address]));
    assert!(said.contains(&format!("listen on {address}: is another program there? choose another address")), "{said}");
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_told_without_its_password() {
    let data_dir = tempfile::tempdir().unwrap();
    let store = "postgres://daybook:hunter2@127.0.0.1:1/events";
    let said = complaint(&serve(data_dir.path(), &["--listen", "127.0.0.1:0", "--store", store]));
    assert!(said.contains("open the store") && said.contains("127.0.0.1:1"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

async fn tokens_cursors_and_events_outlive_the_process(store: Store) {
    let mut server = start_on(store, daybook());
    let account = Hub::attach(&server.daybook).account().await;
    account.ingest(0..10).await;
    let page = account.page(json!({"limit": 4, "start_time": LONG_AGO})).await;
    for round in 0..3_u64 {
        assert!(server.daybook.terminate_and_wait().success());
        assert!(!server.daybook.data_dir().join("server.json").exists(), "it takes its word back");
        server.daybook.restart();
        let account = account.on(&Hub::attach(&server.daybook));
        account.ingest(10 + round..11 + round).await;
        assert_eq!(account.walk(json!({"cursor": page["cursor"]})).await, uuids(4..11 + round));
    }
    assert!(!server.daybook.log().contains("ERROR"), "{}", server.daybook.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_outlives_a_restart_on_sqlite() {
    tokens_cursors_and_events_outlive_the_process(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_outlives_a_restart_on_postgres() {
    tokens_cursors_and_events_outlive_the_process(Store::Postgres).await;
}

#[tokio::test]
async fn tokens_and_payloads_stay_out_of_the_log() {
    let hub = Hub::start(daybook().env("DAYBOOK_LOGS__LEVEL", "trace"));
    let account = hub.account().await;
    account.ingest(0..3).await;
    account.page(json!({"start_time": LONG_AGO})).await;
    refusal(&account.ask("{\"limit\":0}").await, 400);
    account.try_ingest("itemusages", &[], "{\"uuid\":\"a rejected one\"}").await.expect_status(200);
    let log = hub.daybook().log();
    for secret in
        [&account.reader, &account.source, hub.administration_token(), "person1@acme.example", "a rejected one"]
    {
        assert!(!log.contains(secret), "{secret} is in the log");
        let end = &secret[secret.len().saturating_sub(24)..];
        assert!(!log.contains(end), "the end of {secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_goes_away_is_503_until_it_is_back() {
    let postgres = PostgresServer::start().unwrap();
    let hub = Hub::start(daybook().store_url(postgres.url()));
    let account = hub.account().await;
    account.ingest(0..3).await;
    hub.get("/readyz", None).await.expect_status(200);

    postgres.stop_at_once().unwrap();
    assert!(refusal(&hub.get("/readyz", None).await, 503).starts_with("the store"));
    hub.get("/healthz", None).await.expect_status(200);
    is_put_off(&account).await;

    postgres.start_again().unwrap();
    eventually("the store is back", async || hub.get("/readyz", None).await.status == 200).await;
    eventually("appends work again", async || account.try_ingest("itemusages", &[], "[]").await.status == 200).await;
    account.ingest(3..6).await;
    let page = account.page(json!({"start_time": LONG_AGO})).await;
    assert_eq!(uuids_of(&page), uuids(0..6));
}

async fn is_put_off(account: &Account) {
    let answers = [account.ask("{}").await, account.try_ingest("itemusages", &[], "[]").await];
    for answer in answers {
        assert_eq!(refusal(&answer, 503), "not available at the moment; try again");
        assert!(answer.header("retry-after").is_some());
    }
}
