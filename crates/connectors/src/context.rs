//! What every connector gets from the hub.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use daybook_events::Clock;

use crate::EgressGuard;

/// The header that marks requests of connectors as a hub's. A hub refuses those with its own mark, and says so with the same
/// header: events that it sends to itself would come back for ever, more of them each time.
pub const HUB_MARK: &str = "daybook-hub";

/// What a connector is opened with besides its settings.
#[derive(Debug, Clone)]
pub struct Context {
    /// Daybook's version.
    pub hub_version: String,
    /// `host[:port]` of the hub, as its receivers know it.
    pub hub_host: String,
    /// What the hub's own requests are marked with ([`HUB_MARK`]), the same on all of its nodes.
    pub hub_mark: String,
    /// Decides where connections may go.
    pub guard: Arc<EgressGuard>,
    /// Tells the time of an attempt.
    pub clock: Arc<dyn Clock>,
    /// Decides where files may be.
    pub files: FileRoots,
}

/// The directories in which connectors may read and write files; the first is where relative paths begin.
#[derive(Debug, Clone)]
pub struct FileRoots(Arc<[PathBuf]>);

impl FileRoots {
    /// These directories.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self(roots.into())
    }

    /// Whether a path may be in one of the directories, by its words where they tell: the file system is asked only about one
    /// that seems to be elsewhere. Links are for [`resolve`](Self::resolve), where waiting for the file system is in order.
    ///
    /// # Errors
    ///
    /// It is elsewhere, or has no file name.
    pub fn check(&self, given: &str) -> Result<(), String> {
        let path = self.absolute(given)?;
        if self.0.iter().any(|root| path.starts_with(root)) {
            return Ok(());
        }
        self.resolve(given).map(drop)
    }

    fn absolute(&self, given: &str) -> Result<PathBuf, String> {
        let path = Path::new(given);
        if path.components().any(|part| part == Component::ParentDir) || path.file_name().is_none() {
            return Err(format!("{given:?} must name a file, without `..`"));
        }
        Ok(self.0.first().cloned().unwrap_or_default().join(path))
    }

    /// A path as it was given, made absolute, if it is in one of the directories. Links in the part that exists are
    /// followed first: a link inside leads nowhere outside.
    ///
    /// # Errors
    ///
    /// It is elsewhere, or has no file name.
    pub fn resolve(&self, given: &str) -> Result<PathBuf, String> {
        let path = self.absolute(given)?;
        let real = real_path(&path);
        let is_inside = self.0.iter().any(|root| real.starts_with(real_path(root)));
        if is_inside {
            return Ok(path);
        }
        let roots: Vec<String> = self.0.iter().map(|root| root.display().to_string()).collect();
        Err(format!("{given:?} is outside of {} ([connectors] file_directories)", roots.join(", ")))
    }
}

/// The path with the links of its longest existing part followed.
fn real_path(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(real) = existing.canonicalize() {
            return rest.iter().rev().fold(real, |real, part: &std::ffi::OsString| real.join(part));
        }
        let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else { return path.to_owned() };
        rest.push(name.to_owned());
        existing = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_may_be_named_by_a_link_to_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("real")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("real"), folder.path().join("link")).unwrap();
        let roots = FileRoots::new(vec![folder.path().join("link")]);
        let by_its_own_name = folder.path().join("real/a.ndjson");
        assert_eq!(roots.check(by_its_own_name.to_str().unwrap()), Ok(()));
    }

    #[test]
    fn files_stay_in_their_directories() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("out"), folder.path().join("elsewhere"));
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let roots = FileRoots::new(vec![inside.clone()]);
        assert_eq!(roots.resolve("a/b.ndjson").unwrap(), inside.join("a/b.ndjson"));
        assert!(roots.resolve(inside.join("b").to_str().unwrap()).is_ok());
        for path in ["../elsewhere/x", "/etc/passwd", "link/x", "", "a/.."] {
            assert!(roots.resolve(path).is_err(), "{path}");
            assert_eq!(roots.check(path).is_err(), path != "link/x", "{path}");
        }
    }
}
