//! Bodies of requests. Events are spliced in as they are; only where a vendor wants them as a text are they escaped.

use std::io::Write;

use daybook_events::{Feature, Timestamp};

use crate::Batch;

/// Bytes of a frame besides its members and its event, at the most.
const FRAME_BYTES_MAX: usize = 64;

/// How the events of a batch become a body.
#[derive(Debug, Clone)]
pub(in crate::destinations) struct Body {
    pub(in crate::destinations) container: Container,
    pub(in crate::destinations) form: EventForm,
}

/// What holds the events together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::destinations) enum Container {
    /// A line an event. Line ends inside an event, which JSON has only between its members, become spaces.
    Lines,
    /// One JSON array.
    Array,
    /// A request an event.
    Each,
}

/// What becomes of one event.
#[derive(Debug, Clone)]
pub(in crate::destinations) enum EventForm {
    /// It stays as it is.
    Bare,
    /// It gets more members before its own.
    Spliced(Members),
    /// It becomes the text `message` of an object with these members.
    Message(Members),
}

/// Members that an event gets.
#[derive(Debug, Clone)]
pub(in crate::destinations) struct Members {
    /// Names and texts, without those that are empty.
    pub(in crate::destinations) texts: Vec<(&'static str, Text)>,
    /// The name of the event's time, and its form.
    pub(in crate::destinations) time: (&'static str, TimeForm),
}

/// A text that may depend on what the events are.
#[derive(Debug, Clone)]
pub(in crate::destinations) enum Text {
    /// With `{feature}` and `{account}` filled in.
    Template(String),
    /// One for each feature.
    OfFeature(fn(&Feature) -> String),
}

/// How a time is written.
#[derive(Debug, Clone, Copy)]
pub(in crate::destinations) enum TimeForm {
    /// Milliseconds since 1970, a number.
    Millis,
    /// RFC 3339 with whole seconds, a text.
    Seconds,
}

impl Body {
    /// The events as they are.
    pub(in crate::destinations) const fn bare(container: Container) -> Self {
        Self { container, form: EventForm::Bare }
    }

    /// What is usually said of such a body.
    pub(in crate::destinations) fn content_type(&self) -> &'static str {
        match self.container {
            Container::Lines => "application/x-ndjson",
            Container::Array | Container::Each => "application/json",
        }
    }

    /// The body of one request.
    pub(in crate::destinations) fn of(&self, batch: &Batch) -> Vec<u8> {
        let head = match &self.form {
            EventForm::Bare => Vec::new(),
            EventForm::Spliced(members) | EventForm::Message(members) => members.head(batch),
        };
        let frames = batch.events.len() * (head.len() + FRAME_BYTES_MAX);
        let mut body = Vec::with_capacity(batch.text_bytes() / 4 * 5 + frames);
        if self.container == Container::Array {
            body.push(b'[');
        }
        for (index, event) in batch.events.iter().enumerate() {
            if index > 0 && self.container == Container::Array {
                body.push(b',');
            }
            let start = body.len();
            match &self.form {
                EventForm::Bare => body.extend_from_slice(event.text.as_bytes()),
                EventForm::Spliced(members) => splice(&mut body, &members.with_time(&head, event.time), &event.text),
                EventForm::Message(members) => {
                    body.push(b'{');
                    body.extend_from_slice(&members.with_time(&head, event.time));
                    body.extend_from_slice(b",\"message\":");
                    put_string(&mut body, &event.text);
                    body.push(b'}');
                }
            }
            if self.container == Container::Lines {
                body[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
                body.push(b'\n');
            }
        }
        if self.container == Container::Array {
            body.push(b']');
        }
        body
    }
}

impl Members {
    /// What is the same for all events of a batch: `"name":"text",…`, with a comma at its end.
    fn head(&self, batch: &Batch) -> Vec<u8> {
        let mut head = Vec::new();
        for (name, text) in &self.texts {
            let text = match text {
                Text::Template(template) => fill(template, batch),
                Text::OfFeature(text_of) => text_of(&batch.feature),
            };
            if !text.is_empty() {
                put_string(&mut head, name);
                head.push(b':');
                put_string(&mut head, &text);
                head.push(b',');
            }
        }
        head
    }

    fn with_time(&self, head: &[u8], time: Timestamp) -> Vec<u8> {
        let (name, form) = self.time;
        let mut members = Vec::with_capacity(head.len() + FRAME_BYTES_MAX);
        members.extend_from_slice(head);
        let written = match form {
            TimeForm::Millis => write!(members, "\"{name}\":{}", time.as_nanos().div_euclid(1_000_000)),
            TimeForm::Seconds => write!(members, "\"{name}\":\"{}\"", Timestamp::from_seconds(time.as_seconds())),
        };
        written.expect("memory takes every byte");
        members
    }
}

/// Fills in what a batch holds, and whose.
pub(in crate::destinations) fn fill(template: &str, batch: &Batch) -> String {
    template.replace("{feature}", batch.feature.as_str()).replace("{account}", &batch.account.to_string())
}

/// An object with more members, `"name":value,…`, before its own. What is no object becomes its member `message`.
pub(in crate::destinations) fn splice(body: &mut Vec<u8>, members: &[u8], text: &str) {
    body.push(b'{');
    body.extend_from_slice(members);
    if let Some(own) = text.trim_start().strip_prefix('{') {
        if !own.trim_start().starts_with('}') {
            body.push(b',');
        }
        body.extend_from_slice(own.as_bytes());
    } else {
        body.extend_from_slice(b",\"message\":");
        body.extend_from_slice(text.as_bytes());
        body.push(b'}');
    }
}

/// A JSON string.
fn put_string(body: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(body, text).expect("memory takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::batch_of;

    fn body(container: Container, form: EventForm, events: &[&str]) -> String {
        String::from_utf8(Body { container, form }.of(&batch_of("okta.system", events))).unwrap()
    }

    fn members(time: TimeForm) -> Members {
        let kind = Text::OfFeature(|feature| feature.as_str().to_uppercase());
        let texts =
            vec![("a", Text::Template("{feature}\"".to_owned())), ("b", Text::Template(String::new())), ("c", kind)];
        Members { texts, time: ("t", time) }
    }

    #[test]
    fn events_stay_byte_for_byte_but_for_line_ends() {
        let events = ["{ \"b\":1.0,\n\"a\":\"\\u00e9\\n\" }", "{}"];
        let lines = body(Container::Lines, EventForm::Bare, &events);
        assert_eq!(lines, "{ \"b\":1.0, \"a\":\"\\u00e9\\n\" }\n{}\n");
        let array = body(Container::Array, EventForm::Bare, &events);
        assert_eq!(array, "[{ \"b\":1.0,\n\"a\":\"\\u00e9\\n\" },{}]");
        assert_eq!(body(Container::Each, EventForm::Bare, &events[..1]), events[0]);
    }

    #[test]
    fn members_come_before_the_events_own() {
        let lines =
            body(Container::Lines, EventForm::Spliced(members(TimeForm::Seconds)), &[r#"{"x":1}"#, " { }", "[1]"]);
        let expected = r#"{"a":"okta.system\"","c":"OKTA.SYSTEM","t":"2026-03-04T05:06:07Z","x":1}
{"a":"okta.system\"","c":"OKTA.SYSTEM","t":"2026-03-04T05:06:08Z" }
{"a":"okta.system\"","c":"OKTA.SYSTEM","t":"2026-03-04T05:06:09Z","message":[1]}
"#;
        assert_eq!(lines, expected);
    }

    #[test]
    fn an_event_can_be_a_text() {
        let array = body(Container::Array, EventForm::Message(members(TimeForm::Millis)), &[r#"{"x":"\""}"#]);
        let expected = r#"[{"a":"okta.system\"","c":"OKTA.SYSTEM","t":1772600767000,"message":"{\"x\":\"\\\"\"}"}]"#;
        assert_eq!(array, expected);
    }
}
