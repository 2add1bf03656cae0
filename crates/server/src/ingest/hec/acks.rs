//! Acknowledgements by channel: which requests of a sender are on disk.
//!
//! A request is answered after its events are on disk, so the id it gets is true from then on; Splunk tells so once, and
//! so do we. What is kept per token is bounded: a sender that never asks loses its oldest ids, a channel that nobody uses
//! is forgotten. An id that is not known is false, whereupon a sender sends again: nothing is lost by forgetting.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use daybook_events::{Timestamp, TokenId};

/// Channels of one token; beyond that the one unused for longest is forgotten.
const CHANNELS_MAX: usize = 256;
/// Ids of one channel that nobody has asked for; beyond that the oldest are forgotten.
const IDS_MAX: usize = 8_192;
/// A channel that was not used for so long is forgotten.
const IDLE_MAX: Duration = Duration::from_secs(30 * 60);

/// A sender's channel: a GUID of its own making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ChannelId(u128);

/// What every token's channels have to be told.
#[derive(Debug, Default)]
pub(crate) struct Acks(Mutex<HashMap<TokenId, HashMap<ChannelId, Channel>>>);

/// The ids of a channel, from `first` on: whether each is still to be told of.
#[derive(Debug)]
struct Channel {
    first: u64,
    untold: VecDeque<bool>,
    used_at: Timestamp,
}

impl ChannelId {
    /// From `8-4-4-4-12` hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_guid = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        is_guid.then(|| u128::from_str_radix(&text.replace('-', ""), 16).ok().map(Self))?
    }
}

impl Acks {
    /// A new id for a request whose events are on disk.
    pub(super) fn issue(&self, token: &TokenId, channel: ChannelId, now: Timestamp) -> u64 {
        let mut tokens = self.tokens();
        let is_known = tokens.get(token).is_some_and(|channels| channels.contains_key(&channel));
        if !is_known {
            forget_idle(&mut tokens, now);
        }
        let channels = tokens.entry(token.clone()).or_default();
        if !is_known && channels.len() >= CHANNELS_MAX {
            let oldest = channels.iter().min_by_key(|(_, channel)| channel.used_at).map(|(id, _)| *id);
            oldest.map(|id| channels.remove(&id));
        }
        let fresh = || Channel { first: 0, untold: VecDeque::new(), used_at: now };
        let channel = channels.entry(channel).or_insert_with(fresh);
        channel.used_at = now;
        channel.issue()
    }

