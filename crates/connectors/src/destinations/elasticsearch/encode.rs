//! Bodies of `_bulk`: a line of what to do and a line of what with, for each event.

use std::{borrow::Cow, io::Write};

use super::target::{Shape, Target};
use crate::{Batch, OutgoingEvent};

/// Bytes of an event's lines besides its text, its id and what the target adds, at the most.
const FRAME_BYTES_MAX: usize = 160;

/// The body of a request.
pub(super) fn body(batch: &Batch, target: &Target, shape: Shape) -> Vec<u8> {
    let members = members_of(target, shape);
    let mut body = Vec::with_capacity(capacity(batch, &members, shape));
    for event in &batch.events {
        body.extend_from_slice(b"{\"create\":{\"_id\":");
        put_string(&mut body, &document_id(batch, event));
        body.extend_from_slice(b"}}\n");
        match shape {
            Shape::Message => put_message(&mut body, event, &members),
            Shape::Ecs => put_spliced(&mut body, &event.text, &members),
            Shape::Ocsf => {
                body.extend_from_slice(b"{\"@timestamp\":");
                put_time(&mut body, event.time);
                put_rest(&mut body, &event.text, &members);
            }
        }
        body.push(b'\n');
    }
    body
}

/// Enough bytes for a body of usual events. Text in a string grows by a backslash for each quotation mark.
fn capacity(batch: &Batch, members: &str, shape: Shape) -> usize {
    let texts = if shape == Shape::Message { batch.text_bytes() / 4 * 5 } else { batch.text_bytes() };
    let ids = batch.events.iter().map(|event| event.uuid.len());
    texts + ids.sum::<usize>() + batch.events.len() * (FRAME_BYTES_MAX + members.len())
}

/// The event's id. One that is made of feature and position is unique in one account only.
fn document_id<'a>(batch: &Batch, event: &'a OutgoingEvent) -> Cow<'a, str> {
    let place = event.uuid.strip_prefix(batch.feature.as_str()).and_then(|rest| rest.strip_prefix('-'));
    if place.and_then(|digits| digits.parse().ok()) == Some(event.position.get()) {
        Cow::Owned(format!("{}-{}", batch.account, event.uuid))
    } else {
        Cow::Borrowed(&event.uuid)
    }
}

/// What the target adds to each document: members without braces, or nothing.
fn members_of(target: &Target, shape: Shape) -> String {
    let mut members = Vec::new();
    if let Some((dataset, namespace)) = &target.data_stream {
        let names = format!(r#"{{"type":"logs","dataset":"{dataset}","namespace":"{namespace}"}}"#);
        members.push(format!(r#""data_stream":{names}"#));
    }
    if shape == Shape::Message {
        members.push(format!(r#""tags":["forwarded","{}"]"#, target.tag));
    }
    members.join(",")
}

/// The event in a string. The pipeline takes the time of the event from the event itself, and the document's own for
/// the time of its arrival.
fn put_message(body: &mut Vec<u8>, event: &OutgoingEvent, members: &str) {
    body.extend_from_slice(b"{\"@timestamp\":");
    put_time(body, event.arrival);
    body.extend_from_slice(b",\"message\":");
    put_string(body, &event.text);
    body.push(b',');
    body.extend_from_slice(members.as_bytes());
    body.push(b'}');
}

/// An object with more members before its own.
fn put_spliced(body: &mut Vec<u8>, object: &str, members: &str) {
    body.push(b'{');
    let own = own_members(object);
    body.extend_from_slice(members.as_bytes());
    if !members.is_empty() && own != "}" {
        body.push(b',');
    }
    body.extend_from_slice(own.as_bytes());
}

/// The rest of an object that has a member already.
fn put_rest(body: &mut Vec<u8>, object: &str, members: &str) {
    for part in [members, own_members(object)] {
        if !part.is_empty() && part != "}" {
            body.push(b',');
        }
        body.extend_from_slice(part.as_bytes());
    }
}

/// An object without its opening brace. Formats make objects and nothing else.
fn own_members(object: &str) -> &str {
    object.strip_prefix('{').unwrap_or("}")
}

fn put_time(body: &mut Vec<u8>, time: daybook_events::Timestamp) {
    write!(body, "\"{time}\"").expect("memory takes every byte");
}

fn put_string(body: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(body, text).expect("memory takes every byte");
}

#[cfg(test)]
mod tests {
    use super::{super::target::Naming, *};
    use crate::testing;

    fn encode(payload: &str, shape: Shape, naming: &Naming) -> String {
        let batch = testing::batch_of("okta.system", &[payload]);
        let target = Target::of(&batch.feature, naming, shape);
        String::from_utf8(body(&batch, &target, shape)).unwrap()
    }

    fn streams() -> Naming {
        Naming::DataStreams { namespace: "prod".to_owned() }
    }

    #[test]
    fn a_raw_event_travels_as_text() {
        let expected = r#"{"create":{"_id":"U"}}
{"@timestamp":"2026-03-04T05:06:07Z","message":"{\"uuid\":\"U\",\"x\":\"a\\nb\"}","data_stream":{"type":"logs","dataset":"okta.system","namespace":"prod"},"tags":["forwarded","okta.system"]}
"#;
        assert_eq!(encode(r#"{"uuid":"U","x":"a\nb"}"#, Shape::Message, &streams()), expected);
    }

    #[test]
    fn a_mapped_event_stays_as_it_is() {
        let given = Naming::Given("x".to_owned());
        let stream = r#""data_stream":{"type":"logs","dataset":"okta.system","namespace":"prod"}"#;
        let ocsf = stream.replace("system", "system.ocsf");
        let time = r#""@timestamp":"2026-03-04T05:06:07Z""#;
        for (shape, naming, payload, document) in [
            (Shape::Ecs, &streams(), r#"{"uuid":"U"}"#, format!(r#"{{{stream},"uuid":"U"}}"#)),
            (Shape::Ecs, &given, r#"{"uuid":"U"}"#, r#"{"uuid":"U"}"#.to_owned()),
            (Shape::Ocsf, &streams(), r#"{"uuid":"U"}"#, format!(r#"{{{time},{ocsf},"uuid":"U"}}"#)),
            (Shape::Ocsf, &given, r#"{"uuid":"U"}"#, format!(r#"{{{time},"uuid":"U"}}"#)),
        ] {
            assert_eq!(encode(payload, shape, naming), format!("{{\"create\":{{\"_id\":\"U\"}}}}\n{document}\n"));
        }
        for (shape, naming, document) in [
            (Shape::Ecs, &streams(), format!("{{{stream}}}")),
            (Shape::Ecs, &given, "{}".to_owned()),
            (Shape::Ocsf, &given, format!("{{{time}}}")),
        ] {
            assert!(encode("{}", shape, naming).ends_with(&format!("\n{document}\n")), "{shape:?} {naming:?}");
        }
    }

    #[test]
    fn an_id_made_of_a_place_is_of_one_account() {
        let first = encode("{}", Shape::Ecs, &streams());
        assert!(
            first.starts_with(&format!("{{\"create\":{{\"_id\":\"{}-okta.system-1\"}}}}\n", "A".repeat(26))),
            "{first}"
        );
    }

    #[test]
    fn a_body_is_made_in_one_allocation() {
        for shape in [Shape::Message, Shape::Ecs] {
            let batch = testing::batch("auditevents", 500);
            let target = Target::of(&batch.feature, &streams(), shape);
            let body = body(&batch, &target, shape);
            assert!(body.len() <= capacity(&batch, &members_of(&target, shape), shape), "{shape:?}: {}", body.len());
            assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 1000);
        }
    }
}
