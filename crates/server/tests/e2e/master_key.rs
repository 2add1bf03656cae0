//! Rotating the master key: what it seals goes on working, whenever the rotation is cut short; the former key opens nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use daybook_testkit::{Daybook, TestDatabase, receiver::Received};
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{
    Account, Browser, Hub, LONG_AGO, PUSHING, Pushing, SECRET, Store, WIRE, is_signed_in, join, pushing, token_of,
    uuids, uuids_of,
};

const OTHER_KEY: &str = "the store's secrets were sealed with another master key; give this node the master.key";
const KEY_FILE: &str = "DAYBOOK_SECURITY__MASTER_KEY_FILE";
const KEY: &str = "DAYBOOK_SECURITY__MASTER_KEY";
/// The sessions of the nodes that are at work on a database.
const ATTENDING: &str = "FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// A hub with something of everything that is sealed, and a person who is signed in. The hub goes before its database.
struct Sealed {
    daybook: Daybook,
    pushing: Pushing,
    destination: String,
    browser: Browser,
    /// Where the client is that reads page after page.
    cursor: Value,
    ingested: u64,
    database: Option<TestDatabase>,
}

impl Sealed {
    async fn start(store: Store) -> Self {
        let database = matches!(store, Store::Postgres).then(TestDatabase::create);
        let builder = database.iter().fold(pushing(), |builder, database| builder.store_url(database.url()));
        let daybook = builder.start();
        let hub = Hub::attach(&daybook);
        let pushing = Pushing::on(&hub).await;
        let browser = join(&hub, &pushing.account.uuid, "olga@acme.example", "viewer").await;
        let destination = pushing.add(json!({"redact": "hash: user.email"})).await;
        pushing.account.ingest(0..100).await;
        pushing.delivered(&destination).await;
        let page = pushing.account.page(json!({"limit": 60, "start_time": LONG_AGO})).await;
        assert_eq!(uuids_of(&page), uuids(0..60));
        Self { daybook, pushing, destination, browser, cursor: page["cursor"].clone(), ingested: 100, database }
    }

    fn store_arguments(&self) -> Vec<String> {
        self.database.iter().flat_map(|database| ["--store".to_owned(), database.url()]).collect()
    }

    fn rotation(&self) -> Command {
        rotation_of(self.daybook.data_dir(), &self.store_arguments())
    }

    fn stop(&mut self) {
        let status = tokio::task::block_in_place(|| self.daybook.terminate_and_wait());
        assert!(status.success(), "{status}");
    }

    /// What was issued and set up before works as it did; a client goes on with its cursor, a destination with its secret.
    async fn works_on(&mut self) {
        let account: Account = self.pushing.account.on(&Hub::attach(&self.daybook));
        self.pushing.account = account.clone();
        account.ingest(self.ingested..self.ingested + 100).await;
        self.ingested += 100;
        let mut read = Vec::new();
        loop {
            let page = account.page(json!({"cursor": self.cursor})).await;
            read.extend(uuids_of(&page));
            self.cursor = page["cursor"].clone();
            if page["has_more"] == false {
                break;
            }
        }
        let all = uuids(0..self.ingested);
        assert!(!read.is_empty() && all.ends_with(&read), "{read:?}");

        let fresh = token_of(&account.reader_with(&WIRE).await);
        account.hub.get("/api/v2/auth/introspect", Some(&fresh)).await.expect_status(200);
        assert!(is_signed_in(&self.browser).await);

        self.pushing.delivered(&self.destination).await;
        let received = self.pushing.receiver.stored();
        received.iter().for_each(check_signature);
        let stored = self.pushing.stored();
        assert_eq!(stored.into_keys().collect::<BTreeSet<_>>(), all.into_iter().collect());
        check_hashes(&received, self.ingested);
    }
}

fn rotation_of(data_dir: &Path, more: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
    command.args(["master-key", "rotate", "--json", "--data-dir"]).arg(data_dir).args(more).stdin(Stdio::null());
    command
}

