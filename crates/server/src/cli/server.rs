//! Running the hub, and looking at the whole of it.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::{
    Global,
    hub::Hub,
    output::{print, print_json, print_table, say},
};
use crate::{
    config::{Config, Overrides, REFERENCE},
    manage::types::{HubStatus, SigningKeyView},
    tls::{local_ca_file, read_local_ca},
};

/// Run the hub until Ctrl-C or SIGTERM.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook serve
  daybook serve --data-dir /var/lib/daybook --listen 0.0.0.0:8443 --public-url https://events.acme.example:8443
  daybook serve --store postgres://daybook:secret@db.acme.example/daybook --config /etc/daybook.toml")]
pub(super) struct Serve {
    #[command(flatten)]
    overrides: Overrides,
}

/// Check or show the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read file, environment and flags, and say everything that is wrong
    #[command(after_long_help = "Examples:\n  daybook config check\n  daybook config check --config /etc/daybook.toml")]
    Check {
        #[command(flatten)]
        overrides: Overrides,
    },
    /// Print every option with its default and meaning
    #[command(after_long_help = "Examples:\n  daybook config show > daybook.toml")]
    Show,
}

/// Print the certificate that clients have to trust, PEM.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook ca > daybook-ca.pem
  curl --cacert \"$(daybook ca --path)\" https://localhost:8443/healthz")]
pub(super) struct Ca {
    /// Print where it is instead
    #[arg(long)]
    path: bool,
}

/// Show the hub's streams and how far its own readers are.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  daybook status\n  daybook status --json")]
pub(super) struct Status {}

/// The keys that sign bearer tokens.
#[derive(Debug, Subcommand)]
pub(super) enum SigningKeyCommand {
    /// List the keys, newest first
    #[command(after_long_help = "Examples:\n  daybook signing-key list")]
    List,
    /// Make a new key the active one; tokens signed before stay good
    #[command(after_long_help = "Examples:\n  daybook signing-key rotate")]
    Rotate,
    /// Revoke a retained key: every token that it signed is refused from now on
    #[command(after_long_help = "Examples:\n  daybook signing-key rotate\n  daybook signing-key revoke KEYID")]
    Revoke {
        /// The key's id
        key: String,
    },
}

pub(super) fn serve(global: &Global, serve: &Serve) -> Result<ExitCode> {
    let config = Config::load(&serve.overrides)?;
    crate::start_logs(&config.logs)?;
    super::block_on(crate::serve(config, global.data_dir()))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn config(command: &ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Check { overrides } => {
            Config::load(overrides)?;
            say("the configuration is good");
        }
        ConfigCommand::Show => print(REFERENCE.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn ca(global: &Global, ca: &Ca) -> Result<ExitCode> {
    let data_dir = global.data_dir();
    let pem = read_local_ca(&data_dir)?;
    let file = local_ca_file(&data_dir);
    if global.json {
        print_json(&serde_json::json!({"path": file, "pem": pem}))?;
    } else if ca.path {
        print(&file.display().to_string())?;
    } else {
        print(pem.trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn status(global: &Global) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    let status: HubStatus = hub.get("status").await?;
    if global.json {
        print_json(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let accounts: Vec<crate::manage::types::AccountView> = hub.get("accounts").await?;
    let name = |uuid: &str| {
        accounts
            .iter()
            .find(|account| account.uuid == uuid)
            .map_or_else(|| uuid.to_owned(), |account| account.name.clone())
    };
    say(&format!(
        "Daybook {} on {}, at {}, since {}",
        status.version, status.store, status.public_url, status.started_at
    ));
    let behind = |account: &str, feature: &str| {
        let found = status
            .cursors
            .iter()
            .find(|cursor| cursor.name == "packer" && cursor.account_uuid == account && cursor.feature == feature);
        found.map_or_else(|| "-".to_owned(), |cursor| cursor.behind.to_string())
    };
    let rows = status.streams.iter().map(|stream| {
        let behind = behind(&stream.account_uuid, &stream.feature);
        vec![
            name(&stream.account_uuid),
            stream.feature.clone(),
            stream.head.to_string(),
            stream.last_arrival.clone(),
            behind,
        ]
    });
    print_table(&["ACCOUNT", "FEATURE", "EVENTS", "LAST ARRIVAL", "TO PACK"], rows.collect(), "no events yet")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn signing_key(global: &Global, command: SigningKeyCommand) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    let keys: Vec<SigningKeyView> = match command {
        SigningKeyCommand::List => hub.get("signing-keys").await?,
        SigningKeyCommand::Rotate => vec![hub.post("signing-keys", &()).await?],
        SigningKeyCommand::Revoke { key } => {
            let path = format!("signing-keys/{key}/revoke");
            let revoked = hub.post(&path, &()).await;
            vec![revoked.context("revoke the key (the active one is rotated first: `daybook signing-key rotate`)")?]
        }
    };
    if global.json {
        print_json(&keys)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = keys.into_iter().map(|key| vec![key.uuid, key.status, key.created_at]).collect();
    print_table(&["KEY", "STATUS", "MADE"], rows, "no keys")?;
    Ok(ExitCode::SUCCESS)
}
