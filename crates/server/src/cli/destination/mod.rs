//! `daybook destination`: the systems that an account's events are pushed to.

mod letters;
mod print;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::{
    GlobalOptions,
    connector::{self, Changes, Found, Kinds, List, New, Which},
    hub::Hub,
    output::show,
};
use crate::manage::connector_types::DestinationView;

/// Destinations: the systems that an account's events are pushed to
#[derive(Debug, Subcommand)]
pub(super) enum DestinationCommand {
    /// Add a destination, after a test of the way there
    #[command(after_long_help = "Examples:
  daybook destination add \"Archive\" --kind file --set path=archive/{feature}.ndjson
  daybook destination add \"SOAR\" --kind webhook --set url=https://soar.acme.example/in --set-file secret=webhook.secret
  daybook destination add \"SOAR\" --kind webhook --set url=https://soar.acme.example/in --set-file secret=webhook.secret --set features=auditevents --untested

Settings of a kind: daybook destination kinds KIND")]
    Add(New),
    /// List the kinds of destinations, or the settings of one
    #[command(after_long_help = "Examples:
  daybook destination kinds
  daybook destination kinds webhook")]
    Kinds(Kinds),
    /// List the destinations of an account
    #[command(after_long_help = "Examples:
  daybook destination list
  daybook destination list --account \"Acme\" --json")]
    List(List),
    /// Show a destination: its settings, where it is in each stream, and what is wrong
    #[command(after_long_help = "Examples:
  daybook destination show \"Archive\"")]
    Show(Which),
    /// Test the way to a destination: name, connection, TLS, one event that says that it is a test
    ///
    /// The program ends with 1 if a step of the way fails.
    #[command(after_long_help = "Examples:
  daybook destination test \"Archive\"")]
    Test(Which),
    /// Change a destination's settings or its name; it goes on where it was
    #[command(after_long_help = "Examples:
  daybook destination set \"SOAR\" --set-file secret=new.secret
  daybook destination set \"SOAR\" --set filter= --rename \"SOAR production\"")]
    Set(Changes),
    /// Pause a destination: nothing is sent until it is resumed, nothing is lost
    #[command(after_long_help = "Examples:
  daybook destination pause \"Archive\"")]
    Pause(Which),
    /// Resume a destination where it was; one that is not paused is tried again at once
    #[command(after_long_help = "Examples:
  daybook destination resume \"Archive\"")]
    Resume(Which),
    /// List the newest attempts of a destination, and what the receiver said
    #[command(after_long_help = "Examples:
  daybook destination attempts \"SOAR\"")]
    Attempts(Which),
    DeadLetters(letters::DeadLetters),
    Redrive(letters::Redrive),
    Discard(letters::Discard),
    Replay(letters::Replay),
    /// Remove a destination for good, with its dead letters and its secrets
    #[command(after_long_help = "Examples:
  daybook destination remove \"Archive\"")]
    Remove(Which),
}

pub(super) async fn run(global: &GlobalOptions, command: DestinationCommand) -> Result<ExitCode> {
    type View = DestinationView;
    let hub = Hub::connect(global)?;
    match command {
        DestinationCommand::Add(new) => connector::show_added(global, &connector::add::<View>(&hub, new).await?.view)?,
        DestinationCommand::Kinds(kinds) => connector::show_kinds::<View>(global, &hub, kinds).await?,
        DestinationCommand::List(list) => {
            show(global.json, &connector::all::<View>(&hub, &list).await?, |all| print::list(all))?;
        }
        DestinationCommand::Show(which) => {
            let Found { view, .. } = connector::find::<View>(&hub, &which).await?;
            show(global.json, &view, print::details)?;
        }
        DestinationCommand::Test(which) => return connector::test::<View>(global, &hub, &which).await,
        DestinationCommand::Set(changes) => connector::set::<View>(global, &hub, changes).await?,
        DestinationCommand::Pause(which) => connector::pause::<View>(global, &hub, &which).await?,
        DestinationCommand::Resume(which) => connector::resume::<View>(global, &hub, &which).await?,
        DestinationCommand::Remove(which) => connector::remove::<View>(global, &hub, &which).await?,
        DestinationCommand::Attempts(which) => connector::attempts::<View>(global, &hub, &which).await?,
        DestinationCommand::DeadLetters(command) => letters::list(global, &hub, command).await?,
        DestinationCommand::Redrive(command) => letters::redrive(global, &hub, command).await?,
        DestinationCommand::Discard(command) => letters::discard(global, &hub, command).await?,
        DestinationCommand::Replay(command) => letters::replay(global, &hub, command).await?,
    }
    Ok(ExitCode::SUCCESS)
}
