//! What the commands need from the system, as data, and installing what is missing with the system's package manager.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
};

use anyhow::{bail, ensure};

use crate::{postgres, workspace};

/// One thing that must be there.
struct Need {
    name: &'static str,
    is_there: fn() -> bool,
    /// What to install on Debian and its relatives.
    packages: &'static [&'static str],
}

const FOR_TESTS: &[Need] =
    &[Need { name: "PostgreSQL", is_there: || postgres::find_programs().is_ok(), packages: &["postgresql"] }];

/// Sees to it that everything the tests need is installed.
///
/// # Errors
///
/// Something is missing and cannot be installed; the text says what to install by hand.
pub(crate) fn install_for_tests() -> anyhow::Result<()> {
    check_cargo_component("fmt", "rustfmt")?;
    check_cargo_component("clippy", "clippy")?;
    let missing: Vec<&Need> = FOR_TESTS.iter().filter(|need| !(need.is_there)()).collect();
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

fn apt_get(arguments: &[&str]) -> bool {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
