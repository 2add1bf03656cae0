//! One request to ingest, from its head to its answer.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use daybook_store::{AppendBatch, Appended, IdempotencyKey};

use super::{
    body::{IngestAnswer, Prepared, prepare},
    intake::{Intake, append, count},
    producer::Producer,
    terms::Terms,
};
use crate::{
    error::{ApiError, ErrorBody},
    state::App,
};

const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

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
    let intake = Intake::receive(&app, &producer.source.verdict, &headers, body).await?;
    let (now, stream, with_digest) = (intake.now(), producer.stream.clone(), key.is_some());
    let feature = stream.feature().clone();
    let prepare = move |body: &[u8], terms: &Terms| {
        let digest = ring::digest::digest(&ring::digest::SHA256, if with_digest { body } else { b"" });
        prepare(body, &feature, terms).map(|prepared| (prepared, data_encoding::HEXLOWER.encode(digest.as_ref())))
    };
    let finish = {
        let app = app.clone();
        async move |(Prepared { blocks, answer }, body_digest): (Prepared, String)| {
            let idempotency = key.map(|key| IdempotencyKey {
                key,
                body_digest,
                answer: serde_json::to_string(&answer).expect("an answer is plain data"),
            });
            let appended = append(&app, AppendBatch { stream, blocks, idempotency, source: None }).await?;
            Ok::<_, ApiError>((appended, answer))
        }
    };
    let (appended, answer) = intake.work(prepare, finish).await?;
    let answer = match appended {
        Appended::New(_) => {
            let fault = answer.rejected.first().map(|first| first.field.as_str());
            count(producer.stream.feature(), answer.accepted, answer.rejected.len(), fault);
            answer
        }
        Appended::Repeated(earlier) => serde_json::from_str(&earlier).map_err(|error| {
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("read the earlier answer: {error}"))
        })?,
    };
    producer.source.note_use(&app, producer.stream.feature(), now, answer.accepted);
    Ok(Json(answer).into_response())
}

/// The key of the header, if there is one.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("Idempotency-Key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()));
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| ApiError::invalid("Idempotency-Key: must be 1 to 255 printable ASCII characters"))
}
