//! Changing, pausing, resuming and removing destinations.

use anyhow::{Result, bail};
use clap::Args;
use reqwest::Method;

use super::{Which, find, path_of, print};
use crate::{
    cli::{GlobalOptions, connector::SettingOptions, hub::Hub, output::show},
    manage::connector_types::{DestinationChange, DestinationView},
};

/// Change a destination's settings or its name; it goes on where it was
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination set \"SOAR\" --set-file secret=new.secret
  daybook destination set \"SOAR\" --set filter= --rename \"SOAR production\"")]
pub(in crate::cli) struct Set {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    settings: SettingOptions,
    /// Its new name
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,
}

/// Pause a destination: nothing is sent until it is resumed, nothing is lost
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination pause \"Archive\"")]
pub(in crate::cli) struct Pause {
    #[command(flatten)]
    which: Which,
}

/// Resume a destination where it was; one that is not paused is tried again at once
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination resume \"Archive\"")]
pub(in crate::cli) struct Resume {
    #[command(flatten)]
    which: Which,
}

/// Remove a destination for good, with its dead letters and its secrets
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination remove \"Archive\"")]
pub(in crate::cli) struct Remove {
    #[command(flatten)]
    which: Which,
}

pub(super) async fn set(global: &GlobalOptions, hub: &Hub, command: Set) -> Result<()> {
    let settings = command.settings.read()?;
    if settings.is_empty() && command.rename.is_none() {
        bail!("nothing to change: give --set NAME=VALUE, --set-file NAME=FILE or --rename NAME");
    }
    change(global, hub, &command.which, DestinationChange { name: command.rename, settings, state: None }).await
}

pub(super) async fn pause(global: &GlobalOptions, hub: &Hub, command: Pause) -> Result<()> {
    change(global, hub, &command.which, state("paused")).await
}

pub(super) async fn resume(global: &GlobalOptions, hub: &Hub, command: Resume) -> Result<()> {
    let (account, destination) = find(hub, &command.which).await?;
    if destination.status != "paused" {
        // Its waits begin anew when it is started anew.
        let _: DestinationView = hub.send(Method::PATCH, &path_of(&account, &destination), &state("paused")).await?;
    }
    change(global, hub, &command.which, state("active")).await
}

pub(super) async fn remove(global: &GlobalOptions, hub: &Hub, command: Remove) -> Result<()> {
    let (account, mut destination) = find(hub, &command.which).await?;
    hub.delete(&path_of(&account, &destination)).await?;
    destination.status = "removed".to_owned();
    show(global.json, &destination, |destination| format!("Removed {}", print::sentence(destination)))
}

fn state(state: &str) -> DestinationChange {
    DestinationChange { name: None, settings: std::collections::BTreeMap::new(), state: Some(state.to_owned()) }
}

async fn change(global: &GlobalOptions, hub: &Hub, which: &Which, change: DestinationChange) -> Result<()> {
    let (account, destination) = find(hub, which).await?;
    let changed: DestinationView = hub.send(Method::PATCH, &path_of(&account, &destination), &change).await?;
    show(global.json, &changed, print::sentence)
}
