//! Batches to push requests: one stream, a value an event.

use super::config::Config;
use crate::{
    Batch, OutgoingEvent,
    destinations::facts::{Facts, level},
};

/// The body of a batch.
pub(super) fn push_request(config: &Config, batch: &Batch) -> Vec<u8> {
    let mut body = Vec::with_capacity(batch.text_bytes() * 5 / 4 + batch.events.len() * 400 + 256);
    body.extend_from_slice(br#"{"streams":[{"stream":"#);
    put(&mut body, &config.labels_of(batch));
    body.extend_from_slice(br#","values":["#);
    for (index, event) in batch.events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(format!(r#"["{}","#, event.time.as_nanos()).as_bytes());
        put(&mut body, &*event.text);
        if config.has_metadata {
            put_metadata(&mut body, batch, event);
        }
        body.push(b']');
    }
    body.extend_from_slice(b"]}]}");
    body
}

fn put_metadata(body: &mut Vec<u8>, batch: &Batch, event: &OutgoingEvent) {
    let facts = Facts::of(batch, event);
    body.extend_from_slice(br#",{"event_uuid":"#);
    put(body, &*event.uuid);
    body.extend_from_slice(format!(r#","level":"{}""#, level(batch, event).0.to_ascii_lowercase()).as_bytes());
    let texts = [
        ("user_uuid", &facts.user_id),
        ("user_email", &facts.user_email),
        ("client_ip", &facts.address),
        ("country", &facts.country),
        ("category", &facts.category),
        ("type", &facts.kind),
        ("action", &facts.action),
        ("object_type", &facts.object_type),
        ("object_uuid", &facts.object_uuid),
        ("vault_uuid", &facts.vault_uuid),
        ("item_uuid", &facts.item_uuid),
    ];
    for (name, value) in texts {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            body.extend_from_slice(format!(r#","{name}":"#).as_bytes());
            put(body, value);
        }
    }
    body.push(b'}');
}

fn put(body: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) {
    serde_json::to_writer(body, value).expect("texts are JSON, and memory takes every byte");
}
