//! `daybook admin-token`: the tokens that administer the hub.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::{
    GlobalOptions,
    hub::Hub,
    output::{print_json, say, show, table},
};
use crate::manage::types::AdministrationTokenView;

/// Administration tokens: what lets this command line in
#[derive(Debug, Subcommand)]
pub(super) enum AdminTokenCommand {
    List(List),
    Revoke(Revoke),
}

/// List the administration tokens, without the tokens
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook admin-token list")]
pub(super) struct List {}

/// Withdraw an administration token: its next request is refused
///
/// To change the token of a running hub: revoke it, delete admin.token in the data directory, start the hub again.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook admin-token revoke 3f9a1c")]
pub(super) struct Revoke {
    /// The beginning of its id, as `list` shows it
    token: String,
}

pub(super) async fn run(global: &GlobalOptions, command: AdminTokenCommand) -> Result<()> {
    let hub = Hub::connect(global)?;
    let tokens: Vec<AdministrationTokenView> = hub.get("/administration-tokens").await?;
    match command {
        AdminTokenCommand::List(List {}) => show(global.json, &tokens, |tokens| list(tokens)),
        AdminTokenCommand::Revoke(Revoke { token }) => {
            let found: Vec<_> = tokens.iter().filter(|known| known.uuid.starts_with(&token)).collect();
            let [found] = found[..] else {
                bail!("{} tokens begin with {token:?}; `daybook admin-token list` shows them", found.len());
            };
            hub.delete(&format!("/administration-tokens/{}", found.uuid)).await?;
            if global.json {
                print_json(found)?;
            }
            say(&format!("Withdrew the administration token of {}", found.name));
            if found.is_this {
                say(
                    "It was the one used here. Delete admin.token in the data directory and start the hub again for a new one.",
                );
            }
            Ok(())
        }
    }
}

fn list(tokens: &[AdministrationTokenView]) -> String {
    let row = |token: &AdministrationTokenView| {
        let this = if token.is_this { "this one" } else { "" };
        [token.uuid[..12].to_owned(), token.name.clone(), token.created_at.clone(), this.to_owned()]
    };
    table(["ID", "MADE IN", "MADE", ""], tokens.iter().map(row).collect(), "There is no administration token.")
}
