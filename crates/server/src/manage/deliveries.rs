//! What a destination did, what it refused, and what to deliver once more.

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use daybook_events::{ReplayId, Timestamp};
use daybook_store::{ConnectorAttempt, ConnectorHour, DeadLetter, Direction, Replay, WhichDeadLetters};
use serde::Deserialize;

use super::{
    administrator::{Administrator, Body},
    connector_types::{
        AttemptView, DeadLetterChoice, DeadLetterCount, DeadLetterView, HourView, NewReplay, ReplayView,
    },
};
use crate::{
    connectors::find_connector,
    error::{ApiError, ErrorBody},
    request::Path,
    state::{App, days_long},
};

const ATTEMPTS_SHOWN: u32 = 200;
const LETTERS_SHOWN: u32 = 100;
const HOURS_SHOWN_DAYS: u32 = 30;

/// Which dead letters to list.
#[derive(Debug, Deserialize)]
pub(super) struct LetterPage {
    before: Option<i64>,
}

/// What a destination did in the hours of the last 30 days.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/hours", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    responses((status = 200, body = Vec<HourView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_hours(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
) -> Result<Json<Vec<HourView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    let since = app.clock.now().minus(days_long(HOURS_SHOWN_DAYS));
    Ok(Json(app.catalog.connector_hours(&grant, &id, since).await?.iter().map(hour_view).collect()))
}

/// The newest attempts of a destination, up to 200, without what they carried.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/attempts", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    responses((status = 200, body = Vec<AttemptView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_attempts(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
) -> Result<Json<Vec<AttemptView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    let attempts = app.catalog.connector_attempts(&grant, &id, ATTEMPTS_SHOWN).await?;
    Ok(Json(attempts.into_iter().map(attempt_view).collect()))
}

/// Events that a destination refused for good, newest first, up to 100 at a time.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/dead-letters", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
        ("before" = Option<i64>, Query, description = "Only those with a smaller number than this"),
    ),
    responses(
        (status = 200, body = Vec<DeadLetterView>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn list_dead_letters(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
    page: Result<Query<LetterPage>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<DeadLetterView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let Query(page) = page.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    let letters = app.catalog.list_dead_letters(&grant, &id, LETTERS_SHOWN, page.before).await?;
    Ok(Json(letters.into_iter().map(letter_view).collect()))
}

/// Deliver dead letters once more, one or all. They are tried within seconds.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/dead-letters/redrive", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    request_body = DeadLetterChoice,
    responses(
        (status = 200, body = DeadLetterCount), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn redrive_dead_letters(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
    Body(choice): Body<DeadLetterChoice>,
) -> Result<Json<DeadLetterCount>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    let dead_letters = app.catalog.queue_dead_letters(&grant, &administrator.actor, &id, which(&choice)).await?;
    Ok(Json(DeadLetterCount { dead_letters }))
}

/// Give dead letters up, one or all. The events stay in the log.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/dead-letters/discard", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    request_body = DeadLetterChoice,
    responses(
        (status = 200, body = DeadLetterCount), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn discard_dead_letters(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
    Body(choice): Body<DeadLetterChoice>,
) -> Result<Json<DeadLetterCount>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    let dead_letters = app.catalog.discard_dead_letters(&grant, &administrator.actor, &id, which(&choice)).await?;
    Ok(Json(DeadLetterCount { dead_letters }))
}

/// The replays of a destination, newest first.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/replays", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    responses((status = 200, body = Vec<ReplayView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_replays(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
) -> Result<Json<Vec<ReplayView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    Ok(Json(app.catalog.list_replays(&grant, &id).await?.iter().map(replay_view).collect()))
}

/// Deliver a window of the past once more, beside what is new.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/replays", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    request_body = NewReplay,
    responses(
        (status = 201, body = ReplayView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn add_replay(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
    Body(new): Body<NewReplay>,
) -> Result<(StatusCode, Json<ReplayView>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    let time = |name: &str, text: &str| {
        text.parse::<Timestamp>().map_err(|error| ApiError::invalid(format!("{name}: {error}")))
    };
    let since = time("since", &new.since)?;
    let until = new.until.as_deref().map_or_else(|| Ok(app.clock.now()), |until| time("until", until))?;
    if since >= until {
        return Err(ApiError::invalid("since: must be before until"));
    }
    let replay = app.catalog.add_replay(&grant, &administrator.actor, &id, (since, until)).await?;
    Ok((StatusCode::CREATED, Json(replay_view(&replay))))
}

/// Stop a replay. What it has delivered stays delivered.
#[utoipa::path(
    delete, path = "/manage/v1/accounts/{account}/destinations/{destination}/replays/{replay}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
        ("replay" = String, Path, description = "The replay's id"),
    ),
    responses((status = 204, description = "Stopped"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn cancel_replay(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination, replay)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let id = find_connector(&app, &grant, Direction::Destination, &destination).await?.connector_id;
    let missing = || ApiError::new(StatusCode::NOT_FOUND, format!("no replay {replay:?} of this destination"));
    let replay_id: ReplayId = replay.parse().map_err(|_| missing())?;
    let known = app.catalog.list_replays(&grant, &id).await?;
    known.iter().find(|known| known.replay_id == replay_id).ok_or_else(missing)?;
    app.catalog.cancel_replay(&grant, &administrator.actor, &replay_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn which(choice: &DeadLetterChoice) -> WhichDeadLetters {
    choice.number.map_or(WhichDeadLetters::All, WhichDeadLetters::One)
}

fn hour_view(hour: &ConnectorHour) -> HourView {
    let &ConnectorHour { begins_at, events, bytes, batches, retries, rejected, repeated, .. } = hour;
    HourView { begins_at: begins_at.to_string(), events, bytes, batches, retries, rejected, repeated }
}

fn attempt_view(attempt: ConnectorAttempt) -> AttemptView {
    AttemptView {
        attempted_at: attempt.attempted_at.to_string(),
        feature: attempt.feature.to_string(),
        outcome: attempt.outcome.to_string(),
        events: attempt.events,
        bytes: attempt.bytes,
        took_ms: attempt.duration_ms,
        detail: attempt.detail,
    }
}

fn letter_view(letter: DeadLetter) -> DeadLetterView {
    DeadLetterView {
        number: letter.dead_letter_id,
        feature: letter.feature.to_string(),
        position: letter.position.get(),
        event_time: letter.event_time.to_string(),
        reason: letter.reason,
        state: letter.state.to_string(),
        tries: letter.tries,
        payload: letter.payload,
    }
}

fn replay_view(replay: &Replay) -> ReplayView {
    ReplayView {
        uuid: replay.replay_id.to_string(),
        since: replay.since.to_string(),
        until: replay.until.to_string(),
        state: replay.state.to_string(),
        requested_at: replay.requested_at.to_string(),
        done_at: replay.done_at.map(|time| time.to_string()),
    }
}
