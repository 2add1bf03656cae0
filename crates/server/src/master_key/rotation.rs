//! A new master key for a store: drawn, on disk, and everything sealed under it, or nothing.
//!
//! It is done while no node runs: a node seals under the key that it knows, and would mix the two. SQLite has one node, whose
//! data directory this process holds; PostgreSQL tells whether any node attends ([`daybook_store::Attendance`]), and lets
//! none begin before the transaction has ended.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use daybook_events::{HubGrant, SystemClock};
use daybook_store::{Catalog, Database, DatabaseOptions, SealedKind, SealedSecret};
use serde::Serialize;

use super::{KeyPlace, MasterKey, Source, former_file, place_of};
use crate::{config::Security, data_dir::DataDir};

const HUB: HubGrant = HubGrant::of_the_hub_itself();

/// What a rotation has done.
#[derive(Debug, Serialize)]
pub(crate) struct Rotation {
    /// Tells the former key from others.
    pub(crate) former_key_id: String,
    pub(crate) key_id: String,
    /// How many secrets of the hub, signing keys and connectors are sealed under the new key.
    pub(crate) hub_secrets: usize,
    pub(crate) signing_keys: usize,
    pub(crate) connectors: usize,
    /// Where the new key is.
    pub(crate) key_file: PathBuf,
    /// Whether that is where the next start looks first; otherwise it has to be brought there.
    pub(crate) is_in_place: bool,
    /// Where the former key is, which opens backups from before.
    pub(crate) former_key_file: Option<PathBuf>,
}

/// Rotates the master key of a store that no node is at work on.
///
/// # Errors
///
/// A node is at work on it; the key at hand does not open everything; or something cannot be read or written. Whatever it
/// is, the next start finds the key that opens the store.
pub(crate) async fn rotate(options: DatabaseOptions, data_dir: &DataDir, security: &Security) -> Result<Rotation> {
    let database = Database::open(options).await?;
    let catalog = Catalog::new(database.clone(), Arc::new(SystemClock));
    let rotated = rotate_in(&catalog, &KeyPlace::of(security, data_dir.path())).await;
    database.close().await;
    rotated
}

async fn rotate_in(catalog: &Catalog, place: &KeyPlace) -> Result<Rotation> {
    let (mut resealing, secrets) = catalog.begin_resealing(HUB).await?;
    if secrets.is_empty() {
        bail!("nothing is sealed in this store yet: start the hub once");
    }
    let held = place.open(&secrets)?;
    if held.is_pending {
        bail!(
            "the key of the rotation before is still in {}: bring it to where the configuration has the key from first",
            place.pending_file.display()
        );
    }
    let key = MasterKey::random()?;
    let resealed = secrets.iter().map(|secret| reseal(secret, &held.key, &key)).collect::<Result<Vec<_>>>()?;
    place.stage(&key)?;
    for (secret, sealed) in secrets.iter().zip(resealed) {
        resealing.replace(secret, sealed).await?;
    }
    resealing.commit().await.context("the next start, or the next rotation, finds which of the two keys holds")?;
    let is_in_place = place.settle(Some(&held.key), &key);
    let rotation = place.rotation(&secrets, (&held.key, &key), is_in_place);
    tracing::info!(
        former_key_id = rotation.former_key_id,
        key_id = rotation.key_id,
        secrets = secrets.len(),
        "the master key was rotated"
    );
    Ok(rotation)
}

fn reseal(secret: &SealedSecret, former: &MasterKey, key: &MasterKey) -> Result<Vec<u8>> {
    let place = place_of(secret);
    let opened = former
        .sealer()
        .open(&place, &secret.sealed)
        .with_context(|| format!("open the {} {:?}; nothing was changed", secret.kind, secret.name))?;
    Ok(key.sealer().seal(&place, &opened))
}

