//! Brings the one part of the console that comes from npm, the Save in 1Password button, to where the sources embed it.
//!
//! The file is embedded as it was published, so that its digest and its licence stay those of the package.

use std::{env, fs, path::Path};

const SAVE_BUTTON: &str = "../../web/node_modules/@1password/save-button/built/index.js";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A file that is not there counts as changed, so the build that follows `npm ci` finds it.
    println!("cargo::rerun-if-changed={SAVE_BUTTON}");
    let out_dir = env::var_os("OUT_DIR").expect("cargo sets it for build scripts");
    if let Err(error) = fs::copy(SAVE_BUTTON, Path::new(&out_dir).join("save-button.js")) {
        println!(
            "cargo::error=the console's Save in 1Password button is missing ({}: {error}): run `npm ci --prefix web` \
             in the root of the repository, or `make run`, which does it",
            SAVE_BUTTON.trim_start_matches("../")
        );
    }
}
