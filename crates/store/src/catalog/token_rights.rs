//! What a bearer token may do, which can be changed after it was issued, and its approaching end.

use std::collections::BTreeSet;

use daybook_events::{AccountId, Actor, Feature, Grant, HubGrant, IntegrationId, Networks, Timestamp, TokenId};
use serde_json::{Value, json};
use sqlx::any::AnyRow;

use super::{
    Catalog, TokenRow, text, time,
    tokens::{join_features, token_record},
};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

/// What a token may do, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenRights {
    /// What it may read, or append to.
    pub features: BTreeSet<Feature>,
    /// Until when it is good; `None` for ever.
    pub expires_at: Option<Timestamp>,
    /// From where it may be used.
    pub networks: Networks,
    /// Requests it may make in a minute; `None` for as many as the account.
    pub requests_per_minute: Option<u32>,
}

/// A token whose end is near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingToken {
    /// Its id.
    pub token_id: TokenId,
    /// Whose.
    pub integration_id: IntegrationId,
    /// The name of that.
    pub integration_name: String,
    /// Of which account.
    pub account_id: AccountId,
    /// Its name.
    pub name: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl TokenRights {
    /// Member by member, for people.
    pub(super) fn to_value(&self) -> Value {
        json!({
            "features": self.features.iter().map(Feature::as_str).collect::<Vec<_>>(),
            "expires_at": self.expires_at.map(|time| time.to_string()),
            "networks": self.networks.to_string(),
            "requests_per_minute": self.requests_per_minute,
        })
    }
}

impl Catalog {
    /// Changes what a live token may do. Its text stays the same.
    ///
    /// # Errors
    ///
    /// `NotFound`: no live token of the account has this id.
    pub async fn change_token_rights(
        &self,
        grant: &Grant,
        actor: &Actor,
        token: &TokenRow,
        rights: &TokenRights,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change the rights of a token")?;
        let query = self.database.query(sql::UPDATE_TOKEN_RIGHTS).bind(token.token_id.as_str());
        let query = query.bind(grant.account().as_str()).bind(join_features(&rights.features));
        let query = query.bind(rights.expires_at.map_or(0, Timestamp::as_nanos)).bind(rights.networks.to_string());
        let query = query.bind(i64::from(rights.requests_per_minute.unwrap_or(0)));
        if query.execute(&mut *transaction).await.step("change the rights of a token")?.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "live token", name: token.token_id.to_string() });
        }
        let record = token_record("update", &token.token_id, &token.integration_id, &token.name)
            .with_change(token.rights.to_value(), rights.to_value());
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("change the rights of a token")
    }

    /// Live tokens that end after `from` and until `until`, on every account.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_ending_tokens(
        &self,
        _grant: HubGrant,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<EndingToken>, StoreError> {
        let query = self.database.query(sql::LIST_ENDING_TOKENS).bind(from.as_nanos()).bind(until.as_nanos());
        let rows = query.fetch_all(self.database.readers()).await.step("list tokens that end")?;
        let ending = |row: &AnyRow| {
            Ok(EndingToken {
                token_id: parse_stored("token id", text(row, "token_id")?)?,
                integration_id: parse_stored("integration id", text(row, "integration_id")?)?,
                integration_name: text(row, "integration_name")?,
                account_id: parse_stored("account id", text(row, "account_id")?)?,
                name: text(row, "name")?,
                expires_at: time(row, "expires_at")?,
            })
        };
        rows.iter().map(ending).collect()
    }

    /// Announces that a token ends in so many days (0: it has ended), once: false when that was done before.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`; nothing was announced.
    pub async fn announce_token_end(
        &self,
        grant: HubGrant,
        actor: &Actor,
        token: &EndingToken,
        days: u32,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("announce the end of a token")?;
        let query = self.database.query(sql::INSERT_TOKEN_NOTICE).bind(token.token_id.as_str());
        let query = query.bind(token.expires_at.as_nanos()).bind(i64::from(days));
        if query.execute(&mut *transaction).await.step("announce the end of a token")?.rows_affected() == 0 {
            return Ok(false);
        }
        let (action, info) = match days {
            0 => ("expire", format!("{} of {} has expired", token.name, token.integration_name)),
            1 => ("update", format!("{} of {} expires within 1 day", token.name, token.integration_name)),
            _ => ("update", format!("{} of {} expires within {days} days", token.name, token.integration_name)),
        };
        let record = token_record(action, &token.token_id, &token.integration_id, &token.name)
            .with_info(info)
            .with_change(Value::Null, json!({"expires_at": token.expires_at.to_string()}));
        let account = grant.account(token.account_id.clone());
        self.audit(&mut transaction, account.account(), actor, record).await?;
        transaction.commit().await.step("announce the end of a token")?;
        Ok(true)
    }
}
