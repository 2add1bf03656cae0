//! Bodies: a JSON array of what the stream declares.

use crate::{Batch, OutgoingEvent, destinations::intake::splice};

/// The body of a batch. An event of the Events API gets the column `log_source`; of another service's event, which has other
/// members than the table has columns, the whole is in `details`.
pub(super) fn body_of(batch: &Batch) -> Vec<u8> {
    let head = format!(r#""log_source":"{}""#, batch.feature);
    let mut body = Vec::with_capacity(batch.text_bytes() + batch.events.len() * (head.len() + 128));
    body.push(b'[');
    for (index, event) in batch.events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        if batch.feature.is_wire() {
            splice(&mut body, head.as_bytes(), &event.text);
        } else {
            put_other(&mut body, &head, event);
        }
    }
    body.push(b']');
    body
}

fn put_other(body: &mut Vec<u8>, head: &str, event: &OutgoingEvent) {
    body.push(b'{');
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(b",\"uuid\":");
    serde_json::to_writer(&mut *body, &*event.uuid).expect("memory takes every byte");
    body.extend_from_slice(format!(r#","timestamp":"{}","details":"#, event.time).as_bytes());
    body.extend_from_slice(event.text.as_bytes());
    body.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::batch_of;

    fn body(feature: &str, events: &[&str]) -> String {
        String::from_utf8(body_of(&batch_of(feature, events))).unwrap()
    }

    #[test]
    fn events_say_what_they_are() {
        let audit = body("auditevents", &[r#"{"uuid":"A","aux_id":7}"#, "{}"]);
        assert_eq!(audit, r#"[{"log_source":"auditevents","uuid":"A","aux_id":7},{"log_source":"auditevents"}]"#);
    }

    #[test]
    fn what_has_no_columns_is_in_details() {
        let okta = body("okta.system", &[r#"{"uuid":"A\"","x":[1]}"#]);
        let expected = r#"[{"log_source":"okta.system","uuid":"A\"","timestamp":"2026-03-04T05:06:07Z","details":{"uuid":"A\"","x":[1]}}]"#;
        assert_eq!(okta, expected);
    }
}
