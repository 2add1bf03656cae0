//! Adding, listing, changing and removing connectors.

use std::collections::BTreeMap;

use daybook_events::{Actor, AuditRecord, ConnectorId, Grant, HubGrant};
use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::{
    Connector, ConnectorChange, ConnectorNotice, ConnectorState, Direction, NewConnector, WhichDeadLetters,
    find_own_connector, lock_own_connector, rows,
};
use crate::{
    catalog::{Catalog, number},
    cursors::CursorName,
    error::{OrExists, Step, StoreError},
    sql::{self, Statement},
};

/// Whatever belongs to a connector, in the order in which it goes with it: replays after their cursors.
const BELONGINGS: [Statement; 7] = [
    sql::DELETE_REPLAY_CURSORS,
    sql::DELETE_REPLAYS,
    sql::DELETE_SOURCE_CURSORS,
    sql::DELETE_CONNECTOR_HEALTH,
    sql::DELETE_CONNECTOR_HOURS,
    sql::DELETE_CONNECTOR_NOTICES,
    sql::DELETE_CONNECTOR_ATTEMPTS,
];

impl Catalog {
    /// Adds a connector under an id that the caller has drawn, because its secrets are sealed under it.
    ///
    /// # Errors
    ///
    /// `Conflict`: the name is taken.
    pub async fn add_connector(
        &self,
        grant: &Grant,
        actor: &Actor,
        connector_id: ConnectorId,
        new: NewConnector,
    ) -> Result<Connector, StoreError> {
        let now = self.clock.now();
        let connector = Connector {
            connector_id,
            account_id: grant.account().clone(),
            direction: new.direction,
            kind: new.kind,
            name: new.name,
            state: new.state,
            settings: new.settings,
            sealed_secrets: new.sealed_secrets,
            origin: new.origin,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        let mut transaction = self.database.writers().begin().await.step("add a connector")?;
        let query = self.database.query(sql::INSERT_CONNECTOR).bind(connector.connector_id.as_str());
        let query = query.bind(connector.account_id.as_str()).bind(connector.direction.as_str()).bind(&connector.kind);
        let query = query.bind(&connector.name).bind(connector.state.as_str()).bind(connector.settings_json());
        let query = query.bind(connector.sealed_secrets.clone()).bind(connector.origin.as_str()).bind(now.as_nanos());
        if query.execute(&mut *transaction).await.step("add a connector")?.rows_affected() == 0 {
            return Err(StoreError::Exists { what: connector.direction.as_str(), name: connector.name });
        }
        let record = AuditRecord::new("create", "sa", &connector.connector_id, &connector.name)
            .with_change(Value::Null, connector.to_value());
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("add a connector")?;
        Ok(connector)
    }

    /// The connectors of an account in one direction, by name, without removed ones.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_connectors(&self, grant: &Grant, direction: Direction) -> Result<Vec<Connector>, StoreError> {
        let query = self.database.query(sql::LIST_CONNECTORS).bind(grant.account().as_str()).bind(direction.as_str());
        query.fetch_all(self.database.readers()).await.step("list connectors")?.iter().map(rows::connector).collect()
    }

