//! `daybook integration`: the readers and producers of an account.

use anyhow::Result;
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use daybook_events::{Clock, SystemClock};
use daybook_store::IntegrationKind;
use reqwest::Method;
use serde::Serialize;

use super::{
    GlobalOptions,
    durations::ago_in_words,
    hub::{AccountOption, Hub},
    output::{say, show, table},
    token,
};
use crate::manage::types::{AccountView, IntegrationChange, IntegrationView, TokenView};

/// Integrations: who reads an account's events, or brings them in
#[derive(Debug, Subcommand)]
pub(super) enum IntegrationCommand {
    Add(Add),
    List(List),
    Show(Show),
    Disable(Disable),
    Enable(Enable),
    Remove(Remove),
}

/// Add an integration
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook integration add \"Splunk production\" --kind splunk
  daybook integration add \"My product\" --kind source --account \"Acme\"")]
pub(super) struct Add {
    /// Its name, unique in the account
    name: String,
    /// What it connects; tokens of kind `source` ingest instead of read
    #[arg(long, value_name = "KIND", default_value = "other", value_parser = kinds())]
    kind: String,
    #[command(flatten)]
    account: AccountOption,
}

/// List the integrations of an account
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook integration list
  daybook integration list --account \"Acme\" --json")]
pub(super) struct List {
    #[command(flatten)]
    account: AccountOption,
}

/// Show an integration, its tokens, and how these were used
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook integration show \"Splunk production\"")]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
}

/// Disable an integration: its tokens are refused until it is enabled again
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook integration disable \"Splunk production\"")]
pub(super) struct Disable {
    #[command(flatten)]
    which: Which,
}

/// Enable an integration that was disabled
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook integration enable \"Splunk production\"")]
pub(super) struct Enable {
    #[command(flatten)]
    which: Which,
}

/// Remove an integration for good: its tokens are never honoured again
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook integration remove \"Splunk production\"")]
pub(super) struct Remove {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Which {
    /// The integration, by name or id
    integration: String,
    #[command(flatten)]
    account: AccountOption,
}

/// An integration with its tokens.
#[derive(Debug, Serialize)]
struct Details {
    #[serde(flatten)]
    integration: IntegrationView,
    tokens: Vec<TokenView>,
}

pub(super) fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(IntegrationKind::ALL.iter().map(|kind| kind.as_str()))
}

pub(super) async fn run(global: &GlobalOptions, command: IntegrationCommand) -> Result<()> {
    let hub = Hub::connect(global)?;
    match command {
        IntegrationCommand::Add(Add { name, kind, account }) => {
            let account = hub.account(&account).await?;
            let integration = hub.add_integration(&account, &name, &kind).await?;
            show(global.json, &integration, |integration| format!("Added {}", sentence(integration)))?;
            say(&format!("Next: daybook token issue {name:?} --name NAME"));
            Ok(())
        }
        IntegrationCommand::List(List { account }) => {
            let account = hub.account(&account).await?;
            show(global.json, &hub.integrations(&account).await?, |integrations| list(integrations))
        }
        IntegrationCommand::Show(Show { which }) => {
            let (account, integration) = find(&hub, &which).await?;
            let mut tokens = hub.tokens(&account).await?;
            tokens.retain(|token| token.integration_uuid == integration.uuid);
            show(global.json, &Details { integration, tokens }, details)
        }
        IntegrationCommand::Disable(Disable { which }) => change_state(global, &hub, &which, "disabled").await,
        IntegrationCommand::Enable(Enable { which }) => change_state(global, &hub, &which, "active").await,
        IntegrationCommand::Remove(Remove { which }) => {
            let (account, mut integration) = find(&hub, &which).await?;
            hub.delete(&format!("/accounts/{}/integrations/{}", account.uuid, integration.uuid)).await?;
            integration.state = "removed".to_owned();
            show(global.json, &integration, |integration| format!("Removed {}", sentence(integration)))
        }
    }
}

async fn find(hub: &Hub, which: &Which) -> Result<(AccountView, IntegrationView)> {
    let account = hub.account(&which.account).await?;
    let integration = hub.find_integration(&account, &which.integration).await?;
    Ok((account, integration))
}

async fn change_state(global: &GlobalOptions, hub: &Hub, which: &Which, state: &str) -> Result<()> {
    let (account, integration) = find(hub, which).await?;
    let path = format!("/accounts/{}/integrations/{}", account.uuid, integration.uuid);
    let change = IntegrationChange { state: state.to_owned() };
    let integration: IntegrationView = hub.send(Method::PATCH, &path, &change).await?;
    show(global.json, &integration, sentence)
}

fn sentence(integration: &IntegrationView) -> String {
    let IntegrationView { uuid, name, kind, state, .. } = integration;
    format!("integration {name:?} ({uuid}) of kind {kind}: {state}")
}

fn list(integrations: &[IntegrationView]) -> String {
    let row = |it: &IntegrationView| {
        [it.name.clone(), it.kind.clone(), it.state.clone(), it.uuid.clone(), it.created_at.clone()]
    };
    let rows = integrations.iter().map(row).collect();
    table(
        ["NAME", "KIND", "STATE", "ID", "ADDED"],
        rows,
        "There is no integration yet; add one with `daybook integration add NAME`.",
    )
}

fn details(details: &Details) -> String {
    let now = SystemClock.now();
    let mut uses = Vec::new();
    for token in &details.tokens {
        for used in &token.uses {
            uses.push([
                token.name.clone(),
                used.feature.clone(),
                ago_in_words(&used.last_used_at, now),
                used.requests.to_string(),
                used.events.to_string(),
                used.address.clone(),
                used.user_agent.clone(),
            ]);
        }
    }
    let used = ["TOKEN", "FEATURE", "LAST USED", "REQUESTS", "EVENTS", "FROM", "CLIENT"];
    [
        list(std::slice::from_ref(&details.integration)),
        token::list(&details.tokens),
        table(used, uses, "No token was used yet."),
    ]
    .join("\n\n")
}
