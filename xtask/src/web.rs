//! What the console takes from npm, and the tests of the console in a browser.
//!
//! ```text
//!  web/package-lock.json   the pinned packages: the button that is embedded in the binary, and what the tests run with
//!  web/node_modules/       the packages, and a copy of the lock file that they were installed from
//!  web/tests/              the tests; node's own runner, the system's Chromium, the debug binary
//! ```

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use crate::{install, workspace};

const CHROMIUM_VARIABLE: &str = "DAYBOOK_CHROMIUM";
const BINARY_VARIABLE: &str = "DAYBOOK_BINARY";

/// Installs the packages if the lock file is not the one they were installed from.
///
/// # Errors
///
/// npm is missing or fails; the text says what to do by hand.
pub(crate) fn install() -> anyhow::Result<()> {
    let root = workspace::root()?;
    let lock_file = root.join("web/package-lock.json");
    let lock = fs::read(&lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    let installed_from = root.join("web/node_modules/installed-from.json");
    if fs::read(&installed_from).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    install::install_npm()?;
    eprintln!("== installing what the console takes from npm, from web/package-lock.json");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--prefix", "web", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&root);
    let installed = npm.status().is_ok_and(|status| status.success());
    ensure!(installed, "npm could not install the packages: run `npm ci --prefix web` to see why");
    fs::write(&installed_from, lock).with_context(|| format!("cannot write {}", installed_from.display()))
}

/// The command that builds what the browser tests run, and the one that runs them.
///
/// # Errors
///
/// The workspace or the folder of the tests cannot be read.
pub(crate) fn tests() -> anyhow::Result<[Command; 2]> {
    let mut build = workspace::cargo()?;
    build.args(["build", "--package", "daybook-server", "--bin", "daybook"]);
    let web = workspace::root()?.join("web");
    let mut node = Command::new("node");
    // One file at a time: a browser and a hub each is enough for a small machine.
    node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(test_files(&web)?).current_dir(&web);
    node.env(BINARY_VARIABLE, workspace::target_directory()?.join("debug/daybook"));
    node.env(CHROMIUM_VARIABLE, chromium());
    Ok([build, node])
}

/// The browser of the variable where it is set, Debian's otherwise.
pub(crate) fn chromium() -> PathBuf {
    env::var_os(CHROMIUM_VARIABLE).map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from)
}

/// `tests/*.test.js`, named one by one: the versions of node differ in what they make of a folder or a pattern.
fn test_files(web: &Path) -> anyhow::Result<Vec<String>> {
    let folder = web.join("tests");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<String> =
        names.filter(|name| name.ends_with(".test.js")).map(|name| format!("tests/{name}")).collect();
    files.sort();
    ensure!(!files.is_empty(), "{} has no tests", folder.display());
    Ok(files)
}
