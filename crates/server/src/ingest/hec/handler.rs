//! One request to the event collector, from its head to its answer.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, body::Body, extract::State, http::HeaderMap};
use daybook_store::AppendBatch;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::intake::{Intake, append, count},
    answer::{Code, HecAnswer, HecError},
    batch::{Batch, Form, prepare},
    sender::{Sender, Targets},
};
use crate::{error::ApiError, request::SmallBody, state::App, telemetry::check_store};

/// Takes a request whole, or not at all: everything is on disk when the answer comes.
pub(super) async fn collect(
    app: App,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
    form: Form,
) -> Result<Json<HecAnswer>, HecError> {
    let Sender { source, channel, query } = sender;
    let targets = Arc::new(Targets::of(&source, &app)?);
    let intake = Intake::receive(&app, &source.verdict, &headers, body).await?;
    let now = intake.now();
    let prepare = {
        let targets = Arc::clone(&targets);
        move |body: &[u8], terms: &_| prepare(form, body, terms, (&targets, &query))
    };
    let finish = {
        let (app, targets) = (app.clone(), Arc::clone(&targets));
        async move |batches: Vec<Batch>| append_all(&app, &targets, batches).await
    };
    let appended = match intake.work(prepare, finish).await {
        Ok(appended) => appended,
        Err(error) => {
            note_refused(&targets, &error);
            return Err(error);
        }
    };
    for (target, events) in appended {
        let feature = targets.feature(target);
        count(feature, events, 0, None);
        source.note_use(&app, feature, now, events);
    }
    let ack_id = channel.map(|channel| app.acks.issue(&source.verdict.token_id, channel, now));
    Ok(Json(HecAnswer::success(ack_id)))
}

/// Appends to each stream; how many events went to which.
///
/// Streams are appended to side by side and not in one transaction: where one has no room, others may have their events
/// already, and have them twice when the sender sends again. The protocol has no key that would tell.
async fn append_all(app: &App, targets: &Targets, batches: Vec<Batch>) -> Result<Vec<(usize, usize)>, HecError> {
    let appends = batches.into_iter().map(async |Batch { target, blocks, events }| {
        append(app, AppendBatch { stream: targets.stream(target), blocks, idempotency: None, source: None }).await?;
        Ok((target, events))
    });
    join_all(appends).await.into_iter().collect::<Result<_, ApiError>>().map_err(HecError::from)
}

/// Counts the event that made a request be refused.
fn note_refused(targets: &Targets, error: &HecError) {
    if let (Some(_), Ok(target)) = (error.event(), targets.select(None)) {
        count(targets.feature(target), 0, 1, Some("event"));
    }
}

/// Which requests a sender asks for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct AckRequest {
    /// What was answered as `ackId`.
    #[schema(example = json!([0, 1, 2]))]
    acks: Vec<u64>,
}

/// Which of these requests are on disk.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AckAnswer {
    /// By `ackId`: true once, after that and for those that are not known false.
    #[schema(value_type = Object, example = json!({"0": true, "1": false}))]
    acks: BTreeMap<u64, bool>,
}

/// Whether requests are on disk.
///
/// Each answer with an `ackId` was given after its events were on disk, so that this says `true` at once; and says so
/// once. Ids are of the token and its channel.
#[utoipa::path(
    post, path = "/services/collector/ack", tag = "Event collector", security(("bearer_token" = [])),
    params(
        ("X-Splunk-Request-Channel" = Option<String>, Header, description = "A GUID of the sender's; or `channel` in the query"),
        ("channel" = Option<String>, Query, description = "The same"),
    ),
    request_body(content = AckRequest, content_type = "application/json"),
    responses(
        (status = 200, body = AckAnswer), (status = 400, body = HecAnswer), (status = 401, body = HecAnswer),
        (status = 403, body = HecAnswer), (status = 408, body = HecAnswer), (status = 413, body = HecAnswer),
        (status = 503, body = HecAnswer),
    )
)]
pub(super) async fn collector_ack(
    State(app): State<App>,
    sender: Sender,
    body: Result<SmallBody, ApiError>,
) -> Result<Json<AckAnswer>, HecError> {
    let channel = sender.channel.ok_or(Code::ChannelMissing)?;
    let SmallBody(body) = body?;
    let asked: AckRequest =
        serde_json::from_slice(&body).map_err(|error| HecError::new(Code::InvalidFormat, error.to_string()))?;
    let token = &sender.source.verdict.token_id;
    Ok(Json(AckAnswer { acks: app.acks.tell(token, channel, &asked.acks, app.clock.now()) }))
}

/// Whether events would be taken.
pub(super) async fn check_health(app: &App) -> Result<Json<HecAnswer>, HecError> {
    check_store(app).await?;
    if app.room.is_full() {
        return Err(HecError::new(Code::Busy, "the hub's disk is full"));
    }
    Ok(Json(HecAnswer::of(Code::Healthy)))
}
