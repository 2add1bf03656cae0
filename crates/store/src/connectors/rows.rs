//! What a connector is.

use std::collections::{BTreeMap, BTreeSet};

use daybook_events::{AccountId, ConnectorId, Timestamp};
use serde_json::{Map, Value};
use sqlx::{Row, any::AnyRow};

use crate::{
    catalog::{named_enum, number, text, time},
    error::{Step, StoreError},
    log::parse_stored,
};

/// Something of a connector that people should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorNotice {
    /// What it is recognized by, so that it is announced once.
    pub key: String,
    /// What people read.
    pub words: String,
}

named_enum! {
    /// Which way a connector's events go.
    Direction {
        /// Into the log.
        Source = "source",
        /// Out of it.
        Destination = "destination",
    }
}

named_enum! {
    /// Whether a connector is at work.
    ConnectorState {
        /// It is.
        Active = "active",
        /// It is not, and goes on where it was when it is active again.
        Paused = "paused",
        /// Never again; kept, without its secrets, so that old audit events can be explained.
        Removed = "removed",
    }
}

named_enum! {
    /// Where a connector was described.
    Origin {
        /// By a person, in the console or through the management API.
        Person = "person",
        /// In the configuration.
        Configuration = "configuration",
    }
}

/// A source or a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// Its id.
    pub connector_id: ConnectorId,
    /// Whose.
    pub account_id: AccountId,
    /// Which way its events go.
    pub direction: Direction,
    /// What it speaks with, by a name of the program that speaks.
    pub kind: String,
    /// Its name, unique among the account's connectors of this direction.
    pub name: String,
    /// Whether it is at work.
    pub state: ConnectorState,
    /// Its settings by name, none of them a secret.
    pub settings: BTreeMap<String, String>,
    /// Its secrets, sealed under its id by the caller; empty when it has none, or was removed.
    pub sealed_secrets: Vec<u8>,
    /// Where it was described.
    pub origin: Origin,
    /// Grows by one with every change, from 1.
    pub revision: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A connector about to be added.
#[derive(Debug, Clone)]
pub struct NewConnector {
    /// Which way its events go.
    pub direction: Direction,
    /// What it speaks with.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether it is at work from the start.
    pub state: ConnectorState,
    /// Its settings by name.
    pub settings: BTreeMap<String, String>,
    /// Its secrets, sealed under the id that it will have.
    pub sealed_secrets: Vec<u8>,
    /// Where it was described.
    pub origin: Origin,
}

/// What is to be different; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectorChange {
    /// Another name.
    pub name: Option<String>,
    /// Other settings, all of them.
    pub settings: Option<BTreeMap<String, String>>,
    /// Other secrets, all of them, sealed.
    pub sealed_secrets: Option<Vec<u8>>,
}

impl Connector {
    /// Its settings as they are stored.
    pub(super) fn settings_json(&self) -> String {
        serde_json::to_string(&self.settings).expect("texts by name are plain data")
    }

    /// What an audit record tells of a new connector.
    pub(super) fn to_value(&self) -> Value {
        let mut told = Map::new();
        told.insert("direction".into(), self.direction.as_str().into());
        told.insert("kind".into(), self.kind.clone().into());
        told.insert("name".into(), self.name.clone().into());
        told.insert("state".into(), self.state.as_str().into());
        for (name, value) in &self.settings {
            told.insert(format!("settings.{name}"), value.clone().into());
        }
        Value::Object(told)
    }

    /// What an audit record tells of it before or after something: which way its events go, and this.
    pub(super) fn told(&self, mut members: Value) -> Value {
        members["direction"] = self.direction.as_str().into();
        members
    }

    /// What an audit record tells of a change: what was and what is, of all that differs. Secrets are said to have been
    /// replaced, and no more.
    pub(super) fn difference(&self, after: &Self) -> (Value, Value) {
        let direction = || Map::from_iter([("direction".to_owned(), self.direction.as_str().into())]);
        let (mut was, mut is) = (direction(), direction());
        if self.name != after.name {
            was.insert("name".into(), self.name.clone().into());
            is.insert("name".into(), after.name.clone().into());
        }
        for name in self.settings.keys().chain(after.settings.keys()).collect::<BTreeSet<_>>() {
            let (old, new) = (self.settings.get(name), after.settings.get(name));
            if old != new {
                was.insert(format!("settings.{name}"), old.cloned().into());
                is.insert(format!("settings.{name}"), new.cloned().into());
            }
        }
        if self.sealed_secrets != after.sealed_secrets {
            was.insert("secrets".into(), "[secret]".into());
            is.insert("secrets".into(), "[secret], replaced".into());
        }
        (Value::Object(was), Value::Object(is))
    }
}

pub(super) fn connector(row: &AnyRow) -> Result<Connector, StoreError> {
    let settings = text(row, "settings")?;
    Ok(Connector {
        connector_id: parse_stored("connector id", text(row, "connector_id")?)?,
        account_id: parse_stored("account id", text(row, "account_id")?)?,
        direction: parse_stored("direction", text(row, "direction")?)?,
        kind: text(row, "kind")?,
        name: text(row, "name")?,
        state: parse_stored("connector state", text(row, "state")?)?,
        settings: serde_json::from_str(&settings)
            .map_err(|_| StoreError::Stored { what: "the settings of a connector", value: settings })?,
        sealed_secrets: row.try_get("sealed_secrets").step("read a connector")?,
        origin: parse_stored("origin", text(row, "origin")?)?,
        revision: number(row, "revision")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
