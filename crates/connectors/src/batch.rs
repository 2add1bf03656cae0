//! What a destination takes: events of one stream, in position order, already filtered, redacted and encoded.

use std::{borrow::Cow, ops::Range, sync::Arc};

use daybook_events::{AccountId, Feature, Position, Timestamp};
use serde::Deserialize;

/// An event on its way out.
#[derive(Debug, Clone)]
pub struct OutgoingEvent {
    /// Its number in its stream.
    pub position: Position,
    /// When it happened.
    pub time: Timestamp,
    /// When it was appended.
    pub arrival: Timestamp,
    /// The event's own id, by which a receiver can drop repeats.
    pub uuid: Arc<str>,
    /// The event as JSON, as it is in the log.
    pub stored: Arc<str>,
    /// The same after redaction; this is what a destination may see.
    pub payload: Arc<str>,
    /// What to send: the payload itself, or what the destination's format made of it.
    pub text: Arc<str>,
}

impl OutgoingEvent {
    /// An event sent as it is. One without a `uuid` of its own is known by its stream and position.
    #[must_use]
    pub fn raw(feature: &Feature, position: Position, (time, arrival): (Timestamp, Timestamp), payload: &str) -> Self {
        let uuid = uuid_of(payload).unwrap_or_else(|| format!("{feature}-{position}").into());
        let payload: Arc<str> = payload.into();
        Self {
            position,
            time,
            arrival,
            uuid: uuid.into(),
            text: Arc::clone(&payload),
            stored: Arc::clone(&payload),
            payload,
        }
    }
}

/// Events of one stream for one attempt.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Whose.
    pub account: AccountId,
    /// Which kind.
    pub feature: Feature,
    /// At least one, in position order.
    pub events: Vec<OutgoingEvent>,
}

impl Batch {
    /// The same for every attempt at the same events, and another's for no others: feature, first and last position, and a
    /// digest of the account and of what is sent.
    #[must_use]
    pub fn id(&self) -> String {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        digest.update(self.account.as_str().as_bytes());
        for event in &self.events {
            digest.update(&(event.text.len() as u64).to_le_bytes());
            digest.update(event.text.as_bytes());
        }
        let digest = data_encoding::HEXLOWER.encode(&digest.finish().as_ref()[..8]);
        format!("{}-{}-{}-{digest}", self.feature, self.first(), self.last())
    }

    /// The name of its events' type: `onepassword.auditevent`, or another service's feature.
    #[must_use]
    pub fn event_type(&self) -> String {
        if self.feature.is_wire() {
            format!("onepassword.{}", self.feature.as_str().trim_end_matches('s'))
        } else {
            self.feature.as_str().replace('-', "_")
        }
    }

    /// The position of its first event.
    #[must_use]
    pub fn first(&self) -> Position {
        self.events.first().map_or(Position::START, |event| event.position)
    }

    /// The position of its last event.
    #[must_use]
    pub fn last(&self) -> Position {
        self.events.last().map_or(Position::START, |event| event.position)
    }

    /// Bytes of what is to be sent, before the protocol's own and compression.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.events.iter().map(|event| event.text.len()).sum()
    }

    /// Bytes of memory that its events take, about: texts that are the same are there once.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let own = |text: &Arc<str>, other: &Arc<str>| if Arc::ptr_eq(text, other) { 0 } else { text.len() };
        let event_bytes = |event: &OutgoingEvent| {
            size_of::<OutgoingEvent>()
                + event.uuid.len()
                + event.stored.len()
                + own(&event.payload, &event.stored)
                + own(&event.text, &event.payload)
        };
        self.events.iter().map(event_bytes).sum()
    }

    /// The events of a range, which share their texts with these.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        self.with(self.events[range].to_vec())
    }

    /// The events of these indices, in their order.
    #[must_use]
    pub fn pick(&self, indices: &[usize]) -> Self {
        self.with(indices.iter().filter_map(|index| self.events.get(*index).cloned()).collect())
    }

    fn with(&self, events: Vec<OutgoingEvent>) -> Self {
        Self { account: self.account.clone(), feature: self.feature.clone(), events }
    }
}

/// The `uuid` of an event, if it has one. Most begin with it, and need not be read to their end.
fn uuid_of(payload: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Identity<'a> {
        #[serde(borrow)]
        uuid: Cow<'a, str>,
    }
    let first = payload.strip_prefix(r#"{"uuid":""#).and_then(|rest| rest.split_once('"')).map(|(uuid, _)| uuid);
    if let Some(uuid) = first.filter(|uuid| !uuid.is_empty() && !uuid.contains('\\')) {
        return Some(Cow::Borrowed(uuid));
    }
    serde_json::from_str::<Identity<'_>>(payload).ok().map(|it| it.uuid).filter(|uuid| !uuid.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn a_batch_is_known_by_its_positions() {
        let batch = testing::batch("auditevents", 3);
        assert!(batch.id().starts_with("auditevents-1-3-"), "{}", batch.id());
        assert!(batch.slice(1..3).id().starts_with("auditevents-2-3-"));
        assert_eq!(batch.pick(&[0, 2]).events.len(), 2);
        assert_eq!(batch.id(), batch.clone().id());
        let others = crate::Batch { account: "B".repeat(26).parse().unwrap(), ..batch.clone() };
        assert_ne!(batch.id(), others.id(), "another account's events of the same positions are others");
    }

    #[test]
    fn texts_that_are_the_same_take_memory_once() {
        let mut batch = testing::batch("auditevents", 2);
        let (before, text) = (batch.memory_bytes(), "CEF:0|…");
        assert!(before >= batch.text_bytes() && before < 2 * batch.text_bytes() + 1000, "{before}");
        batch.events[1].text = text.into();
        assert_eq!(batch.memory_bytes(), before + text.len());
    }

    #[test]
    fn an_id_is_read_wherever_and_however_it_is_written() {
        let given = [r#"{"uuid":"A","x":1}"#, r#"{"x":1,"uuid":"B"}"#, r#"{"uuid":"a\"b"}"#, r#"{"uuid":""}"#];
        let batch = testing::batch_of("okta.system", &given);
        let uuids: Vec<&str> = batch.events.iter().map(|event| &*event.uuid).collect();
        assert_eq!(uuids, ["A", "B", "a\"b", "okta.system-4"]);
    }

    #[test]
    fn an_event_without_an_id_is_known_by_its_place() {
        let batch = testing::batch_of("okta.system", &[r#"{"uuid":"A"}"#, "{}", r#"{"uuid":7}"#, "[]"]);
        let uuids: Vec<&str> = batch.events.iter().map(|event| &*event.uuid).collect();
        assert_eq!(uuids, ["A", "okta.system-2", "okta.system-3", "okta.system-4"]);
    }
}
