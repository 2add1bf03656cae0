//! What a body may be: how it is packed, how much it holds, how old its events are.

use std::{borrow::Cow, io::Read};

use axum::http::{HeaderMap, StatusCode, header};
use daybook_events::{Feature, Timestamp, wire};

use crate::{error::ApiError, events_api::header_text, request::too_large};

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// What a body may be.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) coding: Coding,
    pub(super) bytes_max: usize,
    pub(super) events_max: usize,
    /// The time that open-schema events without one get.
    pub(super) now: Timestamp,
    /// Events before this would be gone at once: refused, so that nobody believes them kept.
    pub(super) not_before: Option<Timestamp>,
}

impl Coding {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        match header_text(headers, header::CONTENT_ENCODING.as_str()).unwrap_or("identity").trim() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            other => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Content-Encoding {other:?} is not known; use gzip, zstd or none"),
            )),
        }
    }

    fn decode(self, body: &[u8], bytes_max: usize) -> Result<Vec<u8>, ApiError> {
        let broken = |error: std::io::Error| ApiError::invalid(format!("the body cannot be decompressed: {error}"));
        let mut plain = Vec::new();
        // One byte more than allowed tells a body that is too large from one that just fits.
        let limit = bytes_max as u64 + 1;
        match self {
            Self::Identity => body.take(limit).read_to_end(&mut plain).map_err(broken)?,
            Self::Gzip => {
                flate2::read::MultiGzDecoder::new(body).take(limit).read_to_end(&mut plain).map_err(broken)?
            }
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(body).map_err(broken)?;
                decoder.window_log_max(24).map_err(broken)?;
                decoder.take(limit).read_to_end(&mut plain).map_err(broken)?
            }
        };
        if plain.len() > bytes_max { Err(too_large(bytes_max)) } else { Ok(plain) }
    }
}

impl Terms {
    /// The body as it was before it was packed.
    pub(super) fn unpack<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, ApiError> {
        match self.coding {
            Coding::Identity => Ok(Cow::Borrowed(body)),
            coding => coding.decode(body, self.bytes_max).map(Cow::Owned),
        }
    }

    /// When a valid event happened; or what is wrong with it.
    pub(super) fn check(&self, feature: &Feature, payload: &str) -> Result<Timestamp, wire::Rejection> {
        let time = wire::validate(feature, payload, self.now)?;
        if self.not_before.is_some_and(|cutoff| time < cutoff) {
            let reason = "is older than the account's retention; the event would be dropped at once".to_owned();
            return Err(wire::Rejection { field: "timestamp".to_owned(), reason });
        }
        Ok(time)
    }

    pub(super) fn too_many(&self) -> ApiError {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has more than {} events; send fewer at a time", self.events_max),
        )
    }
}

/// A body as text, without the mark that some producers put before it.
pub(super) fn text_of(plain: &[u8]) -> Result<&str, ApiError> {
    let text = std::str::from_utf8(plain)
        .map_err(|error| ApiError::invalid(format!("the body is not UTF-8 after byte {}", error.valid_up_to())))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
