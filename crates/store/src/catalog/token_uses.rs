//! How bearer tokens are used: counts by the hour, and the last refusal of each kind.

use daybook_events::{AccountId, Grant, HubGrant, Timestamp, TokenId};
use sqlx::any::AnyRow;

use super::{Catalog, TokenUse, number, text, time};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

pub(crate) const HOUR_NANOS: i64 = 3_600_000_000_000;

/// What a token did in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHour {
    /// Which token.
    pub token_id: TokenId,
    /// When the hour began.
    pub begins_at: Timestamp,
    /// Requests.
    pub requests: i64,
    /// Events read or appended.
    pub events: i64,
}

/// Requests that were refused, of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefusal {
    /// Whose token it was, if that is known.
    pub account_id: Option<AccountId>,
    /// Which token, if that is known.
    pub token_id: Option<TokenId>,
    /// Why, by a short code: `expired`, `revoked`, `feature`…
    pub reason: String,
    /// What was asked for; may be empty.
    pub feature: String,
    /// When last.
    pub refused_at: Timestamp,
    /// From which IP address.
    pub address: String,
    /// With which client.
    pub user_agent: String,
    /// How many, so far.
    pub requests: i64,
}

impl Catalog {
    /// Adds uses of tokens to what is known, in one transaction.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`; nothing was recorded.
    pub async fn record_token_uses(&self, uses: &[TokenUse], refusals: &[TokenRefusal]) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("record the use of tokens")?;
        for TokenUse { token_id, used } in uses {
            let query = self.database.query(sql::RECORD_TOKEN_USE).bind(token_id.as_str()).bind(&used.feature);
            let query = query.bind(used.last_used_at.as_nanos()).bind(&used.address).bind(&used.user_agent);
            let query = query.bind(used.requests).bind(used.events).bind(used.position.get());
            query.execute(&mut *transaction).await.step("record the use of a token")?;
            let query = self.database.query(sql::RECORD_TOKEN_HOUR).bind(token_id.as_str());
            let query = query.bind(hour_of(used.last_used_at)).bind(used.requests).bind(used.events);
            query.execute(&mut *transaction).await.step("record the hour of a token")?;
        }
        for refusal in refusals {
            let query = self.database.query(sql::RECORD_TOKEN_REFUSAL);
            let query = query.bind(refusal.account_id.as_ref().map_or("", AccountId::as_str));
            let query = query.bind(refusal.token_id.as_ref().map_or("", TokenId::as_str)).bind(&refusal.reason);
            let query = query.bind(&refusal.feature).bind(refusal.refused_at.as_nanos()).bind(&refusal.address);
            let query = query.bind(&refusal.user_agent).bind(refusal.requests);
            query.execute(&mut *transaction).await.step("record the refusal of a token")?;
        }
        transaction.commit().await.step("record the use of tokens")
    }

    /// What the tokens of an account did since a time, by hour.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_token_hours(&self, grant: &Grant, since: Timestamp) -> Result<Vec<TokenHour>, StoreError> {
        let query = self.database.query(sql::LIST_TOKEN_HOURS).bind(grant.account().as_str()).bind(hour_of(since));
        let rows = query.fetch_all(self.database.readers()).await.step("list the hours of tokens")?;
        let hour = |row: &AnyRow| {
            Ok(TokenHour {
                token_id: parse_stored("token id", text(row, "token_id")?)?,
                begins_at: Timestamp::from_nanos(number(row, "hour")? * HOUR_NANOS),
                requests: number(row, "requests")?,
                events: number(row, "events")?,
            })
        };
        rows.iter().map(hour).collect()
    }

    /// The last refusals of an account's tokens since a time, newest first.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_token_refusals(&self, grant: &Grant, since: Timestamp) -> Result<Vec<TokenRefusal>, StoreError> {
        self.refusals(grant.account().as_str(), since).await
    }

    /// The last refusals of tokens that nobody knows since a time, newest first.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_stray_refusals(&self, _: HubGrant, since: Timestamp) -> Result<Vec<TokenRefusal>, StoreError> {
        self.refusals("", since).await
    }

    async fn refusals(&self, account: &str, since: Timestamp) -> Result<Vec<TokenRefusal>, StoreError> {
        let query = self.database.query(sql::LIST_TOKEN_REFUSALS).bind(account).bind(since.as_nanos());
        let rows = query.fetch_all(self.database.readers()).await.step("list the refusals of tokens")?;
        let refusal = |row: &AnyRow| {
            let token_id = text(row, "token_id")?;
            Ok(TokenRefusal {
                account_id: account.parse().ok(),
                token_id: token_id.parse().ok(),
                reason: text(row, "reason")?,
                feature: text(row, "feature")?,
                refused_at: time(row, "refused_at")?,
                address: text(row, "address")?,
                user_agent: text(row, "user_agent")?,
                requests: number(row, "requests")?,
            })
        };
        rows.iter().map(refusal).collect()
    }

    /// Forgets what tokens did before a time.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn forget_token_hours(&self, before: Timestamp) -> Result<(), StoreError> {
        let query = self.database.query(sql::DELETE_OLD_TOKEN_HOURS).bind(hour_of(before));
        query.execute(self.database.writers()).await.step("forget the hours of tokens").map(|_| ())
    }
}

/// The number of the hour that a time is in.
pub(crate) fn hour_of(time: Timestamp) -> i64 {
    time.as_nanos().div_euclid(HOUR_NANOS)
}
