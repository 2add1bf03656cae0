//! The command line: what a person types, and where it goes.
//!
//! ```text
//!  Cli ── serve, master-key, config, ca, token inspect      here, without a hub
//!     ├── account, integration, destination, … ──▶ Hub ──▶ /manage/v1 of a running hub
//!     ├── events  ──▶ Events API of any server
//!     └── ingest, simulate  ──▶ Appender ──▶ /ingest/v1 of a running hub
//! ```
//!
//! What is asked for goes to standard output, everything for people to standard error. The program ends with 0 when it
//! worked, 1 when it did not, 2 when the command line was wrong.

mod account;
mod admin_token;
mod appender;
mod ca;
mod config;
mod connector;
mod destination;
mod durations;
mod events;
mod events_api;
mod http;
mod hub;
mod ingest;
mod integration;
mod master_key;
mod output;
mod own_token;
mod person;
mod resolve;
mod serve;
mod signals;
mod signing_key;
mod simulate;
mod source;
mod status;
mod token;
mod token_options;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::config::{LogFormat, Logs, default_data_dir};

/// Daybook: an open, self-hosted events-reporting hub
///
/// Events go in by HTTP, and every connector that speaks the 1Password Events API reads them.
#[derive(Debug, Parser)]
#[command(name = "daybook", version, max_term_width = 120, after_long_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  daybook serve
  daybook account add \"Acme\"
  daybook integration add \"My SIEM\" --kind splunk
  daybook token issue \"My SIEM\" --name first > my-siem.token
  daybook events auditevents --since 24h

From afar:
  DAYBOOK_TOKEN=… daybook status --url https://events.acme.example";

/// Where the hub is and how to print; these may stand anywhere on the line.
#[derive(Debug, Clone, Args)]
struct GlobalOptions {
    /// Data directory of the hub on this machine [default: $XDG_DATA_HOME/daybook or ~/.local/share/daybook]
    #[arg(long, global = true, env = "DAYBOOK_DATA_DIR", value_name = "DIR", help_heading = "Global options")]
    data_dir: Option<PathBuf>,
    /// A hub elsewhere, `https://host[:port]`; it is administered with the token in DAYBOOK_TOKEN [env: DAYBOOK_URL]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    url: Option<String>,
    /// PEM file with a certificate authority to trust as well as the system's
    #[arg(long, global = true, env = "DAYBOOK_CA", value_name = "FILE", help_heading = "Global options")]
    ca: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
}

impl GlobalOptions {
    fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_data_dir)
    }

    /// The certificate authority given, PEM.
    fn ca_pem(&self) -> Result<Option<Vec<u8>>> {
        let Some(file) = &self.ca else { return Ok(None) };
        let pem = std::fs::read(file).with_context(|| format!("read the certificate authority {}", file.display()))?;
        Ok(Some(pem))
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    #[command(subcommand)]
    Account(account::AccountCommand),
    #[command(subcommand)]
    Integration(integration::IntegrationCommand),
    #[command(subcommand)]
    Destination(destination::DestinationCommand),
    #[command(subcommand)]
    Source(source::SourceCommand),
    #[command(subcommand)]
    Token(token::TokenCommand),
    #[command(subcommand)]
    EventsApi(events_api::EventsApiCommand),
    Events(events::Events),
    Ingest(ingest::Ingest),
    Simulate(simulate::Simulate),
    Status(status::Status),
    #[command(subcommand)]
    Person(person::PersonCommand),
    SetupLink(person::SetupLink),
    #[command(subcommand)]
    SigningKey(signing_key::SigningKeyCommand),
    #[command(subcommand)]
    MasterKey(master_key::MasterKeyCommand),
    #[command(subcommand)]
    AdminToken(admin_token::AdminTokenCommand),
    Ca(ca::Ca),
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

/// Runs the program with the arguments of its process.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    output::exit_code_of(run(&global, command))
}

fn run(global: &GlobalOptions, command: Command) -> Result<ExitCode> {
    if let Command::Serve(command) = command {
        return serve::run(global, &command);
    }
    if let Command::MasterKey(command) = command {
        return master_key::run(global, command);
    }
    crate::start_logs(&Logs { format: LogFormat::Text, level: "warn".to_owned() })?;
    start_runtime()?.block_on(dispatch(global, command))
}

fn start_runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the asynchronous runtime")
}

