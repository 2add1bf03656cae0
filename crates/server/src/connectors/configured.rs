//! Connectors of the configuration file: brought into the catalog at every start, so that a hub can be set up from a file
//! alone.
//!
//! What is in the file is added or changed; what was in it and is no longer is paused, not removed: its cursors say what
//! was read or delivered, and a name that comes back goes on where it was.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result, anyhow};
use daybook_events::{Actor, Grant};
use daybook_store::{Account, Connector, ConnectorState, Direction, Origin};
use serde::Deserialize;

use super::{
    changes::{Draft, Locality, add_connector, change_whatever_its_origin, set_connector_state},
    opening::HUB,
};
use crate::{error::ApiError, state::App};

/// A source or a destination as the configuration file has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguredConnector {
    /// Whose events, by name or id.
    pub account: String,
    /// Its name, unique among the account's connectors of its direction.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its settings without secrets.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Files that hold its secrets, by setting.
    #[serde(default)]
    pub secret_files: BTreeMap<String, PathBuf>,
}

/// Brings what the configuration file says into the catalog. What cannot be is told in the log, and keeps nothing else from
/// being.
pub(crate) async fn take_configured(app: &App) -> Result<()> {
    let accounts = app.catalog.list_accounts(HUB).await?;
    let actor = Actor::hub(app.started_at);
    for direction in [Direction::Source, Direction::Destination] {
        for wanted in app.config.connectors.of(direction) {
            if let Err(error) = take_one(app, &accounts, &actor, (direction, wanted)).await {
                tracing::error!(
                    connector.direction = %direction,
                    connector.name = wanted.name,
                    error = format!("{error:#}"),
                    "a connector of the configuration file was not taken up; correct it and restart"
                );
            }
        }
        for account in &accounts {
            pause_forgotten(app, account, &actor, direction).await?;
        }
    }
    Ok(())
}

async fn take_one(
    app: &App,
    accounts: &[Account],
    actor: &Actor,
    (direction, wanted): (Direction, &ConfiguredConnector),
) -> Result<()> {
    let account = accounts.iter().find(|account| is_named(account, &wanted.account));
    let account = account.with_context(|| format!("no account {:?}; add it first", wanted.account))?;
    let grant = HUB.account(account.account_id.clone());
    let mut settings = wanted.settings.clone();
    for (name, file) in &wanted.secret_files {
        let text = std::fs::read_to_string(file).with_context(|| format!("read {name} from {}", file.display()))?;
        settings.insert(name.clone(), text.trim_end_matches(['\n', '\r']).to_owned());
    }
    let known = app.catalog.list_connectors(&grant, direction).await?;
    match known.into_iter().find(|connector| connector.name == wanted.name) {
        None => {
            let (kind, name) = (wanted.kind.clone(), wanted.name.clone());
            let draft = Draft { direction, kind, name, settings };
            let added = add_connector(app, (&grant, actor), draft, Locality::AnyKind, Origin::Configuration).await;
            added.map_err(|refused| told(&refused.into()))?;
        }
        Some(known) => change(app, (&grant, actor), known, (&wanted.kind, settings)).await?,
    }
    Ok(())
}

async fn change(
    app: &App,
    (grant, actor): (&Grant, &Actor),
    known: Connector,
    (kind, mut settings): (&str, BTreeMap<String, String>),
) -> Result<()> {
    if known.origin != Origin::Configuration || known.kind != kind {
        return Err(anyhow!(
            "a {} of this name is there already, of kind {}, {}",
            known.direction,
            known.kind,
            if known.origin == Origin::Configuration {
                "and keeps its kind: give another name"
            } else {
                "and not of this file"
            }
        ));
    }
    // What the file does not say any more falls back to its default.
    for name in known.settings.keys() {
        settings.entry(name.clone()).or_default();
    }
    let changed = change_whatever_its_origin(app, (grant, actor), &known, (None, settings), Locality::AnyKind)
        .await
        .map_err(|refused| told(&refused.into()))?;
    if changed.state == ConnectorState::Paused {
        set_connector_state(app, (grant, actor), &changed, ConnectorState::Active)
            .await
            .map_err(|error| told(&error))?;
    }
    Ok(())
}

async fn pause_forgotten(app: &App, account: &Account, actor: &Actor, direction: Direction) -> Result<()> {
    let grant = HUB.account(account.account_id.clone());
    for known in app.catalog.list_connectors(&grant, direction).await? {
        let mut wanted = app.config.connectors.of(direction).iter();
        let is_wanted = wanted.any(|wanted| wanted.name == known.name && is_named(account, &wanted.account));
        if known.origin == Origin::Configuration && known.state == ConnectorState::Active && !is_wanted {
            set_connector_state(app, (&grant, actor), &known, ConnectorState::Paused)
                .await
                .map_err(|error| told(&error))?;
            tracing::warn!(
                connector.direction = %direction,
                connector.name = known.name,
                "a connector is no longer in the configuration file and was paused; remove it, or put it back"
            );
        }
    }
    Ok(())
}

fn is_named(account: &Account, wanted: &str) -> bool {
    account.name == wanted || account.account_id.as_str() == wanted
}

fn told(error: &ApiError) -> anyhow::Error {
    anyhow!("{}", error.message())
}
