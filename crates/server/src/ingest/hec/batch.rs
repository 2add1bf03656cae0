//! From the bytes of a request to blocks for the log, by stream; or to the first event that is wrong, and nothing. Pure,
//! and the costly part: it runs on a blocking thread.

use std::{collections::BTreeMap, ops::Range};

use daybook_events::{NewEvent, Timestamp, wire};
use daybook_store::{BLOCK_EVENTS_TARGET, BLOCK_RAW_BYTES_MAX, EncodedBlock};

use super::{
    super::terms::{Terms, text_of},
    answer::{Code, HecError},
    event::SentEvent,
    sender::{SenderQuery, Targets},
    values::Values,
};

/// What a body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON objects, one after the other or in an array.
    Events,
    /// Lines of text.
    Lines,
}

/// What goes to one stream.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) target: usize,
    pub(super) blocks: Vec<EncodedBlock>,
    pub(super) events: usize,
}

/// Reads a body and makes blocks of all its events.
///
/// # Errors
///
/// Of the first event that is wrong, with its number; or of the body as a whole.
pub(super) fn prepare(
    form: Form,
    body: &[u8],
    terms: &Terms,
    (targets, query): (&Targets, &SenderQuery),
) -> Result<Vec<Batch>, HecError> {
    let plain = terms.unpack(body)?;
    let text = text_of(&plain)?;
    let mut piles = BTreeMap::new();
    match form {
        Form::Events => {
            let values = Values::of(text).map(|value| SentEvent::parse(value?, query));
            gather(values, terms, targets, &mut piles)?;
        }
        Form::Lines => {
            let target = targets.select(query.index.as_deref())?;
            let is_wire = targets.feature(target).is_wire();
            let lines = text.lines().filter(|line| !line.trim_ascii().is_empty());
            let events = lines.map(|line| Ok(SentEvent::line(line, query, is_wire)));
            gather(events, terms, targets, &mut piles)?;
        }
    }
    if piles.is_empty() {
        return Err(Code::NoData.into());
    }
    Ok(piles.into_iter().map(|(target, pile)| pile.finish(target)).collect())
}

fn gather<'a>(
    events: impl Iterator<Item = Result<SentEvent<'a>, HecError>>,
    terms: &Terms,
    targets: &Targets,
    piles: &mut BTreeMap<usize, Pile>,
) -> Result<(), HecError> {
    for (number, event) in events.enumerate() {
        if number >= terms.events_max {
            return Err(terms.too_many().into());
        }
        let add = |event: SentEvent<'a>| {
            let target = targets.select(event.index_name.as_deref())?;
            piles.entry(target).or_default().add(&event, targets, target, terms)
        };
        event.and_then(add).map_err(|error| error.at(number))?;
    }
    Ok(())
}

/// The events of one stream: as text until they fill a block.
#[derive(Debug, Default)]
struct Pile {
    text: String,
    waiting: Vec<(Timestamp, Range<usize>)>,
    blocks: Vec<EncodedBlock>,
    events: usize,
}

impl Pile {
    fn add(&mut self, event: &SentEvent<'_>, targets: &Targets, target: usize, terms: &Terms) -> Result<(), HecError> {
        let feature = targets.feature(target);
        let start = self.text.len();
        if feature.is_wire() {
            self.text.push_str(event.bare());
        } else {
            event.write(terms.now, &mut self.text);
        }
        let checked = terms.check(feature, &self.text[start..]);
        let time = checked.map_err(|wire::Rejection { field, reason }| {
            let separator = if field.is_empty() { "" } else { ": " };
            HecError::new(Code::InvalidFormat, format!("{field}{separator}{reason}"))
        })?;
        self.waiting.push((time, start..self.text.len()));
        self.events += 1;
        if self.waiting.len() >= BLOCK_EVENTS_TARGET || self.text.len() >= BLOCK_RAW_BYTES_MAX {
            self.encode();
        }
        Ok(())
    }

    fn encode(&mut self) {
        let waiting = self.waiting.drain(..);
        let events: Vec<NewEvent<'_>> =
            waiting.map(|(time, range)| NewEvent { time, payload: &self.text[range] }).collect();
        self.blocks.extend(EncodedBlock::encode_batch(&events));
        self.text.clear();
    }

    fn finish(mut self, target: usize) -> Batch {
        self.encode();
        Batch { target, blocks: self.blocks, events: self.events }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::super::terms::Coding, *};

    fn terms() -> Terms {
        let now = Timestamp::from_seconds(1_772_600_000);
        Terms { coding: Coding::Identity, bytes_max: 100_000, events_max: 100, now, not_before: None }
    }

    /// How many events went where; or the code, and the number of the event.
    type Outcome = Result<Vec<(usize, usize)>, (Code, Option<usize>)>;

