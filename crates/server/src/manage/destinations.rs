//! Destinations of an account: what there is, how it stands, and whether the way there works.

use axum::{Json, extract::State, http::StatusCode};
use daybook_events::Grant;
use daybook_store::{Connector, Direction};

use super::{
    administrator::{Administrator, Body},
    connector_types::{ConnectorChange, DestinationStream, DestinationView, HopView, KindView, NewConnector},
    connectors::{self, Managed},
};
use crate::{
    connectors::{Destinations, StreamStanding, standing_of, status_in_words, told_of},
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

const OUT: Direction = Direction::Destination;

/// Which destination a path is about.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "for the document; the path is read by `Managed`")]
pub(super) struct DestinationPath {
    /// The account's id
    account: String,
    /// The destination's id
    destination: String,
}

/// The kinds of destinations and their settings.
#[utoipa::path(
    get, path = "/manage/v1/destination-kinds", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<KindView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_destination_kinds(_administrator: Administrator) -> Json<Vec<KindView>> {
    connectors::kinds(OUT)
}

/// The destinations of an account, by name, and how they stand.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    responses((status = 200, body = Vec<DestinationView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_destinations(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
) -> Result<Json<Vec<DestinationView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let mut views = Vec::new();
    for connector in app.catalog.list_connectors(&grant, OUT).await? {
        views.push(view(&app, &grant, connector).await?);
    }
    Ok(Json(views))
}

/// Add a destination. It is at work within a second.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewConnector,
    responses(
        (status = 201, body = DestinationView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn add_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewConnector>,
) -> Result<(StatusCode, Json<DestinationView>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = connectors::add(&app, (&grant, &administrator.actor), OUT, new).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &grant, connector).await?)))
}

/// Walk the way to a destination before it is added: name, connection, TLS, one event that says that it is a test.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/test", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewConnector,
    responses(
        (status = 200, body = Vec<HopView>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn test_new_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewConnector>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    connectors::test_new(&app, &grant, OUT, new).await
}

/// A destination and how it stands.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    responses((status = 200, body = DestinationView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn show_destination(
    State(app): State<App>,
    managed: Managed<Destinations>,
) -> Result<Json<DestinationView>, ApiError> {
    Ok(Json(view(&app, &managed.grant, managed.connector).await?))
}

/// Change a destination's name or settings, pause or resume it. It goes on where it was.
#[utoipa::path(
    patch, path = "/manage/v1/accounts/{account}/destinations/{destination}", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    request_body = ConnectorChange,
    responses(
        (status = 200, body = DestinationView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn change_destination(
    State(app): State<App>,
    managed: Managed<Destinations>,
    Body(wanted): Body<ConnectorChange>,
) -> Result<Json<DestinationView>, ApiError> {
    let connector = connectors::change(&app, &managed, wanted).await?;
    Ok(Json(view(&app, &managed.grant, connector).await?))
}

/// Remove a destination for good, with its cursors, its dead letters and its secrets.
#[utoipa::path(
    delete, path = "/manage/v1/accounts/{account}/destinations/{destination}", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    responses((status = 204, description = "Removed"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn remove_destination(
    State(app): State<App>,
    managed: Managed<Destinations>,
) -> Result<StatusCode, ApiError> {
    connectors::remove(&app, &managed).await
}

/// Walk the way to a destination: name, connection, TLS, one event that says that it is a test.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/test", tag = "Management",
    security(("administration_token" = [])), params(DestinationPath),
    responses((status = 200, body = Vec<HopView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn test_destination(
    State(app): State<App>,
    managed: Managed<Destinations>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    connectors::test(&app, &managed).await
}

async fn view(app: &App, grant: &Grant, connector: Connector) -> Result<DestinationView, ApiError> {
    let standing = standing_of(app, grant, &connector).await?;
    let (settings, secrets) = told_of(app, &connector);
    Ok(DestinationView {
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
        dead_letters: standing.dead_letters,
        streams: standing.streams.into_iter().map(stream_view).collect(),
    })
}

fn stream_view(stream: StreamStanding) -> DestinationStream {
    let behind = stream.behind();
    let StreamStanding { feature, position, waiting, health, .. } = stream;
    let text = |time: Option<daybook_events::Timestamp>| time.map(|time| time.to_string());
    let health = health.as_ref();
    DestinationStream {
        feature: feature.to_string(),
        status: health.map_or("starting", |health| status_in_words(health).as_str()).to_owned(),
        position: position.get(),
        behind,
        waiting_secs: waiting.map(|waiting| waiting.as_secs()),
        last_acknowledged_at: text(health.and_then(|health| health.last_acknowledged_at)),
        last_event_time: text(health.and_then(|health| health.last_event_time)),
        next_attempt_at: text(health.and_then(|health| health.next_attempt_at)),
        failures: health.map_or(0, |health| health.failures),
        reason: health.map(|health| health.reason.clone()).unwrap_or_default(),
        fix: health.map(|health| health.fix.clone()).unwrap_or_default(),
    }
}
