//! `daybook integration`: registered readers and sources.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use daybook_store::IntegrationKind;

use super::{
    Global,
    hub::Hub,
    output::{print_json, print_table, say},
    tokens,
};
use crate::manage::types::{IntegrationChange, IntegrationView, NewIntegration};

/// Integrations: registered readers and sources.
#[derive(Debug, Subcommand)]
pub(super) enum IntegrationCommand {
    /// Add an integration
    #[command(after_long_help = "Examples:
  daybook integration add \"Splunk production\" --kind splunk
  daybook integration add \"My product\" --kind source")]
    Add {
        /// Its name, unique in the account
        name: String,
        /// What it connects; the tokens of a `source` ingest instead of read
        #[arg(long, default_value = "other", value_parser = PossibleValuesParser::new(IntegrationKind::ALL.iter().map(|kind| kind.as_str())))]
        kind: String,
    },
    /// List the integrations
    #[command(after_long_help = "Examples:\n  daybook integration list\n  daybook integration list --json")]
    List,
    /// Show an integration and its tokens
    #[command(after_long_help = "Examples:\n  daybook integration show \"Splunk production\"")]
    Show(Named),
    /// Refuse its tokens until it is enabled again
    #[command(after_long_help = "Examples:\n  daybook integration disable \"Splunk production\"")]
    Disable(Named),
    /// Honour its tokens again
    #[command(after_long_help = "Examples:\n  daybook integration enable \"Splunk production\"")]
    Enable(Named),
    /// Remove it for good; its tokens are refused from now on
    #[command(after_long_help = "Examples:\n  daybook integration remove \"Splunk production\"")]
    Remove(Named),
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The integration, by name or id
    name: String,
}

pub(super) async fn run(global: &Global, command: IntegrationCommand) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    let account = hub.account(global).await?;
    let path = format!("accounts/{}/integrations", account.uuid);
    let integrations: Vec<IntegrationView> = match command {
        IntegrationCommand::Add { name, kind } => vec![hub.post(&path, &NewIntegration { name, kind }).await?],
        IntegrationCommand::List => hub.integrations(&account).await?,
        IntegrationCommand::Show(named) => {
            let integration = hub.integration(&account, &named.name).await?;
            let all = hub.tokens(&account).await?;
            let own: Vec<_> = all.into_iter().filter(|token| token.integration_uuid == integration.uuid).collect();
            if global.json {
                print_json(&serde_json::json!({"integration": integration, "tokens": own}))?;
                return Ok(ExitCode::SUCCESS);
            }
            show(vec![integration])?;
            say("");
            tokens::show(own)?;
            return Ok(ExitCode::SUCCESS);
        }
        IntegrationCommand::Disable(named) => {
            vec![set_state(&hub, &path, &hub.integration(&account, &named.name).await?, "disabled").await?]
        }
        IntegrationCommand::Enable(named) => {
            vec![set_state(&hub, &path, &hub.integration(&account, &named.name).await?, "active").await?]
        }
        IntegrationCommand::Remove(named) => {
            let integration = hub.integration(&account, &named.name).await?;
            hub.delete(&format!("{path}/{}", integration.uuid)).await?;
            say(&format!("removed {:?}; its tokens are refused from now on", integration.name));
            vec![IntegrationView { state: "removed".to_owned(), ..integration }]
        }
    };
    if global.json {
        print_json(&integrations)?;
        return Ok(ExitCode::SUCCESS);
    }
    show(integrations)?;
    Ok(ExitCode::SUCCESS)
}

async fn set_state(hub: &Hub, path: &str, integration: &IntegrationView, state: &str) -> Result<IntegrationView> {
    hub.patch(&format!("{path}/{}", integration.uuid), &IntegrationChange { state: state.to_owned() }).await
}

fn show(integrations: Vec<IntegrationView>) -> Result<()> {
    let rows = integrations.into_iter().map(|integration| {
        vec![integration.name, integration.kind, integration.state, integration.uuid, integration.created_at]
    });
    let empty = "no integrations yet; add one with `daybook integration add NAME --kind splunk`";
    print_table(&["NAME", "KIND", "STATE", "ID", "ADDED"], rows.collect(), empty)
}
