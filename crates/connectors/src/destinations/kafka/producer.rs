//! The numbers by which brokers know what they have already: the producer's id and epoch, and a sequence a partition.
//!
//! A batch whose answer got lost keeps its sequence until it is tried again; the broker then drops it if it has it. If
//! something else comes first for that partition, nobody can tell what the sequence stands at, and a new id begins anew:
//! what was in doubt may then be there twice, and is known by its `event_uuid`.

use std::collections::HashMap;

use daybook_events::{AccountId, Feature, Position};

/// What a record batch says of its producer; −1 in all of them says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbering {
    pub(super) producer_id: i64,
    pub(super) epoch: i16,
    pub(super) first_sequence: i32,
}

impl Numbering {
    pub(super) const NONE: Self = Self { producer_id: -1, epoch: -1, first_sequence: -1 };
}

/// Which events exactly are in a record batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) account: AccountId,
    pub(super) feature: Feature,
    pub(super) positions: Vec<Position>,
}

/// A partition by its topic and number.
pub(super) type Place = (String, i32);

/// An id that a broker gave out, and where its sequences stand.
#[derive(Debug)]
pub(super) struct Producer {
    id: i64,
    epoch: i16,
    next: HashMap<Place, i32>,
    in_doubt: HashMap<Place, Identity>,
}

impl Producer {
    pub(super) fn new(id: i64, epoch: i16) -> Self {
        Self { id, epoch, next: HashMap::new(), in_doubt: HashMap::new() }
    }

    /// Whether these events can go to that partition under this id.
    pub(super) fn can_number(&self, place: &Place, identity: &Identity) -> bool {
        self.in_doubt.get(place).is_none_or(|doubt| doubt == identity)
    }

    /// The numbers of these events, which are in doubt from now on.
    pub(super) fn number(&mut self, place: &Place, identity: Identity) -> Numbering {
        self.in_doubt.insert(place.clone(), identity);
        let first_sequence = self.next.get(place).copied().unwrap_or(0);
        Numbering { producer_id: self.id, epoch: self.epoch, first_sequence }
    }

    /// The broker has them.
    pub(super) fn appended(&mut self, place: &Place) {
        let Some(identity) = self.in_doubt.remove(place) else { return };
        let next = self.next.entry(place.clone()).or_insert(0);
        let count = i32::try_from(identity.positions.len()).expect("batches are small");
        // After the last number comes 0.
        *next = next.checked_add(count).unwrap_or_else(|| (*next - i32::MAX) + count - 1);
    }

    /// The broker does not have them.
    pub(super) fn not_appended(&mut self, place: &Place) {
        self.in_doubt.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(positions: &[i64]) -> Identity {
        Identity {
            account: "A".repeat(26).parse().unwrap(),
            feature: "auditevents".parse().unwrap(),
            positions: positions.iter().map(|number| Position::new(*number)).collect(),
        }
    }

    fn first(producer: &mut Producer, place: &Place, positions: &[i64]) -> i32 {
        producer.number(place, identity(positions)).first_sequence
    }

    #[test]
    fn what_is_in_doubt_keeps_its_sequence() {
        let (mut producer, place) = (Producer::new(7, 0), ("t".to_owned(), 0));
        assert_eq!(first(&mut producer, &place, &[1, 2, 3]), 0);
        producer.appended(&place);
        assert_eq!(first(&mut producer, &place, &[4, 5]), 3);
        // The answer got lost.
        assert!(producer.can_number(&place, &identity(&[4, 5])));
        assert!(!producer.can_number(&place, &identity(&[4])));
        assert!(producer.can_number(&("t".to_owned(), 1), &identity(&[4])));
        assert_eq!(first(&mut producer, &place, &[4, 5]), 3);
        producer.not_appended(&place);
        assert!(producer.can_number(&place, &identity(&[4])));
        assert_eq!(first(&mut producer, &place, &[4]), 3);
    }

    #[test]
    fn sequences_begin_again_after_the_last() {
        let (mut producer, place) = (Producer::new(7, 0), ("t".to_owned(), 0));
        producer.next.insert(place.clone(), i32::MAX - 1);
        producer.number(&place, identity(&[1, 2, 3]));
        producer.appended(&place);
        // MAX − 1, MAX, 0, and then 1.
        assert_eq!(producer.next[&place], 1);
    }
}
