//! What a destination did and refused, and what to deliver once more.

use anyhow::{Result, bail};
use clap::Args;
use daybook_events::{Clock, SystemClock};
use reqwest::Method;

use super::print;
use crate::{
    cli::{
        GlobalOptions,
        connector::{Found, Which, find},
        durations::{When, parse_when},
        hub::Hub,
        output::show,
    },
    manage::connector_types::{
        DeadLetterChoice, DeadLetterCount, DeadLetterView, DestinationView, NewReplay, ReplayView,
    },
};

/// List the events that a destination refused for good, and why
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination dead-letters \"SOAR\"
  daybook destination dead-letters \"SOAR\" --before 200 --json")]
pub(in crate::cli) struct DeadLetters {
    #[command(flatten)]
    which: Which,
    /// Only those with a smaller number than this
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
}

/// Deliver dead letters once more, one or all
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination redrive \"SOAR\" --number 17
  daybook destination redrive \"SOAR\" --all")]
pub(in crate::cli) struct Redrive {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    letters: Letters,
}

/// Give dead letters up, one or all; the events stay in the log
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination discard \"SOAR\" --number 17
  daybook destination discard \"SOAR\" --all")]
pub(in crate::cli) struct Discard {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    letters: Letters,
}

#[derive(Debug, Args)]
struct Letters {
    /// The one with this number
    #[arg(long, value_name = "NUMBER", conflicts_with = "all")]
    number: Option<i64>,
    /// All of them
    #[arg(long)]
    all: bool,
}

/// Deliver a window of the past once more, beside what is new
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook destination replay \"SOAR\" --since 24h
  daybook destination replay \"SOAR\" --since 2026-02-03T00:00:00Z --until 2026-02-04T00:00:00Z
  daybook destination replay \"SOAR\"")]
pub(in crate::cli) struct Replay {
    #[command(flatten)]
    which: Which,
    /// Events that happened at or after this: a time, or how long ago; without it, replays are listed
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    since: Option<When>,
    /// And before this
    #[arg(long, value_name = "WHEN", value_parser = parse_when, requires = "since")]
    until: Option<When>,
}

impl Letters {
    fn choice(&self) -> Result<DeadLetterChoice> {
        if self.number.is_none() && !self.all {
            bail!("which ones? give --number NUMBER or --all");
        }
        Ok(DeadLetterChoice { number: self.number })
    }
}

pub(super) async fn list(global: &GlobalOptions, hub: &Hub, command: DeadLetters) -> Result<()> {
    let Found { path, .. } = find::<DestinationView>(hub, &command.which).await?;
    let before = command.before.map(|before| format!("?before={before}")).unwrap_or_default();
    let letters: Vec<DeadLetterView> = hub.get(&format!("{path}/dead-letters{before}")).await?;
    show(global.json, &letters, |letters| print::letters(letters))
}

pub(super) async fn redrive(global: &GlobalOptions, hub: &Hub, command: Redrive) -> Result<()> {
    let Found { path, .. } = find::<DestinationView>(hub, &command.which).await?;
    let path = format!("{path}/dead-letters/redrive");
    let count: DeadLetterCount = hub.send(Method::POST, &path, &command.letters.choice()?).await?;
    show(global.json, &count, |count| format!("{} dead letter(s) are delivered once more", count.dead_letters))
}

pub(super) async fn discard(global: &GlobalOptions, hub: &Hub, command: Discard) -> Result<()> {
    let Found { path, .. } = find::<DestinationView>(hub, &command.which).await?;
    let path = format!("{path}/dead-letters/discard");
    let count: DeadLetterCount = hub.send(Method::POST, &path, &command.letters.choice()?).await?;
    show(global.json, &count, |count| format!("{} dead letter(s) were given up", count.dead_letters))
}

pub(super) async fn replay(global: &GlobalOptions, hub: &Hub, command: Replay) -> Result<()> {
    let Found { path, .. } = find::<DestinationView>(hub, &command.which).await?;
    let path = format!("{path}/replays");
    let Some(since) = command.since else {
        let replays: Vec<ReplayView> = hub.get(&path).await?;
        return show(global.json, &replays, |replays| print::replays(replays));
    };
    let now = SystemClock.now();
    let new =
        NewReplay { since: since.at(now).to_string(), until: command.until.map(|until| until.at(now).to_string()) };
    let replay: ReplayView = hub.send(Method::POST, &path, &new).await?;
    show(global.json, &replay, |replay| {
        format!("What happened from {} to {} is delivered once more", replay.since, replay.until)
    })
}
