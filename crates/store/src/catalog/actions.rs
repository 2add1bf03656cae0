//! The trail of administrative actions: who did what, from where, and what it was before and after.
//!
//! It holds what the audit events of the same actions have no room for, and is written in the same transaction.

use daybook_events::{AccountId, Actor, AuditRecord, Grant, Timestamp};
use serde_json::Value;
use sqlx::{AnyConnection, any::AnyRow};

use super::{Catalog, text, time};
use crate::{
    error::{Step, StoreError},
    sql,
};

/// One administrative action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The `uuid` of its audit event.
    pub event_id: String,
    /// When.
    pub done_at: Timestamp,
    /// Who.
    pub actor_id: String,
    /// Who, for people.
    pub actor_name: String,
    /// May be empty.
    pub actor_email: String,
    /// From which IP address.
    pub address: String,
    /// What, by the wire's code.
    pub action: String,
    /// To what, by the wire's code.
    pub object_type: String,
    /// The id of that.
    pub object_id: String,
    /// The name of that.
    pub object_name: String,
    /// What was; `null` when there was nothing.
    pub before: Value,
    /// What is; `null` when there is nothing any more.
    pub after: Value,
}

/// Which actions are wanted; an empty text takes everything.
#[derive(Debug, Clone, Default)]
pub struct ActionFilter {
    /// The id of who did it.
    pub actor_id: String,
    /// The wire's code of what was done.
    pub action: String,
    /// The wire's code of what it was done to.
    pub object_type: String,
    /// The id of what it was done to.
    pub object_id: String,
    /// At or after this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
}

/// Where a page of actions goes on: behind this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPlace {
    /// When that was done.
    pub done_at: Timestamp,
    /// Its event.
    pub event_id: String,
}

impl Catalog {
    /// Actions of an account, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_actions(
        &self,
        grant: &Grant,
        filter: &ActionFilter,
        after: Option<&ActionPlace>,
        limit: u32,
    ) -> Result<Vec<Action>, StoreError> {
        let until = filter.until.map_or(i64::MAX, Timestamp::as_nanos);
        let (place, event_id) = after.map_or((until, ""), |place| (place.done_at.as_nanos(), place.event_id.as_str()));
        let query = self.database.query(sql::LIST_ACTIONS).bind(grant.account().as_str());
        let query = query.bind(filter.from.map_or(i64::MIN, Timestamp::as_nanos)).bind(until).bind(place);
        let query = query.bind(event_id).bind(&filter.actor_id).bind(&filter.action).bind(&filter.object_type);
        let query = query.bind(&filter.object_id).bind(i64::from(limit));
        let rows = query.fetch_all(self.database.readers()).await.step("list actions")?;
        rows.iter().map(action).collect()
    }

    /// Who has done something in an account: id and name, by name.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_actors(&self, grant: &Grant) -> Result<Vec<(String, String)>, StoreError> {
        let query = self.database.query(sql::LIST_ACTORS).bind(grant.account().as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list actors")?;
        rows.iter().map(|row| Ok((text(row, "actor_id")?, text(row, "actor_name")?))).collect()
    }

    pub(super) async fn insert_action(
        &self,
        connection: &mut AnyConnection,
        account: &AccountId,
        actor: &Actor,
        (event_id, record): (&str, &AuditRecord),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::INSERT_ACTION).bind(event_id).bind(account.as_str()).bind(now.as_nanos());
        let query = query.bind(&actor.uuid).bind(&actor.name).bind(&actor.email).bind(&actor.ip);
        let query = query.bind(record.action).bind(record.object_type).bind(&record.object_uuid);
        let query = query.bind(&record.object_name).bind(record.before.to_string()).bind(record.after.to_string());
        query.execute(connection).await.step("write down an action").map(|_| ())
    }
}

fn action(row: &AnyRow) -> Result<Action, StoreError> {
    Ok(Action {
        event_id: text(row, "event_id")?,
        done_at: time(row, "done_at")?,
        actor_id: text(row, "actor_id")?,
        actor_name: text(row, "actor_name")?,
        actor_email: text(row, "actor_email")?,
        address: text(row, "address")?,
        action: text(row, "action")?,
        object_type: text(row, "object_type")?,
        object_id: text(row, "object_id")?,
        object_name: text(row, "object_name")?,
        before: value(row, "value_before")?,
        after: value(row, "value_after")?,
    })
}

fn value(row: &AnyRow, column: &'static str) -> Result<Value, StoreError> {
    let stored = text(row, column)?;
    serde_json::from_str(&stored).map_err(|_| StoreError::Stored { what: "a value of an action", value: stored })
}
