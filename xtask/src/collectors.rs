//! The real collectors that the end-to-end tests run: a Python environment under the target directory, made once for each
//! version of the pinned list.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    process::Command,
};

use anyhow::{Context, ensure};

use crate::workspace;

const PINNED: &str = "crates/testkit/collectors/requirements.txt";

/// The folder of the environment's programs; installs it if it is not there.
///
/// # Errors
///
/// Python or one of the packages is missing; the text says what to install by hand.
pub(crate) fn install() -> anyhow::Result<PathBuf> {
    let root = workspace::root()?;
    let pinned = root.join(PINNED);
    let text = fs::read_to_string(&pinned).with_context(|| format!("cannot read {}", pinned.display()))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let folder = target.join(format!("collectors-{:016x}", hasher.finish()));
    let done = folder.join("complete");
    if done.is_file() {
        return Ok(folder.join("bin"));
    }
    eprintln!("== installing the collectors that the tests run, from {PINNED}");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    let by_hand = "Python 3 with venv is missing: install it, on Debian with `apt-get install python3-venv`";
    ensure!(venv.status().is_ok_and(|status| status.success()), by_hand);
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]).arg(&pinned);
    let installed = pip.status().is_ok_and(|status| status.success());
    ensure!(installed, "the collectors could not be installed: run `pip install --requirement {PINNED}` to see why");
    fs::write(&done, "").with_context(|| format!("cannot write {}", done.display()))?;
    Ok(folder.join("bin"))
}
