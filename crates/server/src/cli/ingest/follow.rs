//! `daybook ingest FEATURE FILE --follow`: what is appended to a file, also after it was rotated, each line once.
//!
//! ```text
//!  page of the file ──▶ state: pending { key, body, cursor } ──▶ append with the key ──▶ state: cursor
//! ```
//!
//! What is about to be sent is on disk before it is sent. After an interruption, whatever it cut off, the same bytes are
//! sent with the same key, which the hub drops if it has them; only then is the file read on.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use daybook_connectors::{
    Context as ConnectorContext, EgressGuard, FileRoots, FileSource, Settings, SourceError, SourceKind, SourcePage,
};
use daybook_events::{Feature, SystemClock};
use serde::{Deserialize, Serialize};

use super::{
    Ingest,
    progress::{RejectedLine, Report, replace},
};
use crate::cli::{
    appender::{Appender, Patience, digest},
    output::say,
    signals::interrupted,
};

const POLL_INTERVAL: Duration = Duration::from_millis(500);
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
const STATE_VERSION: u32 = 1;

/// How far the file was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    version: u32,
    feature: String,
    host: String,
    /// The source's: up to here everything is on disk at the hub.
    cursor: String,
    /// What may be there too.
    pending: Option<Pending>,
}

/// A page that is being sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    key: String,
    body: String,
    /// Where the file is read on afterwards.
    cursor: String,
}

/// A file that is being followed.
struct Follower<'a> {
    appender: &'a Appender,
    feature: &'a Feature,
    source: FileSource,
    state_path: PathBuf,
    state: State,
    report: Report,
}

/// Follows until somebody wants the end.
///
/// # Errors
///
/// The state is another's or cannot be written, the file must not be read, or the hub refuses.
pub(super) async fn follow(appender: &Appender, command: &Ingest, file: &Path) -> Result<Report> {
    let state_path = command.state.clone().unwrap_or_else(|| default_state_path(file));
    let mut follower = Follower {
        appender,
        feature: &command.feature,
        source: source_of(command, file)?,
        state: state_of(&state_path, &command.feature, appender.url(), command.restart)?,
        state_path,
        report: Report::default(),
    };
    let outcome = tokio::select! {
        () = interrupted() => Ok(()),
        Err(error) = follower.go_on() => Err(error),
    };
    outcome.context("the same command goes on where it stopped")?;
    Ok(follower.report)
}

