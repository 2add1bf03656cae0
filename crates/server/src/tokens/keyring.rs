//! The hub's signing keys: one active, retained ones that still verify, revoked ones that do not.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::{Context, Result};
use daybook_events::{Claims, Clock, HubGrant, KeyId};
use daybook_store::{Catalog, KeyStatus, SigningKeyRow, StoreError};

use super::{
    jwt::{self, Jwk, JwtError, Parts},
    seal::SecretSealer,
};

/// Signs and verifies.
#[derive(Debug, Clone)]
pub(crate) struct Keyring {
    catalog: Catalog,
    sealer: SecretSealer,
    clock: Arc<dyn Clock>,
    keys: Arc<RwLock<HashMap<KeyId, SigningKeyRow>>>,
}

impl Keyring {
    /// The keys of the hub; makes the first one.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or its keys were sealed with another master key.
    pub(crate) async fn open(
        catalog: Catalog,
        sealer: SecretSealer,
        clock: Arc<dyn Clock>,
        grant: HubGrant,
    ) -> Result<Self> {
        let keyring = Self { catalog, sealer, clock, keys: Arc::default() };
        keyring.refresh(grant).await.context("read the signing keys")?;
        if keyring.active().is_none() {
            keyring.rotate(grant).await.context("make the first signing key")?;
        }
        let active = keyring.active().context("there is no active signing key")?;
        keyring.open_private_key(&active)?;
        Ok(keyring)
    }

    /// Reads the keys anew: another node may have rotated them.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub(crate) async fn refresh(&self, grant: HubGrant) -> Result<(), StoreError> {
        let rows = self.catalog.list_signing_keys(grant).await?;
        let keys = rows.into_iter().map(|row| (row.key_id.clone(), row)).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Makes a new key the active one; the one that was still verifies.
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    pub(crate) async fn rotate(&self, grant: HubGrant) -> Result<KeyId, StoreError> {
        let (pkcs8, public_key) = jwt::generate_key();
        let key_id = KeyId::random();
        let row = SigningKeyRow {
            key_id: key_id.clone(),
            status: KeyStatus::Active,
            sealed_private_key: self.sealer.seal(key_id.as_str(), &pkcs8),
            public_key,
            created_at: self.clock.now(),
        };
        self.catalog.rotate_signing_key(grant, &row).await?;
        self.refresh(grant).await?;
        Ok(key_id)
    }

    /// Every key, newest first.
    #[must_use]
    pub(crate) fn list(&self) -> Vec<SigningKeyRow> {
        let mut keys: Vec<_> = self.keys.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        keys.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.key_id.clone())));
        keys
    }

    /// The public keys that verify, for others.
    #[must_use]
    pub(crate) fn public_keys(&self) -> Vec<Jwk> {
        let good = self.list().into_iter().filter(|key| key.status != KeyStatus::Revoked);
        good.filter_map(|key| Jwk::of(&key.key_id, &key.public_key)).collect()
    }

    /// Signs a token with the active key: the token, the digest of its signature, and the key.
    ///
    /// # Errors
    ///
    /// There is no active key, or it cannot be opened.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<(String, String, KeyId)> {
        let active = self.active().context("there is no active signing key")?;
        let key = self.open_private_key(&active)?;
        let (token, digest) = jwt::sign(&key, &active.key_id, claims);
        Ok((token, digest, active.key_id))
    }

    /// Verifies a token's signature with the key it names.
    pub(super) fn verify(&self, parts: &Parts<'_>) -> Result<(), JwtError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.get(&parts.key_id).ok_or(JwtError::UnknownKey)?;
        parts.verify(&key.public_key)
    }

    fn active(&self) -> Option<SigningKeyRow> {
        self.list().into_iter().find(|key| key.status == KeyStatus::Active)
    }

    fn open_private_key(&self, row: &SigningKeyRow) -> Result<ring::signature::EcdsaKeyPair> {
        let pkcs8 = self.sealer.open(row.key_id.as_str(), &row.sealed_private_key)?;
        jwt::read_key(&pkcs8).with_context(|| format!("read the signing key {}", row.key_id))
    }
}
