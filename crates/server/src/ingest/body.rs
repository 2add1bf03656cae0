//! From the bytes of a body to blocks for the log, and to what was wrong with the rest. Pure, and the costly part: it
//! runs on a blocking thread.

use std::fmt;

use daybook_events::{Feature, NewEvent, wire};
use daybook_store::EncodedBlock;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::terms::{Terms, text_of};
use crate::error::ApiError;

/// What became of the events of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct IngestAnswer {
    /// Events that are on disk.
    #[schema(example = 999)]
    pub(crate) accepted: usize,
    /// Events that are not, and why.
    pub(crate) rejected: Vec<RejectedItem>,
}

/// An event that was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct RejectedItem {
    /// Which, counted from 0 (for NDJSON: lines that are not empty).
    #[schema(example = 17)]
    pub(crate) index: usize,
    /// The member at fault, as a path; empty for the event as a whole.
    #[schema(example = "client.ip_address")]
    pub(crate) field: String,
    /// What is wrong with it.
    #[schema(example = "must be an IP address")]
    pub(crate) reason: String,
}

/// Events ready for the log.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) blocks: Vec<EncodedBlock>,
    pub(super) answer: IngestAnswer,
}

/// Reads a body, checks its events, and makes blocks of the valid ones.
pub(super) fn prepare(body: &[u8], feature: &Feature, terms: &Terms) -> Result<Prepared, ApiError> {
    let plain = terms.unpack(body)?;
    // One more than allowed tells that there are too many; what follows need not be looked at.
    let items = split(text_of(&plain)?, terms.events_max.saturating_add(1))?;
    if items.len() > terms.events_max {
        return Err(terms.too_many());
    }
    let mut events = Vec::with_capacity(items.len());
    let mut rejected = Vec::new();
    for (index, payload) in items.into_iter().enumerate() {
        match terms.check(feature, payload) {
            Ok(time) => events.push(NewEvent { time, payload }),
            Err(wire::Rejection { field, reason }) => rejected.push(RejectedItem { index, field, reason }),
        }
    }
    let answer = IngestAnswer { accepted: events.len(), rejected };
    Ok(Prepared { blocks: EncodedBlock::encode_batch(&events), answer })
}

/// Collects so many items of an array, unparsed, and passes over the rest.
struct FirstItems(usize);

impl<'de> Visitor<'de> for FirstItems {
    type Value = Vec<&'de str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() < self.0 {
            let Some(item) = sequence.next_element::<&RawValue>()? else { return Ok(items) };
            items.push(item.get());
        }
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(items)
    }
}

/// The items of a JSON array, or the lines of NDJSON that are not empty; the first `items_max` of them.
fn split(text: &str, items_max: usize) -> Result<Vec<&str>, ApiError> {
    if text.trim_ascii_start().starts_with('[') {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let items = deserializer.deserialize_seq(FirstItems(items_max));
        let items = items.and_then(|items| deserializer.end().map(|()| items));
        return items.map_err(|error| ApiError::invalid(format!("the body is not a JSON array: {error}")));
    }
    Ok(text.lines().map(str::trim_ascii).filter(|line| !line.is_empty()).take(items_max).collect())
}

#[cfg(test)]
mod tests {
    use daybook_events::{ITEM_USAGES, Timestamp};

    use super::{super::terms::Coding, *};

    fn terms(coding: Coding) -> Terms {
        let now = Timestamp::from_seconds(1_772_600_000);
        Terms { coding, bytes_max: 100_000, events_max: 10, now, not_before: None }
    }

    fn event(n: u64) -> String {
        daybook_testkit::events::item_usage(n).to_string()
    }

    fn answer(body: &[u8]) -> Result<IngestAnswer, String> {
        prepare(body, &ITEM_USAGES, &terms(Coding::Identity))
            .map(|prepared| prepared.answer)
            .map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn arrays_and_lines_are_the_same_events() {
        let accepted = |count| Ok(IngestAnswer { accepted: count, rejected: Vec::new() });
        assert_eq!(answer(format!("[{},\n {}]", event(1), event(2)).as_bytes()), accepted(2));
        assert_eq!(answer(format!("\n{}\r\n\n{}\n", event(1), event(2)).as_bytes()), accepted(2));
        assert_eq!(answer(b""), accepted(0));
        assert_eq!(answer(b"[]"), accepted(0));
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_is_kept() {
        let body = format!("{}\n{{\"uuid\":\"A\"}}\nnot json\n{}\n", event(1), event(2));
        let answer = answer(body.as_bytes()).unwrap();
        assert_eq!(answer.accepted, 2);
        let rejected: Vec<_> = answer.rejected.iter().map(|item| (item.index, item.field.as_str())).collect();
        assert_eq!(rejected, [(1, "timestamp"), (2, "")]);
        assert_eq!(answer.rejected[0].reason, "is missing");
    }

    #[test]
    fn a_body_that_is_no_list_is_refused_whole() {
        assert!(answer(b"[{}").unwrap_err().contains("not a JSON array"));
        assert!(answer(b"\xff").unwrap_err().contains("not UTF-8 after byte 0"));
        let many = ["{}"; 11].join("\n");
        assert!(answer(many.as_bytes()).unwrap_err().contains("more than 10 events"));
    }

    #[test]
    fn packed_bodies_are_unpacked_within_the_limit() {
        let plain = event(1);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, plain.as_bytes()).unwrap();
        let gzip = encoder.finish().unwrap();
        let zstd = zstd::bulk::compress(plain.as_bytes(), 1).unwrap();
        assert_eq!(prepare(&gzip, &ITEM_USAGES, &terms(Coding::Gzip)).unwrap().answer.accepted, 1);
        assert_eq!(prepare(&zstd, &ITEM_USAGES, &terms(Coding::Zstd)).unwrap().answer.accepted, 1);
        let bomb = zstd::bulk::compress(&vec![b' '; 10_000_000], 1).unwrap();
        assert!(
            format!("{:?}", prepare(&bomb, &ITEM_USAGES, &terms(Coding::Zstd)).unwrap_err())
                .contains("larger than 100000 bytes")
        );
        assert!(prepare(b"not gzip", &ITEM_USAGES, &terms(Coding::Gzip)).is_err());
        assert!(prepare(&zstd[..zstd.len() / 2], &ITEM_USAGES, &terms(Coding::Zstd)).is_err());
    }

    #[test]
    fn an_event_past_retention_is_refused() {
        let not_before = Some(Timestamp::from_seconds(1_900_000_000));
        let prepared =
            prepare(event(1).as_bytes(), &ITEM_USAGES, &Terms { not_before, ..terms(Coding::Identity) }).unwrap();
        assert_eq!((prepared.answer.accepted, prepared.answer.rejected[0].field.as_str()), (0, "timestamp"));
    }
}
