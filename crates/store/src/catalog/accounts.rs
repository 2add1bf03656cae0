//! Accounts: the tenants of a hub.

use daybook_events::{AccountId, Actor, AuditRecord, Grant, HubGrant, Role, Timestamp};
use serde_json::{Value, json};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Catalog, Person, number, text, time};
use crate::{
    error::{OrExists, Step, StoreError},
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
        let mut transaction = self.database.writers().begin().await.step("add an account")?;
        let account = self.insert_account(&mut transaction, actor, name, retention_days).await?;
        transaction.commit().await.step("add an account")?;
        Ok(account)
    }

    /// Adds an account that a person owns from the start.
    ///
    /// # Errors
    ///
    /// `Conflict`: the name is taken.
    pub async fn add_owned_account(
        &self,
        _grant: HubGrant,
        actor: &Actor,
        owner: &Person,
        name: &str,
    ) -> Result<Account, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("add an account")?;
        let account = self.insert_account(&mut transaction, actor, name, None).await?;
        self.join(&mut transaction, &account.account_id, actor, owner, Role::Owner).await?;
        transaction.commit().await.step("add an account")?;
        Ok(account)
    }

    pub(super) async fn insert_account(
        &self,
        connection: &mut AnyConnection,
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
        let query = self.database.query(sql::INSERT_ACCOUNT).bind(account.account_id.as_str()).bind(name);
        let query = query.bind(i64::from(retention_days.unwrap_or(0))).bind(account.created_at.as_nanos());
        if query.execute(&mut *connection).await.step("add an account")?.rows_affected() == 0 {
            return Err(StoreError::Exists { what: "account", name: name.to_owned() });
        }
        let record = AuditRecord::new("create", "account", &account.account_id, name)
            .with_change(Value::Null, json!({"name": name, "retention_days": retention_days}));
        self.audit(connection, &account.account_id, actor, record).await?;
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
        grant: &Grant,
        actor: &Actor,
        retention_days: Option<u32>,
    ) -> Result<Account, StoreError> {
        let before = self.own_account(grant).await?;
        let mut transaction = self.database.writers().begin().await.step("change the retention")?;
        let query = self.database.query(sql::UPDATE_ACCOUNT_RETENTION).bind(grant.account().as_str());
        let query = query.bind(i64::from(retention_days.unwrap_or(0)));
        query.execute(&mut *transaction).await.step("change the retention")?;
        let days = |days: Option<u32>| days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
        let record = AuditRecord::new("update", "account", grant.account(), &before.name)
            .with_info(format!("retention: {} -> {}", days(before.retention_days), days(retention_days)))
            .with_change(json!({"retention_days": before.retention_days}), json!({"retention_days": retention_days}));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("change the retention")?;
        Ok(Account { retention_days, ..before })
    }

    /// Renames an account.
    ///
    /// # Errors
    ///
    /// `NotFound`; or `Conflict`: the name is taken.
    pub async fn rename_account(&self, grant: &Grant, actor: &Actor, name: &str) -> Result<Account, StoreError> {
        let before = self.own_account(grant).await?;
        let mut transaction = self.database.writers().begin().await.step("rename an account")?;
        let query = self.database.query(sql::UPDATE_ACCOUNT_NAME).bind(grant.account().as_str()).bind(name);
        query.execute(&mut *transaction).await.or_exists("rename an account", "account", name)?;
        let record = AuditRecord::new("update", "account", grant.account(), name)
            .with_change(json!({"name": before.name}), json!({"name": name}));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("rename an account")?;
        Ok(Account { name: name.to_owned(), ..before })
    }

    async fn own_account(&self, grant: &Grant) -> Result<Account, StoreError> {
        self.find_account(HubGrant::of_the_hub_itself(), grant.account()).await
    }
}

pub(super) fn account(row: &AnyRow) -> Result<Account, StoreError> {
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
