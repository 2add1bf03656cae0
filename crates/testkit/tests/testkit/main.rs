//! The testkit against what it stands on: a PostgreSQL that really runs, and a child process that behaves like a server.
#![allow(clippy::unwrap_used, reason = "a failed step ends the test")]

mod receivers;

use std::{
    net::TcpStream,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use daybook_testkit::{Daybook, TestDatabase, postgres::PostgresServer};

/// A script in the place of `daybook`; it is a file of the repository, because a program that a test has just written
/// may be "busy" while other threads start processes.
const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand_in.sh");

#[test]
fn a_postgres_answers_survives_a_crash_and_is_gone_when_dropped() {
    let server = PostgresServer::start().unwrap();
    let database = TestDatabase::create_in(&server.url());
    assert_eq!(database.sql("SHOW fsync"), "on");
    assert_eq!(database.sql("SHOW max_connections"), "200");
    database.sql("CREATE TABLE log (position bigint)");
    database.sql("INSERT INTO log VALUES (1)");

    server.stop_at_once().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.start_again().unwrap();
    assert_eq!(database.sql("SELECT position FROM log"), "1");

    let directory = PathBuf::from(database.sql("SHOW data_directory"));
    assert!(directory.exists());
    let port = server.port();
    drop(database);
    drop(server);
    assert!(!directory.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_database_of_its_own_is_dropped_with_its_value() {
    let (kept, dropped) = (TestDatabase::create(), TestDatabase::create());
    let name = dropped.name().to_owned();
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(kept.sql(&count), "1");
    drop(dropped);
    assert_eq!(kept.sql(&count), "0");
}

#[test]
fn a_server_is_ready_is_killed_and_restarts_on_its_port() {
    let mut daybook = Daybook::builder(STAND_IN).env("GREETING", "hello").config_text("a = 1").arg("--more").start();
    let (first_pid, url) = (daybook.pid(), daybook.url().to_owned());
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    assert_eq!(daybook.url_of("/x"), format!("{url}/x"));
    assert!(daybook.ca_path().is_none());
    assert!(daybook.log().contains("hello serve --data-dir"), "{}", daybook.log());
    assert!(daybook.log().contains("daybook.toml --more"), "{}", daybook.log());

    daybook.kill9();
    assert!(!daybook.is_running());
    daybook.restart();
    assert_ne!(daybook.pid(), first_pid);
    assert_eq!(daybook.url(), url);
    assert_eq!(daybook.terminate_and_wait().code(), Some(7));
}

#[test]
fn a_command_runs_on_the_servers_directory() {
    let daybook = Daybook::builder(STAND_IN).start();
    let answer = daybook.cli_json(&["token", "issue"]);
    assert_eq!(answer["arguments"], format!("token issue --json --data-dir {}", daybook.data_dir().display()));
    assert_eq!(daybook.cli(&["fail"]).status.code(), Some(3));
}

#[test]
fn a_server_that_does_not_start_is_reported_with_its_log() {
    let started = Instant::now();
    let failure =
        thread::spawn(move || Daybook::builder(STAND_IN).env("GREETING", "broken").start()).join().unwrap_err();
    let message = failure.downcast_ref::<String>().unwrap();
    assert!(message.contains("before it was ready") && message.contains("broken serve"), "{message}");
    assert!(started.elapsed() < Duration::from_secs(10));
}
