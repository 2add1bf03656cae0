//! `daybook events-api create`: the words of the vendor's command line for a reader with its token.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{
    GlobalOptions,
    hub::{AccountOption, Hub},
    token::{self, TokenTerms},
};

/// A reader and its token in one step, in the words of the vendor's command line
#[derive(Debug, Subcommand)]
pub(super) enum EventsApiCommand {
    Create(Create),
}

/// Create an integration of kind `other` with a token, and print the token, the only time that it is shown
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook events-api create \"My SIEM\"
  daybook events-api create \"Sign-ins for an hour\" --features signinattempts --expires-in 1h")]
pub(super) struct Create {
    /// Name of the integration and of its token
    name: String,
    #[command(flatten)]
    terms: TokenTerms,
    #[command(flatten)]
    account: AccountOption,
}

pub(super) async fn run(global: &GlobalOptions, command: EventsApiCommand) -> Result<()> {
    let EventsApiCommand::Create(Create { name, terms, account }) = command;
    let hub = Hub::connect(global)?;
    let account = hub.account(&account).await?;
    let integration = hub.add_integration(&account, &name, "other").await?;
    token::issue(global, &hub, &integration, &name, &terms).await
}
