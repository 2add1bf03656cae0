//! Sources of an account: what there is, how it stands, and whether the way there works.

use axum::{Json, extract::State, http::StatusCode};
use daybook_connectors::{Phase, SourceKind};
use daybook_events::{Grant, Timestamp};
use daybook_store::{Connector, ConnectorState, Direction, Origin};

use super::{
    administrator::{Administrator, Body},
    connector_types::{HopView, KindView},
    destinations::{hop_view, kind_view, wanted_state},
    source_types::{NewSource, SourceChange, SourceFeature, SourceView},
};
use crate::{
    connectors::{
        Draft, FeatureStanding, Locality, add_connector, change_connector, find_connector, set_connector_state,
        source_standing_of, status_in_words, test_connector, test_draft, unseal,
    },
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

/// The kinds of sources and their settings.
#[utoipa::path(
    get, path = "/manage/v1/source-kinds", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<KindView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_source_kinds(_administrator: Administrator) -> Json<Vec<KindView>> {
    Json(SourceKind::ALL.iter().map(|kind| kind_view(kind.as_str(), kind.description())).collect())
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
    for connector in app.catalog.list_connectors(&grant, Direction::Source).await? {
        views.push(view(&app, &grant, connector).await?);
    }
    Ok(Json(views))
}

/// Add a source. It is at work within a second or two.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/sources", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewSource,
    responses(
        (status = 201, body = SourceView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn add_source(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewSource>,
) -> Result<(StatusCode, Json<SourceView>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let who = (&grant, &administrator.actor);
    let connector = add_connector(&app, who, draft(new), Locality::AnyKind, Origin::Person).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &grant, connector).await?)))
}

/// Walk the way to a source before it is added: name, connection, TLS, and what its credentials may read.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/sources/test", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewSource,
    responses(
        (status = 200, body = Vec<HopView>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn test_new_source(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewSource>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let hops = test_draft(&app, &grant, draft(new), Locality::AnyKind).await?;
    Ok(Json(hops.into_iter().map(hop_view).collect()))
}

/// A source and how it stands.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/sources/{source}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("source" = String, Path, description = "The source's id"),
    ),
    responses((status = 200, body = SourceView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn show_source(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, source)): Path<(String, String)>,
) -> Result<Json<SourceView>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = find_connector(&app, &grant, Direction::Source, &source).await?;
    Ok(Json(view(&app, &grant, connector).await?))
}

/// Change a source's name or settings, pause or resume it. It goes on where it was.
#[utoipa::path(
    patch, path = "/manage/v1/accounts/{account}/sources/{source}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("source" = String, Path, description = "The source's id"),
    ),
    request_body = SourceChange,
    responses(
        (status = 200, body = SourceView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn change_source(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, source)): Path<(String, String)>,
    Body(wanted): Body<SourceChange>,
) -> Result<Json<SourceView>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let mut connector = find_connector(&app, &grant, Direction::Source, &source).await?;
    let state = wanted_state(wanted.state.as_deref())?;
    let who = (&grant, &administrator.actor);
    if wanted.name.is_some() || !wanted.settings.is_empty() {
        connector = change_connector(&app, who, &connector, (wanted.name, wanted.settings), Locality::AnyKind).await?;
    }
    if let Some(state) = state {
        connector = set_connector_state(&app, who, &connector, state).await?;
    }
    Ok(Json(view(&app, &grant, connector).await?))
}

/// Remove a source for good, with its cursors and its secrets; the events that it brought in stay.
#[utoipa::path(
    delete, path = "/manage/v1/accounts/{account}/sources/{source}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("source" = String, Path, description = "The source's id"),
    ),
    responses((status = 204, description = "Removed"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn remove_source(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, source)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = find_connector(&app, &grant, Direction::Source, &source).await?;
    set_connector_state(&app, (&grant, &administrator.actor), &connector, ConnectorState::Removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Walk the way to a source: name, connection, TLS, and what its credentials may read.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/sources/{source}/test", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("source" = String, Path, description = "The source's id"),
    ),
    responses((status = 200, body = Vec<HopView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn test_source(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, source)): Path<(String, String)>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = find_connector(&app, &grant, Direction::Source, &source).await?;
    Ok(Json(test_connector(&app, &connector).await?.into_iter().map(hop_view).collect()))
}

fn draft(new: NewSource) -> Draft {
    Draft { direction: Direction::Source, kind: new.kind, name: new.name, settings: new.settings }
}

async fn view(app: &App, grant: &Grant, connector: Connector) -> Result<SourceView, ApiError> {
    let standing = source_standing_of(app, grant, &connector).await?;
    // Of secrets that another key sealed, not even the names are known.
    let secrets = unseal(&app.secret_sealer, &connector.connector_id, &connector.sealed_secrets).unwrap_or_default();
    Ok(SourceView {
        uuid: connector.connector_id.to_string(),
        account_uuid: connector.account_id.to_string(),
        name: connector.name,
        kind: connector.kind,
        status: standing.status.to_owned(),
        origin: connector.origin.to_string(),
        settings: connector.settings,
        secrets: secrets.into_keys().collect(),
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
