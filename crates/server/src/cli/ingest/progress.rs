//! How far a file was sent: kept beside it, so that an interrupted run can be repeated.

use std::{
    fmt, fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use daybook_events::Feature;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::Batch;
use crate::cli::appender::Answer;

/// Rejected lines that are kept with their reasons; of further ones the number is.
const REJECTED_KEPT_MAX: usize = 1000;

/// What is on disk at the hub, and how to find the place in the file again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) feature: String,
    pub(super) host: String,
    /// Where the last batch begins and ends, in bytes.
    pub(super) batch_start: u64,
    pub(super) offset: u64,
    /// Lines up to there.
    pub(super) line: u64,
    /// SHA-256 of the bytes of the last batch: the file is still the same where we stopped.
    pub(super) sha256: String,
    pub(super) report: Report,
}

/// What became of the events so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) accepted: u64,
    pub(super) rejected_total: u64,
    pub(super) rejected: Vec<RejectedLine>,
}

/// A line that was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RejectedLine {
    /// Which, from 1; in a JSON array, which item.
    pub(super) line: u64,
    pub(super) field: String,
    pub(super) reason: String,
}

impl fmt::Display for RejectedLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = [self.field.as_str(), self.reason.as_str()].join(" ");
        write!(formatter, "line {}: {}", self.line, what.trim())
    }
}

impl Report {
    /// Counts what the hub answered to a batch.
    pub(super) fn count(&mut self, batch: &Batch, answer: Answer) {
        self.accepted += answer.accepted;
        let rejected = answer.rejected.into_iter().map(|item| RejectedLine {
            line: batch.lines.get(item.index).copied().unwrap_or_default(),
            field: item.field,
            reason: item.reason,
        });
        self.reject(&rejected.collect::<Vec<_>>());
    }

    pub(super) fn reject(&mut self, rejected: &[RejectedLine]) {
        self.rejected_total += rejected.len() as u64;
        let room = REJECTED_KEPT_MAX.saturating_sub(self.rejected.len());
        self.rejected.extend(rejected.iter().take(room).cloned());
    }

    /// For programs.
    pub(super) fn public(&self) -> Value {
        json!({"accepted": self.accepted, "rejected_total": self.rejected_total, "rejected": self.rejected})
    }
}

impl Progress {
    /// What an earlier run left for the same feature and hub.
    pub(super) fn read(file: &Path, feature: &Feature, host: &str) -> Option<Self> {
        let progress: Self = serde_json::from_slice(&fs::read(path_of(file)).ok()?).ok()?;
        (progress.feature == feature.as_str() && progress.host == host).then_some(progress)
    }

    /// Replaces what is there, all of it or nothing.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        replace(&path_of(file), &serde_json::to_vec(self).context("write the progress")?)
    }

    pub(super) fn remove(file: &Path) {
        // One that is not there is as good as removed; one that stays no longer matches, or is good to go on from.
        let _ = fs::remove_file(path_of(file));
    }
}

/// Replaces a file, all of it or nothing, also when the machine stops.
pub(super) fn replace(path: &Path, text: &[u8]) -> Result<()> {
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(".new");
    let write = || {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(text)?;
        file.sync_data()?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("write {}", path.display()))
}

/// `FILE.daybook-progress`
fn path_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".daybook-progress");
    path.into()
}

#[cfg(test)]
mod tests {
    use daybook_events::{AUDIT_EVENTS, ITEM_USAGES};

    use super::*;
    use crate::cli::ingest::input::Input;

    const HOST: &str = "https://127.0.0.1:8443";

    fn progress_of(batch: &Batch) -> Progress {
        Progress {
            feature: AUDIT_EVENTS.to_string(),
            host: HOST.to_owned(),
            batch_start: batch.start,
            offset: batch.end,
            line: batch.line_end,
            sha256: batch.sha256.clone(),
            report: Report { accepted: 1000, ..Report::default() },
        }
    }

    fn file_of(lines: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text: String = (0..lines).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_run_goes_on_where_the_last_one_stopped() {
        let file = file_of(2500);
        let mut input = Input::file(file.path()).unwrap();
        let first = input.next_batch().unwrap().unwrap();
        progress_of(&first).write(file.path()).unwrap();
        let expected = input.next_batch().unwrap().unwrap();

        let progress = Progress::read(file.path(), &AUDIT_EVENTS, HOST).unwrap();
        let mut again = Input::file(file.path()).unwrap();
        assert!(again.resume(&progress).unwrap());
        assert_eq!(again.next_batch().unwrap().unwrap(), expected);
        assert_eq!(progress.report.accepted, 1000);

        Progress::remove(file.path());
        assert_eq!(Progress::read(file.path(), &AUDIT_EVENTS, HOST), None);
    }

    #[test]
    fn progress_elsewhere_or_of_another_feature_is_not_ours() {
        let file = file_of(10);
        let batch = Input::file(file.path()).unwrap().next_batch().unwrap().unwrap();
        progress_of(&batch).write(file.path()).unwrap();
        assert_eq!(Progress::read(file.path(), &ITEM_USAGES, HOST), None);
        assert_eq!(Progress::read(file.path(), &AUDIT_EVENTS, "https://other"), None);
        fs::write(path_of(file.path()), "{").unwrap();
        assert_eq!(Progress::read(file.path(), &AUDIT_EVENTS, HOST), None);
        Progress::remove(file.path());
    }

    #[test]
    fn another_file_of_the_same_name_begins_anew() {
        let file = file_of(2500);
        let batch = Input::file(file.path()).unwrap().next_batch().unwrap().unwrap();
        for changed in ["", "{\"n\":9}\n", &"{\"m\":1}\n".repeat(5000)] {
            fs::write(file.path(), changed).unwrap();
            let mut input = Input::file(file.path()).unwrap();
            assert!(!input.resume(&progress_of(&batch)).unwrap());
            assert_eq!(input.offset(), 0);
        }
    }

    #[test]
    fn rejected_items_are_told_by_their_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "{}\n\nnot json\n{}\n").unwrap();
        let batch = Input::file(file.path()).unwrap().next_batch().unwrap().unwrap();
        let answer = serde_json::from_value(json!({
            "accepted": 1, "rejected": [{"index": 1, "field": "uuid", "reason": "is missing"}]
        }));
        let mut report = Report::default();
        report.count(&batch, answer.unwrap());
        report.reject(&batch.refused);
        assert_eq!((report.accepted, report.rejected_total), (1, 2));
        assert_eq!(report.rejected.iter().map(|it| it.line).collect::<Vec<_>>(), [4, 3]);
    }
}
