//! Bodies and signatures of webhooks.

use data_encoding::BASE64;
use ring::{hmac, signature::Ed25519KeyPair};

use crate::{Batch, OutgoingEvent};

/// A key that signs.
pub(super) enum SigningKey {
    /// `v1`: HMAC-SHA256.
    Hmac(hmac::Key),
    /// `v1a`: Ed25519.
    Ed25519(Box<Ed25519KeyPair>),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningKey([secret])")
    }
}

/// The body of one event.
pub(super) fn event_body(event_type: &str, event: &OutgoingEvent) -> Vec<u8> {
    format!(r#"{{"type":"{event_type}","timestamp":"{}","data":{}}}"#, event.time, event.text).into_bytes()
}

/// The body of a whole batch, at the time of its last event.
pub(super) fn batch_body(event_type: &str, batch: &Batch) -> Vec<u8> {
    let time = batch.events.iter().map(|event| event.time).max().unwrap_or_default();
    let mut body = format!(r#"{{"type":"{event_type}.batch","timestamp":"{time}","data":["#).into_bytes();
    body.reserve(batch.text_bytes() + batch.events.len() + 2);
    for (index, event) in batch.events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event.text.as_bytes());
    }
    body.extend_from_slice(b"]}");
    body
}

/// The id of a request: the same for every attempt at the same events, and without a dot, which is what separates it
/// from the rest in what is signed.
pub(super) fn message_id(id: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    format!("evt_{}", id.chars().map(plain).collect::<String>())
}

/// The header `webhook-signature`: a signature of each key.
pub(super) fn signatures(keys: &[SigningKey], id: &str, seconds: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{seconds}.").into_bytes();
    signed.extend_from_slice(body);
    let one = |key: &SigningKey| match key {
        SigningKey::Hmac(key) => format!("v1,{}", BASE64.encode(hmac::sign(key, &signed).as_ref())),
        SigningKey::Ed25519(pair) => format!("v1a,{}", BASE64.encode(pair.sign(&signed).as_ref())),
    };
    keys.iter().map(one).collect::<Vec<_>>().join(" ")
}
