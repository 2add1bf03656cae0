//! `daybook master-key`: the key that seals what the store keeps secret.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{
    GlobalOptions,
    output::{say, show},
    start_runtime,
};
use crate::{
    config::{Config, LogFormat, Overrides},
    data_dir::DataDir,
    master_key::{Rotation, rotate},
    serve::database_options,
};

/// The master key: what seals signing keys, the cursor key and the secrets of connectors
#[derive(Debug, Subcommand)]
pub(super) enum MasterKeyCommand {
    Rotate(Rotate),
}

/// Draw a new master key and seal everything anew under it, while the hub is stopped
///
/// Stop every node of the hub first; it is refused while one runs. Tokens, cursors, connectors and sessions stay good.
/// It may be interrupted at any moment: either everything is sealed under the new key or nothing is, and the next start
/// finds which. The former key is kept as FILE.former, because backups of the store from before open with it alone. Nodes
/// that have copies of the key file, or the key in a variable, are given the new key before they start again.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook master-key rotate
  daybook master-key rotate --data-dir /var/lib/daybook
  daybook master-key rotate --config /etc/daybook.toml --store postgres://daybook@db.acme.example/daybook --json")]
pub(super) struct Rotate {
    /// Configuration file of the hub; without it the built-in defaults hold
    #[arg(long, env = "DAYBOOK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// `sqlite`, or postgres://user:password@host:port/database
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

pub(super) fn run(global: &GlobalOptions, command: MasterKeyCommand) -> Result<ExitCode> {
    let MasterKeyCommand::Rotate(Rotate { config, store }) = command;
    let mut config = Config::load(&Overrides { config, store, ..Overrides::default() })?;
    if global.json {
        config.logs.format = LogFormat::Json;
    }
    crate::start_logs(&config.logs)?;
    let data_dir = DataDir::hold(&global.data_dir())?;
    let options = database_options(&config, data_dir.path());
    let rotation = start_runtime()?.block_on(rotate(options, &data_dir, &config.security))?;
    show(global.json, &rotation, in_words)?;
    say(&what_is_left(&rotation));
    Ok(ExitCode::SUCCESS)
}

fn in_words(rotation: &Rotation) -> String {
    format!(
        "Sealed under the new master key {}: {} secrets of the hub, {} signing keys, the secrets of {} connectors",
        rotation.key_id, rotation.hub_secrets, rotation.signing_keys, rotation.connectors
    )
}

/// What somebody has to do now.
fn what_is_left(rotation: &Rotation) -> String {
    let file = rotation.key_file.display();
    let Some(former) = rotation.former_key_file.as_ref().filter(|_| rotation.is_in_place) else {
        return format!(
            "The key is in {file}. Bring it to where the configuration has the master key from, on every node; until then \
             this node alone starts, with that file."
        );
    };
    format!(
        "The key is in {file}: give it to the other nodes, if there are any, before they start. The former one is in {}: \
         backups from before need it; remove it once they are gone.",
        former.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_says_what_is_left_to_do() {
        let mut rotation = Rotation {
            former_key_id: "a".into(),
            key_id: "b".into(),
            hub_secrets: 3,
            signing_keys: 2,
            connectors: 1,
            key_file: "/d/master.key".into(),
            is_in_place: true,
            former_key_file: Some("/d/master.key.former".into()),
        };
        assert_eq!(
            in_words(&rotation),
            "Sealed under the new master key b: 3 secrets of the hub, 2 signing keys, the secrets of 1 connectors"
        );
        assert!(what_is_left(&rotation).contains("The former one is in /d/master.key.former"));
        (rotation.is_in_place, rotation.former_key_file) = (false, None);
        assert!(what_is_left(&rotation).contains("Bring it to where the configuration has the master key from"));
    }
}