async fn dispatch(global: &GlobalOptions, command: Command) -> Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        Command::Serve(_) | Command::MasterKey(_) => unreachable!("handled before the runtime starts"),
        Command::Account(command) => account::run(global, command).await.map(done),
        Command::Integration(command) => integration::run(global, command).await.map(done),
        Command::Destination(command) => Box::pin(destination::run(global, command)).await,
        Command::Source(command) => Box::pin(source::run(global, command)).await,
        Command::Token(command) => token::run(global, command).await.map(done),
        Command::EventsApi(command) => events_api::run(global, command).await.map(done),
        Command::Events(command) => Box::pin(events::run(global, command)).await.map(done),
        Command::Ingest(command) => Box::pin(ingest::run(global, command)).await,
        Command::Simulate(command) => Box::pin(simulate::run(global, command)).await,
        Command::Status(_) => status::run(global).await.map(done),
        Command::Person(command) => person::run(global, command).await.map(done),
        Command::SetupLink(_) => person::make_setup_link(global).await.map(done),
        Command::AdminToken(command) => admin_token::run(global, command).await.map(done),
        Command::SigningKey(command) => signing_key::run(global, command).await.map(done),
        Command::Ca(command) => ca::run(global, &command).map(done),
        Command::Config(command) => config::run(global, &command),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command as ClapCommand, CommandFactory};

    use super::*;

    /// Every command that does something, by the words that lead to it.
    fn leaves() -> Vec<(Vec<String>, ClapCommand)> {
        fn walk(command: &ClapCommand, path: &[String], leaves: &mut Vec<(Vec<String>, ClapCommand)>) {
            let path = [path, &[command.get_name().to_owned()]].concat();
            if command.has_subcommands() {
                for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
                    walk(inner, &path, leaves);
                }
            } else {
                leaves.push((path, command.clone()));
            }
        }
        let mut leaves = Vec::new();
        let mut cli = Cli::command();
        cli.build();
        walk(&cli, &[], &mut leaves);
        leaves
    }

    /// A value for every argument that must be given.
    fn least_arguments(command: &ClapCommand) -> Vec<String> {
        let needed = command.get_arguments().filter(|argument| argument.is_required_set());
        let value = |argument: &clap::Arg| match argument.get_id().as_str() {
            "feature" => "auditevents".to_owned(),
            _ => "x".to_owned(),
        };
        let mut arguments: Vec<String> = needed
            .flat_map(|argument| match argument.get_long() {
                Some(long) => vec![format!("--{long}"), value(argument)],
                None => vec![value(argument)],
            })
            .collect();
        if command.get_name() == "set-retention" {
            arguments.push("--for-ever".to_owned());
        }
        arguments
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        for (path, mut command) in leaves() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:\n  "), "{path:?} has no examples");
            assert!(help.contains(&format!("  {}", path.join(" "))), "the examples of {path:?} are of another command");
        }
    }

    #[test]
    fn json_is_accepted_everywhere() {
        for (path, command) in leaves() {
            let arguments = [path, least_arguments(&command), vec!["--json".to_owned()]].concat();
            let cli = Cli::try_parse_from(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            assert!(cli.global.json, "{arguments:?}");
        }
    }

    #[test]
    fn global_options_stand_before_and_after_the_command() {
        for line in ["daybook --data-dir d --url u status", "daybook status --url u --data-dir d"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!((cli.global.data_dir(), cli.global.url.as_deref()), ("d".into(), Some("u")), "{line}");
        }
    }

    #[test]
    fn examples_are_valid_command_lines() {
        for (path, command) in leaves() {
            let examples = command.get_after_long_help().unwrap().to_string();
            for line in examples.lines().filter(|line| line.trim_start().starts_with("daybook ")) {
                let line = line.split([';', '|', '>', '<']).next().unwrap();
                let words = shell_words(line);
                assert!(Cli::try_parse_from(&words).is_ok(), "{path:?}: {words:?}");
            }
        }
    }

    /// The words of a line as a shell sees them: double quotes hold words together.
    fn shell_words(line: &str) -> Vec<String> {
        let pieces = line.split('"').enumerate();
        pieces
            .flat_map(|(index, piece)| match index % 2 {
                0 => piece.split_whitespace().map(str::to_owned).collect(),
                _ => vec![piece.to_owned()],
            })
            .collect()
    }
}
