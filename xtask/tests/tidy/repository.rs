//! The files of the repository: what git tracks, and what it would track with `git add --all`.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A file, with its path from the root, with slashes.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        let extension = Path::new(&self.path).extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extensions.contains(&extension))
    }

    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo test sets it");
    PathBuf::from(package).parent().expect("xtask is a folder of the workspace").to_owned()
}

/// All files of text. A deleted file that git still tracks is left out, and so is one that is not UTF-8.
pub(crate) fn files() -> Vec<SourceFile> {
    let root = root();
    let mut git = Command::new("git");
    git.args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.current_dir(&root).output().expect("the tidy tests need git: install it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the tidy tests need the repository, not only its files: git ls-files: {said}");
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let paths: BTreeSet<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    assert!(paths.contains("Cargo.toml"), "git ls-files lists no Cargo.toml: run the tests inside the repository");
    let read = |path: &str| Some(SourceFile { path: path.to_owned(), text: fs::read_to_string(root.join(path)).ok()? });
    paths.into_iter().filter_map(read).collect()
}
