//! Where the workspace is, and the `cargo` to build it with.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context, ensure};
use serde_json::Value;

/// The root of the workspace. Read when the command runs, so that a build shared by several clones stays right.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").context("run this with `make` or `cargo run -p xtask -- …`")?;
    Ok(PathBuf::from(package).parent().context("xtask has no parent directory")?.to_owned())
}

/// The `cargo` that started us, in the root of the workspace.
pub(crate) fn cargo() -> anyhow::Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()?);
    // They describe xtask, not what is to be built; left in place, some packages would be built again for them.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
    Ok(command)
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> anyhow::Result<PathBuf> {
    let output = cargo()?.args(["metadata", "--no-deps", "--format-version=1"]).output()?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["target_directory"].as_str().context("cargo metadata names no target directory")?.into())
}
