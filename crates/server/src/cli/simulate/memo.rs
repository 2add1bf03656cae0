//! What was sent of a history, remembered in the data directory, so that an interrupted one is completed.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use daybook_events::{Feature, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cli::own_token::make_private_folder;

/// What makes a history the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Terms {
    pub(super) seed: u64,
    pub(super) users: u32,
    pub(super) days: u32,
    pub(super) start: Timestamp,
}

/// A history and how far it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memo {
    pub(super) terms: Terms,
    /// Batches that are on disk, by feature.
    batches: BTreeMap<String, u64>,
    pub(super) is_done: bool,
}

/// What to do about a history.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Nothing; live events go on from a history of this start.
    Skip { start: Timestamp },
    /// Send what is missing.
    Send(Memo),
}

impl Course {
    /// An interrupted history of the same terms is completed with its own start; another one is sent where there are no
    /// events yet, or where it is wanted again.
    pub(super) fn choose(memo: Option<Memo>, terms: Terms, has_events: bool, again: bool) -> Self {
        let memo = memo.filter(|memo| Terms { start: terms.start, ..memo.terms } == terms);
        match memo {
            Some(memo) if !memo.is_done => Self::Send(memo),
            memo if has_events && !again => Self::Skip { start: memo.map_or(terms.start, |memo| memo.terms.start) },
            _ => Self::Send(Memo { terms, batches: BTreeMap::new(), is_done: false }),
        }
    }

    pub(super) fn start(&self) -> Timestamp {
        match self {
            Self::Skip { start } => *start,
            Self::Send(memo) => memo.terms.start,
        }
    }
}

impl Memo {
    /// What an earlier run left.
    pub(super) fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// Replaces what is there, all of it or nothing.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let temporary = file.with_extension("new");
        let text = serde_json::to_vec(self).context("write the simulation's progress")?;
        make_private_folder(file.parent().context("the file is in a folder")?)?;
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, file))
            .with_context(|| format!("write {}", file.display()))
    }

    /// Batches of a feature that are on disk.
    pub(super) fn batches_of(&self, feature: &Feature) -> u64 {
        self.batches.get(feature.as_str()).copied().unwrap_or(0)
    }

    pub(super) fn count_batch(&mut self, feature: &Feature) {
        *self.batches.entry(feature.to_string()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use daybook_events::AUDIT_EVENTS;

    use super::*;

    fn terms(start_secs: i64) -> Terms {
        Terms { seed: 7, users: 300, days: 30, start: Timestamp::from_seconds(start_secs) }
    }

    fn memo(start_secs: i64, is_done: bool) -> Memo {
        Memo { terms: terms(start_secs), batches: BTreeMap::from([("auditevents".to_owned(), 3)]), is_done }
    }

    fn fresh(start_secs: i64) -> Course {
        Course::Send(Memo { terms: terms(start_secs), batches: BTreeMap::new(), is_done: false })
    }

    #[test]
    fn an_interrupted_history_is_completed_from_its_own_start() {
        let course = Course::choose(Some(memo(100, false)), terms(200), true, false);
        assert_eq!(course, Course::Send(memo(100, false)));
    }

    #[test]
    fn a_history_is_sent_once_unless_wanted_again() {
        assert_eq!(Course::choose(None, terms(200), false, false), fresh(200));
        let start = Timestamp::from_seconds;
        assert_eq!(Course::choose(Some(memo(100, true)), terms(200), true, false), Course::Skip { start: start(100) });
        assert_eq!(Course::choose(None, terms(200), true, false), Course::Skip { start: start(200) });
        assert_eq!(Course::choose(Some(memo(100, true)), terms(200), true, true), fresh(200));
    }

    #[test]
    fn another_company_is_another_history() {
        let other = Terms { users: 5, ..terms(200) };
        let course = Course::choose(Some(memo(100, false)), other, true, false);
        assert_eq!(course, Course::Skip { start: other.start });
    }

    #[test]
    fn a_memo_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cli/A.simulation.json");
        let mut memo = memo(100, false);
        memo.count_batch(&AUDIT_EVENTS);
        memo.write(&file).unwrap();
        let read = Memo::read(&file).unwrap();
        assert_eq!((read.batches_of(&AUDIT_EVENTS), &read), (4, &memo));
    }
}
