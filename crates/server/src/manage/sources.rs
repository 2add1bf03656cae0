//! Sources of an account: what there is, how it stands, and whether the way there works.

use axum::{Json, extract::State, http::StatusCode};
use daybook_connectors::Phase;
use daybook_events::{Grant, Timestamp};
use daybook_store::{Connector, Direction};

use super::{
    administrator::{Administrator, Body},
    connector_types::{AttemptView, ConnectorChange, HopView, HourView, KindView, NewConnector},
    connectors::{self, Managed},
    source_types::{SourceFeature, SourceView},
};
use crate::{
    connectors::{FeatureStanding, Sources, source_standing_of, status_in_words, told_of},
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

const IN: Direction = Direction::Source;

/// Which source a path is about.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "for the document; the path is read by `Managed`")]
pub(super) struct SourcePath {
    /// The account's id
    account: String,
    /// The source's id
    source: String,
}

/// The kinds of sources and their settings.
#[utoipa::path(
    get, path = "/manage/v1/source-kinds", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<KindView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_source_kinds(_administrator: Administrator) -> Json<Vec<KindView>> {
    connectors::kinds(IN)
}

/// The sources of an account, by name, and how they stand.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/sources", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    responses((status = 200, body = Vec<SourceView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_sources(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
) -> Result<Json<Vec<SourceView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let mut views = Vec::new();
    for connector in app.catalog.list_connectors(&grant, IN).await? {
        views.push(view(&app, &grant, connector).await?);
    }
    Ok(Json(views))
}

/// Add a source. It is at work within a second or two.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/sources", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewConnector,
    responses(
        (status = 201, body = SourceView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn add_source(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewConnector>,
) -> Result<(StatusCode, Json<SourceView>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = connectors::add(&app, (&grant, &administrator.actor), IN, new).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &grant, connector).await?)))
}

/// Walk the way to a source before it is added: name, connection, TLS, and what its credentials may read.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/sources/test", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewConnector,
    responses(
        (status = 200, body = Vec<HopView>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn test_new_source(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewConnector>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    connectors::test_new(&app, &grant, IN, new).await
}

/// A source and how it stands.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/sources/{source}", tag = "Management",
    security(("administration_token" = [])), params(SourcePath),
    responses((status = 200, body = SourceView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn show_source(
    State(app): State<App>,
    managed: Managed<Sources>,
) -> Result<Json<SourceView>, ApiError> {
    Ok(Json(view(&app, &managed.grant, managed.connector).await?))
}

/// Change a source's name or settings, pause or resume it. It goes on where it was.
#[utoipa::path(
    patch, path = "/manage/v1/accounts/{account}/sources/{source}", tag = "Management",
    security(("administration_token" = [])), params(SourcePath),
    request_body = ConnectorChange,
    responses(
        (status = 200, body = SourceView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn change_source(
    State(app): State<App>,
    managed: Managed<Sources>,
    Body(wanted): Body<ConnectorChange>,
) -> Result<Json<SourceView>, ApiError> {
    let connector = connectors::change(&app, &managed, wanted).await?;
    Ok(Json(view(&app, &managed.grant, connector).await?))
}

/// Remove a source for good, with its cursors and its secrets; the events that it brought in stay.
#[utoipa::path(
    delete, path = "/manage/v1/accounts/{account}/sources/{source}", tag = "Management",
    security(("administration_token" = [])), params(SourcePath),
    responses((status = 204, description = "Removed"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn remove_source(State(app): State<App>, managed: Managed<Sources>) -> Result<StatusCode, ApiError> {
    connectors::remove(&app, &managed).await
}

/// Walk the way to a source: name, connection, TLS, and what its credentials may read.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/sources/{source}/test", tag = "Management",
    security(("administration_token" = [])), params(SourcePath),
    responses((status = 200, body = Vec<HopView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn test_source(
    State(app): State<App>,
    managed: Managed<Sources>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    connectors::test(&app, &managed).await
}

/// What a source did in the hours of the last 30 days.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/sources/{source}/hours", tag = "Management",
    security(("administration_token" = [])), params(SourcePath),
    responses((status = 200, body = Vec<HourView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_source_hours(
    State(app): State<App>,
    managed: Managed<Sources>,
) -> Result<Json<Vec<HourView>>, ApiError> {
    connectors::hours(&app, &managed).await
}

/// The newest attempts of a source, up to 200, without what they brought in. Of those that went well, one in ten seconds.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/sources/{source}/attempts", tag = "Management",
    security(("administration_token" = [])), params(SourcePath),
    responses((status = 200, body = Vec<AttemptView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_source_attempts(
    State(app): State<App>,
    managed: Managed<Sources>,
) -> Result<Json<Vec<AttemptView>>, ApiError> {
    connectors::attempts(&app, &managed).await
}

async fn view(app: &App, grant: &Grant, connector: Connector) -> Result<SourceView, ApiError> {
    let standing = source_standing_of(app, grant, &connector).await?;
    let (settings, secrets) = told_of(app, &connector);
    Ok(SourceView {
        uuid: connector.connector_id.to_string(),
        account_uuid: connector.account_id.to_string(),
        name: connector.name,
        kind: connector.kind,
        status: standing.status.to_owned(),
        origin: connector.origin.to_string(),
        settings,
        secrets: secrets.into_iter().collect(),
        created_at: connector.created_at.to_string(),
        updated_at: connector.updated_at.to_string(),
        expires_at: text(standing.expires_at),
        requests_this_hour: standing.requests.map(|requests| requests.this_hour),
        requests_per_hour_max: standing.requests.map(|requests| requests.hour_max),
        withheld_features: standing.withheld.iter().map(ToString::to_string).collect(),
        warnings: standing.warnings.iter().map(ToString::to_string).collect(),
        features: standing.features.iter().map(feature_view).collect(),
    })
}

fn feature_view(standing: &FeatureStanding) -> SourceFeature {
    let (health, place, progress) = (standing.health.as_ref(), standing.place.as_ref(), standing.progress());
    let begun = place.filter(|place| !place.cursor.is_empty()).and(standing.phase);
    SourceFeature {
        feature: standing.feature.to_string(),
        status: health.map_or("starting", |health| status_in_words(health).as_str()).to_owned(),
        phase: begun.map(|phase| phase_in_words(phase).to_owned()),
        progress_percent: progress.map(|progress| progress.part * 100.0),
        events_per_second: progress.map(|progress| progress.events_per_second),
        remaining_secs: progress.and_then(|progress| progress.remaining).map(|remaining| remaining.as_secs()),
        events: place.map_or(0, |place| place.events),
        last_event_time: text(place.and_then(|place| place.last_time)),
        last_answered_at: text(health.and_then(|health| health.last_acknowledged_at)),
        unread_kept_until: text(standing.loss_at),
        next_attempt_at: text(health.and_then(|health| health.next_attempt_at)),
        failures: health.map_or(0, |health| health.failures),
        reason: health.map(|health| health.reason.clone()).unwrap_or_default(),
        fix: health.map(|health| health.fix.clone()).unwrap_or_default(),
    }
}

fn phase_in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::CatchingUp { .. } => "catching_up",
        Phase::Following => "following",
        Phase::Again { .. } => "reading_again",
    }
}

fn text(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}
