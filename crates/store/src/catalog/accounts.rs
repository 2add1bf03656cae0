//! Accounts: the tenants of a hub.

use daybook_events::{AccountId, Actor, AuditRecord, HubGrant, Timestamp};
use sqlx::any::AnyRow;

use super::{Catalog, number, text, time};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub account_id: AccountId,
    /// Its name, unique on the hub.
    pub name: String,
    /// Days for which its events are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Catalog {
    /// Adds an account.
    ///
    /// # Errors
    ///
    /// `Conflict`: the name is taken.
    pub async fn add_account(
        &self,
        _grant: HubGrant,
        actor: &Actor,
        name: &str,
        retention_days: Option<u32>,
    ) -> Result<Account, StoreError> {
        let account = Account {
            account_id: AccountId::random(),
            name: name.to_owned(),
            retention_days,
            created_at: self.clock.now(),
        };
        let mut transaction = self.database.writers().begin().await.step("add an account")?;
        let added = self
            .database
            .query(sql::INSERT_ACCOUNT)
            .bind(account.account_id.as_str())
            .bind(name)
            .bind(i64::from(retention_days.unwrap_or(0)))
            .bind(account.created_at.as_nanos())
            .execute(&mut *transaction)
            .await
            .step("add an account")?
            .rows_affected();
        if added == 0 {
            return Err(StoreError::Exists { what: "account", name: name.to_owned() });
        }
        let record = AuditRecord {
            action: "create",
            object_type: "account",
            object_uuid: account.account_id.to_string(),
            aux_uuid: None,
            aux_info: Some(name.to_owned()),
        };
        self.audit(&mut transaction, &account.account_id, actor, record).await?;
        transaction.commit().await.step("add an account")?;
        Ok(account)
    }

    /// Every account, by name.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_accounts(&self, _grant: HubGrant) -> Result<Vec<Account>, StoreError> {
        let rows = self.database.query(sql::LIST_ACCOUNTS).fetch_all(self.database.readers()).await;
        rows.step("list accounts")?.iter().map(account).collect()
    }

    /// One account.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn find_account(&self, _grant: HubGrant, account_id: &AccountId) -> Result<Account, StoreError> {
        let query = self.database.query(sql::FIND_ACCOUNT).bind(account_id.as_str());
        let row = query.fetch_optional(self.database.readers()).await.step("find an account")?;
        let missing = || StoreError::Missing { what: "account", name: account_id.to_string() };
        account(&row.ok_or_else(missing)?)
    }

    /// Changes how long an account's events are kept.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub async fn set_account_retention(
        &self,
        grant: HubGrant,
        actor: &Actor,
        account_id: &AccountId,
        retention_days: Option<u32>,
    ) -> Result<Account, StoreError> {
        let before = self.find_account(grant, account_id).await?;
        let mut transaction = self.database.writers().begin().await.step("change the retention")?;
        self.database
            .query(sql::UPDATE_ACCOUNT_RETENTION)
            .bind(account_id.as_str())
            .bind(i64::from(retention_days.unwrap_or(0)))
            .execute(&mut *transaction)
            .await
            .step("change the retention")?;
        let days = |days: Option<u32>| days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
        let record = AuditRecord {
            action: "update",
            object_type: "account",
            object_uuid: account_id.to_string(),
            aux_uuid: None,
            aux_info: Some(format!("retention: {} -> {}", days(before.retention_days), days(retention_days))),
        };
        self.audit(&mut transaction, account_id, actor, record).await?;
        transaction.commit().await.step("change the retention")?;
        Ok(Account { retention_days, ..before })
    }
}

fn account(row: &AnyRow) -> Result<Account, StoreError> {
    Ok(Account {
        account_id: parse_stored("account id", text(row, "account_id")?)?,
        name: text(row, "name")?,
        retention_days: retention_days(row)?,
        created_at: time(row, "created_at")?,
    })
}

/// Days of retention, of which 0 means for ever.
pub(super) fn retention_days(row: &AnyRow) -> Result<Option<u32>, StoreError> {
    number(row, "retention_days").map(|days| u32::try_from(days).ok().filter(|days| *days > 0))
}
