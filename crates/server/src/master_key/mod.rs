//! The master key: where this node has it from, and which key opens the store.
//!
//! ```text
//!  [security] master_key, master_key_file, or master.key ── opens? ──▶ it is the one
//!                                                             │ no
//!  master.key.new, which a rotation left ───────────────── opens? ──▶ it takes the configured one's place
//! ```
//!
//! A rotation ([`rotation`]) has its new key on disk before its transaction commits, so that at every moment one of the two
//! opens everything. What it leaves to others: sealing itself ([`crate::tokens::SecretSealer`]).

mod attending;
mod rotation;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use daybook_store::{SealedKind, SealedSecret};

pub(crate) use attending::attend;
pub(crate) use rotation::{Rotation, rotate};

use crate::{
    config::Security,
    connectors::place_of_secrets,
    data_dir::{remove_private, write_private},
    tokens::{SealError, SecretSealer},
};

/// A key that seals what the store keeps secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MasterKey([u8; 32]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MasterKey({})", self.id())
    }
}

impl MasterKey {
    fn random() -> Result<Self> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).context("draw a random key")?;
        Ok(Self(key))
    }

    /// The key in a text: 32 bytes in base32, with padding or without.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let key = BASE32_NOPAD.decode(text.trim().trim_end_matches('=').as_bytes()).ok()?;
        key.try_into().ok().map(Self)
    }

    /// The key in a file; `None` if the file is not there.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds something else.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("read the master key {}", file.display()))?,
        };
        let key = Self::parse(&text);
        key.map(Some).with_context(|| format!("{} does not hold a 32-byte key in base32", file.display()))
    }

    fn write(&self, file: &Path) -> Result<()> {
        write_private(file, format!("{}\n", BASE32_NOPAD.encode(&self.0)).as_bytes())
    }

    /// Tells keys apart, and nothing of what they are: 16 hexadecimal digits.
    pub(crate) fn id(&self) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.0);
        HEXLOWER.encode(&ring::hmac::sign(&key, b"id of a master key").as_ref()[..8])
    }

    pub(crate) fn sealer(&self) -> SecretSealer {
        SecretSealer::new(&self.0)
    }

    fn opens(&self, secret: &SealedSecret) -> bool {
        opens(&self.sealer(), secret)
    }
}

fn opens(sealer: &SecretSealer, secret: &SealedSecret) -> bool {
    sealer.open(&place_of(secret), &secret.sealed).is_ok()
}

/// The name that a secret was sealed under.
fn place_of(secret: &SealedSecret) -> String {
    match secret.kind {
        SealedKind::HubSecret | SealedKind::SigningKey => secret.name.clone(),
        SealedKind::Connector => place_of_secrets(&secret.name),
    }
}

/// Where this node has its master key from.
#[derive(Debug)]
pub(crate) struct KeyPlace {
    source: Source,
    /// Where a rotation leaves the new key.
    pending_file: PathBuf,
}

#[derive(Debug)]
enum Source {
    /// A variable, or the configuration.
    Given(MasterKey),
    File(PathBuf),
}

/// The key that opens the store.
#[derive(Debug)]
pub(crate) struct HeldKey {
    pub(crate) key: MasterKey,
    /// It is a rotation's, and could not take the place of the configured one.
    is_pending: bool,
}

impl KeyPlace {
    /// As the configuration, which was validated, has it.
    pub(crate) fn of(security: &Security, data_dir: &Path) -> Self {
        let file = &security.master_key_file;
        let source = match MasterKey::parse(security.master_key.expose()) {
            Some(key) => Source::Given(key),
            None if file.as_os_str().is_empty() => Source::File(data_dir.join("master.key")),
            None => Source::File(file.clone()),
        };
        Self { source, pending_file: data_dir.join("master.key.new") }
    }

