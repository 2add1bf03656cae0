//! Bodies of requests: an envelope an event, on lines of their own, because not every product splits objects without
//! white space between them. The event is spliced as it is.

use std::io::Write;

use daybook_events::Timestamp;

use crate::Batch;

/// Bytes of an envelope besides its head, its event and its id, at the most.
const FRAME_BYTES_MAX: usize = 80;

/// What is the same for all events of a feature: `{"host":…,"source":…,"sourcetype":…,"index":…,`.
pub(super) struct Envelope {
    head: Vec<u8>,
    has_indexed_uuid: bool,
}

impl Envelope {
    /// An envelope with these members, but for the empty ones.
    pub(super) fn new(members: &[(&str, &str)], has_indexed_uuid: bool) -> Self {
        let mut head = b"{".to_vec();
        for (name, value) in members.iter().filter(|(_, value)| !value.is_empty()) {
            put_string(&mut head, name);
            head.push(b':');
            put_string(&mut head, value);
            head.push(b',');
        }
        Self { head, has_indexed_uuid }
    }

    /// The body of a request: one allocation, whatever the number of events.
    pub(super) fn body(&self, batch: &Batch) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.capacity(batch));
        for event in &batch.events {
            body.extend_from_slice(&self.head);
            body.extend_from_slice(b"\"time\":");
            put_time(&mut body, event.time);
            body.extend_from_slice(b",\"event\":");
            body.extend_from_slice(event.text.as_bytes());
            if self.has_indexed_uuid {
                body.extend_from_slice(b",\"fields\":{\"event_uuid\":");
                put_string(&mut body, &event.uuid);
                body.push(b'}');
            }
            body.extend_from_slice(b"}\n");
        }
        body
    }

    /// Enough bytes for a body, unless ids are full of characters that JSON escapes.
    fn capacity(&self, batch: &Batch) -> usize {
        let uuid_bytes = |uuid: &str| if self.has_indexed_uuid { uuid.len() } else { 0 };
        let frames = batch.events.iter().map(|it| self.head.len() + FRAME_BYTES_MAX + uuid_bytes(&it.uuid));
        batch.text_bytes() + frames.sum::<usize>()
    }
}

/// Seconds since 1970 as a decimal number with as many places as there are, at least milliseconds.
fn put_time(body: &mut Vec<u8>, time: Timestamp) {
    let nanos = time.as_nanos().unsigned_abs();
    let (seconds, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let sign = if time.as_nanos() < 0 { "-" } else { "" };
    let written = match fraction {
        it if it % 1_000_000 == 0 => write!(body, "{sign}{seconds}.{:03}", it / 1_000_000),
        it if it % 1_000 == 0 => write!(body, "{sign}{seconds}.{:06}", it / 1_000),
        it => write!(body, "{sign}{seconds}.{it:09}"),
    };
    written.expect("memory takes every byte");
}

/// A JSON string.
fn put_string(body: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(body, text).expect("memory takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn body(envelope: &Envelope, batch: &Batch) -> String {
        String::from_utf8(envelope.body(batch)).unwrap()
    }

    #[test]
    fn the_event_is_spliced_byte_for_byte() {
        let batch = testing::batch_of("okta.system", &["{ \"b\" : 1.0, \"a\":\"\\u00e9\" }", "{}"]);
        let envelope = Envelope::new(&[("host", "h\"1"), ("index", "")], false);
        let expected = "{\"host\":\"h\\\"1\",\"time\":1772600767.000,\"event\":{ \"b\" : 1.0, \"a\":\"\\u00e9\" }}\n\
                        {\"host\":\"h\\\"1\",\"time\":1772600768.000,\"event\":{}}\n";
        assert_eq!(body(&envelope, &batch), expected);
    }

    #[test]
    fn the_id_becomes_a_field_and_stays_a_string() {
        let batch = testing::batch_of("okta.system", &[r#"{"uuid":"a\"b"}"#]);
        let expected = r#"{"time":1772600767.000,"event":{"uuid":"a\"b"},"fields":{"event_uuid":"a\"b"}}"#;
        assert_eq!(body(&Envelope::new(&[], true), &batch).trim_end(), expected);
    }

    #[test]
    fn times_keep_their_fraction() {
        for (nanos, text) in [
            (0, "0.000"),
            (1_772_600_767_120_000_000, "1772600767.120"),
            (1_772_600_767_000_001_000, "1772600767.000001"),
            (1_772_600_767_123_456_789, "1772600767.123456789"),
            (-1_500_000_000, "-1.500"),
        ] {
            let mut body = Vec::new();
            put_time(&mut body, Timestamp::from_nanos(nanos));
            assert_eq!(String::from_utf8(body).unwrap(), text);
        }
    }

    #[test]
    fn a_body_is_made_in_one_allocation() {
        let batch = testing::batch("signinattempts", 500);
        let envelope = Envelope::new(&[("host", "hub"), ("sourcetype", "1password:insights:signin_attempts")], true);
        assert!(envelope.body(&batch).len() <= envelope.capacity(&batch));
    }
}