    /// Which of these ids are on disk and were not told of before.
    pub(super) fn tell(&self, token: &TokenId, channel: ChannelId, ids: &[u64], now: Timestamp) -> BTreeMap<u64, bool> {
        let mut tokens = self.tokens();
        let mut channel = tokens.get_mut(token).and_then(|channels| channels.get_mut(&channel));
        if let Some(channel) = &mut channel {
            channel.used_at = now;
        }
        let mut told = BTreeMap::new();
        for id in ids {
            told.entry(*id).or_insert_with(|| channel.as_mut().is_some_and(|channel| channel.tell(*id)));
        }
        told
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<TokenId, HashMap<ChannelId, Channel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel {
    fn issue(&mut self) -> u64 {
        if self.untold.len() >= IDS_MAX {
            self.untold.pop_front();
            self.first += 1;
        }
        self.untold.push_back(true);
        self.first + self.untold.len() as u64 - 1
    }

    fn tell(&mut self, id: u64) -> bool {
        let at = id.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        let Some(untold) = at.and_then(|at| self.untold.get_mut(at)) else { return false };
        let is_news = std::mem::take(untold);
        while self.untold.front() == Some(&false) {
            self.untold.pop_front();
            self.first += 1;
        }
        is_news
    }
}

fn forget_idle(tokens: &mut HashMap<TokenId, HashMap<ChannelId, Channel>>, now: Timestamp) {
    let cutoff = now.minus(IDLE_MAX);
    tokens.retain(|_, channels| {
        channels.retain(|_, channel| channel.used_at >= cutoff);
        !channels.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_600_000);

    fn tell(acks: &Acks, token: &TokenId, channel: u128, ids: &[u64]) -> Vec<bool> {
        acks.tell(token, ChannelId(channel), ids, NOW).into_values().collect()
    }

    #[test]
    fn an_id_is_true_once_and_in_any_order() {
        let (acks, token) = (Acks::default(), TokenId::random());
        let ids: Vec<u64> = (0..4).map(|_| acks.issue(&token, ChannelId(1), NOW)).collect();
        assert_eq!(ids, [0, 1, 2, 3]);
        assert_eq!(tell(&acks, &token, 1, &[2, 0, 4]), [true, true, false]);
        assert_eq!(tell(&acks, &token, 1, &[0, 1, 2, 3, 3, u64::MAX]), [false, true, false, true, false]);
        assert_eq!(acks.issue(&token, ChannelId(1), NOW), 4, "the counter goes on");
        assert_eq!(tell(&acks, &token, 1, &[4]), [true]);
    }

    #[test]
    fn channels_and_tokens_know_nothing_of_each_other() {
        let (acks, token) = (Acks::default(), TokenId::random());
        assert_eq!(acks.issue(&token, ChannelId(1), NOW), 0);
        assert_eq!(acks.issue(&token, ChannelId(2), NOW), 0);
        assert_eq!(tell(&acks, &TokenId::random(), 1, &[0]), [false]);
        assert_eq!(tell(&acks, &token, 3, &[0]), [false]);
        assert_eq!(tell(&acks, &token, 1, &[0]), [true]);
        assert_eq!(tell(&acks, &token, 2, &[0]), [true]);
    }

    #[test]
    fn a_sender_that_never_asks_loses_the_oldest_ids() {
        let (acks, token) = (Acks::default(), TokenId::random());
        for _ in 0..=IDS_MAX {
            acks.issue(&token, ChannelId(1), NOW);
        }
        assert_eq!(tell(&acks, &token, 1, &[0, 1, IDS_MAX as u64]), [false, true, true]);
    }

    #[test]
    fn the_channels_of_a_token_are_bounded_and_those_of_others_stay() {
        let (acks, greedy, modest) = (Acks::default(), TokenId::random(), TokenId::random());
        acks.issue(&modest, ChannelId(0), NOW);
        for channel in 0..=CHANNELS_MAX as u128 {
            let later = NOW.plus(Duration::from_secs(u64::try_from(channel).unwrap()));
            acks.issue(&greedy, ChannelId(channel), later);
        }
        assert_eq!(acks.tokens()[&greedy].len(), CHANNELS_MAX);
        assert_eq!(tell(&acks, &greedy, 0, &[0]), [false], "the oldest gave way");
        assert_eq!(tell(&acks, &greedy, 1, &[0]), [true]);
        assert_eq!(tell(&acks, &modest, 0, &[0]), [true]);
    }

    #[test]
    fn channels_that_nobody_uses_are_forgotten() {
        let (acks, first, second) = (Acks::default(), TokenId::random(), TokenId::random());
        acks.issue(&first, ChannelId(1), NOW);
        acks.issue(&second, ChannelId(1), NOW.plus(IDLE_MAX + Duration::from_secs(1)));
        assert_eq!(acks.tokens().len(), 1);
        assert_eq!(tell(&acks, &first, 1, &[0]), [false]);
    }

    #[test]
    fn channels_are_guids_in_either_case() {
        let channel = ChannelId::parse("8c48a2e0-6f0b-4b8f-9a64-0c7e1f2a3b4d");
        assert!(channel.is_some());
        assert_eq!(channel, ChannelId::parse("8C48A2E0-6F0B-4B8F-9A64-0C7E1F2A3B4D"));
        for text in [
            "",
            "x",
            "8c48a2e06f0b4b8f9a640c7e1f2a3b4d",
            "+c48a2e0-6f0b-4b8f-9a64-0c7e1f2a3b4d",
            "-".repeat(36).as_str(),
        ] {
            assert_eq!(ChannelId::parse(text), None, "{text}");
        }
    }
}
