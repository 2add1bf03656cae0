//! Integrations: the readers and producers that an account has registered.

use daybook_events::{AccountId, Actor, AuditRecord, Grant, IntegrationId, Timestamp};
use sqlx::any::AnyRow;

use super::{Catalog, named_enum, text, time};
use crate::{
    error::{Step, StoreError},
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
        let record = AuditRecord {
            action: "create",
            object_type: "sa",
            object_uuid: integration.integration_id.to_string(),
            aux_uuid: None,
            aux_info: Some(name.to_owned()),
        };
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

    /// Enables, disables or removes an integration. Its tokens follow at once.
    ///
    /// # Errors
    ///
    /// `NotFound`: no such integration in the account, or it was removed.
    pub async fn set_integration_state(
        &self,
        grant: &Grant,
        actor: &Actor,
        integration_id: &IntegrationId,
        state: IntegrationState,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change an integration")?;
        let changed = self
            .database
            .query(sql::UPDATE_INTEGRATION_STATE)
            .bind(integration_id.as_str())
            .bind(grant.account().as_str())
            .bind(state.as_str())
            .execute(&mut *transaction)
            .await
            .step("change an integration")?
            .rows_affected();
        if changed == 0 {
            return Err(StoreError::Missing { what: "integration", name: integration_id.to_string() });
        }
        let record = AuditRecord {
            action: if state == IntegrationState::Removed { "delete" } else { "update" },
            object_type: "sa",
            object_uuid: integration_id.to_string(),
            aux_uuid: None,
            aux_info: Some(state.to_string()),
        };
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("change an integration")
    }
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
