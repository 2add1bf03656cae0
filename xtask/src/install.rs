//! What the commands need from the system, as data, and installing what is missing with the system's package manager.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{bail, ensure};

use crate::{postgres, web, workspace};

/// One thing that must be there.
struct Need {
    name: &'static str,
    is_there: fn() -> bool,
    /// What to install on Debian and its relatives.
    packages: &'static [&'static str],
}

const FOR_TESTS: &[Need] = &[
    Need { name: "PostgreSQL", is_there: || postgres::find_programs().is_ok(), packages: &["postgresql"] },
    Need { name: "Chromium", is_there: || web::chromium().is_file(), packages: &["chromium"] },
    Need {
        name: "Node.js 20 or later with npm (in Debian since 13)",
        is_there: || has_npm() && node_version().is_some_and(|version| version >= NODE_VERSION_MIN),
        packages: &["nodejs", "npm"],
    },
    Need { name: "rsyslog with TLS", is_there: has_rsyslog, packages: &["rsyslog", "rsyslog-gnutls"] },
    Need { name: "kcat", is_there: || Path::new("/usr/bin/kcat").is_file(), packages: &["kcat"] },
];

/// What `npm ci` alone needs, in any version.
const FOR_NPM: &[Need] = &[Need { name: "npm", is_there: has_npm, packages: &["nodejs", "npm"] }];

/// The oldest that runs the browser tests.
const NODE_VERSION_MIN: u32 = 20;

/// Sees to it that everything the tests need is installed.
///
/// # Errors
///
/// Something is missing and cannot be installed; the text says what to install by hand.
pub(crate) fn install_for_tests() -> anyhow::Result<()> {
    check_cargo_component("fmt", "rustfmt")?;
    check_cargo_component("clippy", "clippy")?;
    install(FOR_TESTS)
}

/// Sees to it that there is an npm.
///
/// # Errors
///
/// It is missing and cannot be installed; the text says what to install by hand.
pub(crate) fn install_npm() -> anyhow::Result<()> {
    install(FOR_NPM)
}

fn install(needs: &[Need]) -> anyhow::Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.is_there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|need| need.name).collect::<Vec<_>>().join(", ");
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let by_hand = format!("{names} is missing: install it, on Debian with `apt-get install {}`", packages.join(" "));
    ensure!(is_root(), "{by_hand}");
    eprintln!("== installing {}", packages.join(" "));
    let installed =
        apt_get(&["update"]) && apt_get(&[&["install", "--yes", "--no-install-recommends"], &packages[..]].concat());
    if !installed || missing.iter().any(|need| !(need.is_there)()) {
        bail!("{by_hand}");
    }
    Ok(())
}

fn check_cargo_component(subcommand: &str, component: &str) -> anyhow::Result<()> {
    let output = workspace::cargo()?.args([subcommand, "--version"]).output()?;
    ensure!(output.status.success(), "cargo {subcommand} is missing: run `rustup component add {component}`");
    Ok(())
}

/// The daemon, and the module that lets it speak TLS, in the folder of whichever architecture.
fn has_rsyslog() -> bool {
    let architectures = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let has_tls = architectures.map(|entry| entry.path().join("rsyslog/lmnsd_gtls.so")).any(|module| module.is_file());
    has_tls && Path::new("/usr/sbin/rsyslogd").is_file()
}

fn has_npm() -> bool {
    version_of("npm").is_some()
}

/// The major version of Node.js.
fn node_version() -> Option<u32> {
    version_of("node")?.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

fn version_of(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn apt_get(arguments: &[&str]) -> bool {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
