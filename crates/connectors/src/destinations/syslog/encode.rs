//! Events as RFC 5424 messages, framed.

use std::io::Write;

use crate::{Batch, OutgoingEvent, Rejected, format::severity};

const MSGID_BYTES_MAX: usize = 32;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How a message looks.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) facility: u8,
    pub(super) hostname: String,
    pub(super) app_name: String,
    /// With a number, structured data is sent.
    pub(super) enterprise: Option<String>,
    pub(super) has_bom: bool,
    /// Of a message without its frame.
    pub(super) bytes_max: usize,
    pub(super) oversize: Oversize,
    pub(super) framing: Framing,
}

/// What becomes of a message that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oversize {
    Reject,
    Truncate,
}

/// How messages are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// `LENGTH SP MESSAGE`, RFC 5425.
    OctetCounting,
    /// `MESSAGE LF`, RFC 6587.
    Newline,
}

/// A batch ready to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// Where in the bytes each message's frame ends.
    pub(super) ends: Vec<usize>,
    /// Events that are too long.
    pub(super) rejected: Vec<Rejected>,
}

impl Encoded {
    /// The frames of the last messages, at most so many.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &[u8]> {
        let skipped = self.ends.len().saturating_sub(count);
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).skip(skipped).map(|(begin, end)| &self.bytes[begin..*end])
    }
}

/// The messages of a batch, a frame each.
pub(super) fn encode(layout: &Layout, batch: &Batch) -> Encoded {
    let mut encoded = Encoded { bytes: Vec::with_capacity(batch.text_bytes() * 5 / 4), ..Encoded::default() };
    let mut message = Vec::new();
    for (index, event) in batch.events.iter().enumerate() {
        message.clear();
        layout.push_header(&mut message, batch, event);
        match layout.push_text(&mut message, &event.text) {
            Ok(()) => {
                layout.framing.push(&mut encoded.bytes, &message);
                encoded.ends.push(encoded.bytes.len());
            }
            Err(reason) => encoded.rejected.push(Rejected { index, reason }),
        }
    }
    encoded
}

impl Layout {
    /// `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA SP`
    fn push_header(&self, message: &mut Vec<u8>, batch: &Batch, event: &OutgoingEvent) {
        let priority = self.facility * 8 + severity(&batch.feature, &event.payload).syslog();
        let time = microseconds_of(event.time.to_string());
        let id = batch.feature.as_str();
        let id = &id[..id.floor_char_boundary(MSGID_BYTES_MAX)];
        // Writing to memory cannot fail.
        let _ = write!(message, "<{priority}>1 {time} {} {} - {id} ", self.hostname, self.app_name);
        match &self.enterprise {
            None => message.push(b'-'),
            Some(number) => {
                let _ = write!(message, "[daybook@{number} uuid=\"");
                push_escaped(message, &event.uuid);
                let _ = write!(message, "\" account=\"{}\" position=\"{}\"]", batch.account, event.position);
            }
        }
        message.push(b' ');
        if self.has_bom {
            message.extend_from_slice(BOM);
        }
    }

    /// Line ends inside an event, which JSON has only between its members, become spaces.
    fn push_text(&self, message: &mut Vec<u8>, text: &str) -> Result<(), String> {
        let room = self.bytes_max.saturating_sub(message.len());
        let text = match self.oversize {
            _ if text.len() <= room => text,
            Oversize::Truncate if room > 0 => &text[..text.floor_char_boundary(room)],
            Oversize::Reject | Oversize::Truncate => {
                let bytes = message.len() + text.len();
                return Err(format!("the message has {bytes} bytes, message_bytes_max is {}", self.bytes_max));
            }
        };
        let start = message.len();
        message.extend_from_slice(text.as_bytes());
        message[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        Ok(())
    }
}

impl Framing {
    fn push(self, bytes: &mut Vec<u8>, message: &[u8]) {
        match self {
            Self::OctetCounting => {
                let _ = write!(bytes, "{} ", message.len());
                bytes.extend_from_slice(message);
            }
            Self::Newline => {
                bytes.extend_from_slice(message);
                bytes.push(b'\n');
            }
        }
    }
}

/// RFC 5424 has at most six digits of a second.
fn microseconds_of(time: String) -> String {
    match time.split_once('.') {
        Some((seconds, fraction)) if fraction.len() > 7 => format!("{seconds}.{}Z", &fraction[..6]),
        _ => time,
    }
}

/// A value of structured data: `"`, `\` and `]` are escaped; control characters become spaces.
fn push_escaped(message: &mut Vec<u8>, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' | b']' => message.extend_from_slice(&[b'\\', byte]),
            _ if byte.is_ascii_control() => message.push(b' '),
            _ => message.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn layout() -> Layout {
        Layout {
            facility: 13,
            hostname: "hub.acme.example".to_owned(),
            app_name: "daybook".to_owned(),
            enterprise: None,
            has_bom: false,
            bytes_max: 2048,
            oversize: Oversize::Reject,
            framing: Framing::OctetCounting,
        }
    }