    /// The connectors of every account, active and paused ones, for the workers.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_all_connectors(&self, _grant: HubGrant) -> Result<Vec<Connector>, StoreError> {
        let query = self.database.query(sql::LIST_ALL_CONNECTORS);
        query.fetch_all(self.database.readers()).await.step("list connectors")?.iter().map(rows::connector).collect()
    }

    /// A number that grows with every change of any connector, cheap enough to ask for every second.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn revision_of_connectors(&self, _grant: HubGrant) -> Result<i64, StoreError> {
        let query = self.database.query(sql::SUM_CONNECTOR_REVISIONS);
        number(&query.fetch_one(self.database.readers()).await.step("look for changed connectors")?, "revisions")
    }

    /// One connector of an account, a removed one too.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had one with this id.
    pub async fn find_connector(&self, grant: &Grant, connector_id: &ConnectorId) -> Result<Connector, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await
    }

    /// Changes a connector's name, settings or secrets; what is the same already is no change.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account has no such connector, or it was removed. `Conflict`: the name is taken.
    pub async fn change_connector(
        &self,
        grant: &Grant,
        actor: &Actor,
        connector_id: &ConnectorId,
        change: ConnectorChange,
    ) -> Result<Connector, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change a connector")?;
        let before = lock_own_connector(&self.database, &mut transaction, grant, connector_id).await?;
        let mut after = before.clone();
        after.name = change.name.unwrap_or(after.name);
        after.settings = change.settings.unwrap_or(after.settings);
        after.sealed_secrets = change.sealed_secrets.unwrap_or(after.sealed_secrets);
        if after == before {
            return Ok(before);
        }
        self.update_connector(&mut transaction, &mut after).await?;
        let (was, is) = before.difference(&after);
        let record = AuditRecord::new("update", "sa", connector_id, &after.name).with_change(was, is);
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("change a connector")?;
        Ok(after)
    }

    /// Keeps settings of a connector among its sealed secrets from now on. Nothing of what it does changes, so that no audit
    /// event tells of it, least of all what was in them. One that somebody has changed since it was read stays as it is.
    ///
    /// # Errors
    ///
    /// `NotFound`: it was removed.
    pub async fn seal_connector_settings(
        &self,
        grant: HubGrant,
        connector: &Connector,
        settings: BTreeMap<String, String>,
        sealed_secrets: Vec<u8>,
    ) -> Result<Connector, StoreError> {
        let account = grant.account(connector.account_id.clone());
        let mut transaction = self.database.writers().begin().await.step("seal settings of a connector")?;
        let before = lock_own_connector(&self.database, &mut transaction, &account, &connector.connector_id).await?;
        if before.revision != connector.revision {
            return Ok(before);
        }
        let mut after = Connector { settings, sealed_secrets, ..before };
        self.update_connector(&mut transaction, &mut after).await?;
        transaction.commit().await.step("seal settings of a connector")?;
        Ok(after)
    }

    /// Pauses, resumes or removes a connector. A removed one keeps its row alone: its secrets are wiped, and its cursors,
    /// replays, dead letters and whatever is known of how it fared are gone.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account has no such connector, or it was removed.
    pub async fn set_connector_state(
        &self,
        grant: &Grant,
        actor: &Actor,
        connector_id: &ConnectorId,
        state: ConnectorState,
    ) -> Result<Connector, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change a connector")?;
        let before = lock_own_connector(&self.database, &mut transaction, grant, connector_id).await?;
        if before.state == state {
            return Ok(before);
        }
        let mut after = Connector { state, ..before.clone() };
        if state == ConnectorState::Removed {
            after.sealed_secrets.clear();
        }
        self.update_connector(&mut transaction, &mut after).await?;
        let action = if state == ConnectorState::Removed { "delete" } else { "update" };
        let record =
            AuditRecord::new(action, "sa", connector_id, &after.name).with_info(state.to_string()).with_change(
                before.told(json!({"state": before.state.as_str()})),
                after.told(json!({"state": state.as_str()})),
            );
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        if state == ConnectorState::Removed {
            self.remove_belongings(&mut transaction, connector_id).await?;
        }
        transaction.commit().await.step("change a connector")?;
        Ok(after)
    }

    /// Announces something of a connector as an audit event of its account, once: false when that was done before.
    ///
    /// # Errors
    ///
    /// `NotFound`: it was removed. `Unavailable`, `StorageFull` or `Internal`; nothing was announced.
    pub async fn announce_connector(
        &self,
        grant: HubGrant,
        actor: &Actor,
        connector: &Connector,
        notice: &ConnectorNotice,
    ) -> Result<bool, StoreError> {
        let (id, account) = (&connector.connector_id, grant.account(connector.account_id.clone()));
        let mut transaction = self.database.writers().begin().await.step("announce something of a connector")?;
        lock_own_connector(&self.database, &mut transaction, &account, id).await?;
        let query = self.database.query(sql::INSERT_CONNECTOR_NOTICE).bind(id.as_str()).bind(&notice.key);
        let claimed = query.execute(&mut *transaction).await.step("announce something of a connector")?;
        if claimed.rows_affected() == 0 {
            return Ok(false);
        }
        let record = AuditRecord::new("update", "sa", id, &connector.name).with_info(notice.words.clone());
        self.audit(&mut transaction, account.account(), actor, record).await?;
        transaction.commit().await.step("announce something of a connector")?;
        Ok(true)
    }

    /// Writes what a locked connector is now, as its next revision.
    async fn update_connector(
        &self,
        connection: &mut AnyConnection,
        connector: &mut Connector,
    ) -> Result<(), StoreError> {
        connector.revision += 1;
        connector.updated_at = self.clock.now();
        let query = self.database.query(sql::UPDATE_CONNECTOR).bind(connector.connector_id.as_str());
        let query = query.bind(&connector.name).bind(connector.state.as_str()).bind(connector.settings_json());
        let query = query.bind(connector.sealed_secrets.clone()).bind(connector.revision);
        let query = query.bind(connector.updated_at.as_nanos());
        let changed = query.execute(connection).await;
        changed.or_exists("change a connector", connector.direction.as_str(), &connector.name).map(|_| ())
    }

    async fn remove_belongings(
        &self,
        connection: &mut AnyConnection,
        connector_id: &ConnectorId,
    ) -> Result<(), StoreError> {
        let cursor = CursorName::of_destination(connector_id);
        let query = self.database.query(sql::DELETE_CURSORS).bind(cursor.as_str());
        query.execute(&mut *connection).await.step("forget the cursors of a connector")?;
        let (first, last) = WhichDeadLetters::All.numbers();
        let query = self.database.query(sql::DELETE_DEAD_LETTERS).bind(connector_id.as_str()).bind(first).bind(last);
        query.execute(&mut *connection).await.step("forget the dead letters of a connector")?;
        for statement in BELONGINGS {
            let query = self.database.query(statement).bind(connector_id.as_str());
            query.execute(&mut *connection).await.step("forget what belongs to a connector")?;
        }
        Ok(())
    }
}
