//! What can go wrong, a variant a step, and which of it may pass by itself.

use std::{error::Error, io, iter, time::Duration};

use daybook_events::{ClaimsError, Feature, Kind, Kinded};
use rustls::pki_types::pem;
use serde_json::Value;

const MESSAGE_CHARS_MAX: usize = 200;

/// A step of the client that failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The token is no text that can be sent.
    #[error("the bearer token is empty or has characters that no token has; was it copied whole?")]
    Token,
    /// The token does not say where to ask, and no URL was given.
    #[error("the bearer token does not name the server to ask; copy it whole, or give the server's URL as well")]
    Host(#[source] ClaimsError),
    /// The URL given, or the host in the token, cannot be asked.
    #[error("{url:?} cannot be the Events API's URL: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// Why not.
        reason: &'static str,
    },
    /// The root certificates given are not PEM.
    #[error("the root certificates given are not PEM")]
    CertificatePem(#[source] pem::Error),
    /// There is PEM, or not even that, but no certificate.
    #[error("there is no certificate in the root certificates given; a PEM file begins -----BEGIN CERTIFICATE-----")]
    CertificateMissing,
    /// TLS cannot be set up.
    #[error("set up TLS; has this system root certificates (ca-certificates), or give your own")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("set up the HTTP client")]
    Setup(#[source] reqwest::Error),
    /// No whole answer came.
    #[error("{operation}: no whole answer came")]
    Send {
        /// Method and URL.
        operation: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The server sent us elsewhere, where the token must not go.
    #[error(
        "{operation}: the server answered {status}, a redirect to {location:?}, which is not followed; use the URL of \
         the Events API itself"
    )]
    Redirected {
        /// Method and URL.
        operation: String,
        /// The HTTP status, 300 to 399.
        status: u16,
        /// Where to, as the server wrote it, cut to 200 characters.
        location: String,
    },
    /// The server answered, and it was no.
    #[error("{operation}: the server answered {status}: {message}{}", hint(*.status))]
    Refused {
        /// Method and URL.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The server's own words, cut to 200 characters.
        message: String,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than we hold.
    #[error("{operation}: the answer is larger than {bytes_max} bytes; ask for fewer events a page")]
    TooLarge {
        /// Method and URL.
        operation: String,
        /// The most we read.
        bytes_max: usize,
    },
    /// The answer is not of the Events API.
    #[error("{operation}: the answer is not one of the Events API; is this its URL?")]
    Answer {
        /// Method and URL.
        operation: String,
        /// What about it.
        #[source]
        source: serde_json::Error,
    },
    /// The server sends us round in a circle.
    #[error("read {feature}: the server repeats cursor {cursor:?} and says that there is more")]
    NoProgress {
        /// What was read.
        feature: Feature,
        /// The cursor, cut to 200 characters.
        cursor: String,
    },
    /// An event does not fit the type asked for.
    #[error("event {index} of the page does not fit the type asked for")]
    Event {
        /// Which, from 0.
        index: usize,
        /// What about it.
        #[source]
        source: serde_json::Error,
    },
}

impl ClientError {
    /// Whether the same request may succeed later: no answer, or 429, 500, 502, 503, 504.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Send { source, .. } => !is_certificate_fault(source),
            Self::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// How long the server wants to be left alone, where it says so with a 429 or 503.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Kinded for ClientError {
    fn kind(&self) -> Kind {
        match self {
            Self::Token | Self::Host(_) | Self::Url { .. } | Self::CertificatePem(_) | Self::CertificateMissing => {
                Kind::Invalid
            }
            Self::Redirected { .. } => Kind::Invalid,
            Self::Refused { status, .. } => match status {
                401 => Kind::Unauthenticated,
                403 => Kind::Forbidden,
                404 => Kind::NotFound,
                409 => Kind::Conflict,
                429 | 500.. => Kind::Unavailable,
                _ => Kind::Invalid,
            },
            Self::Send { .. } => Kind::Unavailable,
            Self::Tls(_) | Self::Setup(_) | Self::TooLarge { .. } | Self::Answer { .. } => Kind::Internal,
            Self::NoProgress { .. } | Self::Event { .. } => Kind::Internal,
        }
    }
}

/// The server's words in an error body, in any of the shapes seen: `{"status","message"}`,
/// `{"Error":{"Message"}}`, both together, or plain text; `None` where there are none.
pub(crate) fn message_of(body: &[u8]) -> Option<String> {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let spellings =
                [value.pointer("/message"), value.pointer("/Error/Message"), value.pointer("/error/message")];
            spellings.into_iter().flatten().find_map(Value::as_str)?.to_owned()
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let line = text.trim().lines().next()?;
    // A page of HTML comes from a proxy or from another kind of server: its first line says nothing.
    (!line.is_empty() && !line.starts_with('<')).then(|| shorten(line))
}

/// The text cut to what a message can hold.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MESSAGE_CHARS_MAX).collect()
}

fn hint(status: u16) -> &'static str {
    match status {
        400 => "; if the cursor is an old one, start again at the time of the last event stored",
        401 | 403 => "; was the token revoked, has it expired, or does it lack this feature?",
        404 => "; is this the URL of the Events API?",
        _ => "",
    }
}

/// A certificate does not get better by asking again. `io::Error` hides its cause from `source`, hence the two ways
/// down.
fn is_certificate_fault(error: &reqwest::Error) -> bool {
    fn cause<'a>(&error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    }
    iter::successors(Some(error as &(dyn Error + 'static)), cause)
        .any(|error| matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> ClientError {
        ClientError::Refused { operation: "GET x".into(), status, message: "No".into(), retry_after: None }
    }

    #[test]
    fn message_is_found_in_every_shape_of_error_body() {
        for body in [
            r#"{"status":401,"message":"Unauthorized"}"#,
            r#"{"Error":{"Message":"Unauthorized"}}"#,
            r#"{"status":401,"message":"Unauthorized","Error":{"Message":"Unauthorized"}}"#,
            "Unauthorized\n",
        ] {
            assert_eq!(message_of(body.as_bytes()).as_deref(), Some("Unauthorized"), "{body}");
        }
        for body in ["", "{}", "[]", r#"{"message":5}"#, "<html>no</html>"] {
            assert_eq!(message_of(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn message_has_no_control_characters_and_an_end() {
        let body = format!("\u{1b}[31m{}", "x".repeat(1000));
        assert_eq!(message_of(body.as_bytes()).unwrap().chars().count(), MESSAGE_CHARS_MAX);
        assert!(!message_of(body.as_bytes()).unwrap().contains('\u{1b}'));
    }

    #[test]
    fn only_passing_statuses_are_worth_another_attempt() {
        for status in [429, 500, 502, 503, 504] {
            assert!(refused(status).is_passing(), "{status}");
            assert_eq!(refused(status).kind(), Kind::Unavailable);
        }
        for status in [400, 401, 403, 404, 409, 413, 501] {
            assert!(!refused(status).is_passing(), "{status}");
        }
        assert_eq!(refused(401).kind(), Kind::Unauthenticated);
    }
}
