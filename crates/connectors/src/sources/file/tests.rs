//! What is promised of followed files, whatever their writers do.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use super::{DESCRIPTION, FileSource};
use crate::{Settings, SourceError, SourcePage, testing};

fn settings(more: &[(&str, &str)]) -> Settings {
    let given = [("path", "a.ndjson"), ("feature", "okta.system")];
    let given: BTreeMap<String, String> =
        given.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::check(&DESCRIPTION, &given).unwrap()
}

fn open(folder: &Path, more: &[(&str, &str)]) -> FileSource {
    FileSource::open(&settings(more), &testing::context(folder)).unwrap()
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Every payload and reason from a cursor on, and the last cursor.
async fn drain(source: &FileSource, cursor: &str) -> (Vec<String>, Vec<String>, String) {
    let mut all = SourcePage { cursor: cursor.to_owned(), ..SourcePage::default() };
    loop {
        let page = source.fetch(&all.cursor).await.unwrap();
        all.payloads.extend(page.payloads);
        all.skipped.extend(page.skipped);
        all.cursor = page.cursor;
        if !page.has_more {
            return (all.payloads, all.skipped, all.cursor);
        }
    }
}

#[tokio::test]
async fn lines_come_once_they_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, source) = (folder.path().join("a.ndjson"), open(folder.path(), &[]));
    let (payloads, _, cursor) = drain(&source, "").await;
    assert!(payloads.is_empty());
    append(&path, "\u{feff}{\"n\":1}\r\n\n{\"n\":2}\n{\"n\"");
    let (payloads, skipped, cursor) = drain(&source, &cursor).await;
    assert_eq!((payloads, skipped), (vec!["{\"n\":1}".to_owned(), "{\"n\":2}".to_owned()], vec![]));
    append(&path, ":3}\n");
    assert_eq!(drain(&open(folder.path(), &[]), &cursor).await.0, ["{\"n\":3}"]);
}

#[tokio::test]
async fn what_is_no_event_is_named_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(5000));
    fs::write(&path, format!("[1]\n{{\"n\":1}}\n{long}\n{{\"n\":\n\"secret\"\n{{\"n\":2}}\n")).unwrap();
    append(&path, "{\"n\":3}\n");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":\"\xff\"}\n").unwrap();
    let (payloads, skipped, _) = drain(&open(folder.path(), &[("line_kib_max", "1")]), "").await;
    assert_eq!(payloads, ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
    let no_object = |line| format!("line {line} is not a JSON object");
    let long = "line 3 is longer than 1 KiB".to_owned();
    assert_eq!(skipped, [no_object(1), long, no_object(4), no_object(5), "line 8 is not UTF-8".to_owned()]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_passed_over_while_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut cursor) = (folder.path().join("a.ndjson"), String::new());
    let mut reasons = Vec::new();
    for piece in ["x".repeat(1500), "x".repeat(3000), "{}".to_owned()] {
        append(&path, &piece);
        let (payloads, skipped, next) = drain(&open(folder.path(), &[("line_kib_max", "1")]), &cursor).await;
        assert!(payloads.is_empty(), "{payloads:?}");
        reasons.extend(skipped);
        cursor = next;
    }
    append(&path, "\n{\"n\":1}\n");
    let (payloads, skipped, _) = drain(&open(folder.path(), &[]), &cursor).await;
    assert_eq!((payloads, reasons), (vec!["{\"n\":1}".to_owned()], vec!["line 1 is longer than 1 KiB".to_owned()]));
    assert!(skipped.is_empty(), "{skipped:?}");
}

#[tokio::test]
async fn a_new_source_can_begin_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, source) = (folder.path().join("a.ndjson"), open(folder.path(), &[("from", "end")]));
    append(&path, "{\"n\":1}\n{\"n\"");
    let (payloads, _, cursor) = drain(&source, "").await;
    assert!(payloads.is_empty());
    append(&path, ":2}\n[]\n");
    let (payloads, skipped, _) = drain(&source, &cursor).await;
    assert_eq!((payloads, skipped), (vec!["{\"n\":2}".to_owned()], vec!["line 3 is not a JSON object".to_owned()]));

    fs::remove_file(&path).unwrap();
    let cursor = drain(&source, "").await.2;
    append(&path, "{\"n\":3}\n");
    assert_eq!(drain(&source, &cursor).await.0, ["{\"n\":3}"], "a file that was waited for is new, all of it");
}

