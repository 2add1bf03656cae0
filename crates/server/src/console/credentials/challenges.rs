//! Challenges between the question to a browser and its answer: each is kept for five minutes and taken once.
//!
//! They live in memory, because a challenge must not be answered twice and a restart may cost somebody one more click.
//! When there are too many, the oldest goes first; whoever hands them out bounds how fast that happens.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use daybook_events::Timestamp;

/// How long a challenge can be answered.
pub(crate) const CHALLENGE_LIFETIME: Duration = Duration::from_mins(5);
/// How many challenges are open at a time.
pub(crate) const CHALLENGES_MAX: usize = 10_000;

const RANDOM_BYTES: usize = 16;
const ID_BYTES: usize = size_of::<i64>() + RANDOM_BYTES;

/// Open challenges of one kind of ceremony.
#[derive(Debug)]
pub(crate) struct Challenges<T> {
    open: Mutex<BTreeMap<ChallengeKey, T>>,
}

/// When a challenge was opened, and what nobody can guess. The order is that of time.
type ChallengeKey = (Timestamp, [u8; RANDOM_BYTES]);

impl<T> Default for Challenges<T> {
    fn default() -> Self {
        Self { open: Mutex::new(BTreeMap::new()) }
    }
}

impl<T> Challenges<T> {
    /// Keeps a challenge and returns its id, 32 characters of base64url.
    pub(crate) fn keep(&self, challenge: T, now: Timestamp) -> String {
        let key = (now, random_bytes());
        let mut open = self.lock();
        drop_expired(&mut open, now);
        while open.len() >= CHALLENGES_MAX {
            open.pop_first();
        }
        open.insert(key, challenge);
        write_id(key)
    }

    /// Takes a challenge that is still open; the second time there is none.
    pub(crate) fn take(&self, id: &str, now: Timestamp) -> Option<T> {
        let key = read_id(id)?;
        let mut open = self.lock();
        let challenge = open.remove(&key);
        drop_expired(&mut open, now);
        challenge.filter(|_| now.since(key.0) <= CHALLENGE_LIFETIME)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChallengeKey, T>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_expired<T>(open: &mut BTreeMap<ChallengeKey, T>, now: Timestamp) {
    while let Some(oldest) = open.first_entry() {
        if now.since(oldest.key().0) <= CHALLENGE_LIFETIME {
            return;
        }
        oldest.remove();
    }
}

fn random_bytes() -> [u8; RANDOM_BYTES] {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

fn write_id((opened_at, random): ChallengeKey) -> String {
    let mut bytes = Vec::with_capacity(ID_BYTES);
    bytes.extend_from_slice(&opened_at.as_nanos().to_be_bytes());
    bytes.extend_from_slice(&random);
    BASE64URL_NOPAD.encode(&bytes)
}

fn read_id(id: &str) -> Option<ChallengeKey> {
    if id.len() != BASE64URL_NOPAD.encode_len(ID_BYTES) {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    let (opened_at, random) = bytes.split_first_chunk()?;
    Some((Timestamp::from_nanos(i64::from_be_bytes(*opened_at)), random.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    #[test]
    fn challenge_is_taken_once() {
        let challenges = Challenges::default();
        let id = challenges.keep("first", at(0));
        let other = challenges.keep("second", at(0));
        assert_eq!(id.len(), 32);
        assert_eq!(challenges.take(&id, at(300)), Some("first"));
        assert_eq!(challenges.take(&id, at(300)), None);
        assert_eq!(challenges.take(&other, at(300)), Some("second"));
    }

    #[test]
    fn challenge_expires_after_five_minutes() {
        let challenges = Challenges::default();
        let id = challenges.keep((), at(0));
        let late = challenges.keep((), at(10));
        assert_eq!(challenges.take(&id, at(301)), None);
        assert_eq!(challenges.lock().len(), 1);
        assert_eq!(challenges.take(&late, at(310)), Some(()));
    }

    #[test]
    fn expired_challenges_go_when_new_ones_come() {
        let challenges = Challenges::default();
        for _ in 0..100 {
            challenges.keep((), at(0));
        }
        challenges.keep((), at(301));
        assert_eq!(challenges.lock().len(), 1);
    }

    #[test]
    fn oldest_challenge_goes_when_there_are_too_many() {
        let challenges = Challenges::default();
        let oldest = challenges.keep(0, at(0));
        let second = challenges.keep(1, at(1));
        for number in 2..=CHALLENGES_MAX {
            challenges.keep(number, at(2));
        }
        assert_eq!(challenges.lock().len(), CHALLENGES_MAX);
        assert_eq!(challenges.take(&oldest, at(3)), None);
        assert_eq!(challenges.take(&second, at(3)), Some(1));
    }

    #[test]
    fn other_ids_find_nothing() {
        let challenges = Challenges::default();
        let id = challenges.keep((), at(0));
        for other in ["", "A", &id[1..], &id.to_lowercase(), &"A".repeat(32), &"é".repeat(16), &"A".repeat(10_000)] {
            assert_eq!(challenges.take(other, at(0)), None, "{other}");
        }
    }
}
