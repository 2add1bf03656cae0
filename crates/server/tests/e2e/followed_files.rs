//! The source `file` of the hub: each line of a followed file once, whatever is renamed and however often the hub is killed;
//! what is left out, and what vanishes, is told.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Account, Hub, PATIENCE, Server, Store, daybook, eventually, id_of, start_on, uuids, within};

const CONFIG: &str = "[workers]\nlease_secs = 5\n[events_api]\nrequests_per_minute = 0\nrequests_per_hour = 0\n";
/// Rounds of writing, renaming and killing.
const ROUNDS: u64 = 8;
const LINES_A_ROUND: u64 = 700;

/// A hub that follows a file, and an account with that source.
struct Following {
    server: Server,
    account: Account,
    source: String,
    path: PathBuf,
}

impl Following {
    async fn start(store: Store) -> Self {
        let server = start_on(store, daybook().config_text(CONFIG));
        let account = Hub::attach(&server.daybook).account().await;
        let folder = server.daybook.data_dir().join("files");
        fs::create_dir_all(&folder).unwrap();
        let settings = json!({"path": "usages.ndjson", "feature": "itemusages"});
        let body = json!({"name": "Usages", "kind": "file", "settings": settings});
        let source = id_of(&account.manage(Method::POST, "sources", body).await.expect_status(201).json());
        let following = Self { server, account, source, path: folder.join("usages.ndjson") };
        // What is renamed away before it looks for the first time is from before there was a source.
        eventually("it has looked", async || following.get("").await["status"] == "ok").await;
        following
    }

    fn append(&self, numbers: std::ops::Range<u64>) {
        append(&self.path, &events::batch(&ITEM_USAGES, numbers));
    }

    fn kill_and_restart(&mut self) {
        self.server.daybook.kill9();
        tokio::task::block_in_place(|| self.server.daybook.restart());
        self.account = self.account.on(&Hub::attach(&self.server.daybook));
    }

    async fn get(&self, path: &str) -> Value {
        let path = format!("sources/{}{path}", self.source);
        self.account.manage(Method::GET, &path, Value::Null).await.expect_status(200).json()
    }

    async fn has_come(&self, count: u64) {
        within(PATIENCE, "the lines came in", async || self.account.everything().await.len() as u64 >= count).await;
    }

    /// Waits until an attempt has been written down that says so.
    async fn is_told(&self, words: &str) -> Value {
        let find = async || {
            let attempts = self.get("/attempts").await;
            let mut all = attempts.as_array().unwrap().iter();
            all.find(|it| it["detail"].as_str().unwrap().contains(words)).cloned()
        };
        eventually(words, async || find().await.is_some()).await;
        find().await.unwrap()
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

async fn lines_come_once_whatever_happens(store: Store) {
    let mut following = Following::start(store).await;
    let mut written = 0;
    for round in 0..ROUNDS {
        following.append(written..written + LINES_A_ROUND);
        written += LINES_A_ROUND;
        if round % 2 == 0 {
            let rotated = following.path.with_extension(format!("ndjson.20260304T05060{round}"));
            fs::rename(&following.path, rotated).unwrap();
            following.append(written..written + LINES_A_ROUND);
            written += LINES_A_ROUND;
        }
        // Killed at no matter which point of reading this.
        tokio::time::sleep(Duration::from_millis(40 + 130 * round)).await;
        following.kill_and_restart();
    }
    following.has_come(written).await;
    assert!(following.account.everything().await == uuids(0..written), "each line once, in order");
    eventually("it follows", async || following.get("").await["status"] == "ok").await;
    let feature = following.get("").await["features"][0].clone();
    assert_eq!((&feature["events"], &feature["phase"]), (&json!(written), &json!("following")), "{feature}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_comes_once_across_rotations_and_kills_sqlite() {
    lines_come_once_whatever_happens(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_comes_once_across_rotations_and_kills_postgres() {
    lines_come_once_whatever_happens(Store::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_no_events_are_told_and_hold_up_no_other() {
    let following = Following::start(Store::Sqlite).await;
    following.append(0..3);
    append(&following.path, "not JSON, and not to be repeated\n[1]\n");
    following.append(3..6);
    following.has_come(6).await;
    assert_eq!(following.account.everything().await, uuids(0..6));
    let told = following.is_told("line 4 is not a JSON object").await;
    assert_eq!(told["outcome"], "partial", "{told}");
    assert!(!told.to_string().contains("not to be repeated"), "{told}");
    let hours = following.get("/hours").await;
    let sum = |name: &str| hours.as_array().unwrap().iter().map(|hour| hour[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("events"), sum("rejected")), (6, 2), "{hours}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_vanishes_is_told_and_the_next_one_is_read() {
    let mut following = Following::start(Store::Sqlite).await;
    let reason = async |following: &Following| following.get("").await["features"][0]["reason"].clone();
    let is_missed = async |following: &Following| reason(following).await.as_str().unwrap_or("").contains("not there");
    eventually("it is missed before it is made", async || is_missed(&following).await).await;
    following.append(0..5);
    following.has_come(5).await;
    eventually("it is not missed any more", async || reason(&following).await == "").await;
    fs::remove_file(&following.path).unwrap();
    eventually("it is missed", async || is_missed(&following).await).await;
    assert_eq!(following.get("").await["status"], "ok", "nothing is wrong with the way there");
    following.append(5..10);
    following.has_come(10).await;
    eventually("it is not missed any more", async || reason(&following).await == "").await;

    // While the hub is down, nobody holds the file: what followed there may be lost, and that is told.
    following.server.daybook.kill9();
    fs::remove_file(&following.path).unwrap();
    following.append(10..15);
    tokio::task::block_in_place(|| following.server.daybook.restart());
    following.account = following.account.on(&Hub::attach(&following.server.daybook));
    following.has_come(15).await;
    assert_eq!(following.account.everything().await, uuids(0..15));
    following.is_told("removed or packed after its line 5").await;
}
