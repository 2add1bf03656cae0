//! `daybook config`: what is wrong with a configuration, and what can be in one.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use figment::{
    Figment,
    providers::{Format, Toml},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    GlobalOptions,
    output::{print_json, print_line, say},
};
use crate::{
    config::{Config, Overrides, REFERENCE},
    master_key::MasterKey,
    tls::Certificates,
};

/// The configuration: check it, show the reference
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    Check(Check),
    Show(Show),
}

/// Read file, environment and flags, and the files they name, and say everything that is wrong
///
/// Ends with 1 if anything is.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook config check --config /etc/daybook.toml
  daybook config check --listen 0.0.0.0:8443 --json")]
pub(super) struct Check {
    #[command(flatten)]
    overrides: Overrides,
}

/// Show every option with its default, unit, range and meaning; with --json only the defaults
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook config show > daybook.toml")]
pub(super) struct Show {}

#[derive(Debug, Serialize)]
struct Verdict {
    ok: bool,
    problems: Vec<String>,
}

pub(super) fn run(global: &GlobalOptions, command: &ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Check(Check { overrides }) => check(global, overrides),
        ConfigCommand::Show(Show {}) => {
            if global.json {
                let defaults: Value = Figment::from(Toml::string(REFERENCE)).extract().context("read the reference")?;
                print_json(&defaults)?;
            } else {
                print_line(REFERENCE.trim_end())?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(global: &GlobalOptions, overrides: &Overrides) -> Result<ExitCode> {
    let problems = problems_of(overrides, &global.data_dir());
    let verdict = Verdict { ok: problems.is_empty(), problems };
    if global.json {
        print_json(&verdict)?;
    } else if verdict.ok {
        print_line("The configuration is good.")?;
    } else {
        say(&format!("error: the configuration has {} problem(s)", verdict.problems.len()));
        for problem in &verdict.problems {
            say(&format!("  {problem}"));
        }
    }
    Ok(if verdict.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every problem, each with the path of its option.
fn problems_of(overrides: &Overrides, data_dir: &Path) -> Vec<String> {
    let config = match Config::load(overrides) {
        Ok(config) => config,
        // The first line only counts them.
        Err(problems) => return problems.to_string().lines().skip(1).map(|line| line.trim().to_owned()).collect(),
    };
    let mut problems = Vec::new();
    if !config.tls.certificate_file.as_os_str().is_empty() {
        let certificates = Certificates::of(&config.tls, data_dir, Vec::new());
        if let Err(error) = certificates.load() {
            problems.push(format!("tls.certificate_file: {error:#}"));
        }
    }
    // A key that is not there is made at first start; one that is there must be one.
    if let Err(error) = MasterKey::read(&config.security.master_key_file) {
        problems.push(format!("security.master_key_file: {error:#}"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("daybook.toml");
        std::fs::write(&file, text).unwrap();
        problems_of(&Overrides { config: Some(file), ..Overrides::default() }, folder.path())
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        assert_eq!(problems(""), Vec::<String>::new());
        let found = problems("[server]\nlisten = \"nowhere\"\nconnections_max = 0");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("server.listen: "), "{found:?}");
    }

    #[test]
    fn files_that_the_configuration_names_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("master.key");
        std::fs::write(&key, "not a key").unwrap();
        let found = problems(&format!(
            "[tls]\ncertificate_file = \"/nowhere.pem\"\nkey_file = \"/nowhere.pem\"\n[security]\nmaster_key_file = {key:?}"
        ));
        assert!(found[0].starts_with("tls.certificate_file: read /nowhere.pem"), "{found:?}");
        assert!(found[1].starts_with("security.master_key_file: "), "{found:?}");
    }
}