    fn text(layout: &Layout, payloads: &[&str]) -> String {
        String::from_utf8(encode(layout, &testing::batch_of("auditevents", payloads)).bytes).unwrap()
    }

    #[test]
    fn a_message_is_counted_and_has_every_field() {
        let expected = r#"<110>1 2026-03-04T05:06:07Z hub.acme.example daybook - auditevents - {"uuid":"A"}"#;
        assert_eq!(text(&layout(), &[r#"{"uuid":"A"}"#]), format!("{} {expected}", expected.len()));
    }

    #[test]
    fn priority_is_facility_and_severity() {
        let layout = Layout { facility: 16, ..layout() };
        for (payload, priority) in [
            (r#"{"action":"create"}"#, 134),
            (r#"{"action":"delete"}"#, 133),
            (r#"{"action":"export"}"#, 132),
            (r#"{"action":"delete","object_type":"account"}"#, 131),
        ] {
            let text = text(&layout, &[payload]);
            assert!(text.contains(&format!(" <{priority}>1 ")), "{text}");
        }
    }

    #[test]
    fn line_ends_never_divide_a_message() {
        let layout = Layout { framing: Framing::Newline, ..layout() };
        let text = text(&layout, &["{\"uuid\":\"A\",\r\n\"x\":1}", r#"{"uuid":"B"}"#]);
        let messages: Vec<&str> = text.lines().map(|line| line.rsplit_once(" - ").unwrap().1).collect();
        assert_eq!(messages, [r#"{"uuid":"A",  "x":1}"#, r#"{"uuid":"B"}"#]);
    }

    #[test]
    fn structured_data_is_escaped_and_the_mark_precedes_the_event() {
        let layout = Layout { enterprise: Some("32473".to_owned()), has_bom: true, ..layout() };
        let account = "A".repeat(26);
        let data = format!(r#" [daybook@32473 uuid="a\"b\]c\\d" account="{account}" position="1"] {}{{"#, '\u{feff}');
        let text = text(&layout, &[r#"{"uuid":"a\"b]c\\d"}"#]);
        assert!(text.contains(&data), "{text}");
    }

    #[test]
    fn what_is_too_long_is_rejected_or_cut_between_characters() {
        let long = format!(r#"{{"uuid":"A","x":"{}"}}"#, "ü".repeat(2000));
        let batch = testing::batch_of("auditevents", &[&long, r#"{"uuid":"B"}"#]);
        let encoded = encode(&layout(), &batch);
        assert_eq!((encoded.ends.len(), encoded.rejected.len(), encoded.rejected[0].index), (1, 1, 0));
        let reason = &encoded.rejected[0].reason;
        assert!(reason.starts_with("the message has 40") && reason.ends_with("message_bytes_max is 2048"), "{reason}");

        let encoded = encode(&Layout { oversize: Oversize::Truncate, ..layout() }, &batch);
        let first = std::str::from_utf8(&encoded.bytes[..encoded.ends[0]]).unwrap();
        let (length, message) = first.split_once(' ').unwrap();
        assert_eq!((length.parse().ok(), encoded.rejected.len()), (Some(message.len()), 0));
        assert!((2047..=2048).contains(&message.len()), "{}", message.len());
    }

    #[test]
    fn the_last_messages_are_whole_frames() {
        let encoded = encode(&layout(), &testing::batch("auditevents", 3));
        let last: Vec<&[u8]> = encoded.last(2).collect();
        assert_eq!(last.concat(), encoded.bytes[encoded.ends[0]..]);
        assert_eq!((last.len(), encoded.last(9).count(), encoded.last(0).count()), (2, 3, 0));
    }

    #[test]
    fn times_have_six_digits_at_the_most() {
        for (given, expected) in [
            ("2026-03-04T05:06:07.123456789Z", "2026-03-04T05:06:07.123456Z"),
            ("2026-03-04T05:06:07.123Z", "2026-03-04T05:06:07.123Z"),
            ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07Z"),
        ] {
            assert_eq!(microseconds_of(given.to_owned()), expected);
        }
    }
}
