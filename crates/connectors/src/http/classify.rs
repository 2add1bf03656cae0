//! What an HTTP status means for a batch, unless the protocol knows better.
//!
//! | answer | what to do |
//! |---|---|
//! | 2xx | taken |
//! | 408, 425, 429, 5xx but 501 | the same batch again, after `Retry-After` or our own back-off |
//! | 413 | halves |
//! | 400, 422 | halves, to find the bad event |
//! | 3xx, 401, 403, 404, 405, 407, 410, 501, other 4xx | stop, and tell |
//!
//! A page for people with a 2xx is no receiver's: proxies answer so that want somebody to sign in. Whoever's protocol says
//! what the answer holds reads that; [`without_pages`] is for those whose does not, and who answer no pages.

use reqwest::header::CONTENT_TYPE;

use crate::{DeliveryError, http::HttpAnswer};

/// The longest part of an answer that is shown to people.
const SHOWN_CHARS_MAX: usize = 300;
/// What ends a text that was cut short.
pub(crate) const CUT: char = '…';
/// Pages say what they are at their beginning.
const PAGE_HEAD_BYTES: usize = 1024;

/// Reads an answer by its status alone.
///
/// # Errors
///
/// What to do with the batch, when it was not taken.
pub(crate) fn classify(answer: &HttpAnswer) -> Result<(), DeliveryError> {
    let status = answer.status.as_u16();
    let reason = match answer.text() {
        text if text.is_empty() => format!("the receiver answered {status}"),
        text => format!("the receiver answered {status}: {text}"),
    };
    Err(match status {
        200..=299 => return Ok(()),
        408 | 425 | 429 | 500 | 502..=599 => DeliveryError::Retry { reason, after: answer.retry_after() },
        413 => DeliveryError::TooLarge { reason },
        400 | 422 => DeliveryError::Refused { reason },
        401 | 403 | 407 => DeliveryError::stop(reason, "check the credentials and what they may do at the receiver"),
        404 | 405 => DeliveryError::stop(reason, "check the URL"),
        410 => {
            DeliveryError::stop(reason, "the receiver wants nothing more; remove the destination, or give it a new URL")
        }
        300..=399 => DeliveryError::stop(reason, "redirects are not followed; give the URL that it leads to"),
        _ => DeliveryError::stop(reason, "check the URL and the settings against the receiver's documentation"),
    })
}

/// The same, for receivers that do not answer with pages for people.
///
/// # Errors
///
/// The same, and [`DeliveryError::Stop`] where such a page came.
pub(crate) fn without_pages(answer: &HttpAnswer) -> Result<(), DeliveryError> {
    classify(answer)?;
    if is_page(answer) { Err(somebody_else(answer, "a web page")) } else { Ok(()) }
}

/// What a success means that is none of the receiver's, but something else's.
pub(crate) fn somebody_else(answer: &HttpAnswer, what: &str) -> DeliveryError {
    DeliveryError::stop(
        format!("{} came with {what} instead of the receiver's answer", answer.status.as_u16()),
        "check the URL, and look for a proxy on the way that answers in the receiver's place, such as one that wants a sign-in",
    )
}

/// Whether an answer is a page of HTML.
fn is_page(answer: &HttpAnswer) -> bool {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_called_so = ["text/html", "application/xhtml+xml"].iter().any(|html| kind.trim_start().starts_with(html));
    let head = &answer.body[..answer.body.len().min(PAGE_HEAD_BYTES)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let head = head.trim_start();
    let is_markup = head.starts_with('<') && ["<!doctype html", "<html"].iter().any(|start| head.contains(start));
    is_markup || (is_called_so && !head.is_empty())
}

/// Control characters, and those that hide text or turn its direction.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A text from outside as it may be shown: one line, not long.
pub(crate) fn shorten(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = line.chars().filter(|character| !is_hidden(*character));
    let mut short: String = plain.take(SHOWN_CHARS_MAX + 1).collect();
    if short.chars().count() > SHOWN_CHARS_MAX {
        short = short.chars().take(SHOWN_CHARS_MAX).collect();
        short.push(CUT);
    }
    short
}

#[cfg(test)]
mod tests {
    use daybook_events::Timestamp;
    use reqwest::{StatusCode, header::HeaderMap};

    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> HttpAnswer {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert("retry-after", value.parse().unwrap());
        }
        let now = Timestamp::parse_strict("2026-03-04T05:06:07Z").unwrap();
        HttpAnswer { status: StatusCode::from_u16(status).unwrap(), headers, body: b"no\n  good".to_vec(), now }
    }

    #[test]
    fn every_status_has_one_consequence() {
        for status in [200, 202, 204] {
            assert_eq!(classify(&answer(status, None)), Ok(()), "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 507] {
            assert!(matches!(classify(&answer(status, None)), Err(DeliveryError::Retry { .. })), "{status}");
        }
        for status in [301, 302, 401, 403, 404, 405, 409, 410, 418, 501] {
            assert!(matches!(classify(&answer(status, None)), Err(DeliveryError::Stop { .. })), "{status}");
        }
        assert!(matches!(classify(&answer(413, None)), Err(DeliveryError::TooLarge { .. })));
        for status in [400, 422] {
            let error = classify(&answer(status, None)).unwrap_err();
            assert_eq!(error, DeliveryError::refused(format!("the receiver answered {status}: no good")));
        }
    }

    #[test]
    fn the_receiver_says_when_to_come_back() {
        let after = |value| match classify(&answer(429, Some(value))) {
            Err(DeliveryError::Retry { after, .. }) => after.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(after("7"), Some(7));
        assert_eq!(after("Wed, 04 Mar 2026 05:06:37 GMT"), Some(30));
        assert_eq!(after("999999"), Some(3600));
        assert_eq!(after("soon"), None);
    }

    #[test]
    fn a_page_for_people_is_no_receivers_answer() {
        let of = |kind: &str, body: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", kind.parse().unwrap());
            HttpAnswer { headers, body: body.as_bytes().to_vec(), ..answer(200, None) }
        };
        for (kind, body) in [
            ("text/html; charset=utf-8", "Sign in"),
            ("text/plain", "\n <!DOCTYPE html><title>Sign in</title>"),
            ("application/json", "<HTML><HEAD>"),
            ("application/xhtml+xml", "<?xml version=\"1.0\"?>"),
        ] {
            let error = without_pages(&of(kind, body)).unwrap_err();
            assert!(matches!(&error, DeliveryError::Stop { fix, .. } if fix.contains("proxy")), "{kind}: {error:?}");
        }
        for (kind, body) in [("text/html", ""), ("application/json", "{}"), ("text/plain", "OK")] {
            assert_eq!(without_pages(&of(kind, body)), Ok(()), "{kind} {body}");
        }
    }

    #[test]
    fn texts_from_outside_are_short_lines() {
        assert_eq!(shorten(" a\r\n\tb\u{0} "), "a b");
        assert_eq!(shorten(&"x".repeat(1000)).chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
