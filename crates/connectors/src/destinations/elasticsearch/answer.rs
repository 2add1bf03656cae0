//! The answer to `_bulk`: mostly that all went well, which a look at its beginning tells; else a result an event, in order.
//!
//! | result | what to do |
//! |---|---|
//! | 2xx | taken |
//! | 409 `version_conflict_engine_exception` | it was there already |
//! | 408, 429, 5xx but 501, another 409 | that event again |
//! | 401, 403, 404, 501, and what concerns the index and not the document | stop |
//! | another 4xx | that event is refused |

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    Delivered, DeliveryError, Rejected, Unsettled,
    http::{HttpAnswer, classify, shorten},
};

/// The longest answer that is read. A result without fault takes some 25 bytes, one with a fault some 300.
pub(super) const ANSWER_BYTES_MAX: usize = 32 << 20;

/// What to leave out of the answer: everything but this.
pub(super) const FILTER: (&str, &str) =
    ("filter_path", "errors,items.*.status,items.*.error.type,items.*.error.reason");

/// Faults of the index, whatever their status.
const TARGET_FAULTS: [&str; 6] = [
    "cluster_block_exception",
    "index_closed_exception",
    "index_not_found_exception",
    "invalid_index_name_exception",
    "security_exception",
    "unsupported_operation_exception",
];

/// Where reasons begin to quote the event.
const QUOTES: [&str; 2] = [" Preview of field's value", " The prefix of the first immense term"];

const FIX_TARGET: &str = "check the data stream or index and its template, and that the API key may write to it";

#[derive(Deserialize)]
struct Answer<'a> {
    errors: bool,
    #[serde(borrow, default)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, alias = "index")]
    create: Outcome<'a>,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    status: u16,
    #[serde(borrow)]
    error: Option<Fault<'a>>,
}

#[derive(Deserialize)]
struct Fault<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
}

enum Meaning {
    Taken,
    Repeated,
    Retry,
    Stop,
    Rejected,
}

/// Reads the answer to a request of so many events.
///
/// # Errors
///
/// What to do with the batch, when nothing of it was taken.
pub(super) fn read(answer: &HttpAnswer, event_count: usize) -> Result<Delivered, DeliveryError> {
    classify(answer)?;
    if is_without_errors(&answer.body) {
        return Ok(Delivered::all());
    }
    if answer.body.len() >= ANSWER_BYTES_MAX {
        return Err(DeliveryError::too_large("the receiver's answer is too long to be read whole"));
    }
    let Ok(Answer { errors, items }) = serde_json::from_slice(&answer.body) else {
        let reason = format!("the receiver answered {}, but not as _bulk does", answer.status.as_u16());
        return Err(DeliveryError::stop(reason, "check the URL"));
    };
    if !errors {
        // Some answer with one result, whatever the number of events.
        return Ok(Delivered::all());
    }
    if items.len() != event_count {
        let reason = format!("the receiver tells of errors, with {} results for {event_count} events", items.len());
        return Err(DeliveryError::refused(reason));
    }
    let mut delivered = Delivered::default();
    let (mut indices, mut passing, mut lasting) = (Vec::new(), None, None);
    for (index, Item { create }) in items.iter().enumerate() {
        match meaning(create) {
            Meaning::Taken => {}
            Meaning::Repeated => delivered.repeated += 1,
            Meaning::Rejected => delivered.rejected.push(Rejected { index, reason: reason_of(create) }),
            Meaning::Retry => {
                indices.push(index);
                passing.get_or_insert(create);
            }
            Meaning::Stop => {
                indices.push(index);
                lasting.get_or_insert(create);
            }
        }
    }
    // What may pass is waited for first: the next attempt tells whether the rest lasts.
    let error = match (passing, lasting) {
        (Some(first), _) => DeliveryError::Retry { reason: reason_of(first), after: answer.retry_after() },
        (None, Some(first)) => DeliveryError::stop(reason_of(first), FIX_TARGET),
        (None, None) => return Ok(delivered),
    };
    if indices.len() == event_count {
        return Err(error);
    }
    delivered.unsettled = Some(Unsettled { indices, error });
    Ok(delivered)
}

/// Whether the answer says before its results that all are good.
fn is_without_errors(body: &[u8]) -> bool {
    let head = position(body, b"\"items\"").map_or(body, |at| &body[..at]);
    position(head, b"\"errors\":false").is_some()
}

fn position(body: &[u8], part: &[u8]) -> Option<usize> {
    body.windows(part.len()).position(|window| window == part)
}

fn meaning(outcome: &Outcome<'_>) -> Meaning {
    let kind = outcome.error.as_ref().map_or("", |fault| &fault.kind);
    match outcome.status {
        200..=299 => Meaning::Taken,
        409 if matches!(kind, "version_conflict_engine_exception" | "") => Meaning::Repeated,
        408 | 409 | 429 | 500 | 502..=599 => Meaning::Retry,
        401 | 403 | 404 | 501 => Meaning::Stop,
        _ if TARGET_FAULTS.contains(&kind) => Meaning::Stop,
        _ => Meaning::Rejected,
    }
}

/// What the receiver says of an event, without what it quotes of it.
fn reason_of(outcome: &Outcome<'_>) -> String {
    let Some(Fault { kind, reason }) = &outcome.error else {
        return format!("the receiver answered {}", outcome.status);
    };
    let end = QUOTES.iter().filter_map(|quote| reason.find(quote)).min().unwrap_or(reason.len());
    format!("the receiver answered {}: {kind}: {}", outcome.status, shorten(&reason[..end]))
}