    /// The key that opens what is sealed in the store; where nothing is yet, the configured one, which is made if it is
    /// not there. What a rotation left is put in order.
    ///
    /// # Errors
    ///
    /// No key at hand opens it; or a file cannot be read or written.
    pub(crate) fn open(&self, sealed: &[SealedSecret]) -> Result<HeldKey> {
        let configured = self.configured()?;
        // A rotation replaces all or nothing: one secret tells for all.
        let Some(secret) = sealed.first() else {
            let key = configured.map_or_else(|| self.make(), Ok)?;
            return Ok(HeldKey { key, is_pending: false });
        };
        let pending = MasterKey::read(&self.pending_file)?;
        match (configured, pending) {
            (Some(key), pending) if key.opens(secret) => {
                if pending.is_some_and(|pending| pending != key) {
                    tracing::info!("a rotation of the master key was cut short and changed nothing");
                }
                remove_private(&self.pending_file)?;
                Ok(HeldKey { key, is_pending: false })
            }
            (former, Some(key)) if key.opens(secret) => {
                let is_pending = !self.settle(former.as_ref(), &key);
                Ok(HeldKey { key, is_pending })
            }
            _ => Err(SealError.into()),
        }
    }

    fn configured(&self) -> Result<Option<MasterKey>> {
        match &self.source {
            Source::Given(key) => Ok(Some(key.clone())),
            Source::File(file) => MasterKey::read(file),
        }
    }

    fn make(&self) -> Result<MasterKey> {
        let key = MasterKey::random()?;
        if let Source::File(file) = &self.source {
            key.write(file)?;
        }
        Ok(key)
    }

    /// Has a new key on disk before anything is sealed under it.
    fn stage(&self, key: &MasterKey) -> Result<()> {
        key.write(&self.pending_file)
    }

    /// Puts the staged key, under which everything is sealed by now, in the place of the configured one, of which a copy
    /// stays beside it: backups of the store need it. Whether that went well; if not, the log says what to do.
    fn settle(&self, former: Option<&MasterKey>, key: &MasterKey) -> bool {
        let file = self.pending_file.display();
        let Source::File(own) = &self.source else {
            tracing::warn!(%file, "the store is sealed under the key in this file: set [security] master_key to it");
            return false;
        };
        let kept = former.map_or(Ok(()), |former| former.write(&former_file(own)));
        match kept.and_then(|()| key.write(own)).and_then(|()| remove_private(&self.pending_file)) {
            Ok(()) => true,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(
                    error, %file, master_key_file = %own.display(),
                    "the store is sealed under the key in this file, which could not be put into master_key_file: do it"
                );
                false
            }
        }
    }
}

