//! The ids of events that are here already, for a source that is read again from a time.

use std::collections::HashSet;

use daybook_events::{Read, StreamKey, Timestamp};
use daybook_store::{EventLog, ReadFilter, StoreError};
use ring::digest;
use serde::Deserialize;

/// Ids that are remembered, at the most.
const IDS_MAX: usize = 1_000_000;
const EVENTS_AT_A_TIME: usize = 5000;

/// Ids of events, by their digests: an id is another system's text, of any length.
#[derive(Debug)]
pub(super) struct Known {
    ids: HashSet<[u8; 16]>,
    ids_max: usize,
    /// Whether there were more than can be remembered.
    pub(super) is_cut: bool,
}

impl Known {
    fn new(ids_max: usize) -> Self {
        Self { ids: HashSet::new(), ids_max, is_cut: false }
    }

    /// The ids of what is in a stream since a time.
    pub(super) async fn since(log: &EventLog, stream: &StreamKey<Read>, since: Timestamp) -> Result<Self, StoreError> {
        let mut known = Self::new(IDS_MAX);
        let mut position = log.position_at_time(stream, since).await?;
        loop {
            let page = log.read_after(stream, position, EVENTS_AT_A_TIME, &ReadFilter::default()).await?;
            for event in page.iter() {
                known.remember(event.payload);
            }
            position = page.scanned;
            if !page.more {
                return Ok(known);
            }
        }
    }

    fn remember(&mut self, payload: &str) {
        #[derive(Deserialize)]
        struct Named {
            uuid: String,
        }
        let Ok(Named { uuid }) = serde_json::from_str(payload) else { return };
        if self.ids.len() >= self.ids_max {
            self.is_cut = true;
            return;
        }
        self.ids.insert(digest_of(&uuid));
    }

    pub(super) fn has(&self, uuid: &str) -> bool {
        self.ids.contains(&digest_of(uuid))
    }

    /// Remembers one more, which has just been appended.
    pub(super) fn add(&mut self, uuid: &str) {
        if self.ids.len() < self.ids_max {
            self.ids.insert(digest_of(uuid));
        }
    }
}

fn digest_of(uuid: &str) -> [u8; 16] {
    let digest = digest::digest(&digest::SHA256, uuid.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_ref()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_a_bound() {
        let mut known = Known::new(2);
        for payload in [r#"{"uuid":"A"}"#, r#"{"uuid":7}"#, r#"{"uuid":"B"}"#, "{}"] {
            known.remember(payload);
        }
        assert!(known.has("A") && known.has("B") && !known.has("C") && !known.is_cut);
        known.remember(r#"{"uuid":"C"}"#);
        assert!(!known.has("C") && known.is_cut);
    }
}
