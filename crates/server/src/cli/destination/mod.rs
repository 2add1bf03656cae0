//! `daybook destination`: the systems that an account's events are pushed to.

mod change;
mod letters;
mod print;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use reqwest::Method;

use super::{
    GlobalOptions,
    connector::{SettingOptions, hops, show_kinds},
    hub::{AccountOption, Hub},
    output::{say, show},
    resolve::find_named,
};
use crate::manage::{
    connector_types::{DestinationView, HopView, NewDestination},
    types::AccountView,
};

const ADD_DESTINATION: &str = "add one with `daybook destination add NAME --kind KIND`";

/// Destinations: the systems that an account's events are pushed to
#[derive(Debug, Subcommand)]
pub(super) enum DestinationCommand {
    Add(Add),
    Kinds(Kinds),
    List(List),
    Show(Show),
    Test(Test),
    Set(change::Set),
    Pause(change::Pause),
    Resume(change::Resume),
    Attempts(letters::Attempts),
    DeadLetters(letters::DeadLetters),
    Redrive(letters::Redrive),
    Discard(letters::Discard),
    Replay(letters::Replay),
    Remove(change::Remove),
}

/// Add a destination, after a test of the way there
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination add \"Archive\" --kind file --set path=archive/{feature}.ndjson
  daybook destination add \"SOAR\" --kind webhook --set url=https://soar.acme.example/in --set-file secret=webhook.secret
  daybook destination add \"SOAR\" --kind webhook --set url=https://soar.acme.example/in --set-file secret=webhook.secret --set features=auditevents --untested

Settings of a kind: daybook destination kinds KIND")]
pub(super) struct Add {
    /// Its name, unique among the account's destinations
    name: String,
    /// What it is; `daybook destination kinds` lists them
    #[arg(long, value_name = "KIND")]
    kind: String,
    #[command(flatten)]
    settings: SettingOptions,
    /// Add it even if the test of the way there fails, or without one
    #[arg(long)]
    untested: bool,
    #[command(flatten)]
    account: AccountOption,
}

/// List the kinds of destinations, or the settings of one
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination kinds
  daybook destination kinds webhook")]
pub(super) struct Kinds {
    /// The kind whose settings to list
    kind: Option<String>,
}

/// List the destinations of an account
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination list
  daybook destination list --account \"Acme\" --json")]
pub(super) struct List {
    #[command(flatten)]
    account: AccountOption,
}

/// Show a destination: its settings, where it is in each stream, and what is wrong
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination show \"Archive\"")]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
}

/// Test the way to a destination: name, connection, TLS, one event that says that it is a test
///
/// The program ends with 1 if a step of the way fails.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination test \"Archive\"")]
pub(super) struct Test {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The destination, by name or id
    destination: String,
    #[command(flatten)]
    account: AccountOption,
}

pub(super) async fn run(global: &GlobalOptions, command: DestinationCommand) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    let done = |()| ExitCode::SUCCESS;
    match command {
        DestinationCommand::Add(command) => add(global, &hub, command).await.map(done),
        DestinationCommand::Kinds(Kinds { kind }) => show_kinds(global.json, &hub, "destination", kind).await.map(done),
        DestinationCommand::List(List { account }) => {
            let account = hub.account(&account).await?;
            show(global.json, &destinations(&hub, &account).await?, |all| print::list(all)).map(done)
        }
        DestinationCommand::Show(Show { which }) => {
            let (_, destination) = find(&hub, &which).await?;
            show(global.json, &destination, print::details).map(done)
        }
        DestinationCommand::Test(Test { which }) => {
            let (account, destination) = find(&hub, &which).await?;
            let seen: Vec<HopView> = hub.post(&format!("{}/test", path_of(&account, &destination))).await?;
            show(global.json, &seen, |seen| hops(seen))?;
            Ok(if seen.iter().all(|hop| hop.passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        DestinationCommand::Set(command) => change::set(global, &hub, command).await.map(done),
        DestinationCommand::Pause(command) => change::pause(global, &hub, command).await.map(done),
        DestinationCommand::Resume(command) => change::resume(global, &hub, command).await.map(done),
        DestinationCommand::Remove(command) => change::remove(global, &hub, command).await.map(done),
        DestinationCommand::Attempts(command) => letters::attempts(global, &hub, command).await.map(done),
        DestinationCommand::DeadLetters(command) => letters::list(global, &hub, command).await.map(done),
        DestinationCommand::Redrive(command) => letters::redrive(global, &hub, command).await.map(done),
        DestinationCommand::Discard(command) => letters::discard(global, &hub, command).await.map(done),
        DestinationCommand::Replay(command) => letters::replay(global, &hub, command).await.map(done),
    }
}

async fn add(global: &GlobalOptions, hub: &Hub, command: Add) -> Result<()> {
    let account = hub.account(&command.account).await?;
    let new = NewDestination { name: command.name, kind: command.kind, settings: command.settings.read()? };
    let path = format!("/accounts/{}/destinations", account.uuid);
    if !command.untested {
        let seen: Vec<HopView> = hub.send(Method::POST, &format!("{path}/test"), &new).await?;
        say(&hops(&seen));
        if seen.iter().any(|hop| !hop.passed) {
            bail!("nothing was added: mend the way there, or add it all the same with --untested");
        }
    }
    let destination: DestinationView = hub.send(Method::POST, &path, &new).await?;
    show(global.json, &destination, |destination| format!("Added {}", print::sentence(destination)))?;
    say(&format!("Next: daybook destination show {:?}", destination.name));
    Ok(())
}

async fn destinations(hub: &Hub, account: &AccountView) -> Result<Vec<DestinationView>> {
    hub.get(&format!("/accounts/{}/destinations", account.uuid)).await
}

async fn find(hub: &Hub, which: &Which) -> Result<(AccountView, DestinationView)> {
    let account = hub.account(&which.account).await?;
    let destination = find_named(destinations(hub, &account).await?, &which.destination, ADD_DESTINATION)?;
    Ok((account, destination))
}

fn path_of(account: &AccountView, destination: &DestinationView) -> String {
    format!("/accounts/{}/destinations/{}", account.uuid, destination.uuid)
}
