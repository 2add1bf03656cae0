//! Bearer tokens. The token itself is never here: its row holds the digest of its signature.

use std::collections::BTreeSet;

use daybook_events::{
    AccountId, Actor, AuditRecord, Feature, Grant, IntegrationId, KeyId, Networks, Position, Timestamp, TokenId,
};
use serde_json::{Value, json};
use sqlx::any::AnyRow;

use super::{
    Catalog, IntegrationKind, IntegrationState, KeyStatus, TokenRights, accounts::retention_days, number,
    optional_time, text, time,
};
use crate::{
    error::{OrExists, Step, StoreError},
    log::parse_stored,
    sql,
};

/// A token about to be registered.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its id.
    pub token_id: TokenId,
    /// Whose.
    pub integration_id: IntegrationId,
    /// Its name, unique among the integration's live tokens.
    pub name: String,
    /// What it may do.
    pub rights: TokenRights,
    /// SHA-256 of its signature segment, hexadecimal.
    pub signature_digest: String,
    /// What it was signed with.
    pub key_id: KeyId,
    /// When.
    pub issued_at: Timestamp,
    /// The token that it takes the place of, if any.
    pub replaces: Option<TokenId>,
}

/// A registered token, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub token_id: TokenId,
    /// Whose.
    pub integration_id: IntegrationId,
    /// The name of that.
    pub integration_name: String,
    /// The kind of that.
    pub kind: IntegrationKind,
    /// Its name.
    pub name: String,
    /// What it may do now.
    pub rights: TokenRights,
    /// The features that its text claims; it never gets others.
    pub claimed_features: BTreeSet<Feature>,
    /// The end that its text claims; `None` for none.
    pub claimed_expires_at: Option<Timestamp>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Who issued it, for people; empty for tokens of early versions.
    pub issued_by: String,
    /// The token that it takes the place of, if any.
    pub replaces: Option<TokenId>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// How it was used, by feature; `introspect` stands for introspection.
    pub uses: Vec<FeatureUse>,
}

/// What decides over a request with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenVerdict {
    /// The token.
    pub token_id: TokenId,
    /// Whose.
    pub integration_id: IntegrationId,
    /// Of which account.
    pub account_id: AccountId,
    /// Days for which that keeps its events; `None` for ever.
    pub retention_days: Option<u32>,
    /// What it may do.
    pub rights: TokenRights,
    /// What signed it.
    pub key_id: KeyId,
    /// Whether that may still verify.
    pub key_status: KeyStatus,
    /// What it connects.
    pub kind: IntegrationKind,
    /// Whether the integration is active.
    pub state: IntegrationState,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// How a token was used for one feature, so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureUse {
    /// Which feature.
    pub feature: String,
    /// When last.
    pub last_used_at: Timestamp,
    /// From where.
    pub address: String,
    /// With which client.
    pub user_agent: String,
    /// Requests.
    pub requests: i64,
    /// Events read or appended.
    pub events: i64,
    /// The last position it was served; 0 when it reads nothing.
    pub position: Position,
}

/// Uses of a token to add to what is known.
#[derive(Debug, Clone)]
pub struct TokenUse {
    /// Which token.
    pub token_id: TokenId,
    /// For what.
    pub used: FeatureUse,
}

impl Catalog {
    /// Registers a newly signed token.
    ///
    /// # Errors
    ///
    /// `Conflict`: a live token of the integration has the name. `NotFound`: no such integration in the account.
    pub async fn add_token(&self, grant: &Grant, actor: &Actor, token: &NewToken) -> Result<(), StoreError> {
        let integrations = self.list_integrations(grant).await?;
        if !integrations.iter().any(|integration| integration.integration_id == token.integration_id) {
            return Err(StoreError::Missing { what: "integration", name: token.integration_id.to_string() });
        }
        let mut transaction = self.database.writers().begin().await.step("register a token")?;
        let added = self
            .database
            .query(sql::INSERT_TOKEN)
            .bind(token.token_id.as_str())
            .bind(token.integration_id.as_str())
            .bind(grant.account().as_str())
            .bind(&token.name)
            .bind(join_features(&token.rights.features))
            .bind(&token.signature_digest)
            .bind(token.key_id.as_str())
            .bind(token.issued_at.as_nanos())
            .bind(token.rights.expires_at.map_or(0, Timestamp::as_nanos))
            .bind(token.rights.networks.to_string())
            .bind(i64::from(token.rights.requests_per_minute.unwrap_or(0)))
            .bind(&actor.name)
            .bind(token.replaces.as_ref().map_or("", TokenId::as_str))
            .execute(&mut *transaction)
            .await
            .step("register a token")?
            .rows_affected();
        if added == 0 {
            return Err(StoreError::Exists { what: "token", name: token.name.clone() });
        }
        let about = |action| token_record(action, &token.token_id, &token.integration_id, &token.name);
        let created = about("create").with_change(Value::Null, token.rights.to_value());
        self.audit(&mut transaction, grant.account(), actor, created).await?;
        self.audit(&mut transaction, grant.account(), actor, about("tverify")).await?;
        transaction.commit().await.step("register a token")
    }

