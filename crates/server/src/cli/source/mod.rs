//! `daybook source`: the systems that an account's events are brought in from.

mod print;
mod wait;

use std::{collections::BTreeMap, process::ExitCode};

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
    connector_types::HopView,
    source_types::{NewSource, SourceChange, SourceView},
    types::AccountView,
};

const ADD_SOURCE: &str = "add one with `daybook source add NAME --kind KIND`";

/// Sources: the systems that an account's events are brought in from
#[derive(Debug, Subcommand)]
pub(super) enum SourceCommand {
    Add(Add),
    Kinds(Kinds),
    List(List),
    Show(Show),
    Test(Test),
    Set(Set),
    Pause(Pause),
    Resume(Resume),
    Remove(Remove),
}

/// Add a source, after a test of the way there
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source add \"1Password\" --kind upstream --set-file token=events.token
  daybook source add \"1Password\" --kind upstream --set-file token=events.token --set backfill_days=30 --wait
  daybook source add \"Audit\" --kind file --set path=audit.ndjson --set feature=acme.audit

Settings of a kind: daybook source kinds KIND")]
pub(super) struct Add {
    /// Its name, unique among the account's sources
    name: String,
    /// What it is; `daybook source kinds` lists them
    #[arg(long, value_name = "KIND")]
    kind: String,
    #[command(flatten)]
    settings: SettingOptions,
    /// Add it even if the test of the way there fails, or without one
    #[arg(long)]
    untested: bool,
    /// Wait until the past is here, and show how far it is; Ctrl-C ends the waiting alone
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    account: AccountOption,
}

/// List the kinds of sources, or the settings of one
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source kinds
  daybook source kinds upstream")]
pub(super) struct Kinds {
    /// The kind whose settings to list
    kind: Option<String>,
}

/// List the sources of an account
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source list
  daybook source list --account \"Acme\" --json")]
pub(super) struct List {
    #[command(flatten)]
    account: AccountOption,
}

/// Show a source: its settings, how far it is with each feature, and what is wrong
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source show \"1Password\"
  daybook source show \"1Password\" --wait")]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
    /// Wait until the past is here, and show how far it is
    #[arg(long)]
    wait: bool,
}

/// Test the way to a source: name, connection, TLS, what its credentials may read and when they end
///
/// The program ends with 1 if a step of the way fails.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source test \"1Password\"")]
pub(super) struct Test {
    #[command(flatten)]
    which: Which,
}

/// Change a source's settings or its name; it goes on where it was
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source set \"1Password\" --set-file token=new.token
  daybook source set \"1Password\" --set poll_max_secs=10 --rename \"1Password EU\"")]
pub(super) struct Set {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    settings: SettingOptions,
    /// Its new name
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,
}

/// Pause a source: nothing is read until it is resumed; what its system keeps until then is not lost
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source pause \"1Password\"")]
pub(super) struct Pause {
    #[command(flatten)]
    which: Which,
}

/// Resume a source where it was; one that is not paused is tried again at once
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source resume \"1Password\"")]
pub(super) struct Resume {
    #[command(flatten)]
    which: Which,
}

/// Remove a source for good, with its secrets; the events that it brought in stay
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source remove \"1Password\"")]
pub(super) struct Remove {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The source, by name or id
    source: String,
    #[command(flatten)]
    account: AccountOption,
}

pub(super) async fn run(global: &GlobalOptions, command: SourceCommand) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    match command {
        SourceCommand::Add(command) => add(global, &hub, command).await?,
        SourceCommand::Kinds(Kinds { kind }) => show_kinds(global.json, &hub, "source", kind).await?,
        SourceCommand::List(List { account }) => {
            let account = hub.account(&account).await?;
            show(global.json, &sources(&hub, &account).await?, |all| print::list(all))?;
        }
        SourceCommand::Show(Show { which, wait }) => {
            let (account, mut source) = find(&hub, &which).await?;
            if wait {
                source = wait::until_caught_up(&hub, &path_of(&account, &source)).await?;
            }
            show(global.json, &source, print::details)?;
        }
        SourceCommand::Test(Test { which }) => {
            let (account, source) = find(&hub, &which).await?;
            let seen: Vec<HopView> = hub.post(&format!("{}/test", path_of(&account, &source))).await?;
            show(global.json, &seen, |seen| hops(seen))?;
            return Ok(if seen.iter().all(|hop| hop.passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        SourceCommand::Set(Set { which, settings, rename }) => {
            let settings = settings.read()?;
            if settings.is_empty() && rename.is_none() {
                bail!("nothing to change: give --set NAME=VALUE, --set-file NAME=FILE or --rename NAME");
            }
            change(global, &hub, &which, SourceChange { name: rename, settings, state: None }).await?;
        }
        SourceCommand::Pause(Pause { which }) => change(global, &hub, &which, state("paused")).await?,
        SourceCommand::Resume(Resume { which }) => {
            let (account, source) = find(&hub, &which).await?;
            if source.status != "paused" {
                // Its waits begin anew when it is started anew.
                let _: SourceView = hub.send(Method::PATCH, &path_of(&account, &source), &state("paused")).await?;
            }
            change(global, &hub, &which, state("active")).await?;
        }
        SourceCommand::Remove(Remove { which }) => {
            let (account, mut source) = find(&hub, &which).await?;
            hub.delete(&path_of(&account, &source)).await?;
            source.status = "removed".to_owned();
            show(global.json, &source, |source| format!("Removed {}", print::sentence(source)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(global: &GlobalOptions, hub: &Hub, command: Add) -> Result<()> {
    let account = hub.account(&command.account).await?;
    let new = NewSource { name: command.name, kind: command.kind, settings: command.settings.read()? };
    let path = format!("/accounts/{}/sources", account.uuid);
    if !command.untested {
        let seen: Vec<HopView> = hub.send(Method::POST, &format!("{path}/test"), &new).await?;
        say(&hops(&seen));
        if seen.iter().any(|hop| !hop.passed) {
            bail!("nothing was added: mend the way there, or add it all the same with --untested");
        }
    }
    let mut source: SourceView = hub.send(Method::POST, &path, &new).await?;
    if command.wait {
        source = wait::until_caught_up(hub, &path_of(&account, &source)).await?;
    }
    show(global.json, &source, |source| format!("Added {}", print::sentence(source)))?;
    say(&format!("Next: daybook source show {:?}", source.name));
    Ok(())
}

async fn change(global: &GlobalOptions, hub: &Hub, which: &Which, change: SourceChange) -> Result<()> {
    let (account, source) = find(hub, which).await?;
    let changed: SourceView = hub.send(Method::PATCH, &path_of(&account, &source), &change).await?;
    show(global.json, &changed, print::sentence)
}

fn state(state: &str) -> SourceChange {
    SourceChange { name: None, settings: BTreeMap::new(), state: Some(state.to_owned()) }
}

async fn sources(hub: &Hub, account: &AccountView) -> Result<Vec<SourceView>> {
    hub.get(&format!("/accounts/{}/sources", account.uuid)).await
}

async fn find(hub: &Hub, which: &Which) -> Result<(AccountView, SourceView)> {
    let account = hub.account(&which.account).await?;
    let source = find_named(sources(hub, &account).await?, &which.source, ADD_SOURCE)?;
    Ok((account, source))
}

fn path_of(account: &AccountView, source: &SourceView) -> String {
    format!("/accounts/{}/sources/{}", account.uuid, source.uuid)
}
