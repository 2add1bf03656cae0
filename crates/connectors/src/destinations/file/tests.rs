//! What is promised of files without a receiver of the real kind.

use std::{fs, path::Path};

use crate::{AnyDestination, DeliveryError, Destination, DestinationKind, testing};

fn open(folder: &Path, given: &[(&str, &str)]) -> AnyDestination {
    testing::open_in(DestinationKind::File, given, folder).unwrap()
}

#[tokio::test]
async fn each_event_is_a_line_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = open(folder.path(), &[]);
    let batch = testing::batch_of("okta.system", &["{\"uuid\":\"A\",\n \"x\":1}", r#"{"uuid":"B"}"#]);
    file.deliver(&batch).await.unwrap();
    file.deliver(&testing::batch("auditevents", 1)).await.unwrap();
    let text = fs::read_to_string(folder.path().join("okta.system.ndjson")).unwrap();
    assert_eq!(text, "{\"uuid\":\"A\",  \"x\":1}\n{\"uuid\":\"B\"}\n");
    assert!(folder.path().join("auditevents.ndjson").exists());
}

#[tokio::test]
async fn half_a_line_of_a_crash_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    for (left, kept) in [("{\"uuid\":\"A\"}\n{\"uu", "{\"uuid\":\"A\"}\n"), ("{\"uuid", ""), ("", "")] {
        fs::write(&path, left).unwrap();
        let batch = testing::batch_of("auditevents", &[r#"{"uuid":"B"}"#]);
        open(folder.path(), &[("path", "a.ndjson")]).deliver(&batch).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{kept}{{\"uuid\":\"B\"}}\n"), "{left:?}");
    }
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = open(folder.path(), &[("path", "a.ndjson")]);
    file.deliver(&testing::batch("auditevents", 1)).await.unwrap();
    fs::rename(folder.path().join("a.ndjson"), folder.path().join("b")).unwrap();
    file.deliver(&testing::batch("auditevents", 2)).await.unwrap();
    let lines = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap().lines().count();
    assert_eq!((lines("b"), lines("a.ndjson")), (1, 2));
}

#[tokio::test]
async fn files_are_rotated_and_the_oldest_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = open(folder.path(), &[("path", "a.ndjson"), ("rotate_mib", "1"), ("keep_files", "2")]);
    let large = format!(r#"{{"uuid":"A","x":"{}"}}"#, "x".repeat(1 << 20));
    fs::write(folder.path().join("a.ndjson.txt"), "somebody else's").unwrap();
    for _ in 0..5 {
        file.deliver(&testing::batch_of("auditevents", &[&large])).await.unwrap();
    }
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.contains(&"a.ndjson.txt".to_owned()) && names.contains(&"a.ndjson".to_owned()), "{names:?}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_waits_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a.ndjson")).unwrap();
    let file = open(folder.path(), &[("path", "a.ndjson")]);
    let error = file.deliver(&testing::batch("auditevents", 1)).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Stop { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_system_that_hangs_is_given_up_and_gets_one_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    // A pipe that nobody reads takes 64 KiB, and hangs from there on.
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let file = open(folder.path(), &[("path", "pipe"), ("timeout_secs", "1")]);
    let large = format!(r#"{{"uuid":"A","x":"{}"}}"#, "x".repeat(200 << 10));
    for _ in 0..2 {
        let error = file.deliver(&testing::batch_of("auditevents", &[&large])).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Retry { reason, .. } if reason.contains("after 1 s")), "{error:?}");
    }
    let read = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(fs::File::open(path).unwrap()), &mut line).unwrap();
        line
    });
    assert_eq!(read.await.unwrap().trim_end(), large, "the one write goes on");
}

#[test]
fn a_path_outside_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = testing::open_in(DestinationKind::File, &[("path", "/etc/cron.d/x")], folder.path()).unwrap_err();
    assert!(error.contains("outside of"), "{error}");
}