impl Follower<'_> {
    /// Page after page, without end. It may be dropped anywhere.
    async fn go_on(&mut self) -> Result<std::convert::Infallible> {
        self.send_pending().await?;
        loop {
            let page = match self.source.fetch(&self.state.cursor).await {
                Ok(page) => page,
                Err(SourceError::Stop { reason, fix }) => return Err(anyhow!("{reason}; {fix}")),
                Err(SourceError::Retry { reason, after }) => {
                    let wait = after.unwrap_or(RETRY_INTERVAL);
                    tracing::warn!("{reason}; trying again in {} s", wait.as_secs());
                    tokio::time::sleep(wait).await;
                    continue;
                }
            };
            let has_more = page.has_more;
            self.take(page).await?;
            if !has_more {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
    }

    async fn take(&mut self, page: SourcePage) -> Result<()> {
        if page.cursor != self.state.cursor {
            let mut body = page.payloads.join("\n");
            body.push('\n');
            let key = digest(&[self.feature.as_str().as_bytes(), self.state.cursor.as_bytes(), body.as_bytes()]);
            if page.payloads.is_empty() {
                self.state.cursor = page.cursor;
            } else {
                self.state.pending = Some(Pending { key, body, cursor: page.cursor });
            }
            self.write_state()?;
            self.send_pending().await?;
        }
        for reason in page.skipped {
            say(&format!("not sent: {reason}"));
            self.report.rejected_total += 1;
        }
        Ok(())
    }

    async fn send_pending(&mut self) -> Result<()> {
        let Some(pending) = &self.state.pending else { return Ok(()) };
        let answer =
            self.appender.append(self.feature, pending.body.as_bytes(), &pending.key, Patience::Endless).await?;
        self.report.accepted += answer.accepted;
        for item in answer.rejected {
            let event = RejectedLine { line: item.index as u64 + 1, field: item.field, reason: item.reason };
            say(&format!("rejected by the hub, of {} events in a batch, {event}", pending.body.lines().count()));
            self.report.rejected_total += 1;
        }
        self.state.cursor.clone_from(&pending.cursor);
        self.state.pending = None;
        self.write_state()
    }

    fn write_state(&self) -> Result<()> {
        replace(&self.state_path, &serde_json::to_vec(&self.state).context("write the state")?)
    }
}

/// The file may be anywhere: whoever runs the command has the right to read it, or has not.
fn source_of(command: &Ingest, file: &Path) -> Result<FileSource> {
    let path = std::path::absolute(file).with_context(|| format!("find {}", file.display()))?;
    let path = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?.to_owned();
    let from = if command.from_end { "end" } else { "beginning" };
    let given = [("path", path.as_str()), ("feature", command.feature.as_str()), ("from", from)];
    let given: BTreeMap<String, String> =
        given.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let context = ConnectorContext {
        hub_version: env!("CARGO_PKG_VERSION").to_owned(),
        hub_host: String::new(),
        hub_mark: String::new(),
        guard: Arc::new(EgressGuard::default()),
        clock: Arc::new(SystemClock),
        files: FileRoots::new(vec![PathBuf::from("/")]),
    };
    let settings = Settings::check(SourceKind::File.description(), &given)?;
    Ok(FileSource::open(&settings, &context)?)
}

/// `FILE.daybook-follow`
fn default_state_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".daybook-follow");
    path.into()
}

/// What an earlier run left. One that cannot be used is not thrown away: lines would be appended twice.
fn state_of(path: &Path, feature: &Feature, host: &str, is_restarted: bool) -> Result<State> {
    let new = State {
        version: STATE_VERSION,
        feature: feature.to_string(),
        host: host.to_owned(),
        cursor: String::new(),
        pending: None,
    };
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(new),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        Ok(_) if is_restarted => return Ok(new),
        Ok(text) => text,
    };
    let advice = || format!("{} cannot be gone on with: give another --state, or --restart", path.display());
    let state: State = serde_json::from_slice(&text).with_context(advice)?;
    ensure!(state.version == STATE_VERSION, advice());
    ensure!(
        state.feature == new.feature && state.host == new.host,
        "{} is of {} at {}: give another --state, or --restart",
        path.display(),
        state.feature,
        state.host
    );
    Ok(state)
}

#[cfg(test)]
mod tests {
    use daybook_events::{AUDIT_EVENTS, ITEM_USAGES};

    use super::*;

    #[test]
    fn a_state_of_another_run_is_neither_used_nor_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = default_state_path(&folder.path().join("a.ndjson"));
        let state = state_of(&path, &AUDIT_EVENTS, "https://hub", false).unwrap();
        assert_eq!((state.cursor.as_str(), &state.pending), ("", &None));
        let pending = Pending { key: "k".to_owned(), body: "{}\n".to_owned(), cursor: "c".to_owned() };
        let kept = State { cursor: "b".to_owned(), pending: Some(pending), ..state.clone() };
        replace(&path, &serde_json::to_vec(&kept).unwrap()).unwrap();

        assert_eq!(state_of(&path, &AUDIT_EVENTS, "https://hub", false).unwrap(), kept);
        assert_eq!(state_of(&path, &AUDIT_EVENTS, "https://hub", true).unwrap(), state);
        for (feature, host) in [(&ITEM_USAGES, "https://hub"), (&AUDIT_EVENTS, "https://other")] {
            let error = state_of(&path, feature, host, false).unwrap_err().to_string();
            assert!(error.contains("is of auditevents at https://hub: give another --state"), "{error}");
        }
        fs::write(&path, "{").unwrap();
        assert!(state_of(&path, &AUDIT_EVENTS, "https://hub", false).is_err());
    }
}
