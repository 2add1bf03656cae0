//! Buckets of failures: each knows how many there were, when the last was, and forgets them one at a time.
//!
//! There are at most 10,000; the one that was filled longest ago goes first.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use daybook_events::Timestamp;

use super::keys::BucketKey;

/// How many buckets of one kind there are at most.
pub(super) const BUCKETS_MAX: usize = 10_000;

/// The first wait after the free attempts; each further one doubles it.
const WAIT_MIN: Duration = Duration::from_secs(2);

/// How fast a bucket lets attempts through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Attempts without any wait.
    pub(super) free: u32,
    /// The longest wait between two attempts.
    pub(super) wait_max: Duration,
    /// One failure is forgotten after this time.
    pub(super) fades_after: Duration,
}

/// Buckets of one kind.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    buckets: HashMap<BucketKey, Bucket>,
    /// Keys by when they were last filled, the oldest first.
    filled: BTreeMap<u64, BucketKey>,
    turn: u64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    failures: u32,
    /// When the last attempt was admitted, or the first was asked for.
    last: Timestamp,
    /// From when on the next failure fades.
    fades_from: Timestamp,
    turn: u64,
}

impl Buckets {
    /// How long an attempt has to wait after the failures so far.
    pub(super) fn wait(&mut self, key: BucketKey, pace: &Pace, now: Timestamp) -> Duration {
        let Some(bucket) = self.faded(key, pace, now) else { return Duration::ZERO };
        wait_after(bucket.failures, pace).saturating_sub(now.since(bucket.last))
    }

    /// How many failures there are.
    pub(super) fn failures(&mut self, key: BucketKey, pace: &Pace, now: Timestamp) -> u32 {
        self.faded(key, pace, now).map_or(0, |bucket| bucket.failures)
    }

    /// How long an attempt has to wait such that `gap` lies between it and the last one, or the first knock.
    pub(super) fn wait_from_knock(&mut self, key: BucketKey, gap: Duration, now: Timestamp) -> Duration {
        if gap.is_zero() {
            return gap;
        }
        match self.buckets.get(&key) {
            Some(bucket) => gap.saturating_sub(now.since(bucket.last)),
            None => {
                self.put(key, Bucket { failures: 0, last: now, fades_from: now, turn: 0 });
                gap
            }
        }
    }

    /// Counts an attempt as failed.
    pub(super) fn count(&mut self, key: BucketKey, pace: &Pace, now: Timestamp) {
        let before = self.faded(key, pace, now);
        let failures = before.map_or(0, |bucket| bucket.failures);
        let fades_from = before.filter(|bucket| bucket.failures > 0).map_or(now, |bucket| bucket.fades_from);
        self.put(key, Bucket { failures: failures.saturating_add(1), last: now, fades_from, turn: 0 });
    }

    /// Takes one failure back.
    pub(super) fn take_back(&mut self, key: BucketKey) {
        if let Some(bucket) = self.buckets.get_mut(&key) {
            bucket.failures = bucket.failures.saturating_sub(1);
        }
    }

    /// Forgets a bucket.
    pub(super) fn clear(&mut self, key: BucketKey) {
        if let Some(bucket) = self.buckets.remove(&key) {
            self.filled.remove(&bucket.turn);
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.buckets.len(), self.filled.len());
        self.buckets.len()
    }

    /// A bucket after what has faded.
    fn faded(&mut self, key: BucketKey, pace: &Pace, now: Timestamp) -> Option<Bucket> {
        let bucket = self.buckets.get_mut(&key)?;
        let faded = now.since(bucket.fades_from).as_secs() / pace.fades_after.as_secs().max(1);
        let faded = u32::try_from(faded).unwrap_or(u32::MAX);
        bucket.failures = bucket.failures.saturating_sub(faded);
        bucket.fades_from = bucket.fades_from.plus(pace.fades_after.saturating_mul(faded));
        Some(*bucket)
    }

    fn put(&mut self, key: BucketKey, bucket: Bucket) {
        self.clear(key);
        while self.buckets.len() >= BUCKETS_MAX {
            let Some((_, oldest)) = self.filled.pop_first() else { break };
            self.buckets.remove(&oldest);
        }
        self.turn += 1;
        self.filled.insert(self.turn, key);
        self.buckets.insert(key, Bucket { turn: self.turn, ..bucket });
    }
}

/// The wait after so many failures: none, then 2 s, 4 s and so on up to the longest.
fn wait_after(failures: u32, pace: &Pace) -> Duration {
    match failures.checked_sub(pace.free) {
        Some(beyond) => WAIT_MIN.saturating_mul(2_u32.saturating_pow(beyond)).min(pace.wait_max),
        None => Duration::ZERO,
    }
}
