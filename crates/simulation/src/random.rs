//! Chance and ids, the same for the same seed on every machine.
//!
//! The generator is named (xoshiro256++ with SplitMix64 seeding, checked against its reference by `rand`), not
//! `SmallRng` or `StdRng`, which may change between releases. Ranges, choices and weights are computed here with integers
//! only, because `rand` keeps its generators' streams but not its distributions' use of them.

use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

/// Scrambles a number; different numbers stay different (the finaliser of SplitMix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One number of several, depending on each and on their order.
pub(crate) fn hash(space: u64, numbers: &[u64]) -> u64 {
    numbers.iter().fold(mix(space), |state, number| mix(state.rotate_left(17) ^ mix(*number)))
}

/// A number for a text (FNV-1a, scrambled).
pub(crate) fn hash_text(text: &str) -> u64 {
    let fnv = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    mix(text.bytes().fold(0xcbf2_9ce4_8422_2325, fnv))
}

/// What an id or a roll of dice is for. The numbers keep the kinds apart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Event = 1,
    LiveEvent,
    Person,
    Device,
    Session,
    LiveSession,
    Vault,
    Item,
    Group,
    Thing,
    Habits,
    Attendance,
    Trip,
    DayEvents,
    Favourite,
    Incident,
    Live,
    Name,
}

/// Where every id and every roll of dice of one company comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    space: u64,
}

impl Source {
    /// The source of one seed and account.
    pub(crate) fn new(seed: u64, account_uuid: &str) -> Self {
        Self { space: hash(seed, &[hash_text(account_uuid)]) }
    }

    /// A number for a purpose and two numbers.
    pub(crate) fn number(self, purpose: Purpose, first: u64, second: u64) -> u64 {
        hash(self.space, &[purpose as u64, first, second])
    }

    /// An id of 128 bits for a purpose and two numbers.
    pub(crate) fn id(self, purpose: Purpose, first: u64, second: u64) -> u128 {
        let high = hash(self.space, &[purpose as u64, first, second]);
        let low = hash(!self.space, &[purpose as u64, second, first]);
        (u128::from(high) << 64) | u128::from(low)
    }

    /// Dice for a purpose and two numbers.
    pub(crate) fn dice(self, purpose: Purpose, first: u64, second: u64) -> Dice {
        Dice(Xoshiro256PlusPlus::seed_from_u64(self.number(purpose, first, second)))
    }
}

/// A sequence of rolls.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// A whole number from 0 to `bound - 1`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A whole number from `low` to `high`, both possible.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as u64 + 1) as i64
    }

    /// Whether something happens that happens `permille` times in a thousand.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// A whole number from 0 to `bound - 1`, small ones far more often: what people do with many things.
    pub(crate) fn skewed_below(&mut self, bound: u64) -> u64 {
        let square = |number: u64| ((u128::from(number) * u128::from(number)) >> 64) as u64;
        let (first, second) = (self.0.next_u64(), self.0.next_u64());
        ((u128::from(square(first).min(second)) * u128::from(bound)) >> 64) as u64
    }

    /// One of several, by weight.
    pub(crate) fn weighted<'a, T>(&mut self, choices: &'a [T], weight: impl Fn(&T) -> u64) -> &'a T {
        let total = choices.iter().map(&weight).sum();
        let mut rest = self.below(total);
        for choice in choices {
            let share = weight(choice);
            if rest < share {
                return choice;
            }
            rest -= share;
        }
        &choices[choices.len() - 1]
    }

    /// A fresh id of 128 bits.
    pub(crate) fn id(&mut self) -> u128 {
        (u128::from(self.0.next_u64()) << 64) | u128::from(self.0.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let source = Source::new(7, "LMN4QRS7TUV2WXYZA3BCDE5FGH");
        let mut dice = source.dice(Purpose::Habits, 1, 2);
        let rolls: Vec<u64> = (0..6).map(|_| dice.below(1_000_000)).collect();
        insta::assert_debug_snapshot!((rolls, source.id(Purpose::Event, 1, 0)));
    }

    #[test]
    fn ranges_hold_and_skew_prefers_the_first() {
        let mut dice = Source::new(1, "A").dice(Purpose::Habits, 0, 0);
        let rolls: Vec<u64> = (0..10_000).map(|_| dice.skewed_below(100)).collect();
        assert!(rolls.iter().all(|roll| *roll < 100));
        assert!(rolls.iter().filter(|roll| **roll < 20).count() > 5_000);
        assert!((0..1000).all(|_| (-3..=3).contains(&dice.between(-3, 3))));
        assert_eq!(dice.below(0), 0);
    }
}
