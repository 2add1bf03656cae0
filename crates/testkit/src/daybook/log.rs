//! The output of a server, kept in a file: its pipe never fills, and a failure can show it.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
};

use tempfile::NamedTempFile;

const LINES_SHOWN: usize = 60;

/// Everything that the server has printed, over all its starts.
#[derive(Debug)]
pub(super) struct Log {
    file: NamedTempFile,
    name: String,
}

impl Log {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { file: NamedTempFile::new().unwrap(), name: data_dir.display().to_string() }
    }

    /// A handle that appends, for a child to print to.
    pub(super) fn file(&self) -> Stdio {
        File::options().append(true).open(self.file.path()).unwrap().into()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.file.path()).unwrap()).into_owned()
    }

    /// Prints the end of it where the test runner captures it with the failure.
    #[allow(clippy::print_stderr, reason = "a failing test shows what its server said")]
    pub(super) fn print(&self) {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        let end = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n");
        eprintln!("--- the end of the log of the server in {}:\n{end}\n---", self.name);
    }
}
