//! What the hub signs and seals with. Private parts come and go sealed: this crate never sees them open.

use daybook_events::{HubGrant, KeyId, Timestamp};
use sqlx::Row;

use super::{Catalog, named_enum, text, time};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

named_enum! {
    /// What a signing key may still do.
    KeyStatus {
        /// It signs and verifies.
        Active = "active",
        /// It verifies what it signed.
        Retained = "retained",
        /// Nothing: whatever it signed is refused.
        Revoked = "revoked",
    }
}

/// A token-signing key (ES256).
#[derive(Debug, Clone)]
pub struct SigningKeyRow {
    /// Its id (`kid`).
    pub key_id: KeyId,
    /// What it may still do.
    pub status: KeyStatus,
    /// The private key, PKCS #8, sealed.
    pub sealed_private_key: Vec<u8>,
    /// The public key, an uncompressed point of P-256 (65 bytes).
    pub public_key: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An administration token, as far as the hub knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministrationToken {
    /// SHA-256 of the token, hexadecimal.
    pub digest: String,
    /// Where it was made.
    pub name: String,
    /// When.
    pub created_at: Timestamp,
}

impl Catalog {
    /// Every signing key, newest first.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_signing_keys(&self, _grant: HubGrant) -> Result<Vec<SigningKeyRow>, StoreError> {
        let query = self.database.query(sql::LIST_SIGNING_KEYS);
        let rows = query.fetch_all(self.database.readers()).await.step("list signing keys")?;
        rows.iter()
            .map(|row| {
                Ok(SigningKeyRow {
                    key_id: parse_stored("key id", text(row, "key_id")?)?,
                    status: parse_stored("key status", text(row, "status")?)?,
                    sealed_private_key: row.try_get("sealed_private_key").step("read a signing key")?,
                    public_key: row.try_get("public_key").step("read a signing key")?,
                    created_at: time(row, "created_at")?,
                })
            })
            .collect()
    }

    /// Makes a key the active one; the one that was is retained.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn rotate_signing_key(&self, _grant: HubGrant, key: &SigningKeyRow) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("rotate the signing key")?;
        let retain = self.database.query(sql::RETAIN_ACTIVE_SIGNING_KEYS);
        retain.execute(&mut *transaction).await.step("retain the signing key")?;
        self.database
            .query(sql::INSERT_SIGNING_KEY)
            .bind(key.key_id.as_str())
            .bind(KeyStatus::Active.as_str())
            .bind(key.sealed_private_key.clone())
            .bind(key.public_key.clone())
            .bind(key.created_at.as_nanos())
            .execute(&mut *transaction)
            .await
            .step("insert a signing key")?;
        transaction.commit().await.step("rotate the signing key")
    }

    /// Revokes a retained key: every token it signed is refused from now on.
    ///
    /// # Errors
    ///
    /// `NotFound`: no retained key has this id (the active one is rotated first).
    pub async fn revoke_signing_key(&self, _grant: HubGrant, key_id: &KeyId) -> Result<(), StoreError> {
        let changed = self
            .database
            .query(sql::UPDATE_SIGNING_KEY_STATUS)
            .bind(key_id.as_str())
            .bind(KeyStatus::Retained.as_str())
            .bind(KeyStatus::Revoked.as_str())
            .execute(self.database.writers())
            .await
            .step("revoke a signing key")?
            .rows_affected();
        let missing = || StoreError::Missing { what: "retained signing key", name: key_id.to_string() };
        (changed == 1).then_some(()).ok_or_else(missing)
    }

    /// A sealed secret of the hub: the one there is, or this one from now on. All nodes get the same.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn find_or_keep_secret(
        &self,
        _grant: HubGrant,
        name: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let insert = self.database.query(sql::INSERT_HUB_SECRET).bind(name).bind(sealed);
        insert.execute(self.database.writers()).await.step("keep a secret")?;
        let find = self.database.query(sql::FIND_HUB_SECRET).bind(name);
        let row = find.fetch_one(self.database.writers()).await.step("find a secret")?;
        row.try_get("sealed").step("find a secret")
    }

    /// Registers an administration token by its digest; again is fine.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn add_administration_token(&self, _grant: HubGrant, digest: &str, name: &str) -> Result<(), StoreError> {
        let now = self.clock.now().as_nanos();
        let query = self.database.query(sql::INSERT_ADMINISTRATION_TOKEN).bind(digest).bind(name).bind(now);
        query.execute(self.database.writers()).await.step("register an administration token").map(|_| ())
    }

    /// Whose administration token has this digest, if any has.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn find_administration_token(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let query = self.database.query(sql::FIND_ADMINISTRATION_TOKEN).bind(digest);
        let row = query.fetch_optional(self.database.readers()).await.step("find an administration token")?;
        row.map(|row| text(&row, "name")).transpose()
    }

    /// Every administration token, by name.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_administration_tokens(&self, _grant: HubGrant) -> Result<Vec<AdministrationToken>, StoreError> {
        let query = self.database.query(sql::LIST_ADMINISTRATION_TOKENS);
        let rows = query.fetch_all(self.database.readers()).await.step("list administration tokens")?;
        rows.iter()
            .map(|row| {
                Ok(AdministrationToken {
                    digest: text(row, "token_digest")?,
                    name: text(row, "name")?,
                    created_at: time(row, "created_at")?,
                })
            })
            .collect()
    }

    /// Withdraws an administration token: its next request is refused.
    ///
    /// # Errors
    ///
    /// `NotFound`: there is none with this digest.
    pub async fn revoke_administration_token(&self, _grant: HubGrant, digest: &str) -> Result<(), StoreError> {
        let query = self.database.query(sql::DELETE_ADMINISTRATION_TOKEN).bind(digest);
        let deleted = query.execute(self.database.writers()).await.step("withdraw an administration token")?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "administration token", name: digest.to_owned() });
        }
        Ok(())
    }
}
