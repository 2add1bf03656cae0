//! Adding, changing and testing connectors.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use daybook_connectors::Hop;
use daybook_events::{Actor, ConnectorId, Grant};
use daybook_store::{Connector, ConnectorChange, ConnectorState, Direction, NewConnector, Origin, StoreError};

use super::{
    kinds::{AnyKind, Tryout},
    open, open_source, part, unseal,
};
use crate::{error::ApiError, manage::check_name, state::App};

/// A connector as somebody wants it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) direction: Direction,
    pub(crate) kind: String,
    pub(crate) name: String,
    /// Every setting, secret ones too.
    pub(crate) settings: BTreeMap<String, String>,
}

/// Whether somebody may have files and processes of the hub's own machine be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locality {
    /// They run the hub.
    AnyKind,
    /// They administer an account, and the machine is not theirs.
    RemoteOnly,
}

/// Adds a connector, which is at work within a second.
///
/// # Errors
///
/// 400: the settings do not fit, all problems at once. 403: it is for whoever runs the hub. 409: the name is taken.
pub(crate) async fn add_connector(
    app: &App,
    (grant, actor): (&Grant, &Actor),
    draft: Draft,
    locality: Locality,
    origin: Origin,
) -> Result<Connector, ApiError> {
    let (name, kind) = (check_name(&draft.name)?.to_owned(), AnyKind::parse(draft.direction, &draft.kind, locality)?);
    let parted = part(kind.description(), draft.settings);
    kind.open(app, &parted)?;
    let id = ConnectorId::random();
    let new = NewConnector {
        direction: draft.direction,
        kind: draft.kind,
        name,
        sealed_secrets: parted.seal(&app.secret_sealer, &id),
        settings: parted.plain,
        origin,
        state: ConnectorState::Active,
    };
    let added = app.catalog.add_connector(grant, actor, id, new).await?;
    app.connectors_changed.notify_one();
    Ok(added)
}

/// Changes a connector's name or settings. Of the settings given, empty ones fall back to their defaults; the others,
/// and secrets that are not given, stay as they are. It goes on where it was.
///
/// # Errors
///
/// As for adding one. 409: it is of the configuration file.
pub(crate) async fn change_connector(
    app: &App,
    (grant, actor): (&Grant, &Actor),
    connector: &Connector,
    (name, settings): (Option<String>, BTreeMap<String, String>),
    locality: Locality,
) -> Result<Connector, ApiError> {
    if connector.origin == Origin::Configuration {
        let message = "it is set up in the hub's configuration file: change it there, and restart the hub";
        return Err(ApiError::new(StatusCode::CONFLICT, message));
    }
    change_whatever_its_origin(app, (grant, actor), connector, (name, settings), locality).await
}

/// The same, for one of the configuration file too.
pub(super) async fn change_whatever_its_origin(
    app: &App,
    (grant, actor): (&Grant, &Actor),
    connector: &Connector,
    (name, settings): (Option<String>, BTreeMap<String, String>),
    locality: Locality,
) -> Result<Connector, ApiError> {
    let kind = AnyKind::parse(connector.direction, &connector.kind, locality)?;
    let name = name.as_deref().map(check_name).transpose()?.map(str::to_owned);
    let id = &connector.connector_id;
    let secrets =
        unseal(&app.secret_sealer, id, &connector.sealed_secrets).map_err(|error| sealed_elsewhere(&error))?;
    let mut whole = connector.settings.clone();
    whole.extend(secrets.clone());
    for (setting, value) in settings {
        if value.trim().is_empty() {
            whole.remove(&setting);
        } else {
            whole.insert(setting, value);
        }
    }
    let parted = part(kind.description(), whole);
    kind.open(app, &parted)?;
    // Sealed again, the same secrets would look like others.
    let sealed_secrets = (parted.secret != secrets).then(|| parted.seal(&app.secret_sealer, id));
    let change = ConnectorChange { name, settings: Some(parted.plain), sealed_secrets };
    let changed = app.catalog.change_connector(grant, actor, id, change).await?;
    app.connectors_changed.notify_one();
    Ok(changed)
}

/// Pauses, resumes or removes a connector.
///
/// # Errors
///
/// 404: it was removed.
pub(crate) async fn set_connector_state(
    app: &App,
    (grant, actor): (&Grant, &Actor),
    connector: &Connector,
    state: ConnectorState,
) -> Result<Connector, ApiError> {
    let changed = app.catalog.set_connector_state(grant, actor, &connector.connector_id, state).await?;
    app.connectors_changed.notify_one();
    Ok(changed)
}

/// A destination of the account that was not removed.
///
/// # Errors
///
/// 404: there is none with this id.
pub(crate) async fn find_destination(app: &App, grant: &Grant, id: &str) -> Result<Connector, ApiError> {
    find(app, grant, Direction::Destination, id).await
}

/// A source of the account that was not removed.
///
/// # Errors
///
/// 404: there is none with this id.
pub(crate) async fn find_source(app: &App, grant: &Grant, id: &str) -> Result<Connector, ApiError> {
    find(app, grant, Direction::Source, id).await
}

async fn find(app: &App, grant: &Grant, direction: Direction, id: &str) -> Result<Connector, ApiError> {
    let missing = || ApiError::new(StatusCode::NOT_FOUND, format!("no {direction} {id:?} in this account"));
    let id: ConnectorId = id.parse().map_err(|_| missing())?;
    match app.catalog.find_connector(grant, &id).await {
        Ok(found) if found.state != ConnectorState::Removed && found.direction == direction => Ok(found),
        Ok(_) | Err(StoreError::Missing { .. }) => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

/// Walks the way to a connector that is there already.
///
/// # Errors
///
/// 400: it cannot be opened.
pub(crate) async fn test_connector(app: &App, connector: &Connector) -> Result<Vec<Hop>, ApiError> {
    let opened = match connector.direction {
        Direction::Destination => open(app, connector).map(Tryout::Destination),
        Direction::Source => open_source(app, connector).map(Tryout::Source),
    };
    let opened = opened.map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(opened.walk(app, &connector.account_id).await)
}

/// Walks the way to a connector before it is added.
///
/// # Errors
///
/// As for adding it.
pub(crate) async fn test_draft(
    app: &App,
    grant: &Grant,
    draft: Draft,
    locality: Locality,
) -> Result<Vec<Hop>, ApiError> {
    let kind = AnyKind::parse(draft.direction, &draft.kind, locality)?;
    let opened = kind.open(app, &part(kind.description(), draft.settings))?;
    Ok(opened.walk(app, grant.account()).await)
}

fn sealed_elsewhere(error: &crate::tokens::SealError) -> ApiError {
    tracing::error!(%error, "the secrets of a connector cannot be opened");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "its secrets cannot be opened; the hub's log says why")
}
