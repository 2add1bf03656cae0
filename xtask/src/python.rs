//! Python environments under the target directory, each made once for each version of its pinned list.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    process::Command,
    time::Instant,
};

use anyhow::{Context, ensure};

use crate::workspace;

/// A list of packages that names every one it needs, in exact versions.
pub(crate) struct Environment {
    /// What is in it, in the plural: `collectors`.
    pub(crate) name: &'static str,
    /// The list, from the root of the workspace.
    pub(crate) pinned: &'static str,
}

impl Environment {
    /// The environment's folder; installs it if it is not there.
    ///
    /// # Errors
    ///
    /// Python or one of the packages is missing; the text says what to install by hand.
    pub(crate) fn install(&self) -> anyhow::Result<PathBuf> {
        let Self { name, pinned } = self;
        let pinned_file = workspace::root()?.join(pinned);
        let text =
            fs::read_to_string(&pinned_file).with_context(|| format!("cannot read {}", pinned_file.display()))?;
        let folder = folder_of(name, &text)?;
        let done = folder.join("complete");
        if done.is_file() {
            return Ok(folder);
        }
        eprintln!("== installing the {name} that the tests run, from {pinned}");
        let started = Instant::now();
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        let by_hand = "Python 3 with venv is missing: install it, on Debian with `apt-get install python3-venv`";
        ensure!(venv.status().is_ok_and(|status| status.success()), by_hand);
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]).arg(&pinned_file);
        let installed = pip.status().is_ok_and(|status| status.success());
        ensure!(installed, "the {name} could not be installed: run `pip install --requirement {pinned}` to see why");
        fs::write(&done, "").with_context(|| format!("cannot write {}", done.display()))?;
        eprintln!("== installed the {name} in {} s, in {}", started.elapsed().as_secs(), folder.display());
        Ok(folder)
    }
}

/// A folder under the target directory for what was made from this text; another text has another folder.
///
/// # Errors
///
/// cargo does not say where its target directory is.
pub(crate) fn folder_of(name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Ok(workspace::target_directory()?.join(format!("{name}-{:016x}", hasher.finish())))
}
