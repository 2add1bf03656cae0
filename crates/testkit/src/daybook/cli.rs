//! Commands of the same binary, run against the data directory of a server.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::Daybook;

impl Daybook {
    /// Runs `daybook ARGUMENTS --data-dir DIR` and returns how it ended and what it printed.
    ///
    /// # Panics
    ///
    /// The binary cannot be run.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.setup.binary());
        command.args(arguments).arg("--data-dir").arg(&self.data_dir).envs(self.setup.variables());
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
    }

    /// The standard output of a command that must succeed.
    ///
    /// # Panics
    ///
    /// The command fails; the message shows its standard error.
    #[track_caller]
    pub fn cli_text(&self, arguments: &[&str]) -> String {
        let output = self.cli(arguments);
        let (said, status) = (String::from_utf8_lossy(&output.stderr), output.status);
        assert!(status.success(), "daybook {arguments:?} ended with {status}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command that must succeed prints with `--json`.
    ///
    /// # Panics
    ///
    /// The command fails, or prints something else than one JSON value.
    #[track_caller]
    pub fn cli_json(&self, arguments: &[&str]) -> Value {
        let text = self.cli_text(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("daybook {arguments:?}: {error}: {text}"))
    }
}
