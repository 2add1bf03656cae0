//! How far a file has been sent, beside the file: `FILE.daybook-progress`. It is written after each acknowledged batch, and
//! removed at the end.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{data_dir::write_private, tokens::digest_of};

/// What has been acknowledged of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// What was sent, and where: going on elsewhere would lose events.
    pub(super) feature: String,
    pub(super) url: String,
    /// Bytes of the file that are done.
    pub(super) offset: u64,
    /// Lines of the file that are done.
    pub(super) lines: u64,
    /// The digest of the last line that is done: a file that was replaced does not match.
    pub(super) last_line_digest: String,
    pub(super) accepted: u64,
}

/// Where it is kept.
pub(super) fn file_for(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".daybook-progress");
    PathBuf::from(name)
}

/// The progress of an earlier call on this file, if it was for the same feature and hub.
pub(super) fn load(file: &Path, feature: &str, url: &str) -> Result<Option<Progress>> {
    let kept = file_for(file);
    let text = match fs::read_to_string(&kept) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {}", kept.display())),
    };
    let progress: Progress =
        serde_json::from_str(&text).with_context(|| format!("read {}; start over with --restart", kept.display()))?;
    Ok(Some(progress).filter(|progress| progress.feature == feature && progress.url == url))
}

pub(super) fn save(file: &Path, progress: &Progress) -> Result<()> {
    write_private(&file_for(file), serde_json::to_string(progress)?.as_bytes())
}

pub(super) fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file_for(file)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).context("remove the progress file"),
        _ => Ok(()),
    }
}

impl Progress {
    pub(super) fn start(feature: &str, url: &str) -> Self {
        Self {
            feature: feature.to_owned(),
            url: url.to_owned(),
            offset: 0,
            lines: 0,
            last_line_digest: String::new(),
            accepted: 0,
        }
    }

    /// Whether the file still has what was done: the line that ends at the offset is the one that was sent.
    pub(super) fn fits(&self, done: &[u8]) -> bool {
        let Some(body) = done.strip_suffix(b"\n") else { return false };
        let line = body.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        digest_of(&String::from_utf8_lossy(line)) == self.last_line_digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_kept_for_one_feature_and_hub() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.ndjson");
        assert_eq!(load(&file, "itemusages", "https://a").unwrap(), None);
        let progress =
            Progress { offset: 7, last_line_digest: digest_of("{}"), ..Progress::start("itemusages", "https://a") };
        save(&file, &progress).unwrap();
        assert_eq!(load(&file, "itemusages", "https://a").unwrap(), Some(progress.clone()));
        assert_eq!(load(&file, "auditevents", "https://a").unwrap(), None);
        assert_eq!(load(&file, "itemusages", "https://b").unwrap(), None);
        assert!(progress.fits(b"[1]\n{}\n"));
        assert!(progress.fits(b"{}\n"));
        assert!(!progress.fits(b"{}\n[1]\n"));
        assert!(!progress.fits(b"{}"));
        remove(&file).unwrap();
        remove(&file).unwrap();
        assert_eq!(load(&file, "itemusages", "https://a").unwrap(), None);
    }
}
