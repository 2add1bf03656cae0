//! `daybook account`: the tenants of a hub, and how long their events are kept.

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use reqwest::Method;

use super::{
    GlobalOptions,
    hub::Hub,
    output::{show, table},
};
use crate::manage::types::{AccountChange, AccountView};

/// Accounts: whose events these are
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    Add(Add),
    List(List),
    SetRetention(SetRetention),
}

/// Add an account
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook account add \"Acme\"
  daybook account add \"Acme\" --retention-days 365")]
pub(super) struct Add {
    /// Its name, unique on the hub
    name: String,
    /// Days for which its events are kept [default: for ever]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    retention_days: Option<u32>,
}

/// List the accounts
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook account list
  daybook account list --json")]
pub(super) struct List {}

/// Change how long an account's events are kept
///
/// Events past retention are no longer served at once, and their storage is freed within minutes. That cannot be undone.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("retention").required(true), after_long_help = "Examples:
  daybook account set-retention \"Acme\" --days 365
  daybook account set-retention \"Acme\" --for-ever")]
pub(super) struct SetRetention {
    /// The account, by name or id
    account: String,
    /// Keep events for so many days
    #[arg(long, value_name = "N", group = "retention", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Keep events for ever
    #[arg(long, group = "retention")]
    for_ever: bool,
}

pub(super) async fn run(global: &GlobalOptions, command: AccountCommand) -> Result<()> {
    let hub = Hub::connect(global)?;
    match command {
        AccountCommand::Add(Add { name, retention_days }) => {
            let account = hub.add_account(&name, retention_days).await?;
            show(global.json, &account, |account| format!("Added {}", sentence(account)))
        }
        AccountCommand::List(List {}) => show(global.json, &hub.accounts().await?, |accounts| list(accounts)),
        AccountCommand::SetRetention(SetRetention { account, days, for_ever: _ }) => {
            let account = hub.find_account(&account).await?;
            let change = AccountChange { retention_days: days };
            let path = format!("/accounts/{}", account.uuid);
            let account: AccountView = hub.send(Method::PATCH, &path, &change).await?;
            show(global.json, &account, |account| format!("Changed {}", sentence(account)))
        }
    }
}

fn list(accounts: &[AccountView]) -> String {
    let row = |account: &AccountView| {
        [account.name.clone(), account.uuid.clone(), retention(account), account.created_at.clone()]
    };
    let rows = accounts.iter().map(row).collect();
    table(
        ["NAME", "ID", "EVENTS KEPT", "ADDED"],
        rows,
        "There is no account yet; add one with `daybook account add NAME`.",
    )
}

fn sentence(account: &AccountView) -> String {
    format!("account {:?} ({}), events kept {}", account.name, account.uuid, retention(account))
}

fn retention(account: &AccountView) -> String {
    account.retention_days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"))
}
