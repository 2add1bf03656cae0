//! Where a feature is at an upstream, and what reading is about there.

use daybook_events::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Phase;

/// What is kept as the cursor of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    #[serde(flatten)]
    pub(super) reading: Reading,
    /// The upstream's own; `None` before the first page of what is being read.
    pub(super) cursor: Option<String>,
}

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Reading {
    CatchingUp {
        since: Timestamp,
        began_at: Timestamp,
    },
    Following,
    #[serde(rename = "reading_again")]
    Again {
        since: Timestamp,
    },
}

impl Place {
    /// Reads what was kept; `None` before the first page.
    ///
    /// # Errors
    ///
    /// It is the cursor of another kind of source.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, serde_json::Error> {
        if text.is_empty() { Ok(None) } else { serde_json::from_str(text).map(Some) }
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a place is plain data")
    }

    /// After a page: at its cursor, and at the tail nothing is left to catch up with.
    pub(super) fn after(&self, cursor: String, has_more: bool) -> Self {
        Self { reading: if has_more { self.reading } else { Reading::Following }, cursor: Some(cursor) }
    }
}

impl From<Reading> for Phase {
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::CatchingUp { since, began_at } => Self::CatchingUp { since, began_at },
            Reading::Following => Self::Following,
            Reading::Again { since } => Self::Again { since },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_it_was_written() {
        let time = Timestamp::from_seconds(1_770_000_000);
        for reading in
            [Reading::CatchingUp { since: time, began_at: time }, Reading::Following, Reading::Again { since: time }]
        {
            for cursor in [None, Some("a\"b".to_owned())] {
                let place = Place { reading, cursor };
                assert_eq!(Place::parse(&place.to_text()).unwrap(), Some(place));
            }
        }
        assert_eq!(Place::parse("").unwrap(), None);
        assert!(Place::parse("offset 12").is_err());
    }

    #[test]
    fn the_past_ends_at_the_tail() {
        let time = Timestamp::from_seconds(0);
        let place = Place { reading: Reading::Again { since: time }, cursor: None };
        assert_eq!(place.after("a".into(), true).reading, place.reading);
        assert_eq!(place.after("a".into(), false).reading, Reading::Following);
    }
}
