//! The data directory: what is in it, who may read it, and that only one process uses it.
//!
//! ```text
//!  daybook.lock   held by the running server      server.json   how to reach it, for the command line
//!  daybook.db     the store (SQLite)              admin.token   administers the hub, mode 0600
//!  master.key     seals secrets, mode 0600        setup.link    makes the first owner, mode 0600
//!  master.key.new, .former   a rotation's         tls/          the local certificate authority, mode 0700
//! ```

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};

/// A data directory that this process holds.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    // Held for as long as the process lives.
    _lock: File,
}

/// How to reach a running server, as it leaves it in its data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFile {
    /// Where to reach it from this machine: `https://127.0.0.1:8443`, or the public URL if only that is in the certificate.
    pub url: String,
    /// Where people and connectors reach it.
    #[serde(default)]
    pub public_url: String,
    /// The certificate to trust; `None` with plain HTTP or a certificate of the user's own.
    pub ca: Option<PathBuf>,
    /// Its process.
    pub pid: u32,
    /// When it started, RFC 3339.
    pub started_at: String,
}

/// Where the link that makes the first owner is left for whoever may read the data directory.
#[derive(Debug, Clone)]
pub(crate) struct SetupLinkFile(PathBuf);

impl SetupLinkFile {
    /// Leaves a link.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn write(&self, url: &str) -> Result<()> {
        write_private(&self.0, format!("{url}\n").as_bytes())
    }

    /// Takes it away, once it is of no use.
    pub(crate) fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.0.display(), "the file of the set-up link could not be removed");
        }
    }
}

impl DataDir {
    /// Makes the directory if it is not there, and takes it for this process.
    ///
    /// # Errors
    ///
    /// Another process has it; or it cannot be made or written.
    pub fn hold(path: &Path) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("make the data directory {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("find the data directory {}", path.display()))?;
        let lock_path = path.join("daybook.lock");
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| format!("open {}", lock_path.display()))?;
        if lock.try_lock().is_err() {
            let mut pid = String::new();
            // What cannot be read is not told.
            let _ = lock.read_to_string(&mut pid);
            let who =
                pid.trim().parse::<u32>().map_or_else(|_| "another process".to_owned(), |pid| format!("process {pid}"));
            bail!(
                "the data directory {} is in use by {who}; stop that one first, or choose another with --data-dir",
                path.display()
            );
        }
        lock.set_len(0).context("write the lock file")?;
        write!(lock, "{}", std::process::id()).context("write the lock file")?;
        Ok(Self { path, _lock: lock })
    }

    /// Its path, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The administration token, made at first use.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn administration_token(&self) -> Result<String> {
        let file = self.path.join("admin.token");
        if !file.exists() {
            let mut secret = [0_u8; 32];
            getrandom::fill(&mut secret).context("draw a random token")?;
            let token = format!("daybook_admin_{}", BASE32_NOPAD.encode(&secret).to_ascii_lowercase());
            write_private(&file, format!("{token}\n").as_bytes())?;
        }
        read_administration_token(&self.path)
    }

    /// The file with the link that makes the first owner.
    #[must_use]
    pub(crate) fn setup_link_file(&self) -> SetupLinkFile {
        SetupLinkFile(self.path.join("setup.link"))
    }

    /// Leaves word of how to reach this server.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn announce(&self, server: &ServerFile) -> Result<()> {
        let text = serde_json::to_vec_pretty(server).context("write server.json")?;
        let temporary = self.path.join("server.json.new");
        write_private(&temporary, &text)?;
        fs::rename(&temporary, self.path.join("server.json")).context("put server.json in its place")
    }

    /// Takes the word back.
    pub fn retract(&self) {
        // Whoever finds it later finds nobody listening.
        let _ = fs::remove_file(self.path.join("server.json"));
    }
}

/// How to reach the server that runs on a data directory.
///
/// # Errors
///
/// None has left word there.
pub fn read_server_file(data_dir: &Path) -> Result<ServerFile> {
    let file = data_dir.join("server.json");
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "no Daybook runs on {}: start one with `daybook serve --data-dir {0}`, or name another with --data-dir or --url",
            data_dir.display()
        )
    })?;
    serde_json::from_str(&text).with_context(|| format!("read {}", file.display()))
}

/// The administration token that a server left in its data directory.
///
/// # Errors
///
/// It is not there, or not for this user to read.
pub fn read_administration_token(data_dir: &Path) -> Result<String> {
    let file = data_dir.join("admin.token");
    let text =
        fs::read_to_string(&file).with_context(|| format!("read the administration token {}", file.display()))?;
    Ok(text.trim().to_owned())
}

/// Writes a file that only its owner may read, all of it or nothing.
pub(crate) fn write_private(file: &Path, bytes: &[u8]) -> Result<()> {
    // Behind the whole name: another file may differ in its extension alone.
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(".partial");
    let temporary = PathBuf::from(temporary);
    let mut handle = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| format!("write {}", file.display()))?;
    handle.write_all(bytes).and_then(|()| handle.sync_all()).with_context(|| format!("write {}", file.display()))?;
    fs::rename(&temporary, file).with_context(|| format!("put {} in its place", file.display()))?;
    sync_directory_of(file)
}

/// Removes a file, if it is there, for good.
pub(crate) fn remove_private(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("remove {}", file.display())).and_then(|()| sync_directory_of(file)),
    }
}

/// What is in a directory survives a power failure once the directory is on disk too.
fn sync_directory_of(file: &Path) -> Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.with_context(|| format!("write the directory {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_holder_is_refused_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataDir::hold(folder.path()).unwrap();
        let refusal = DataDir::hold(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains("is in use by process"), "{refusal}");
        drop(held);
        assert!(DataDir::hold(folder.path()).is_ok());
    }

    #[test]
    fn secrets_are_made_once_and_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::hold(folder.path()).unwrap();
        assert_eq!(data_dir.administration_token().unwrap(), data_dir.administration_token().unwrap());
        for file in ["admin.token", "daybook.lock"] {
            let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
