//! Adding, changing and testing connectors.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use daybook_connectors::{Description, Form, Hop, Problem, SettingsError};
use daybook_events::{Actor, ConnectorId, Grant};
use daybook_store::{Connector, ConnectorChange, ConnectorState, Direction, NewConnector, Origin, StoreError};

use super::{
    became_secret::sealed_by_now,
    kinds::{AnyKind, Tryout},
    open, open_source, part, unseal,
};
use crate::{error::ApiError, manage::check_name, state::App};

/// Settings besides URLs that say where secrets are sent, and whom to trust there.
const AIMS: &[&str] = &[
    "host",
    "port",
    "brokers",
    "transport",
    "encryption",
    "site",
    "region",
    "bucket",
    "endpoint",
    "account",
    "container",
    "tenant",
    "authority",
    "mode",
    "ca_pem",
    "protocol",
];

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

/// Why a connector is not as somebody wants it. For programs it is one answer; a form says what is wrong field by field.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The settings do not fit, all problems at once.
    Settings(SettingsError),
    /// The store did not take it: the name is taken, or it is gone.
    Store(StoreError),
    /// Anything else.
    Said(ApiError),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Said(error)
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Settings(error) => Self::invalid(error.to_string()),
            Refused::Store(error) => error.into(),
            Refused::Said(error) => error,
        }
    }
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
) -> Result<Connector, Refused> {
    let (name, kind) = (check_name(&draft.name)?.to_owned(), AnyKind::parse(draft.direction, &draft.kind, locality)?);
    let known = app.catalog.list_connectors(grant, draft.direction).await.map_err(Refused::Store)?;
    let count_max = app.config.connectors.per_account_max;
    if known.len() >= count_max {
        let message = format!("the account has {count_max} of them, which is the most ([connectors] per_account_max)");
        return Err(ApiError::new(StatusCode::CONFLICT, message).into());
    }
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
    let added = app.catalog.add_connector(grant, actor, id, new).await.map_err(Refused::Store)?;
    app.connectors_changed.send_replace(());
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
) -> Result<Connector, Refused> {
    if connector.origin == Origin::Configuration {
        let message = "it is set up in the hub's configuration file: change it there, and restart the hub";
        return Err(ApiError::new(StatusCode::CONFLICT, message).into());
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
) -> Result<Connector, Refused> {
    let kind = AnyKind::parse(connector.direction, &connector.kind, locality)?;
    let name = name.as_deref().map(check_name).transpose()?.map(str::to_owned);
    // The audit trail tells what plain settings were.
    let connector = &sealed_by_now(app, connector).await.map_err(|error| cannot_be_sealed(&error))?;
    let id = &connector.connector_id;
    let secrets =
        unseal(&app.secret_sealer, id, &connector.sealed_secrets).map_err(|error| sealed_elsewhere(&error))?;
    let mut whole = connector.settings.clone();
    whole.extend(secrets.clone());
    let before = whole.clone();
    for (setting, value) in settings.clone() {
        if value.trim().is_empty() {
            whole.remove(&setting);
        } else {
            whole.insert(setting, value);
        }
    }
    check_aim(kind.description(), &before, &whole, (&secrets, &settings))?;
    let parted = part(kind.description(), whole);
    kind.open(app, &parted)?;
    // Sealed again, the same secrets would look like others.
    let sealed_secrets = (parted.secret != secrets).then(|| parted.seal(&app.secret_sealer, id));
    let change = ConnectorChange { name, settings: Some(parted.plain), sealed_secrets };
    let changed = app.catalog.change_connector(grant, actor, id, change).await.map_err(Refused::Store)?;
    app.connectors_changed.send_replace(());
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
    app.connectors_changed.send_replace(());
    Ok(changed)
}

/// A connector of the account that was not removed.
///
/// # Errors
///
/// 404: there is none of this direction with this id.
pub(crate) async fn find_connector(
    app: &App,
    grant: &Grant,
    direction: Direction,
    id: &str,
) -> Result<Connector, ApiError> {
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
        Direction::Destination => open(app, connector).map(|opened| Tryout::Destination(Box::new(opened))),
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
) -> Result<Vec<Hop>, Refused> {
    let kind = AnyKind::parse(draft.direction, &draft.kind, locality)?;
    let opened = kind.open(app, &part(kind.description(), draft.settings))?;
    Ok(opened.walk(app, grant.account()).await)
}

/// Whether the settings of a new connector fit, whatever else may be wrong with it.
///
/// # Errors
///
/// As for adding it, but for its name.
pub(crate) fn check_settings(app: &App, draft: &Draft, locality: Locality) -> Result<(), Refused> {
    let kind = AnyKind::parse(draft.direction, &draft.kind, locality)?;
    kind.open(app, &part(kind.description(), draft.settings.clone())).map(|_| ())
}

/// Secrets are not shown to those who may change a connector, and must not be sent to where they point it either: with
/// another address they are to be given again.
fn check_aim(
    description: &Description,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    (secrets, given): (&BTreeMap<String, String>, &BTreeMap<String, String>),
) -> Result<(), Refused> {
    let is_aim = |name: &str| {
        let is_url = description.setting(name).is_some_and(|setting| setting.form == Form::Url);
        is_url || AIMS.contains(&name)
    };
    let names = before.keys().chain(after.keys());
    let Some(moved) = names.filter(|name| is_aim(name)).find(|name| before.get(*name) != after.get(*name)) else {
        return Ok(());
    };
    let is_kept = |name: &&String| after.contains_key(*name) && !given.contains_key(*name);
    let problem = |name: &String| Problem {
        setting: name.clone(),
        reason: format!("give it again: it would be sent elsewhere, because {moved} is another"),
    };
    let problems: Vec<Problem> = secrets.keys().filter(is_kept).map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Refused::Settings(SettingsError { problems })) }
}

fn cannot_be_sealed(error: &anyhow::Error) -> ApiError {
    tracing::error!(error = format!("{error:#}"), "settings of a connector that are secret by now cannot be sealed");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "its secrets cannot be sealed; the hub's log says why")
}

fn sealed_elsewhere(error: &crate::tokens::SealError) -> ApiError {
    tracing::error!(%error, "the secrets of a connector cannot be opened");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "its secrets cannot be opened; the hub's log says why")
}