/// Where the key before a rotation is kept.
fn former_file(file: &Path) -> PathBuf {
    let mut former = file.as_os_str().to_owned();
    former.push(".former");
    former.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Secret;

    fn key(byte: u8) -> MasterKey {
        MasterKey([byte; 32])
    }

    /// The store's only secret, under a key.
    fn sealed_under(key: &MasterKey) -> [SealedSecret; 1] {
        let sealed = key.sealer().seal("cursor key", b"secret");
        [SealedSecret { kind: SealedKind::HubSecret, name: "cursor key".into(), sealed }]
    }

    struct Node {
        folder: tempfile::TempDir,
        place: KeyPlace,
    }

    impl Node {
        fn new(given: Option<&MasterKey>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let master_key = Secret::new(given.map_or_else(String::new, |key| BASE32_NOPAD.encode(&key.0)));
            let security = Security { master_key_file: PathBuf::new(), master_key };
            Self { place: KeyPlace::of(&security, folder.path()), folder }
        }

        fn file(&self, name: &str) -> Option<MasterKey> {
            MasterKey::read(&self.folder.path().join(name)).unwrap()
        }

        fn files(&self) -> [Option<MasterKey>; 3] {
            ["master.key", "master.key.new", "master.key.former"].map(|name| self.file(name))
        }

        fn write(&self, name: &str, key: &MasterKey) {
            key.write(&self.folder.path().join(name)).unwrap();
        }
    }

    #[test]
    fn a_key_is_made_once_for_an_empty_store_and_is_private() {
        let node = Node::new(None);
        let made = node.place.open(&[]).unwrap().key;
        assert_eq!(node.place.open(&[]).unwrap().key, made);
        assert_eq!(node.place.open(&sealed_under(&made)).unwrap().key, made);
        let mode = fs::metadata(node.folder.path().join("master.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{made:?}").contains(&BASE32_NOPAD.encode(&made.0)));
        fs::write(node.folder.path().join("master.key"), "not a key").unwrap();
        let refused = node.place.open(&[]).unwrap_err().to_string();
        assert!(refused.contains("does not hold a 32-byte key in base32"), "{refused}");
    }

    #[test]
    fn a_store_of_another_key_is_refused_and_no_key_is_made_for_it() {
        let node = Node::new(None);
        let refused = node.place.open(&sealed_under(&key(1))).unwrap_err().to_string();
        assert_eq!(refused, SealError.to_string());
        assert_eq!(node.files(), [None, None, None]);
        node.write("master.key", &key(2));
        node.write("master.key.new", &key(3));
        assert!(node.place.open(&sealed_under(&key(1))).is_err());
        assert_eq!(node.files(), [Some(key(2)), Some(key(3)), None], "nothing is thrown away");
    }

    #[test]
    fn a_rotation_cut_short_anywhere_leaves_a_key_that_opens() {
        let (old, new) = (key(1), key(2));
        // What is on disk, and what the store is sealed under, at every step of a rotation.
        let steps: [(&[(&str, &MasterKey)], &MasterKey); 6] = [
            (&[("master.key", &old)], &old),
            (&[("master.key", &old), ("master.key.new", &new)], &old),
            (&[("master.key", &old), ("master.key.new", &new)], &new),
            (&[("master.key", &old), ("master.key.new", &new), ("master.key.former", &old)], &new),
            (&[("master.key", &new), ("master.key.new", &new), ("master.key.former", &old)], &new),
            (&[("master.key", &new), ("master.key.former", &old)], &new),
        ];
        for (step, (files, sealed)) in steps.into_iter().enumerate() {
            let node = Node::new(None);
            for (name, key) in files {
                node.write(name, key);
            }
            let secrets = sealed_under(sealed);
            let held = node.place.open(&secrets).unwrap();
            assert_eq!((&held.key, held.is_pending), (sealed, false), "step {step}");
            let former = (*sealed == new).then(|| old.clone());
            assert_eq!(node.files(), [Some(sealed.clone()), None, former], "step {step}");
            assert_eq!(node.place.open(&secrets).unwrap().key, *sealed, "step {step}, started again");
        }
    }

    #[test]
    fn a_given_key_stays_given_and_the_rotated_one_is_kept_until_it_is_set() {
        let (old, new) = (key(1), key(2));
        let node = Node::new(Some(&old));
        assert_eq!(node.place.open(&[]).unwrap().key, old);
        node.place.stage(&new).unwrap();
        for _ in 0..2 {
            let held = node.place.open(&sealed_under(&new)).unwrap();
            assert_eq!((held.key, held.is_pending), (new.clone(), true));
        }
        assert_eq!(node.files(), [None, Some(new.clone()), None]);
        let security =
            Security { master_key_file: PathBuf::new(), master_key: Secret::new(BASE32_NOPAD.encode(&new.0)) };
        let held = KeyPlace::of(&security, node.folder.path()).open(&sealed_under(&new)).unwrap();
        assert_eq!((held.key, held.is_pending), (new, false));
        assert_eq!(node.files(), [None, None, None], "once it is set, no copy stays");
    }

    #[test]
    fn a_key_file_that_cannot_be_written_leaves_the_new_key_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("mounted");
        let security = Security { master_key_file: beside.join("master.key"), master_key: Secret::default() };
        let place = KeyPlace::of(&security, folder.path());
        // Its directory has gone: whoever runs the tests as root could write into any other.
        place.stage(&key(2)).unwrap();
        let held = place.open(&sealed_under(&key(2))).unwrap();
        assert_eq!((held.key, held.is_pending), (key(2), true));
        assert_eq!(MasterKey::read(&folder.path().join("master.key.new")).unwrap(), Some(key(2)));
    }
}
