//! `daybook ingest --follow`: each line of a file once, whatever is renamed and whoever is killed; a pipe as it comes.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use daybook_events::ITEM_USAGES;
use daybook_testkit::events;
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    on_both_stores,
    support::{Account, Hub, Store, daybook, eventually, uuids},
};

/// A run of the command; dropping it kills it.
struct Follow(Child);

impl Follow {
    fn start(account: &Account, input: &str, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
        command.args(["ingest", "itemusages", input, "--follow", "--url", &account.hub.url]).args(more);
        if let Some(ca) = &account.hub.ca_path {
            command.arg("--ca").arg(ca);
        }
        command.env("DAYBOOK_INGEST_TOKEN", &account.source).stdin(Stdio::piped());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Ends it as Ctrl-C does, and returns what it printed.
    fn interrupt(mut self) -> String {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::INT).unwrap();
        let status = self.0.wait().unwrap();
        let mut printed = String::new();
        std::io::Read::read_to_string(&mut self.0.stdout.take().unwrap(), &mut printed).unwrap();
        assert!(status.success(), "{status}: {printed}");
        printed
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

async fn wait_for(account: &Account, count: u64) {
    eventually("the lines are appended", async || account.everything().await.len() as u64 >= count).await;
}

on_both_stores! {
    async fn a_file_is_followed_across_rotations_and_kills(hub: Hub) {
        let account = hub.account().await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usages.ndjson");
        let name = path.to_str().unwrap();
        let lines = |numbers| events::batch(&ITEM_USAGES, numbers) + "\n";
        append(&path, &lines(0..1500));
        let first = Follow::start(&account, name, &[]);
        wait_for(&account, 1500).await;
        append(&path, &lines(1500..1600));
        wait_for(&account, 1600).await;
        // Killed at no matter which point of sending this.
        append(&path, &lines(1600..6000));
        tokio::time::sleep(Duration::from_millis(550)).await;
        drop(first);

        fs::rename(&path, folder.path().join("usages.ndjson.1")).unwrap();
        append(&path, &lines(6000..6100));
        let second = Follow::start(&account, name, &[]);
        wait_for(&account, 6100).await;
        assert!(second.interrupt().ends_with(" accepted, 0 rejected\n"));
        assert_eq!(account.everything().await, uuids(0..6100));
    }
}

#[tokio::test]
async fn what_was_sent_before_a_kill_and_not_remembered_is_appended_once() {
    let hub = Hub::start_on(Store::Sqlite, daybook());
    let account = hub.account().await;
    let folder = tempfile::tempdir().unwrap();
    let (path, state) = (folder.path().join("a.ndjson"), folder.path().join("state"));
    let follow = || Follow::start(&account, path.to_str().unwrap(), &["--state", state.to_str().unwrap()]);
    append(&path, &(events::batch(&ITEM_USAGES, 0..3) + "\n"));
    let first = follow();
    wait_for(&account, 3).await;
    first.interrupt();

    // The state as it is between the hub's answer and its being remembered: the page is pending still.
    let text = fs::read_to_string(&state).unwrap();
    let mut kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kept["pending"], serde_json::Value::Null);
    append(&path, &(events::batch(&ITEM_USAGES, 3..5) + "\n"));
    let cursor = kept["cursor"].clone();
    let second = follow();
    wait_for(&account, 5).await;
    second.interrupt();
    let after: serde_json::Value = serde_json::from_str(&fs::read_to_string(&state).unwrap()).unwrap();
    let body = events::batch(&ITEM_USAGES, 3..5).trim_end().to_owned() + "\n";
    let parts = ["itemusages", cursor.as_str().unwrap(), &body];
    kept["pending"] = serde_json::json!({"key": key_of(&parts), "body": body, "cursor": after["cursor"]});
    fs::write(&state, kept.to_string()).unwrap();

    append(&path, &(events::batch(&ITEM_USAGES, 5..6) + "\n"));
    let third = follow();
    wait_for(&account, 6).await;
    third.interrupt();
    assert_eq!(account.everything().await, uuids(0..6));
}

/// The key of a page, as the command makes it: a digest of its parts, each with its length.
fn key_of(parts: &[&str]) -> String {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    data_encoding::HEXLOWER.encode(digest.finish().as_ref())
}

#[tokio::test]
async fn lines_of_a_pipe_do_not_wait_for_its_end() {
    let hub = Hub::shared(Store::Sqlite);
    let account = hub.account().await;
    let mut follow = Follow::start(&account, "-", &[]);
    let mut pipe = follow.0.stdin.take().unwrap();
    for n in 0..3 {
        pipe.write_all(format!("{}\n", events::item_usage(n)).as_bytes()).unwrap();
        wait_for(&account, n + 1).await;
    }
    pipe.write_all(b"[]\n").unwrap();
    drop(pipe);
    let output = follow.0.wait().unwrap();
    assert_eq!(output.code(), Some(1), "a line was not sent");
    assert_eq!(account.everything().await, uuids(0..3));
}