impl KeyPlace {
    fn rotation(
        &self,
        secrets: &[SealedSecret],
        (former, key): (&MasterKey, &MasterKey),
        is_in_place: bool,
    ) -> Rotation {
        let count = |kind| secrets.iter().filter(|secret| secret.kind == kind).count();
        let own: Option<&Path> = match &self.source {
            Source::File(file) if is_in_place => Some(file),
            _ => None,
        };
        Rotation {
            former_key_id: former.id(),
            key_id: key.id(),
            hub_secrets: count(SealedKind::HubSecret),
            signing_keys: count(SealedKind::SigningKey),
            connectors: count(SealedKind::Connector),
            key_file: own.unwrap_or(&self.pending_file).to_owned(),
            is_in_place,
            former_key_file: own.map(former_file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, Overrides},
        tokens::hub_key,
    };

    struct Store {
        folder: tempfile::TempDir,
        catalog: Catalog,
        place: KeyPlace,
    }

    impl Store {
        /// With one secret of the hub in it.
        async fn sealed() -> (Self, [u8; 32]) {
            let folder = tempfile::tempdir().unwrap();
            let database = Database::open(DatabaseOptions::sqlite(folder.path())).await.unwrap();
            let catalog = Catalog::new(database, Arc::new(SystemClock));
            let security = Config::load(&Overrides::default()).unwrap().security;
            let place = KeyPlace::of(&security, folder.path());
            let store = Self { folder, catalog, place };
            let key = store.cursor_key().await;
            (store, key)
        }

        async fn cursor_key(&self) -> [u8; 32] {
            let held = self.place.open(&self.catalog.list_sealed(HUB).await.unwrap()).unwrap();
            hub_key(&self.catalog, &held.key.sealer(), "cursor key").await.unwrap()
        }

        fn master_key(&self) -> MasterKey {
            MasterKey::read(&self.folder.path().join("master.key")).unwrap().unwrap()
        }
    }

    #[tokio::test]
    async fn after_a_rotation_the_same_secrets_open_under_the_new_key_alone() {
        let (store, cursor_key) = Store::sealed().await;
        let former = store.master_key();
        let rotation = rotate_in(&store.catalog, &store.place).await.unwrap();
        let key = store.master_key();
        assert_eq!((rotation.former_key_id, rotation.key_id), (former.id(), key.id()));
        assert_eq!((rotation.hub_secrets, rotation.signing_keys, rotation.connectors), (1, 0, 0));
        assert_eq!((rotation.is_in_place, rotation.key_file), (true, store.folder.path().join("master.key")));
        assert_eq!(MasterKey::read(&rotation.former_key_file.unwrap()).unwrap(), Some(former.clone()));
        let secrets = store.catalog.list_sealed(HUB).await.unwrap();
        assert!(secrets.iter().all(|secret| key.opens(secret) && !former.opens(secret)));
        assert_eq!(store.cursor_key().await, cursor_key);
    }

    #[tokio::test]
    async fn a_secret_that_does_not_open_stops_the_rotation_before_anything_changes() {
        let (store, cursor_key) = Store::sealed().await;
        let other = MasterKey::random().unwrap().sealer().seal("device key", b"x");
        store.catalog.find_or_keep_secret(HUB, "device key", &other).await.unwrap();
        let (before, key) = (store.catalog.list_sealed(HUB).await.unwrap(), store.master_key());
        let refused = rotate_in(&store.catalog, &store.place).await.unwrap_err().to_string();
        assert_eq!(refused, "open the hub secret \"device key\"; nothing was changed");
        assert_eq!((store.catalog.list_sealed(HUB).await.unwrap(), store.master_key()), (before, key));
        assert!(!store.folder.path().join("master.key.new").exists());
        assert_eq!(store.cursor_key().await, cursor_key);
    }

    #[tokio::test]
    async fn an_empty_store_and_a_key_that_waits_are_not_rotated() {
        let (store, _) = Store::sealed().await;
        let given = KeyPlace {
            source: Source::Given(store.master_key()),
            pending_file: store.folder.path().join("master.key.new"),
        };
        let first = rotate_in(&store.catalog, &given).await.unwrap();
        assert_eq!((first.is_in_place, first.former_key_file), (false, None));
        let refused = rotate_in(&store.catalog, &given).await.unwrap_err().to_string();
        assert!(refused.starts_with("the key of the rotation before is still in "), "{refused}");

        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(DatabaseOptions::sqlite(folder.path())).await.unwrap();
        let empty = Catalog::new(database, Arc::new(SystemClock));
        let refused = rotate_in(&empty, &store.place).await.unwrap_err().to_string();
        assert_eq!(refused, "nothing is sealed in this store yet: start the hub once");
    }
}
