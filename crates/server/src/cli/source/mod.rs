//! `daybook source`: the systems that an account's events are brought in from.

mod print;
mod wait;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{
    GlobalOptions,
    connector::{self, Changes, Found, Kinds, List, New, Which},
    hub::Hub,
    output::show,
};
use crate::manage::source_types::SourceView;

/// Sources: the systems that an account's events are brought in from
#[derive(Debug, Subcommand)]
pub(super) enum SourceCommand {
    Add(Add),
    /// List the kinds of sources, or the settings of one
    #[command(after_long_help = "Examples:
  daybook source kinds
  daybook source kinds upstream")]
    Kinds(Kinds),
    /// List the sources of an account
    #[command(after_long_help = "Examples:
  daybook source list
  daybook source list --account \"Acme\" --json")]
    List(List),
    Show(Show),
    /// Test the way to a source: name, connection, TLS, what its credentials may read and when they end
    ///
    /// The program ends with 1 if a step of the way fails.
    #[command(after_long_help = "Examples:
  daybook source test \"1Password\"")]
    Test(Which),
    /// Change a source's settings or its name; it goes on where it was
    #[command(after_long_help = "Examples:
  daybook source set \"1Password\" --set-file token=new.token
  daybook source set \"1Password\" --set poll_max_secs=10 --rename \"1Password EU\"")]
    Set(Changes),
    /// Pause a source: nothing is read until it is resumed; what its system keeps until then is not lost
    #[command(after_long_help = "Examples:
  daybook source pause \"1Password\"")]
    Pause(Which),
    /// Resume a source where it was; one that is not paused is tried again at once
    #[command(after_long_help = "Examples:
  daybook source resume \"1Password\"")]
    Resume(Which),
    /// List the newest attempts of a source, and what its system said
    #[command(after_long_help = "Examples:
  daybook source attempts \"1Password\"")]
    Attempts(Which),
    /// Remove a source for good, with its secrets; the events that it brought in stay
    #[command(after_long_help = "Examples:
  daybook source remove \"1Password\"")]
    Remove(Which),
}

/// Add a source, after a test of the way there
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook source add \"1Password\" --kind upstream --set-file token=events.token
  daybook source add \"1Password\" --kind upstream --set-file token=events.token --set backfill_days=30 --wait
  daybook source add \"Audit\" --kind file --set path=audit.ndjson --set feature=acme.audit

Settings of a kind: daybook source kinds KIND")]
pub(super) struct Add {
    #[command(flatten)]
    new: New,
    /// Wait until the past is here, and show how far it is; Ctrl-C ends the waiting alone
    #[arg(long)]
    wait: bool,
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

pub(super) async fn run(global: &GlobalOptions, command: SourceCommand) -> Result<ExitCode> {
    type View = SourceView;
    let hub = Hub::connect(global)?;
    match command {
        SourceCommand::Add(Add { new, wait }) => {
            let added = connector::add::<View>(&hub, new).await?;
            connector::show_added(global, &waited(&hub, added, wait).await?)?;
        }
        SourceCommand::Kinds(kinds) => connector::show_kinds::<View>(global, &hub, kinds).await?,
        SourceCommand::List(list) => {
            show(global.json, &connector::all::<View>(&hub, &list).await?, |all| print::list(all))?;
        }
        SourceCommand::Show(Show { which, wait }) => {
            let found = connector::find::<View>(&hub, &which).await?;
            show(global.json, &waited(&hub, found, wait).await?, print::details)?;
        }
        SourceCommand::Test(which) => return connector::test::<View>(global, &hub, &which).await,
        SourceCommand::Set(changes) => connector::set::<View>(global, &hub, changes).await?,
        SourceCommand::Pause(which) => connector::pause::<View>(global, &hub, &which).await?,
        SourceCommand::Resume(which) => connector::resume::<View>(global, &hub, &which).await?,
        SourceCommand::Attempts(which) => connector::attempts::<View>(global, &hub, &which).await?,
        SourceCommand::Remove(which) => connector::remove::<View>(global, &hub, &which).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The source as it is; or, if somebody waits, once the past is here.
async fn waited(hub: &Hub, Found { view, path }: Found<SourceView>, wait: bool) -> Result<SourceView> {
    if wait { wait::until_caught_up(hub, &path).await } else { Ok(view) }
}
