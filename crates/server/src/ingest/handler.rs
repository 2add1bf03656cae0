//! One request to ingest, from its head to its answer.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use daybook_store::{AppendBatch, Appended, IdempotencyKey};
use http_body_util::BodyExt;

use super::{
    body::{Coding, IngestAnswer, Prepared, Terms, prepare},
    budget::Share,
    producer::Producer,
};
use crate::{
    error::{ApiError, ErrorBody},
    events_api::header_text,
    request::{ended_early, too_large, too_late},
    state::{App, days_long},
    telemetry::metric_label,
};

const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
const MIB: usize = 1 << 20;

/// Append events to a feature: a JSON array, or one JSON object a line.
///
/// Valid events are stored and on disk when the answer comes; the others are named. An `Idempotency-Key` makes a retry
/// safe for a day: the same key and body are answered as before and append nothing.
#[utoipa::path(
    post, path = "/ingest/v1/{feature}", tag = "Ingest", security(("bearer_token" = [])),
    params(
        ("feature" = String, Path, description = "`signinattempts`, `itemusages`, `auditevents`, or another service's, such as `okta.system`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("Content-Encoding" = Option<String>, Header, description = "`gzip` or `zstd`"),
    ),
    request_body(content = Vec<serde_json::Value>, content_type = "application/json"),
    responses(
        (status = 200, body = IngestAnswer), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 408, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody),
        (status = 503, body = ErrorBody), (status = 507, body = ErrorBody),
    )
)]
pub(super) async fn ingest(
    State(app): State<App>,
    producer: Producer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let key = idempotency_key(&headers)?;
    let coding = Coding::of(&headers)?;
    let limits = &app.config.ingest;
    let bytes_max = limits.body_mib_max * MIB;
    let length = header_text(&headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > bytes_max) {
        return Err(too_large(bytes_max));
    }
    let mut share = app.ingest_budget.open(&producer.verdict.account_id);
    let timeout = Duration::from_secs(app.config.server.body_timeout_secs);
    let body = read_body(body, bytes_max, timeout, &mut share).await?;
    // What it unpacks to is known only afterwards; until then it may be anything up to the limit.
    let unpacked_bytes = if coding == Coding::Identity { 0 } else { bytes_max };
    if !share.grow_to(body.len() + unpacked_bytes).await {
        return Err(too_much());
    }
    let now = app.clock.now();
    let terms = Terms {
        feature: producer.stream.feature().clone(),
        coding,
        bytes_max,
        events_max: limits.body_events_max,
        now,
        not_before: producer.verdict.retention_days.map(|days| now.minus(days_long(days))),
    };
    // A client that goes away ends this request, not its work: the share is given back when the work is done.
    let (log, stream) = (app.log.clone(), producer.stream.clone());
    let work = tokio::spawn(async move {
        let (Prepared { blocks, answer }, body_digest) = prepare_elsewhere(body, terms, key.is_some()).await?;
        let idempotency = key.map(|key| IdempotencyKey {
            key,
            body_digest,
            answer: serde_json::to_string(&answer).expect("an answer is plain data"),
        });
        let appended = log.append(AppendBatch { stream, blocks, idempotency, source: None }).await?;
        drop(share);
        Ok::<_, ApiError>((appended, answer))
    });
    let (appended, answer) = work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    let answer = match appended {
        Appended::New(_) => {
            count_ingested(&producer, &answer);
            answer
        }
        Appended::Repeated(earlier) => serde_json::from_str(&earlier).map_err(|error| {
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("read the earlier answer: {error}"))
        })?,
    };
    producer.note_use(&app, now, answer.accepted);
    Ok(Json(answer).into_response())
}

/// The key of the header, if there is one.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("Idempotency-Key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()));
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| ApiError::invalid("Idempotency-Key: must be 1 to 255 printable ASCII characters"))
}

async fn read_body(body: Body, bytes_max: usize, timeout: Duration, share: &mut Share) -> Result<Bytes, ApiError> {
    let read = async {
        let mut body = std::pin::pin!(body);
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(ended_early)?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > bytes_max {
                return Err(too_large(bytes_max));
            }
            if !share.grow_to(bytes.len() + data.len()).await {
                return Err(too_much());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(timeout, read).await.map_err(|_| too_late(timeout))?
}

fn too_much() -> ApiError {
    ApiError::unavailable("too much is being ingested at once; try again")
}

/// Checking and compressing take milliseconds: not on a thread that serves others.
async fn prepare_elsewhere(body: Bytes, terms: Terms, with_digest: bool) -> Result<(Prepared, String), ApiError> {
    let prepared = tokio::task::spawn_blocking(move || {
        let digest = ring::digest::digest(&ring::digest::SHA256, if with_digest { &body } else { b"" });
        prepare(&body, &terms).map(|prepared| (prepared, data_encoding::HEXLOWER.encode(digest.as_ref())))
    });
    prepared.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn count_ingested(producer: &Producer, answer: &IngestAnswer) {
    let feature = metric_label(producer.stream.feature());
    metrics::counter!("daybook_events_appended_total", "feature" => feature).increment(answer.accepted as u64);
    metrics::counter!("daybook_events_rejected_total", "feature" => feature).increment(answer.rejected.len() as u64);
    if let Some(first) = answer.rejected.first() {
        tracing::warn!(
            batch.events = answer.accepted + answer.rejected.len(),
            batch.rejected = answer.rejected.len(),
            feature = producer.stream.feature().as_str(),
            field = first.field,
            "events of a batch were rejected"
        );
    }
}