    /// What is known of the token with this signature digest; `None` if nothing is.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn find_token(&self, signature_digest: &str) -> Result<Option<TokenVerdict>, StoreError> {
        let query = self.database.query(sql::FIND_TOKEN).bind(signature_digest);
        let row = query.fetch_optional(self.database.readers()).await.step("find a token")?;
        row.map(|row| verdict(&row)).transpose()
    }

    /// The tokens of an account with their use, newest first.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_tokens(&self, grant: &Grant) -> Result<Vec<TokenRow>, StoreError> {
        let account = grant.account().as_str();
        let uses = self.database.query(sql::LIST_TOKEN_USES).bind(account).fetch_all(self.database.readers());
        let uses = uses.await.step("list the use of tokens")?;
        let rows = self.database.query(sql::LIST_TOKENS).bind(account).fetch_all(self.database.readers());
        let mut tokens = rows.await.step("list tokens")?.iter().map(token).collect::<Result<Vec<_>, _>>()?;
        for row in &uses {
            let token_id = text(row, "token_id")?;
            if let Some(token) = tokens.iter_mut().find(|token| token.token_id.as_str() == token_id) {
                token.uses.push(feature_use(row)?);
            }
        }
        Ok(tokens)
    }

    /// Renames a live token.
    ///
    /// # Errors
    ///
    /// `NotFound`: no live token of the account has this id. `Conflict`: the name is taken.
    pub async fn rename_token(
        &self,
        grant: &Grant,
        actor: &Actor,
        token: &TokenRow,
        name: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("rename a token")?;
        let query = self.database.query(sql::RENAME_TOKEN).bind(token.token_id.as_str()).bind(grant.account().as_str());
        let renamed = query.bind(name).execute(&mut *transaction).await;
        let renamed = renamed.or_exists("rename a token", "token", name)?;
        if renamed.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "live token", name: token.token_id.to_string() });
        }
        let record = token_record("trename", &token.token_id, &token.integration_id, name)
            .with_change(json!({"name": token.name}), json!({"name": name}));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("rename a token")
    }

    /// Revokes a live token.
    ///
    /// # Errors
    ///
    /// `NotFound`: no live token of the account has this id.
    pub async fn revoke_token(&self, grant: &Grant, actor: &Actor, token: &TokenRow) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("revoke a token")?;
        let revoked = self
            .database
            .query(sql::REVOKE_TOKEN)
            .bind(token.token_id.as_str())
            .bind(grant.account().as_str())
            .bind(self.clock.now().as_nanos())
            .execute(&mut *transaction)
            .await
            .step("revoke a token")?
            .rows_affected();
        if revoked == 0 {
            return Err(StoreError::Missing { what: "live token", name: token.token_id.to_string() });
        }
        let record = token_record("trevoke", &token.token_id, &token.integration_id, &token.name)
            .with_change(json!({"state": "active"}), json!({"state": "revoked"}));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("revoke a token")
    }
}

pub(super) fn token_record(
    action: &'static str,
    token: &TokenId,
    integration: &IntegrationId,
    name: &str,
) -> AuditRecord {
    AuditRecord::new(action, "satoken", token, name).with_aux(integration)
}

pub(super) fn join_features(features: &BTreeSet<Feature>) -> String {
    features.iter().map(Feature::as_str).collect::<Vec<_>>().join(",")
}

fn split_features(row: &AnyRow, column: &'static str) -> Result<BTreeSet<Feature>, StoreError> {
    text(row, column)?.split(',').map(|name| parse_stored("feature", name.to_owned())).collect()
}

fn rights(row: &AnyRow) -> Result<TokenRights, StoreError> {
    let networks = text(row, "networks")?;
    let requests_per_minute = number(row, "requests_per_minute")?;
    Ok(TokenRights {
        features: split_features(row, "features")?,
        expires_at: optional_time(row, "expires_at")?,
        networks: parse_stored::<Networks>("networks", networks)?,
        requests_per_minute: u32::try_from(requests_per_minute).ok().filter(|requests| *requests > 0),
    })
}

fn verdict(row: &AnyRow) -> Result<TokenVerdict, StoreError> {
    Ok(TokenVerdict {
        token_id: parse_stored("token id", text(row, "token_id")?)?,
        integration_id: parse_stored("integration id", text(row, "integration_id")?)?,
        account_id: parse_stored("account id", text(row, "account_id")?)?,
        retention_days: retention_days(row)?,
        rights: rights(row)?,
        key_id: parse_stored("key id", text(row, "key_id")?)?,
        key_status: parse_stored("key status", text(row, "status")?)?,
        kind: parse_stored("integration kind", text(row, "kind")?)?,
        state: parse_stored("integration state", text(row, "state")?)?,
        issued_at: time(row, "issued_at")?,
        revoked_at: optional_time(row, "revoked_at")?,
    })
}

fn token(row: &AnyRow) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        token_id: parse_stored("token id", text(row, "token_id")?)?,
        integration_id: parse_stored("integration id", text(row, "integration_id")?)?,
        integration_name: text(row, "integration_name")?,
        kind: parse_stored("integration kind", text(row, "kind")?)?,
        name: text(row, "name")?,
        rights: rights(row)?,
        claimed_features: split_features(row, "claimed_features")?,
        claimed_expires_at: optional_time(row, "claimed_expires_at")?,
        issued_at: time(row, "issued_at")?,
        issued_by: text(row, "issued_by")?,
        replaces: text(row, "replaces")?.parse().ok(),
        revoked_at: optional_time(row, "revoked_at")?,
        uses: Vec::new(),
    })
}

fn feature_use(row: &AnyRow) -> Result<FeatureUse, StoreError> {
    Ok(FeatureUse {
        feature: text(row, "feature")?,
        last_used_at: time(row, "last_used_at")?,
        address: text(row, "address")?,
        user_agent: text(row, "user_agent")?,
        requests: number(row, "requests")?,
        events: number(row, "events")?,
        position: Position::new(number(row, "position")?),
    })
}
