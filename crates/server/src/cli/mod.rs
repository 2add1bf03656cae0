//! The command line: `daybook serve`, and everything that talks to a running hub.
//!
//! Results go to standard output, words for people to standard error. 0 is success, 1 a failure, 2 a wrong call.

mod accounts;
mod events;
mod hub;
mod ingest;
mod integrations;
mod local_token;
mod output;
mod parse;
mod progress;
mod sender;
mod server;
mod simulate;
mod tokens;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::config::default_data_dir;

/// Keeps every sign-in attempt, item usage and audit event of an account, and lets everyone read them with a cursor.
#[derive(Debug, Parser)]
#[command(name = "daybook", version, arg_required_else_help = true)]
#[command(after_long_help = "Examples:
  daybook serve
  daybook account add \"Acme\"
  daybook integration add \"Splunk production\" --kind splunk
  daybook token issue \"Splunk production\" --name first
  daybook events auditevents --since 24h")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The data directory of the hub on this machine
    #[arg(long, global = true, env = "DAYBOOK_DATA_DIR", value_name = "DIR", help_heading = "Global options")]
    data_dir: Option<PathBuf>,
    /// A hub elsewhere, https://host or https://host:port; its administration token is taken from DAYBOOK_TOKEN
    #[arg(long, global = true, env = "DAYBOOK_URL", value_name = "URL", help_heading = "Global options")]
    url: Option<String>,
    /// A certificate to trust besides the system's, PEM
    #[arg(long, global = true, env = "DAYBOOK_CA", value_name = "FILE", help_heading = "Global options")]
    ca: Option<PathBuf>,
    /// The account, by name or id; may be left out while there is one
    #[arg(long, global = true, env = "DAYBOOK_ACCOUNT", value_name = "ACCOUNT", help_heading = "Global options")]
    account: Option<String>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
}

impl Global {
    fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_data_dir)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the hub
    Serve(server::Serve),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(server::ConfigCommand),
    /// Print the certificate of the local certificate authority
    Ca(server::Ca),
    /// Show the hub's streams and how far its own readers are
    Status(server::Status),
    /// Accounts: the tenants of the hub
    #[command(subcommand)]
    Account(accounts::AccountCommand),
    /// Integrations: registered readers and sources
    #[command(subcommand)]
    Integration(integrations::IntegrationCommand),
    /// Bearer tokens of integrations
    #[command(subcommand)]
    Token(tokens::TokenCommand),
    /// Events Reporting in one step, with the words of the vendor's command line
    #[command(subcommand)]
    EventsApi(tokens::EventsApiCommand),
    /// The keys that sign bearer tokens
    #[command(subcommand)]
    SigningKey(server::SigningKeyCommand),
    /// Send events from a file or standard input
    Ingest(ingest::Ingest),
    /// Read events from any server that speaks the Events API
    Events(events::Events),
    /// Make up the events of a believable company, and send them
    Simulate(simulate::Simulate),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let result = match command {
        Command::Serve(serve) => server::serve(&global, &serve),
        Command::Config(command) => server::config(&command),
        Command::Ca(ca) => server::ca(&global, &ca),
        command => block_on(run(global, command)),
    };
    match result {
        Ok(code) => code,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(global: Global, command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve(_) | Command::Config(_) | Command::Ca(_) => unreachable!("these run without a hub"),
        Command::Status(_) => server::status(&global).await,
        Command::Account(command) => accounts::run(&global, command).await,
        Command::Integration(command) => integrations::run(&global, command).await,
        Command::Token(command) => tokens::run(&global, command).await,
        Command::EventsApi(command) => tokens::run_events_api(&global, command).await,
        Command::SigningKey(command) => server::signing_key(&global, command).await,
        Command::Ingest(command) => ingest::run(&global, &command).await,
        Command::Events(command) => events::run(&global, &command).await,
        Command::Simulate(command) => simulate::run(&global, &command).await,
    }
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
        let path = format!("{path} {}", command.get_name());
        let below: Vec<_> = command.get_subcommands().filter(|below| below.get_name() != "help").collect();
        if below.is_empty() {
            found.push((path, command.clone()));
            return;
        }
        below.into_iter().for_each(|below| leaves(below, &path, found));
    }

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_s_help_has_examples() {
        let mut command = Cli::command();
        command.build();
        let mut found = Vec::new();
        leaves(&command, "", &mut found);
        assert!(found.len() > 20, "{}", found.len());
        for (path, mut command) in found {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:"), "{path} has no examples");
            assert!(help.contains("--json"), "{path} takes no --json");
        }
    }
}
