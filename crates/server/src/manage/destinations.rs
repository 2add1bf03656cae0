//! Destinations of an account: what there is, how it stands, and whether the way there works.

use axum::{Json, extract::State, http::StatusCode};
use daybook_connectors::{Description, DestinationKind, Form, Hop, HopOutcome};
use daybook_events::Grant;
use daybook_store::{Connector, ConnectorState, Direction, Origin};

use super::{
    administrator::{Administrator, Body},
    connector_types::{
        DestinationChange, DestinationStream, DestinationView, HopView, KindView, NewDestination, SettingView,
    },
};
use crate::{
    connectors::{
        Draft, Locality, StreamStanding, add_connector, change_connector, find_connector, set_connector_state,
        standing_of, status_in_words, test_connector, test_draft, told_of,
    },
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

/// The kinds of destinations and their settings.
#[utoipa::path(
    get, path = "/manage/v1/destination-kinds", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<KindView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_destination_kinds(_administrator: Administrator) -> Json<Vec<KindView>> {
    let kinds = DestinationKind::ALL.iter().map(|kind| kind_view(kind.as_str(), kind.description()));
    Json(kinds.collect())
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
    for connector in app.catalog.list_connectors(&grant, Direction::Destination).await? {
        views.push(view(&app, &grant, connector).await?);
    }
    Ok(Json(views))
}

/// Add a destination. It is at work within a second.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewDestination,
    responses(
        (status = 201, body = DestinationView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn add_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewDestination>,
) -> Result<(StatusCode, Json<DestinationView>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let who = (&grant, &administrator.actor);
    let connector = add_connector(&app, who, draft(new), Locality::AnyKind, Origin::Person).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &grant, connector).await?)))
}

/// Walk the way to a destination before it is added: name, connection, TLS, one event that says that it is a test.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/test", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewDestination,
    responses(
        (status = 200, body = Vec<HopView>), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn test_new_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewDestination>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let hops = test_draft(&app, &grant, draft(new), Locality::AnyKind).await?;
    Ok(Json(hops.into_iter().map(hop_view).collect()))
}

/// A destination and how it stands.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/destinations/{destination}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    responses((status = 200, body = DestinationView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn show_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
) -> Result<Json<DestinationView>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = find_connector(&app, &grant, Direction::Destination, &destination).await?;
    Ok(Json(view(&app, &grant, connector).await?))
}

/// Change a destination's name or settings, pause or resume it. It goes on where it was.
#[utoipa::path(
    patch, path = "/manage/v1/accounts/{account}/destinations/{destination}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    request_body = DestinationChange,
    responses(
        (status = 200, body = DestinationView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn change_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
    Body(wanted): Body<DestinationChange>,
) -> Result<Json<DestinationView>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let mut connector = find_connector(&app, &grant, Direction::Destination, &destination).await?;
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

/// Remove a destination for good, with its cursors, its dead letters and its secrets.
#[utoipa::path(
    delete, path = "/manage/v1/accounts/{account}/destinations/{destination}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    responses((status = 204, description = "Removed"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn remove_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = find_connector(&app, &grant, Direction::Destination, &destination).await?;
    set_connector_state(&app, (&grant, &administrator.actor), &connector, ConnectorState::Removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Walk the way to a destination: name, connection, TLS, one event that says that it is a test.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/destinations/{destination}/test", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("destination" = String, Path, description = "The destination's id"),
    ),
    responses((status = 200, body = Vec<HopView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn test_destination(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, destination)): Path<(String, String)>,
) -> Result<Json<Vec<HopView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let connector = find_connector(&app, &grant, Direction::Destination, &destination).await?;
    Ok(Json(test_connector(&app, &connector).await?.into_iter().map(hop_view).collect()))
}

/// The state that somebody wants a connector in.
pub(super) fn wanted_state(text: Option<&str>) -> Result<Option<ConnectorState>, ApiError> {
    match text {
        None => Ok(None),
        Some("active") => Ok(Some(ConnectorState::Active)),
        Some("paused") => Ok(Some(ConnectorState::Paused)),
        Some(_) => Err(ApiError::invalid("state: must be active or paused")),
    }
}

fn draft(new: NewDestination) -> Draft {
    Draft { direction: Direction::Destination, kind: new.kind, name: new.name, settings: new.settings }
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

pub(super) fn hop_view(hop: Hop) -> HopView {
    let passed = hop.is_passed();
    let (seen, fix) = match hop.outcome {
        HopOutcome::Passed(seen) => (seen, String::new()),
        HopOutcome::Failed { reason, fix } => (reason, fix),
    };
    let took_ms = u64::try_from(hop.took.as_millis()).unwrap_or(u64::MAX);
    HopView { hop: hop.name.as_str().to_owned(), passed, seen, fix, took_ms }
}

pub(super) fn kind_view(kind: &str, description: &Description) -> KindView {
    let setting = |setting: daybook_connectors::Setting| SettingView {
        name: setting.name.to_owned(),
        help: setting.help.to_owned(),
        form: form_in_words(setting.form),
        required: setting.required,
        default: setting.default.to_owned(),
    };
    KindView {
        kind: kind.to_owned(),
        title: description.title.to_owned(),
        summary: description.summary.to_owned(),
        settings: description.all_settings().map(setting).collect(),
    }
}

fn form_in_words(form: Form) -> String {
    match form {
        Form::Text => "text".to_owned(),
        Form::LongText => "long text".to_owned(),
        Form::Secret => "secret".to_owned(),
        Form::Url => "url".to_owned(),
        Form::Number { min, max } => format!("number from {min} to {max}"),
        Form::Switch => "true or false".to_owned(),
        Form::Choice(choices) => choices.join(" | "),
    }
}