#[tokio::test]
async fn a_writer_that_goes_on_in_the_renamed_file_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("a.ndjson"), folder.path().join("a.ndjson.1"));
    append(&path, "{\"n\":1}\n");
    let mut cursor = drain(&open(folder.path(), &[]), "").await.2;
    fs::rename(&path, &old).unwrap();
    File::create(&path).unwrap();
    append(&old, "{\"n\":2}\n");
    let mut payloads = Vec::new();
    let steps: [(&Path, &str); 4] = [(&old, ""), (&old, "{\"n\":3}\n"), (&old, "{\"n\":4}"), (&path, "{\"n\":5}\n")];
    for (file, text) in steps {
        append(file, text);
        let (more, skipped, next) = drain(&open(folder.path(), &[]), &cursor).await;
        assert!(skipped.is_empty(), "{skipped:?}");
        payloads.extend(more);
        cursor = next;
    }
    assert_eq!(payloads, ["{\"n\":2}", "{\"n\":3}", "{\"n\":4}", "{\"n\":5}"]);
}

#[tokio::test]
async fn a_file_that_was_copied_and_cut_is_read_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    append(&path, "{\"n\":1}\n{\"n\":2}\n");
    let mut cursor = drain(&open(folder.path(), &[]), "").await.2;
    // Shorter than before, as long, and longer.
    for (generation, text) in
        ["{\"n\":3}\n", "{\"n\":4}\n", "{\"n\":5}\n{\"n\":6}\n{\"n\":7}\n"].into_iter().enumerate()
    {
        fs::copy(&path, folder.path().join(format!("a.ndjson.{generation}"))).unwrap();
        fs::write(&path, text).unwrap();
        let (payloads, skipped, next) = drain(&open(folder.path(), &[]), &cursor).await;
        assert_eq!((payloads.concat(), skipped.len()), (text.replace('\n', ""), 0));
        cursor = next;
    }
}

#[tokio::test]
async fn a_file_that_was_packed_is_finished_if_it_was_being_read_and_missed_if_not() {
    for is_restarted in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        append(&path, "{\"n\":1}\n");
        let mut source = open(folder.path(), &[]);
        let cursor = drain(&source, "").await.2;
        append(&path, "{\"n\":2}\n");
        fs::rename(&path, folder.path().join("a.ndjson.1.gz")).unwrap();
        append(&path, "{\"n\":3}\n");
        if is_restarted {
            source = open(folder.path(), &[]);
        }
        let (payloads, skipped, _) = drain(&source, &cursor).await;
        if is_restarted {
            assert_eq!(payloads, ["{\"n\":3}"]);
            assert!(skipped[0].starts_with("a file was removed or packed after its line 1"), "{skipped:?}");
        } else {
            assert_eq!((payloads, skipped), (vec!["{\"n\":2}".to_owned(), "{\"n\":3}".to_owned()], vec![]));
        }
    }
}

#[tokio::test]
async fn nothing_outside_is_read() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    append(&outside.path().join("secret"), "{\"n\":1}\n");
    let path = folder.path().join("a.ndjson");
    let given = settings(&[("path", outside.path().join("secret").to_str().unwrap())]);
    assert!(FileSource::open(&given, &testing::context(folder.path())).unwrap_err().to_string().contains("outside of"));

    let source = open(folder.path(), &[]);
    append(&path, "{\"n\":2}\n");
    let cursor = drain(&source, "").await.2;
    fs::rename(&path, folder.path().join("a.ndjson.2")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("a.ndjson.1")).unwrap();
    assert!(drain(&source, &cursor).await.0.is_empty(), "a link in the place of a rotated file is not followed");
    std::os::unix::fs::symlink(outside.path().join("secret"), &path).unwrap();
    let error = source.fetch(&cursor).await.unwrap_err();
    assert!(matches!(error, SourceError::Stop { .. }), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_read_waits_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a.ndjson")).unwrap();
    let source = open(folder.path(), &[]);
    for cursor in ["", "{}", "waiting"] {
        assert!(matches!(source.fetch(cursor).await, Err(SourceError::Stop { .. })), "{cursor:?}");
    }
}

/// What a writer, its rotation, and the reader do.
#[derive(Debug, Clone)]
enum Step {
    Lines(u8),
    /// Half a line; the next lines end it.
    Half,
    /// `a.ndjson` → `.1` → `.2` …; the writer goes on in the old file, or begins a new one.
    Rotate {
        is_new_made: bool,
    },
    Reopen,
    Fetch,
    /// The reader forgets everything but its cursor.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..9_u8).prop_map(Step::Lines),
        1 => Just(Step::Half),
        2 => any::<bool>().prop_map(|is_new_made| Step::Rotate { is_new_made }),
        2 => Just(Step::Reopen),
        3 => Just(Step::Fetch),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..60)
}

/// A writer that keeps its file open, as services do.
struct Writer {
    path: PathBuf,
    file: File,
    written: Vec<String>,
    half: Option<String>,
    rotation_count: usize,
}

impl Writer {
    fn new(folder: &Path) -> Self {
        let path = folder.join("a.ndjson");
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        Self { path, file, written: Vec::new(), half: None, rotation_count: 0 }
    }

    fn half(&mut self) {
        if self.half.is_none() {
            let line = format!("{{\"n\":{}}}", self.written.len());
            self.file.write_all(&line.as_bytes()[..3]).unwrap();
            self.half = Some(line);
        }
    }

