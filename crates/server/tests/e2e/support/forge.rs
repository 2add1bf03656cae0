//! Tokens that nobody issued.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

/// Header, payload and signature of a token.
pub(crate) fn parts_of(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().expect("a token has three parts")
}

/// A token with this header and payload, signed by a function of both.
pub(crate) fn forged(header: &Value, payload: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{payload}", BASE64URL_NOPAD.encode(header.to_string().as_bytes()));
    let signature = BASE64URL_NOPAD.encode(&sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The same token with a changed payload.
pub(crate) fn with_payload(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let [header, payload, signature] = parts_of(token);
    let mut claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap();
    change(&mut claims);
    format!("{header}.{}.{signature}", BASE64URL_NOPAD.encode(claims.to_string().as_bytes()))
}

/// The text with one of its characters replaced by another one.
pub(crate) fn altered(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}
