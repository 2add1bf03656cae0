//! The body of a v1 or v2 request: a reset cursor or a cursor, read as leniently as real clients write it.
//!
//! The Content-Type is nobody's business here: two official clients send none. A non-empty `cursor` wins over whatever
//! stands beside it; an empty body is an empty object; unknown fields are passed over.

use serde_json::{Map, Value};

use crate::{Kind, Kinded, Timestamp};

/// Events a page when the client does not say.
pub const LIMIT_DEFAULT: u16 = 100;
/// Events a page at the most.
pub const LIMIT_MAX: u16 = 1000;

const DEFAULT_WINDOW: std::time::Duration = std::time::Duration::from_secs(3600);

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageRequest {
    /// Start at a time.
    Reset(ResetCursor),
    /// Go on from a cursor of an earlier answer.
    Continue(String),
}

/// Where a walk starts and what it takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetCursor {
    /// Events a page, 1 to 1000.
    pub limit: u16,
    /// The first time wanted, inclusive.
    pub start_time: Timestamp,
    /// The first time no longer wanted; open-ended without it.
    pub end_time: Option<Timestamp>,
}

/// A body that says nothing we understand; the text names the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not JSON.
    #[error("the body is not JSON: {0}")]
    Malformed(String),
    /// JSON, and not an object.
    #[error("the body must be a JSON object such as {{\"limit\": 100}} or {{\"cursor\": \"…\"}}")]
    NotAnObject,
    /// A field with a wrong value.
    #[error("{field}: {reason}")]
    Field {
        /// Which.
        field: &'static str,
        /// Why.
        reason: String,
    },
}

impl Kinded for RequestError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl PageRequest {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the field: not JSON, not an object, a limit outside 1 to 1000, a time that is none, a start
    /// after the end.
    pub fn parse(body: &[u8], now: Timestamp) -> Result<Self, RequestError> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return ResetCursor::of(&Map::new(), now).map(Self::Reset);
        }
        let value = serde_json::from_slice(body).map_err(|error| RequestError::Malformed(error.to_string()))?;
        let Value::Object(fields) = value else { return Err(RequestError::NotAnObject) };
        match fields.get("cursor") {
            Some(Value::String(cursor)) if !cursor.is_empty() => Ok(Self::Continue(cursor.clone())),
            None | Some(Value::Null | Value::String(_)) => ResetCursor::of(&fields, now).map(Self::Reset),
            Some(_) => Err(field("cursor", "must be the text from an earlier answer")),
        }
    }
}

impl ResetCursor {
    fn of(fields: &Map<String, Value>, now: Timestamp) -> Result<Self, RequestError> {
        let limit = match fields.get("limit") {
            None | Some(Value::Null) => LIMIT_DEFAULT,
            Some(value) => parse_limit(value)?,
        };
        let end_time = parse_time(fields, "end_time")?;
        let start_time =
            parse_time(fields, "start_time")?.unwrap_or_else(|| end_time.unwrap_or(now).minus(DEFAULT_WINDOW));
        if end_time.is_some_and(|end| start_time > end) {
            return Err(field("start_time", "is after end_time"));
        }
        Ok(Self { limit, start_time, end_time })
    }
}

fn parse_limit(value: &Value) -> Result<u16, RequestError> {
    let whole = value.as_f64().filter(|number| number.fract() == 0.0 && (1.0..=f64::from(LIMIT_MAX)).contains(number));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 1 to 1000")]
    whole.map(|number| number as u16).ok_or_else(|| field("limit", "must be a whole number from 1 to 1000"))
}

fn parse_time(fields: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, RequestError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|error| field(name, &format!("{error}"))),
        Some(_) => Err(field(name, "must be an RFC 3339 time such as \"2026-02-03T04:05:06Z\"")),
    }
}

fn field(field: &'static str, reason: &str) -> RequestError {
    RequestError::Field { field, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_600_767);

    fn parse(body: &str) -> Result<PageRequest, String> {
        PageRequest::parse(body.as_bytes(), NOW).map_err(|error| error.to_string())
    }

    fn reset(limit: u16, start_time: Timestamp, end_time: Option<Timestamp>) -> Result<PageRequest, String> {
        Ok(PageRequest::Reset(ResetCursor { limit, start_time, end_time }))
    }

    #[test]
    fn nothing_said_means_the_last_hour_a_hundred_a_page() {
        let hour_ago = NOW.minus(DEFAULT_WINDOW);
        for body in ["", " \n", "{}", "{ }\n", "\u{feff}{}", r#"{"cursor":""}"#, r#"{"cursor":null,"limit":null}"#] {
            assert_eq!(parse(body), reset(100, hour_ago, None), "{body:?}");
        }
        assert_eq!(parse(r#"{"start_time":"","limit":100}"#), reset(100, hour_ago, None));
    }

    #[test]
    fn without_a_start_the_window_is_the_hour_before_the_end() {
        let end = Timestamp::from_seconds(7200);
        assert_eq!(
            parse(r#"{"end_time":"1970-01-01T02:00:00Z"}"#),
            reset(100, Timestamp::from_seconds(3600), Some(end))
        );
    }

    #[test]
    fn a_cursor_wins_over_everything_beside_it() {
        let wanted = Ok(PageRequest::Continue("d1abc".into()));
        assert_eq!(parse(r#"{"limit":1000,"cursor":"d1abc"}"#), wanted);
        assert_eq!(parse("{ \"cursor\": \"d1abc\" }\n"), wanted);
        assert_eq!(parse(r#"{"limit":"odd","start_time":5,"cursor":"d1abc"}"#), wanted);
    }

    #[test]
    fn the_error_names_the_field() {
        for (body, words) in [
            ("{", "the body is not JSON: "),
            ("[]", "the body must be a JSON object"),
            (r#"{"limit":0}"#, "limit: must be a whole number from 1 to 1000"),
            (r#"{"limit":1001}"#, "limit: must be"),
            (r#"{"limit":1.5}"#, "limit: must be"),
            (r#"{"limit":"100"}"#, "limit: must be"),
            (r#"{"start_time":"yesterday"}"#, "start_time: \"yesterday\" is not an RFC 3339 time"),
            (r#"{"end_time":17}"#, "end_time: must be an RFC 3339 time"),
            (r#"{"cursor":17}"#, "cursor: must be the text"),
            (
                r#"{"start_time":"2026-01-02T00:00:00Z","end_time":"2026-01-01T00:00:00Z"}"#,
                "start_time: is after end_time",
            ),
        ] {
            let error = parse(body).unwrap_err();
            assert!(error.starts_with(words), "{body}: {error}");
        }
    }

    #[test]
    fn a_body_nested_without_end_is_malformed() {
        let deep = "[".repeat(100_000);
        assert!(parse(&deep).unwrap_err().starts_with("the body is not JSON"));
    }
}
