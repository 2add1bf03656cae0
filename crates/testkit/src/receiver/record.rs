//! A request as it came, and an answer to give.

use std::{io::Read, time::Instant};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hyper::{HeaderMap, Method, StatusCode, header::CONTENT_ENCODING};
use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query, without the question mark; empty where there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it was sent, or as much of it as was read.
    pub body: Bytes,
    /// When its head was there.
    pub at: Instant,
    /// Whether a real receiver would have kept it: it was read whole, and either answered with 2xx or not answered
    /// because of a fault that loses the answer.
    pub stored: bool,
}

/// An answer to give.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Received {
    /// The value of a header, where it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The decoded value of the first query parameter of this name.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The body without its `Content-Encoding`: none, `gzip` or `zstd`.
    ///
    /// # Panics
    ///
    /// It has another encoding, or does not decode.
    #[must_use]
    pub fn body_plain(&self) -> Vec<u8> {
        let encoding = self.headers.get(CONTENT_ENCODING).map_or(Ok("identity"), |value| value.to_str());
        match encoding {
            Ok("identity") => self.body.to_vec(),
            Ok("gzip") => {
                let mut plain = Vec::new();
                MultiGzDecoder::new(&self.body[..]).read_to_end(&mut plain).unwrap();
                plain
            }
            Ok("zstd") => zstd::decode_all(&self.body[..]).unwrap(),
            other => panic!("a request with Content-Encoding {other:?}: {}", self.line()),
        }
    }

    /// `body_plain` as text.
    ///
    /// # Panics
    ///
    /// It is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.body_plain()).unwrap()
    }

    /// `body_plain` as JSON.
    ///
    /// # Panics
    ///
    /// It is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let plain = self.body_plain();
        serde_json::from_slice(&plain)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", String::from_utf8_lossy(&plain)))
    }

    /// What a failed test shows of it.
    pub(super) fn line(&self) -> String {
        let stored = if self.stored { "stored" } else { "not stored" };
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        format!("{} {}{query}, {} bytes, {stored}", self.method, self.path, self.body.len())
    }
}

impl Reply {
    /// A status without a body.
    ///
    /// # Panics
    ///
    /// There is no such status.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self { status: StatusCode::from_u16(code).unwrap(), headers: Vec::new(), body: Bytes::new() }
    }

    /// A status with a JSON body.
    ///
    /// # Panics
    ///
    /// There is no such status.
    #[must_use]
    pub fn json(code: u16, body: &Value) -> Self {
        Self::status(code).header("Content-Type", "application/json").body(body.to_string())
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}