/// What a rotation that must succeed prints.
#[track_caller]
fn rotated(mut command: Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a command that must fail says.
#[track_caller]
fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// The webhook is signed with the destination's secret.
#[track_caller]
fn check_signature(received: &Received) {
    let header = |name| received.header(name).unwrap_or_else(|| panic!("no {name}"));
    let secret = BASE64.decode(SECRET.trim_start_matches("whsec_").as_bytes()).unwrap();
    let signed = [header("webhook-id").as_bytes(), b".", header("webhook-timestamp").as_bytes(), b".", &received.body];
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let signature = header("webhook-signature").strip_prefix("v1,").unwrap();
    hmac::verify(&key, &signed.concat(), &BASE64.decode(signature.as_bytes()).unwrap()).unwrap();
}

/// Each person of the events has one hash through all of them: before and after the rotation they join.
#[track_caller]
fn check_hashes(received: &[Received], count: u64) {
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    for event in received.iter().flat_map(|received| received.json()["data"].as_array().unwrap().clone()) {
        let person = event["user"]["uuid"].as_str().unwrap().to_owned();
        let hash = event["user"]["email"].as_str().unwrap().to_owned();
        assert!(hash.starts_with("hmac:"), "{event:#}");
        assert_eq!(*hashes.entry(person).or_insert_with(|| hash.clone()), hash, "{event:#}");
    }
    assert!(u64::try_from(hashes.len()).unwrap() < count, "nobody appears twice");
}

async fn everything_works_on_after_a_rotation(store: Store) {
    let mut sealed = Sealed::start(store).await;
    let file = sealed.daybook.data_dir().join("master.key");
    let before = std::fs::read_to_string(&file).unwrap();
    sealed.stop();
    let rotation = rotated(sealed.rotation());
    assert_eq!(
        rotation,
        json!({
            "former_key_id": rotation["former_key_id"], "key_id": rotation["key_id"], "is_in_place": true,
            "hub_secrets": 4, "signing_keys": 1, "connectors": 1,
            "key_file": file.canonicalize().unwrap(), "former_key_file": file.canonicalize().unwrap().with_extension("key.former"),
        })
    );
    assert_ne!(rotation["key_id"], rotation["former_key_id"]);
    let after = std::fs::read_to_string(&file).unwrap();
    assert_ne!(after, before);
    assert_eq!(std::fs::read_to_string(file.with_extension("key.former")).unwrap(), before);
    assert!(!file.with_extension("key.new").exists());

    sealed.daybook.restart();
    sealed.works_on().await;
    let log = sealed.daybook.log();
    assert!(log.contains(rotation["key_id"].as_str().unwrap()), "the log tells which key opens the store");
    assert!(!log.contains(before.trim()) && !log.contains(after.trim()));

    sealed.stop();
    std::fs::write(&file, &before).unwrap();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_daybook"));
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(sealed.daybook.data_dir());
    serve.args(sealed.store_arguments());
    let said = refused(serve);
    assert!(said.contains(OTHER_KEY), "{said}");
    let said = refused(sealed.rotation());
    assert!(said.contains(OTHER_KEY), "{said}");
    std::fs::write(&file, &after).unwrap();
    sealed.daybook.restart();
    sealed.works_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_on_after_a_rotation_on_sqlite() {
    everything_works_on_after_a_rotation(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_on_after_a_rotation_on_postgres() {
    everything_works_on_after_a_rotation(Store::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_is_refused_while_any_node_runs() {
    let mut sealed = Sealed::start(Store::Postgres).await;
    let said = refused(sealed.rotation());
    assert!(said.contains("is in use by process"), "{said}");

    // From another machine, with the same key.
    let file = sealed.daybook.data_dir().join("master.key");
    let (elsewhere, before) = (tempfile::tempdir().unwrap(), std::fs::read_to_string(&file).unwrap());
    let store = sealed.store_arguments();
    let from_elsewhere = || {
        let mut command = rotation_of(elsewhere.path(), &store);
        command.env(KEY_FILE, &file);
        command
    };
    let said = refused(from_elsewhere());
    assert!(said.contains("nodes are at work on this store; stop every one of them"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert!(!elsewhere.path().join("master.key.new").exists());

    // A node stays in attendance when the database has dropped its session.
    let database = sealed.database.as_ref().unwrap();
    database.sql(&format!("SELECT pg_terminate_backend(pid) {ATTENDING}"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while database.sql(&format!("SELECT count(*) {ATTENDING}")).trim() != "1" {
        assert!(Instant::now() < deadline, "the node does not attend again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(refused(from_elsewhere()).contains("nodes are at work"));
    sealed.works_on().await;
    tokio::task::block_in_place(|| sealed.daybook.terminate_and_wait());
    let command = from_elsewhere();
    assert_eq!(rotated(command)["is_in_place"], true);
    sealed.daybook.restart();
    sealed.works_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_ends_when_the_key_was_rotated_while_the_database_had_lost_it() {
    let mut sealed = Sealed::start(Store::Postgres).await;
    let file = sealed.daybook.data_dir().join("master.key");
    let elsewhere = tempfile::tempdir().unwrap();
    let database = sealed.database.as_ref().unwrap();
    // The node looks after its session every few seconds, and has lost it until then.
    let is_rotated = (0..10).any(|_| {
        database.sql(&format!("SELECT pg_terminate_backend(pid) {ATTENDING}"));
        let mut command = rotation_of(elsewhere.path(), &sealed.store_arguments());
        command.env(KEY_FILE, &file).output().unwrap().status.success()
    });
    assert!(is_rotated);
    let deadline = Instant::now() + Duration::from_secs(30);
    while sealed.daybook.is_running() {
        assert!(Instant::now() < deadline, "the node goes on with the former key");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(sealed.daybook.log().contains(OTHER_KEY), "{}", sealed.daybook.log());
    sealed.daybook.restart();
    sealed.works_on().await;
}

/// Kills the rotation at random moments; whatever has become of it, the hub starts and works on.
async fn a_rotation_may_be_killed_at_any_moment(store: Store) {
    const KILLS: u32 = 20;
    let mut sealed = Sealed::start(store).await;
    let file = sealed.daybook.data_dir().join("master.key");
    sealed.stop();
    let started = Instant::now();
    rotated(sealed.rotation());
    let whole = started.elapsed();
    let (mut rotations, mut unchanged) = (0, 0);
    for _ in 0..KILLS {
        let before = std::fs::read_to_string(&file).unwrap();
        let mut command = sealed.rotation();
        let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The second half is where it writes; the first is a process that starts.
        let moment = whole.mul_f64(rand::random_range(0.4..1.1));
        tokio::time::sleep(moment).await;
        child.kill().unwrap();
        child.wait().unwrap();
        tokio::task::block_in_place(|| sealed.daybook.restart());
        let account = sealed.pushing.account.on(&Hub::attach(&sealed.daybook));
        account.page(json!({"cursor": sealed.cursor})).await;
        account.manage(Method::GET, "destinations", Value::Null).await.expect_status(200);
        token_of(&account.reader_with(&WIRE).await);
        sealed.stop();
        assert!(!file.with_extension("key.new").exists());
        if std::fs::read_to_string(&file).unwrap() == before { unchanged += 1 } else { rotations += 1 }
    }
    println!("{KILLS} kills within {whole:?}: {rotations} rotated, {unchanged} unchanged");
    sealed.daybook.restart();
    sealed.works_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_may_be_killed_at_any_moment_on_sqlite() {
    a_rotation_may_be_killed_at_any_moment(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_may_be_killed_at_any_moment_on_postgres() {
    a_rotation_may_be_killed_at_any_moment(Store::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_from_a_variable_is_rotated_into_a_file_until_it_is_set() {
    let key = "A".repeat(51) + "Q";
    let mut daybook = crate::support::daybook().config_text(PUSHING).env(KEY, &key).start();
    let hub = Hub::attach(&daybook);
    let account = hub.account().await;
    let new = daybook.data_dir().join("master.key.new");
    assert!(!daybook.data_dir().join("master.key").exists(), "the key is in the variable alone");
    tokio::task::block_in_place(|| daybook.terminate_and_wait());
    let rotate = || {
        let mut command = rotation_of(daybook.data_dir(), &[]);
        command.env(KEY, &key);
        command
    };
    let rotation = rotated(rotate());
    assert_eq!(rotation["is_in_place"], false);
    assert_eq!(rotation["key_file"], json!(new.canonicalize().unwrap()));
    let said = refused(rotate());
    assert!(said.contains("the key of the rotation before is still in"), "{said}");

    // With the former key in its variable it goes on, and says what is to be done.
    daybook.restart();
    account.hub.get("/api/v2/auth/introspect", Some(&account.reader)).await.expect_status(200);
    assert!(daybook.log().contains("set [security] master_key to it"), "{}", daybook.log());
    tokio::task::block_in_place(|| daybook.terminate_and_wait());
    let fresh = std::fs::read_to_string(&new).unwrap();
    let data_dir = daybook.data_dir().to_owned();
    let set = crate::support::daybook().data_directory(&data_dir).env(KEY, fresh.trim()).start();
    let account = account.on(&Hub::attach(&set));
    account.hub.get("/api/v2/auth/introspect", Some(&account.reader)).await.expect_status(200);
    assert!(!new.exists(), "once it is set, no copy stays");
}
