//! What a destination did, what it refused, and what to deliver once more.

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use daybook_events::{ReplayId, Timestamp};
use daybook_store::{DeadLetter, Replay, WhichDeadLetters};
use serde::Deserialize;

use super::{
    administrator::Body,
    connector_types::{
        AttemptView, DeadLetterChoice, DeadLetterCount, DeadLetterView, HourView, NewReplay, ReplayView,
    },
    connectors::{self, Managed},
    destinations::DestinationPath,
};
use crate::{
    connectors::Destinations,
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

const LETTERS_SHOWN: u32 = 100;

/// Which dead letters to list.
#[derive(Debug, Deserialize)]
pub(super) struct LetterPage {
    before: Option<i64>,
}

/// What a destination did in the hours of the last 30 days.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/hours", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    responses((status = 200, body = Vec<HourView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_hours(
    State(app): State<App>,
    managed: Managed<Destinations>,
) -> Result<Json<Vec<HourView>>, ApiError> {
    connectors::hours(&app, &managed).await
}

/// The newest attempts of a destination, up to 200, without what they carried.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/attempts", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    responses((status = 200, body = Vec<AttemptView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_attempts(
    State(app): State<App>,
    managed: Managed<Destinations>,
) -> Result<Json<Vec<AttemptView>>, ApiError> {
    connectors::attempts(&app, &managed).await
}

/// Events that a destination refused for good, newest first, up to 100 at a time.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/dead-letters", tag = "Management",
    security(("administration_token" = [])),
    params(
        DestinationPath,
        ("before" = Option<i64>, Query, description = "Only those with a smaller number than this"),
    ),
    responses(
        (status = 200, body = Vec<DeadLetterView>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn list_dead_letters(
    State(app): State<App>,
    managed: Managed<Destinations>,
    page: Result<Query<LetterPage>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<DeadLetterView>>, ApiError> {
    let Query(page) = page.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
    let Managed { grant, connector, .. } = managed;
    let id = connector.connector_id;
    let letters = app.catalog.list_dead_letters(&grant, &id, LETTERS_SHOWN, page.before).await?;
    Ok(Json(letters.into_iter().map(letter_view).collect()))
}

/// Deliver dead letters once more, one or all. They are tried within seconds.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/dead-letters/redrive", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    request_body = DeadLetterChoice,
    responses(
        (status = 200, body = DeadLetterCount), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn redrive_dead_letters(
    State(app): State<App>,
    managed: Managed<Destinations>,
    Body(choice): Body<DeadLetterChoice>,
) -> Result<Json<DeadLetterCount>, ApiError> {
    let Managed { grant, actor, connector, .. } = managed;
    let id = connector.connector_id;
    let dead_letters = app.catalog.queue_dead_letters(&grant, &actor, &id, which(&choice)).await?;
    Ok(Json(DeadLetterCount { dead_letters }))
}

/// Give dead letters up, one or all. The events stay in the log.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/dead-letters/discard", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    request_body = DeadLetterChoice,
    responses(
        (status = 200, body = DeadLetterCount), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn discard_dead_letters(
    State(app): State<App>,
    managed: Managed<Destinations>,
    Body(choice): Body<DeadLetterChoice>,
) -> Result<Json<DeadLetterCount>, ApiError> {
    let Managed { grant, actor, connector, .. } = managed;
    let id = connector.connector_id;
    let dead_letters = app.catalog.discard_dead_letters(&grant, &actor, &id, which(&choice)).await?;
    Ok(Json(DeadLetterCount { dead_letters }))
}

/// The replays of a destination, newest first.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}/replays", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    responses((status = 200, body = Vec<ReplayView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_replays(
    State(app): State<App>,
    managed: Managed<Destinations>,
) -> Result<Json<Vec<ReplayView>>, ApiError> {
    let Managed { grant, connector, .. } = managed;
    let id = connector.connector_id;
    Ok(Json(app.catalog.list_replays(&grant, &id).await?.iter().map(replay_view).collect()))
}

/// Deliver a window of the past once more, beside what is new.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/replays", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    request_body = NewReplay,
    responses(
        (status = 201, body = ReplayView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn add_replay(
    State(app): State<App>,
    managed: Managed<Destinations>,
    Body(new): Body<NewReplay>,
) -> Result<(StatusCode, Json<ReplayView>), ApiError> {
    let Managed { grant, actor, connector, .. } = managed;
    let id = connector.connector_id;
    let time = |name: &str, text: &str| {
        text.parse::<Timestamp>().map_err(|error| ApiError::invalid(format!("{name}: {error}")))
    };
    let since = time("since", &new.since)?;
    let until = new.until.as_deref().map_or_else(|| Ok(app.clock.now()), |until| time("until", until))?;
    if since >= until {
        return Err(ApiError::invalid("since: must be before until"));
    }
    let replay = app.catalog.add_replay(&grant, &actor, &id, (since, until)).await?;
    Ok((StatusCode::CREATED, Json(replay_view(&replay))))
}

/// Stop a replay. What it has delivered stays delivered.
#[utoipa::path(
    delete, path = "/manage/v1/accounts/{account}/destinations/{destination}/replays/{replay}", tag = "Management",
    security(("administration_token" = [])),
    params(
        DestinationPath,
        ("replay" = String, Path, description = "The replay's id"),
    ),
    responses((status = 204, description = "Stopped"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn cancel_replay(
    State(app): State<App>,
    managed: Managed<Destinations>,
    Path((_account, _destination, replay)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let Managed { grant, actor, connector, .. } = managed;
    let id = connector.connector_id;
    let missing = || ApiError::new(StatusCode::NOT_FOUND, format!("no replay {replay:?} of this destination"));
    let replay_id: ReplayId = replay.parse().map_err(|_| missing())?;
    let known = app.catalog.list_replays(&grant, &id).await?;
    known.iter().find(|known| known.replay_id == replay_id).ok_or_else(missing)?;
    app.catalog.cancel_replay(&grant, &actor, &replay_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn which(choice: &DeadLetterChoice) -> WhichDeadLetters {
    choice.number.map_or(WhichDeadLetters::All, WhichDeadLetters::One)
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
