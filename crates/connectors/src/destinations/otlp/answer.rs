//! What the answers of OTLP mean. Partial success is never sent again; what may be sent again is a list.

use std::time::Duration;

use serde::Deserialize;

use super::{
    grpc::GrpcAnswer,
    protobuf::{Value, fields, last},
};
use crate::{
    Delivered, DeliveryError, RefusedUnnamed, Rejected,
    http::{HttpAnswer, classify, shorten, without_pages},
};

/// The longest `RetryInfo` that is honoured.
const RETRY_MS_MAX: u64 = 3_600_000;
const LOOK: &str = "look at the receiver's own log; by OTLP this answer must not be tried again by itself";

/// How many records the receiver has refused, and what it says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartialSuccess {
    pub(super) rejected: u64,
    pub(super) message: String,
}

/// Reads an answer over HTTP to so many records.
pub(super) fn of_http(answer: &HttpAnswer, count: usize) -> Result<Delivered, DeliveryError> {
    if answer.status.is_success() {
        // Some pages can be read as protobuf.
        without_pages(answer)?;
        let kind = answer.headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default();
        let partial =
            if kind.starts_with("application/json") { read_json(&answer.body) } else { read_protobuf(&answer.body) };
        let partial = partial.ok_or_else(|| {
            DeliveryError::stop("what answered is no OTLP receiver", "check the URL; over gRPC, set protocol=grpc")
        })?;
        return Ok(delivered(&partial, count));
    }
    let verdict = classify(answer);
    match (answer.status.as_u16(), verdict) {
        (429 | 502..=504, Err(error)) => Err(error),
        // Passing by the rules of HTTP, but not by those of OTLP.
        (_, Err(DeliveryError::Retry { reason, .. })) => Err(DeliveryError::stop(reason, LOOK)),
        (_, verdict) => verdict.map(|()| Delivered::all()),
    }
}

/// Reads an answer over gRPC to so many records.
pub(super) fn of_grpc(answer: &GrpcAnswer, count: usize) -> Result<Delivered, DeliveryError> {
    let after = answer.retry_ms.map(|millis| Duration::from_millis(millis.min(RETRY_MS_MAX)));
    let Some(code) = answer.code else { return Err(without_status(answer.http_status)) };
    if code == 0 {
        let partial = read_protobuf(&answer.body);
        let partial =
            partial.ok_or_else(|| DeliveryError::stop("what answered is no OTLP receiver", "check the URL"))?;
        return Ok(delivered(&partial, count));
    }
    let message = shorten(&answer.message);
    let reason = format!("the receiver answered {code} ({}): {message}", name(code));
    Err(match code {
        1 | 4 | 10 | 11 | 14 | 15 => DeliveryError::Retry { reason, after },
        8 if after.is_some() => DeliveryError::Retry { reason, after },
        8 if message.contains("larger than") || message.contains("too large") => DeliveryError::TooLarge { reason },
        8 => DeliveryError::stop(reason, "raise the receiver's quota; it does not say when to come back"),
        3 => DeliveryError::Refused { reason },
        7 | 16 => DeliveryError::stop(reason, "check the headers that sign in, and what they may do at the receiver"),
        12 => DeliveryError::stop(reason, "the receiver takes no logs by gRPC there: check the URL and its port"),
        _ => DeliveryError::stop(reason, LOOK),
    })
}

/// Something between us and the receiver has answered, by gRPC's table of HTTP statuses.
fn without_status(http_status: u16) -> DeliveryError {
    let reason = format!("the receiver answered HTTP {http_status} without a gRPC status");
    match http_status {
        429 | 502..=504 => DeliveryError::retry(reason),
        401 | 403 => {
            DeliveryError::stop(reason, "check the headers that sign in, and what they may do at the receiver")
        }
        _ => DeliveryError::stop(reason, "check the URL and its port; over HTTP, set protocol=http"),
    }
}

/// All were taken, or all refused; or some, of which nobody says which. Those can be no dead letters, since that would
/// be said of others too, and must not be sent again. They are counted.
fn delivered(partial: &PartialSuccess, count: usize) -> Delivered {
    let PartialSuccess { rejected, message } = partial;
    let message = shorten(message);
    if *rejected >= count as u64 && count > 0 {
        let one = |index| Rejected { index, reason: format!("the receiver refused it: {message}") };
        return Delivered { rejected: (0..count).map(one).collect(), ..Delivered::default() };
    }
    if *rejected == 0 {
        if !message.is_empty() {
            tracing::warn!(batch.events = count, "an OTLP receiver took a batch and warns: {message}");
        }
        return Delivered::all();
    }
    let refused = usize::try_from(*rejected).unwrap_or(usize::MAX);
    let reason = format!("the receiver refused {refused} of {count} records and does not say which: {message}");
    Delivered { refused_unnamed: Some(RefusedUnnamed { count: refused, reason }), ..Delivered::default() }
}

pub(super) fn read_protobuf(body: &[u8]) -> Option<PartialSuccess> {
    let answer = fields(body)?;
    let Some(partial) = last(&answer, 1) else { return Some(PartialSuccess::default()) };
    let partial = fields(partial.bytes())?;
    Some(PartialSuccess {
        rejected: last(&partial, 1).map_or(0, Value::number),
        message: last(&partial, 2).map(Value::text).unwrap_or_default(),
    })
}

/// Some receivers answer in JSON, whatever they were sent.
fn read_json(body: &[u8]) -> Option<PartialSuccess> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        partial_success: Option<Partial>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    #[derive(Default)]
    struct Partial {
        rejected_log_records: serde_json::Value,
        error_message: String,
    }
    if body.is_empty() {
        return Some(PartialSuccess::default());
    }
    let partial = serde_json::from_slice::<Answer>(body).ok()?.partial_success.unwrap_or_default();
    // Numbers of 64 bits are texts in protobuf's JSON; not everybody knows.
    let number = &partial.rejected_log_records;
    let rejected = number.as_u64().or_else(|| number.as_str()?.parse().ok()).unwrap_or(0);
    Some(PartialSuccess { rejected, message: partial.error_message })
}

fn name(code: u32) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.get(code as usize).copied().unwrap_or("unknown")
}
