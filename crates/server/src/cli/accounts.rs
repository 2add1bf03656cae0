//! `daybook account`: the tenants of a hub.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::{
    Global,
    hub::Hub,
    output::{print_json, print_table},
};
use crate::manage::types::{AccountChange, AccountView, NewAccount};

/// Accounts: the tenants of the hub.
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Add an account
    #[command(
        after_long_help = "Examples:\n  daybook account add \"Acme\"\n  daybook account add \"Acme\" --retention-days 365"
    )]
    Add {
        /// Its name, unique on the hub
        name: String,
        /// Days for which its events are kept; for ever without it
        #[arg(long, value_name = "DAYS")]
        retention_days: Option<u32>,
    },
    /// List the accounts
    #[command(after_long_help = "Examples:\n  daybook account list\n  daybook account list --json")]
    List,
    /// Change how long an account's events are kept
    #[command(after_long_help = "Examples:
  daybook account set-retention \"Acme\" --days 365
  daybook account set-retention \"Acme\" --for-ever")]
    SetRetention {
        /// The account, by name or id
        name: String,
        /// So many days
        #[arg(long, required_unless_present = "for_ever", conflicts_with = "for_ever")]
        days: Option<u32>,
        /// Without an end
        #[arg(long)]
        for_ever: bool,
    },
}

pub(super) async fn run(global: &Global, command: AccountCommand) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    let accounts: Vec<AccountView> = match command {
        AccountCommand::Add { name, retention_days } => {
            vec![hub.post("accounts", &NewAccount { name, retention_days }).await?]
        }
        AccountCommand::List => hub.get("accounts").await?,
        AccountCommand::SetRetention { name, days, for_ever: _ } => {
            let account = hub.account(&Global { account: Some(name), ..global.clone() }).await?;
            let change = AccountChange { retention_days: days };
            vec![hub.patch(&format!("accounts/{}", account.uuid), &change).await?]
        }
    };
    if global.json {
        print_json(&accounts)?;
        return Ok(ExitCode::SUCCESS);
    }
    let kept = |days: Option<u32>| days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
    let rows = accounts
        .into_iter()
        .map(|account| vec![account.name, account.uuid, kept(account.retention_days), account.created_at]);
    print_table(
        &["NAME", "ID", "KEPT", "ADDED"],
        rows.collect(),
        "no accounts yet; add one with `daybook account add NAME`",
    )?;
    Ok(ExitCode::SUCCESS)
}
