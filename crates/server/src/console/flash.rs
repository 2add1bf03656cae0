//! What the next page says about what has just been done, with the way to undo it.

use axum::http::HeaderMap;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::cookies;

/// A message for the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flash {
    /// `ok`, `info`, `warn` or `error`.
    pub(super) tone: String,
    /// The sentence.
    pub(super) text: String,
    /// Where a form goes that takes it back; empty when it cannot be.
    #[serde(default)]
    pub(super) undo: String,
}

/// A sentence about what went well.
pub(super) fn done(text: impl Into<String>) -> Flash {
    Flash { tone: "ok".to_owned(), text: text.into(), undo: String::new() }
}

/// A sentence about what did not.
pub(super) fn failed(text: impl Into<String>) -> Flash {
    Flash { tone: "error".to_owned(), text: text.into(), undo: String::new() }
}

impl Flash {
    /// With a way back: a form that is posted to this path.
    pub(super) fn with_undo(self, path: String) -> Self {
        Self { undo: path, ..self }
    }

    /// From the cookie of a request.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(cookies::find(headers, cookies::FLASH)?.as_bytes()).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// As the value of a cookie, in which it may take 3,000 bytes.
    pub(super) fn to_cookie(&self) -> String {
        let short = Self { text: self.text.chars().take(500).collect(), ..self.clone() };
        BASE64URL_NOPAD.encode(&serde_json::to_vec(&short).unwrap_or_default())
    }
}
