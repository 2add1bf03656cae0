//! What the routes of sources and of destinations do alike.

use std::marker::PhantomData;

use axum::{
    Json,
    extract::{FromRequestParts, RawPathParams},
    http::{StatusCode, request::Parts},
};
use daybook_connectors::{Description, Form, Hop, HopOutcome};
use daybook_events::{Actor, Grant};
use daybook_store::{Connector, ConnectorAttempt, ConnectorHour, ConnectorState, Direction, Origin};

use super::{
    administrator::Administrator,
    connector_types::{AttemptView, ConnectorChange, HopView, HourView, KindView, NewConnector, SettingView},
};
use crate::{
    connectors::{
        AnyKind, Directed, Draft, Locality, add_connector, change_connector, find_connector, set_connector_state,
        test_connector, test_draft,
    },
    error::ApiError,
    state::{App, days_long},
};

const ATTEMPTS_SHOWN: u32 = 200;
const HOURS_SHOWN_DAYS: u32 = 30;

/// A connector that a path names, in the hands of an administrator.
pub(super) struct Managed<D> {
    pub(super) grant: Grant,
    pub(super) actor: Actor,
    pub(super) connector: Connector,
    direction: PhantomData<D>,
}

impl<D: Directed> FromRequestParts<App> for Managed<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let administrator = Administrator::from_request_parts(parts, app).await?;
        let path = <RawPathParams as FromRequestParts<App>>::from_request_parts(parts, app).await;
        let path = path.map_err(|rejection| ApiError::new(StatusCode::NOT_FOUND, rejection.body_text()))?;
        let named = |wanted| path.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value);
        let grant = administrator.account(app, named("account")).await?;
        let connector = find_connector(app, &grant, D::DIRECTION, named(D::DIRECTION.as_str())).await?;
        Ok(Self { grant, actor: administrator.actor, connector, direction: PhantomData })
    }
}

impl<D> Managed<D> {
    pub(super) fn who(&self) -> (&Grant, &Actor) {
        (&self.grant, &self.actor)
    }
}

pub(super) fn kinds(direction: Direction) -> Json<Vec<KindView>> {
    Json(AnyKind::all(direction).into_iter().map(|kind| kind_view(kind.as_str(), kind.description())).collect())
}

pub(super) async fn add(
    app: &App,
    who: (&Grant, &Actor),
    direction: Direction,
    new: NewConnector,
) -> Result<Connector, ApiError> {
    Ok(add_connector(app, who, draft(direction, new), Locality::AnyKind, Origin::Person).await?)
}

pub(super) async fn test_new(
    app: &App,
    grant: &Grant,
    direction: Direction,
    new: NewConnector,
) -> Result<Json<Vec<HopView>>, ApiError> {
    let hops = test_draft(app, grant, draft(direction, new), Locality::AnyKind).await?;
    Ok(Json(hops.into_iter().map(hop_view).collect()))
}

/// The connector as it is then.
pub(super) async fn change<D>(app: &App, managed: &Managed<D>, wanted: ConnectorChange) -> Result<Connector, ApiError> {
    let mut connector = managed.connector.clone();
    let state = wanted_state(wanted.state.as_deref())?;
    if wanted.name.is_some() || !wanted.settings.is_empty() {
        let wanted = (wanted.name, wanted.settings);
        connector = change_connector(app, managed.who(), &connector, wanted, Locality::AnyKind).await?;
    }
    if let Some(state) = state {
        connector = set_connector_state(app, managed.who(), &connector, state).await?;
    }
    Ok(connector)
}

pub(super) async fn remove<D>(app: &App, managed: &Managed<D>) -> Result<StatusCode, ApiError> {
    set_connector_state(app, managed.who(), &managed.connector, ConnectorState::Removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn test<D>(app: &App, managed: &Managed<D>) -> Result<Json<Vec<HopView>>, ApiError> {
    Ok(Json(test_connector(app, &managed.connector).await?.into_iter().map(hop_view).collect()))
}

pub(super) async fn hours<D>(app: &App, managed: &Managed<D>) -> Result<Json<Vec<HourView>>, ApiError> {
    let since = app.clock.now().minus(days_long(HOURS_SHOWN_DAYS));
    let hours = app.catalog.connector_hours(&managed.grant, &managed.connector.connector_id, since).await?;
    Ok(Json(hours.iter().map(hour_view).collect()))
}

pub(super) async fn attempts<D>(app: &App, managed: &Managed<D>) -> Result<Json<Vec<AttemptView>>, ApiError> {
    let id = &managed.connector.connector_id;
    let attempts = app.catalog.connector_attempts(&managed.grant, id, ATTEMPTS_SHOWN).await?;
    Ok(Json(attempts.into_iter().map(attempt_view).collect()))
}

fn draft(direction: Direction, new: NewConnector) -> Draft {
    Draft { direction, kind: new.kind, name: new.name, settings: new.settings }
}

/// The state that somebody wants a connector in.
fn wanted_state(text: Option<&str>) -> Result<Option<ConnectorState>, ApiError> {
    match text {
        None => Ok(None),
        Some("active") => Ok(Some(ConnectorState::Active)),
        Some("paused") => Ok(Some(ConnectorState::Paused)),
        Some(_) => Err(ApiError::invalid("state: must be active or paused")),
    }
}

fn hop_view(hop: Hop) -> HopView {
    let passed = hop.is_passed();
    let (seen, fix) = match hop.outcome {
        HopOutcome::Passed(seen) => (seen, String::new()),
        HopOutcome::Failed { reason, fix } => (reason, fix),
    };
    let took_ms = u64::try_from(hop.took.as_millis()).unwrap_or(u64::MAX);
    HopView { hop: hop.name.as_str().to_owned(), passed, seen, fix, took_ms }
}

fn kind_view(kind: &str, description: &Description) -> KindView {
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