    fn lines(&mut self, count: u8) {
        for _ in 0..count {
            self.half();
            let line = self.half.take().unwrap();
            self.file.write_all(format!("{}\n", &line[3..]).as_bytes()).unwrap();
            self.written.push(line);
        }
    }

    fn rotate(&mut self, is_new_made: bool) {
        // One rotation at a time: its signal makes the writer reopen before the next one.
        self.reopen();
        let name = |count: usize| PathBuf::from(format!("{}.{count}", self.path.display()));
        for count in (1..=self.rotation_count).rev() {
            fs::rename(name(count), name(count + 1)).unwrap();
        }
        fs::rename(&self.path, name(1)).unwrap();
        self.rotation_count += 1;
        if is_new_made {
            File::create(&self.path).unwrap();
        }
    }

    fn reopen(&mut self) {
        if self.half.is_some() {
            self.lines(1);
        }
        self.file = OpenOptions::new().create(true).append(true).open(&self.path).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_line_comes_exactly_once_whatever_is_renamed(steps in steps(), page_lines in 1..5_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let open = || FileSource::with_page_lines(&settings(&[]), &testing::context(folder.path()), page_lines);
        let (mut writer, mut source) = (Writer::new(folder.path()), open());
        let (mut cursor, mut read) = (String::new(), Vec::new());
        // A new source begins with the file that has the name when it is first asked.
        cursor = runtime.block_on(source.fetch(&cursor)).unwrap().cursor;
        for step in steps {
            match step {
                Step::Lines(count) => writer.lines(count),
                Step::Half => writer.half(),
                Step::Rotate { is_new_made } => writer.rotate(is_new_made),
                Step::Reopen => writer.reopen(),
                Step::Restart => source = open(),
                Step::Fetch => {
                    let page = runtime.block_on(source.fetch(&cursor)).unwrap();
                    prop_assert!(page.skipped.is_empty(), "{:?}", page.skipped);
                    prop_assert!(page.payloads.len() <= page_lines);
                    read.extend(page.payloads);
                    cursor = page.cursor;
                }
            }
        }
        let (rest, skipped, _) = runtime.block_on(drain(&source, &cursor));
        read.extend(rest);
        prop_assert!(skipped.is_empty(), "{:?}", skipped);
        prop_assert_eq!(read, writer.written);
    }

    #[test]
    fn every_line_that_was_read_before_a_cut_comes_exactly_once(counts in prop::collection::vec(0..9_u8, 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(folder.path());
        let (mut cursor, mut read) = (String::new(), Vec::new());
        for count in counts {
            writer.lines(count);
            let source = FileSource::with_page_lines(&settings(&[]), &testing::context(folder.path()), 2);
            let (payloads, _, next) = runtime.block_on(drain(&source, &cursor));
            read.extend(payloads);
            cursor = next;
            writer.file.set_len(0).unwrap();
        }
        prop_assert_eq!(read, writer.written);
    }
}

#[tokio::test]
async fn a_file_that_is_renamed_away_before_it_was_seen_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, rotated) = (folder.path().join("a.ndjson"), |n: u32| folder.path().join(format!("a.ndjson.{n}")));
    append(&rotated(3), "{\"n\":0}\n");
    let source = open(folder.path(), &[]);
    let first = source.fetch("").await.unwrap();
    assert!(first.payloads.is_empty(), "what was renamed away before there was a source is none of it: {first:?}");
    for n in 1..=3 {
        // Files are told apart by when they were made.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        append(&path, &format!("{{\"n\":{n}}}\n"));
        if n < 3 {
            fs::rename(&path, rotated(3 - n)).unwrap();
        }
    }
    let (payloads, skipped, _) = drain(&open(folder.path(), &[]), &first.cursor).await;
    assert_eq!((payloads, skipped), (vec!["{\"n\":1}".to_owned(), "{\"n\":2}".into(), "{\"n\":3}".into()], vec![]));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told_until_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    let source = open(folder.path(), &[]);
    let page = source.fetch("").await.unwrap();
    assert!(page.notice.contains("not there") && page.skipped.is_empty(), "{page:?}");
    append(&path, "{\"n\":1}\n");
    let page = source.fetch(&page.cursor).await.unwrap();
    assert_eq!((page.payloads.len(), page.notice.as_str()), (1, ""));
    // What is held is read to its end.
    append(&path, "{\"n\":2}\n");
    fs::remove_file(&path).unwrap();
    let page = source.fetch(&page.cursor).await.unwrap();
    assert_eq!(page.payloads.len(), 1);
    assert!(page.notice.contains("not there") && page.skipped.is_empty(), "{page:?}");
    append(&path, "{\"n\":3}\n");
    let page = source.fetch(&page.cursor).await.unwrap();
    assert_eq!((page.payloads, page.notice.as_str()), (vec!["{\"n\":3}".to_owned()], ""));
}
