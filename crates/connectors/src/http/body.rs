//! Bodies, packed or not.

use std::io::Write;

use reqwest::{RequestBuilder, header::CONTENT_ENCODING};

use crate::{Setting, Settings, description::Form};

/// How bodies are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
}

impl Compression {
    /// The option that chooses it.
    pub(crate) const SETTING: Setting =
        Setting::new("compression", Form::Choice(&["gzip", "none"]), "How bodies are packed.").or("gzip");

    /// What the settings chose.
    pub(crate) fn of(settings: &Settings) -> Self {
        if settings.text("compression") == "none" { Self::None } else { Self::Gzip }
    }

    /// Puts a body into a request, packed as chosen.
    pub(crate) async fn put(self, request: RequestBuilder, body: Vec<u8>) -> RequestBuilder {
        let packed = self.pack(body).await;
        self.mark(request).body(packed)
    }

    /// A body packed as chosen, on a blocking thread: it takes milliseconds.
    pub(crate) async fn pack(self, body: Vec<u8>) -> Vec<u8> {
        match self {
            Self::None => body,
            Self::Gzip => {
                let packed = tokio::task::spawn_blocking(move || gzip(&body));
                packed.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            }
        }
    }

    /// Tells the receiver how the body is packed.
    pub(crate) fn mark(self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Gzip => request.header(CONTENT_ENCODING, "gzip"),
        }
    }
}

/// Packs fast rather than small: the network is rarely the limit.
pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory takes every byte")
}