    fn outcome(form: Form, features: &[&str], body: &str) -> Outcome {
        let batches = prepare(form, body.as_bytes(), &terms(), (&Targets::for_test(features), &SenderQuery::default()));
        let batches = batches.map_err(|error| (error.code(), error.event()))?;
        for batch in &batches {
            assert_eq!(batch.blocks.iter().map(EncodedBlock::event_count).sum::<usize>(), batch.events);
        }
        Ok(batches.into_iter().map(|batch| (batch.target, batch.events)).collect())
    }

    #[test]
    fn a_request_is_taken_whole_or_not_at_all() {
        let features = ["git-hub.audit", "okta.system"];
        let body = r#"{"event":1}{"event":2,"index":"okta.system"}{"event":3}"#;
        assert_eq!(outcome(Form::Events, &features, body), Ok(vec![(0, 2), (1, 1)]));
        let wrong = r#"{"event":1}{"event":2,"index":"main"}{"event":""}"#;
        assert_eq!(outcome(Form::Events, &features, wrong), Err((Code::IncorrectIndex, Some(1))));
        assert_eq!(outcome(Form::Events, &features, "[]"), Err((Code::NoData, None)));
        assert_eq!(outcome(Form::Lines, &features, "\n  \r\n"), Err((Code::NoData, None)));
        assert_eq!(outcome(Form::Events, &features, &r#"{"event":1}"#.repeat(101)), Err((Code::TooLarge, None)));
    }

    #[test]
    fn lines_are_texts_and_to_the_wire_events() {
        assert_eq!(outcome(Form::Lines, &["okta.system"], "a\r\n\n{\"b\":1}\nc \"d\"\\"), Ok(vec![(0, 3)]));
        let usage = daybook_testkit::events::item_usage(1).to_string();
        assert_eq!(outcome(Form::Lines, &["itemusages"], &format!("{usage}\n{usage}\n")), Ok(vec![(0, 2)]));
        assert_eq!(outcome(Form::Lines, &["itemusages"], "text"), Err((Code::InvalidFormat, Some(0))));
        let sent = format!(r#"{{"time":1,"event":{usage}}}{{"event":"{{}}"}}"#);
        assert_eq!(outcome(Form::Events, &["itemusages"], &sent), Err((Code::InvalidFormat, Some(1))));
    }

    #[test]
    fn many_events_fill_many_blocks() {
        let body = r#"{"event":"x"}"#.repeat(5000);
        let terms = Terms { events_max: 5000, ..terms() };
        let batches =
            prepare(Form::Events, body.as_bytes(), &terms, (&Targets::for_test(&["a.b"]), &SenderQuery::default()))
                .unwrap();
        assert_eq!((batches[0].events, batches[0].blocks.len()), (5000, 3));
    }

    #[test]
    fn size_depth_and_age_are_bounded() {
        let event = |event: String| outcome(Form::Events, &["a.b"], &format!("{{\"event\":{event}}}"));
        let refused = Err((Code::InvalidFormat, Some(0)));
        assert_eq!(event("[".repeat(31) + &"]".repeat(31)), Ok(vec![(0, 1)]));
        assert_eq!(event("[".repeat(32) + &"]".repeat(32)), refused);
        assert_eq!(event("[".repeat(50_000) + &"]".repeat(50_000)), refused);
        assert_eq!(event("[".repeat(90_000)), refused);
        assert_eq!(outcome(Form::Lines, &["a.b"], &"x".repeat(wire::EVENT_BYTES_MAX)), refused);
        let terms = Terms { not_before: Some(Timestamp::from_seconds(10)), ..terms() };
        let old = prepare(
            Form::Events,
            br#"{"event":1}{"event":1,"time":9}"#,
            &terms,
            (&Targets::for_test(&["a.b"]), &SenderQuery::default()),
        );
        assert_eq!(old.unwrap_err().event(), Some(1));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(
            body in r#"(\{|\}|\[|\]|,|:|"event":|"time":|"fields":|"index":|"a.b"|"|\\|1e9|null|NaN| |\n|x){0,30}"#,
            bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            for form in [Form::Events, Form::Lines] {
                let _ = outcome(form, &["a.b", "auditevents"], &body);
                let _ = prepare(form, &bytes, &terms(), (&Targets::for_test(&["a.b"]), &SenderQuery::default()));
            }
        }

        #[test]
        fn what_is_stored_is_one_object_with_the_event_inside(event in r#"(\[|\]|\{|\}|,|:|"a"|1|null){1,8}"#) {
            let query = SenderQuery { host: Some("h\"\n".to_owned()), ..SenderQuery::default() };
            let envelope = format!("{{\"event\":{event}}}");
            let value = serde_json::from_str::<serde_json::Value>(&event);
            if let (Ok(value), Ok(sent)) = (value, SentEvent::parse(&envelope, &query)) {
                let mut stored = String::new();
                sent.write(terms().now, &mut stored);
                let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
                prop_assert_eq!(&stored["event"], &value);
                prop_assert_eq!(&stored["host"], "h\"\n");
            }
        }
    }
}
