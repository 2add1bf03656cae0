//! Replays: past events delivered to a destination once more, because a person asked for it.
//!
//! A replay has a cursor of its own, `replay:ID`, in each stream that it reads; the cursors go when it ends.

use daybook_events::{AccountId, Actor, AuditRecord, ConnectorId, Grant, HubGrant, ReplayId, Timestamp};
use serde_json::{Value, json};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Direction, find_own_connector, lock_own_connector};
use crate::{
    catalog::{Catalog, named_enum, optional_time, text, time},
    cursors::CursorName,
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

named_enum! {
    /// How far a replay has come.
    ReplayState {
        /// It is not at its end.
        Running = "running",
        /// All of it was delivered.
        Done = "done",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
}

/// Past events that are delivered to a destination once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Its id.
    pub replay_id: ReplayId,
    /// To which destination.
    pub connector_id: ConnectorId,
    /// Of which account.
    pub account_id: AccountId,
    /// Events that happened at or after this.
    pub since: Timestamp,
    /// And before this.
    pub until: Timestamp,
    /// How far it has come.
    pub state: ReplayState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ended, if it did.
    pub done_at: Option<Timestamp>,
}

impl Catalog {
    /// Asks for events that happened at or after `since` and before `until` to be delivered to a destination once more.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account has no such destination, or it was removed.
    pub async fn add_replay(
        &self,
        grant: &Grant,
        actor: &Actor,
        connector_id: &ConnectorId,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<Replay, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("add a replay")?;
        let connector = lock_own_connector(&self.database, &mut transaction, grant, connector_id).await?;
        if connector.direction != Direction::Destination {
            return Err(StoreError::Missing { what: "destination", name: connector_id.to_string() });
        }
        let replay = Replay {
            replay_id: ReplayId::random(),
            connector_id: connector_id.clone(),
            account_id: connector.account_id.clone(),
            since,
            until,
            state: ReplayState::Running,
            requested_at: self.clock.now(),
            done_at: None,
        };
        let query = self.database.query(sql::INSERT_REPLAY).bind(replay.replay_id.as_str());
        let query = query.bind(connector_id.as_str()).bind(replay.account_id.as_str());
        let query = query.bind(since.as_nanos()).bind(until.as_nanos()).bind(replay.requested_at.as_nanos());
        query.execute(&mut *transaction).await.step("add a replay")?;
        let asked = json!({"replay": "asked for", "since": since.to_string(), "until": until.to_string()});
        let record = AuditRecord::new("update", "sa", connector_id, &connector.name)
            .with_aux(&replay.replay_id)
            .with_info(format!("replay: {since} to {until}"))
            .with_change(Value::Null, connector.told(asked));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("add a replay")?;
        Ok(replay)
    }

    /// The replays of a connector, newest first.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had this connector.
    pub async fn list_replays(&self, grant: &Grant, connector_id: &ConnectorId) -> Result<Vec<Replay>, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let query = self.database.query(sql::LIST_REPLAYS).bind(connector_id.as_str());
        query.fetch_all(self.database.readers()).await.step("list replays")?.iter().map(replay).collect()
    }

    /// The replays of every account that are running, oldest first.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn running_replays(&self, _grant: HubGrant) -> Result<Vec<Replay>, StoreError> {
        let query = self.database.query(sql::LIST_RUNNING_REPLAYS);
        query.fetch_all(self.database.readers()).await.step("list replays")?.iter().map(replay).collect()
    }

    /// Ends a replay of which everything was delivered. One that ended meanwhile stays as it is.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`.
    pub async fn finish_replay(&self, _grant: HubGrant, replay_id: &ReplayId) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("end a replay")?;
        self.end_replay(&mut transaction, replay_id, ReplayState::Done).await?;
        transaction.commit().await.step("end a replay")
    }

    /// Stops a running replay where it is.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account has no such replay, or it is not running.
    pub async fn cancel_replay(&self, grant: &Grant, actor: &Actor, replay_id: &ReplayId) -> Result<(), StoreError> {
        let missing = || StoreError::Missing { what: "running replay", name: replay_id.to_string() };
        let query = self.database.query(sql::FIND_REPLAY).bind(replay_id.as_str()).bind(grant.account().as_str());
        let row = query.fetch_optional(self.database.readers()).await.step("find a replay")?;
        let replay = replay(&row.ok_or_else(missing)?)?;
        let mut transaction = self.database.writers().begin().await.step("cancel a replay")?;
        let connector = lock_own_connector(&self.database, &mut transaction, grant, &replay.connector_id).await?;
        let state = |state: ReplayState| connector.told(json!({"replay": state.as_str()}));
        let record = AuditRecord::new("update", "sa", &replay.connector_id, &connector.name)
            .with_aux(replay_id)
            .with_info("replay cancelled")
            .with_change(state(replay.state), state(ReplayState::Cancelled));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        if !self.end_replay(&mut transaction, replay_id, ReplayState::Cancelled).await? {
            return Err(missing());
        }
        transaction.commit().await.step("cancel a replay")
    }

    /// Tells whether it was running.
    async fn end_replay(
        &self,
        connection: &mut AnyConnection,
        replay_id: &ReplayId,
        state: ReplayState,
    ) -> Result<bool, StoreError> {
        let cursor = CursorName::of_replay(replay_id);
        let query = self.database.query(sql::DELETE_CURSORS).bind(cursor.as_str());
        query.execute(&mut *connection).await.step("forget the cursors of a replay")?;
        let query = self.database.query(sql::END_REPLAY).bind(replay_id.as_str()).bind(state.as_str());
        let query = query.bind(self.clock.now().as_nanos());
        let ended = query.execute(&mut *connection).await.step("end a replay")?.rows_affected();
        Ok(ended == 1)
    }
}

fn replay(row: &AnyRow) -> Result<Replay, StoreError> {
    Ok(Replay {
        replay_id: parse_stored("replay id", text(row, "replay_id")?)?,
        connector_id: parse_stored("connector id", text(row, "connector_id")?)?,
        account_id: parse_stored("account id", text(row, "account_id")?)?,
        since: time(row, "since")?,
        until: time(row, "until")?,
        state: parse_stored("replay state", text(row, "state")?)?,
        requested_at: time(row, "requested_at")?,
        done_at: optional_time(row, "done_at")?,
    })
}
