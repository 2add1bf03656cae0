//! `daybook status`: the hub in one look.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use daybook_events::{Clock, SystemClock};

use super::{
    GlobalOptions,
    durations::ago_in_words,
    hub::Hub,
    output::{show, table},
};
use crate::manage::types::{AccountView, CursorStatus, HubStatus, StreamStatus};

/// Show every stream, and how far the hub's own readers are
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook status
  daybook status --json
  daybook status --url https://events.acme.example")]
pub(super) struct Status {}

pub(super) async fn run(global: &GlobalOptions) -> Result<()> {
    let hub = Hub::connect(global)?;
    let status = hub.status().await?;
    let accounts = if global.json { Vec::new() } else { hub.accounts().await? };
    show(global.json, &status, |status| in_words(status, &accounts))
}

fn in_words(status: &HubStatus, accounts: &[AccountView]) -> String {
    let now = SystemClock.now();
    let names: BTreeMap<&str, &str> =
        accounts.iter().map(|account| (account.uuid.as_str(), account.name.as_str())).collect();
    let name_of = |uuid: &str| names.get(uuid).copied().unwrap_or(uuid).to_owned();
    let HubStatus { version, store, public_url, started_at, streams, cursors } = status;
    let head = format!("Daybook {version} at {public_url} on {store}, started {}", ago_in_words(started_at, now));
    let stream = |it: &StreamStatus| {
        [name_of(&it.account_uuid), it.feature.clone(), it.head.to_string(), ago_in_words(&it.last_arrival, now)]
    };
    let cursor = |it: &CursorStatus| {
        [it.name.clone(), name_of(&it.account_uuid), it.feature.clone(), it.position.to_string(), it.behind.to_string()]
    };
    let streams =
        table(["ACCOUNT", "FEATURE", "EVENTS", "LAST"], streams.iter().map(stream).collect(), "There is no event yet.");
    let cursors = table(
        ["READER", "ACCOUNT", "FEATURE", "POSITION", "BEHIND"],
        cursors.iter().map(cursor).collect(),
        "No reader of the hub's own has begun.",
    );
    [head, streams, cursors].join("\n\n")
}
