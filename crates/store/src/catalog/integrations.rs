//! Integrations: the readers and producers that an account has registered.

use daybook_events::{AccountId, Actor, AuditRecord, Grant, IntegrationId, Timestamp};
use serde_json::{Value, json};
use sqlx::{
    Any,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use super::{Catalog, named_enum, text, time};
use crate::{
    error::{OrExists, Step, StoreError},
    log::parse_stored,
    sql,
};

named_enum! {
    /// What an integration connects, by the directory's names. A [`IntegrationKind::Source`] brings events in; every other
    /// kind reads them.
    IntegrationKind {
        /// Splunk.
        Splunk = "splunk",
        /// Elastic.
        Elastic = "elastic",
        /// Datadog.
        Datadog = "datadog",
        /// Sumo Logic.
        SumoLogic = "sumo-logic",
        /// Panther.
        Panther = "panther",
        /// Microsoft Sentinel.
        Sentinel = "sentinel",
        /// Google SecOps.
        GoogleSecops = "google-secops",
        /// CrowdStrike.
        Crowdstrike = "crowdstrike",
        /// IBM QRadar.
        Qradar = "qradar",
        /// Rapid7.
        Rapid7 = "rapid7",
        /// Exabeam.
        Exabeam = "exabeam",
        /// Cortex XSIAM.
        CortexXsiam = "cortex-xsiam",
        /// Devo.
        Devo = "devo",
        /// LevelBlue USM.
        LevelblueUsm = "levelblue-usm",
        /// Grove.
        Grove = "grove",
        /// WitFoo Conductor.
        Witfoo = "witfoo",
        /// Query.
        Query = "query",
        /// Monad.
        Monad = "monad",
        /// Matano.
        Matano = "matano",
        /// Tracecat.
        Tracecat = "tracecat",
        /// Any other reader.
        Other = "other",
        /// A producer: its tokens ingest.
        Source = "source",
    }
}

named_enum! {
    /// Whether an integration's tokens are honoured.
    IntegrationState {
        /// They are.
        Active = "active",
        /// They are not, until it is active again.
        Disabled = "disabled",
        /// Never again; kept so that old audit events can be explained.
        Removed = "removed",
    }
}

/// A registered reader or producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its id.
    pub integration_id: IntegrationId,
    /// Whose.
    pub account_id: AccountId,
    /// What it connects.
    pub kind: IntegrationKind,
    /// Its name, unique among the account's integrations.
    pub name: String,
    /// Whether its tokens are honoured.
    pub state: IntegrationState,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Catalog {
    /// Adds an integration.
    ///
    /// # Errors
    ///
    /// `Conflict`: the name is taken.
    pub async fn add_integration(
        &self,
        grant: &Grant,
        actor: &Actor,
        kind: IntegrationKind,
        name: &str,
    ) -> Result<Integration, StoreError> {
        let integration = Integration {
            integration_id: IntegrationId::random(),
            account_id: grant.account().clone(),
            kind,
            name: name.to_owned(),
            state: IntegrationState::Active,
            created_at: self.clock.now(),
        };
        let mut transaction = self.database.writers().begin().await.step("add an integration")?;
        let added = self
            .database
            .query(sql::INSERT_INTEGRATION)
            .bind(integration.integration_id.as_str())
            .bind(integration.account_id.as_str())
            .bind(kind.as_str())
            .bind(name)
            .bind(integration.created_at.as_nanos())
            .execute(&mut *transaction)
            .await
            .step("add an integration")?
            .rows_affected();
        if added == 0 {
            return Err(StoreError::Exists { what: "integration", name: name.to_owned() });
        }
        let record = AuditRecord::new("create", "sa", &integration.integration_id, name)
            .with_change(Value::Null, json!({"name": name, "kind": kind.as_str()}));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("add an integration")?;
        Ok(integration)
    }

    /// The integrations of an account, by name, without removed ones.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_integrations(&self, grant: &Grant) -> Result<Vec<Integration>, StoreError> {
        let query = self.database.query(sql::LIST_INTEGRATIONS).bind(grant.account().as_str());
        query.fetch_all(self.database.readers()).await.step("list integrations")?.iter().map(integration).collect()
    }

    /// One integration of an account, a removed one too.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had one with this id.
    pub async fn find_integration(&self, grant: &Grant, id: &str) -> Result<Integration, StoreError> {
        let query = self.database.query(sql::FIND_INTEGRATION).bind(id).bind(grant.account().as_str());
        let row = query.fetch_optional(self.database.readers()).await.step("find an integration")?;
        integration(&row.ok_or_else(|| missing(id))?)
    }

    /// Renames an integration.
    ///
    /// # Errors
    ///
    /// `NotFound`: it was removed. `Conflict`: the name is taken.
    pub async fn rename_integration(
        &self,
        grant: &Grant,
        actor: &Actor,
        integration: &Integration,
        name: &str,
    ) -> Result<(), StoreError> {
        let record = AuditRecord::new("update", "sa", &integration.integration_id, name)
            .with_change(json!({"name": integration.name}), json!({"name": name}));
        let query = self.database.query(sql::RENAME_INTEGRATION).bind(integration.integration_id.as_str());
        let query = query.bind(grant.account().as_str()).bind(name);
        self.change_integration(grant, actor, (query, name), record).await
    }

    /// Enables, disables, removes an integration, or brings a removed one back, disabled. Its tokens follow at once.
    ///
    /// # Errors
    ///
    /// `NotFound`: it was removed, or (to bring it back) it was not. `Conflict`: its name is taken by now.
    pub async fn set_integration_state(
        &self,
        grant: &Grant,
        actor: &Actor,
        integration: &Integration,
        state: IntegrationState,
    ) -> Result<(), StoreError> {
        let id = integration.integration_id.as_str();
        let is_back = integration.state == IntegrationState::Removed && state == IntegrationState::Disabled;
        let statement = if is_back { sql::RESTORE_INTEGRATION } else { sql::UPDATE_INTEGRATION_STATE };
        let mut query = self.database.query(statement).bind(id).bind(grant.account().as_str());
        if !is_back {
            query = query.bind(state.as_str());
        }
        let action = if state == IntegrationState::Removed { "delete" } else { "update" };
        let record = AuditRecord::new(action, "sa", id, &integration.name)
            .with_info(state.to_string())
            .with_change(json!({"state": integration.state.as_str()}), json!({"state": state.as_str()}));
        self.change_integration(grant, actor, (query, &integration.name), record).await
    }

    async fn change_integration(
        &self,
        grant: &Grant,
        actor: &Actor,
        (query, name): (Query<'_, Any, AnyArguments>, &str),
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change an integration")?;
        let changed = query.execute(&mut *transaction).await.or_exists("change an integration", "integration", name)?;
        if changed.rows_affected() == 0 {
            return Err(missing(&record.object_uuid));
        }
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("change an integration")
    }
}

fn missing(id: &str) -> StoreError {
    StoreError::Missing { what: "integration", name: id.to_owned() }
}

fn integration(row: &AnyRow) -> Result<Integration, StoreError> {
    Ok(Integration {
        integration_id: parse_stored("integration id", text(row, "integration_id")?)?,
        account_id: parse_stored("account id", text(row, "account_id")?)?,
        kind: parse_stored("integration kind", text(row, "kind")?)?,
        name: text(row, "name")?,
        state: parse_stored("integration state", text(row, "state")?)?,
        created_at: time(row, "created_at")?,
    })
}
