//! The real collectors that the end-to-end tests run.

use std::path::PathBuf;

use crate::python::Environment;

const COLLECTORS: Environment =
    Environment { name: "collectors", pinned: "crates/testkit/collectors/requirements.txt" };

/// The folder of their programs; installs them if they are not there.
///
/// # Errors
///
/// Python or one of the packages is missing; the text says what to install by hand.
pub(crate) fn install() -> anyhow::Result<PathBuf> {
    Ok(COLLECTORS.install()?.join("bin"))
}
