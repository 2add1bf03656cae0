//! `daybook simulate`: a believable company's events, sent through the same ingest API as everybody's.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;
use daybook_events::{Clock, Feature, ITEM_USAGES, SystemClock, Timestamp, WIRE_FEATURES};
use daybook_simulation::{Company, Plan};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Global,
    hub::Hub,
    local_token::{SIMULATION, local_token},
    output::{print_json, say},
    parse::{Rate, rate},
    sender::Sender,
};
use crate::manage::types::{AccountView, HubStatus, NewAccount};

const BATCH_EVENTS: usize = 1000;
const COMPANY: &str = "Simulated company";
/// Live events are sent this often.
const TICK: Duration = Duration::from_millis(100);
const DAY_SECS: u64 = 24 * 3600;

/// Make up the events of a believable company, and send them.
///
/// The same seed makes the same company. The history ends now; with --rate it goes on live until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook simulate
  daybook simulate --days 30 --users 300 --seed 7 --rate 20/s
  daybook simulate --days 0 --rate 5/m
  daybook simulate --accounts 3 --users 50")]
pub(super) struct Simulate {
    /// Days of history before now
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=3660))]
    days: u32,
    /// People in the company
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    users: u32,
    /// Decides everything that is random
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Live events after the history: so many a second (20/s), minute (5/m) or hour
    #[arg(long, value_parser = rate)]
    rate: Option<Rate>,
    /// Accounts, each with a company of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    accounts: u32,
    /// Send the history although the account has one
    #[arg(long)]
    again: bool,
}

/// What was sent for one account.
#[derive(Debug, Serialize)]
struct Report {
    account: String,
    history: u64,
    live: u64,
}

/// One company and where its events go.
struct Show {
    account: AccountView,
    company: Company,
    plan: Plan,
    sender: Sender,
    report: Report,
}

pub(super) async fn run(global: &Global, simulate: &Simulate) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    let mut shows = Vec::new();
    for number in 1..=simulate.accounts {
        shows.push(prepare(global, simulate, &hub, number).await?);
    }
    let status: HubStatus = hub.get("status").await?;
    let mut stopped = false;
    for show in &mut shows {
        let has_history = status.streams.iter().any(|stream| {
            stream.account_uuid == show.account.uuid && stream.feature == ITEM_USAGES.as_str() && stream.head > 0
        });
        if simulate.days == 0 || stopped {
            continue;
        }
        if has_history && !simulate.again {
            say(&format!("{:?} has a history already; --again sends another", show.account.name));
            continue;
        }
        tokio::select! {
            sent = show.send_history() => sent?,
            () = told_to_stop() => stopped = true,
        }
    }
    if let Some(rate) = simulate.rate.filter(|_| !stopped) {
        say(&format!("live: {} events a second for each account, until Ctrl-C", rate.per_second));
        tokio::select! {
            ended = go_live(&mut shows, rate) => ended?,
            () = told_to_stop() => {}
        }
    }
    let reports: Vec<Report> = shows.into_iter().map(|show| show.report).collect();
    if global.json {
        print_json(&reports)?;
    } else {
        for report in reports {
            say(&format!("{}: {} events of history, {} live", report.account, report.history, report.live));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn prepare(global: &Global, simulate: &Simulate, hub: &Hub, number: u32) -> Result<Show> {
    let account = account(global, hub, number).await?;
    let token = local_token(hub, &account, SIMULATION, &WIRE_FEATURES.into()).await?;
    let now = SystemClock.now().as_seconds();
    let this_hour = Timestamp::from_seconds(now - now.rem_euclid(3600));
    let plan = Plan {
        seed: simulate.seed,
        users: simulate.users,
        account_uuid: account.uuid.clone(),
        start: this_hour.minus(Duration::from_secs(u64::from(simulate.days.max(1)) * DAY_SECS)),
        days: simulate.days.max(1),
    };
    let company = tokio::task::block_in_place(|| Company::new(&plan));
    let report = Report { account: account.name.clone(), history: 0, live: 0 };
    Ok(Show { sender: Sender::new(&hub.url, token, &hub.roots)?, account, company, plan, report })
}

/// The account of `--account`, or the simulated company's own; made if it is not there.
async fn account(global: &Global, hub: &Hub, number: u32) -> Result<AccountView> {
    if global.account.is_some() && number == 1 {
        return hub.account(global).await;
    }
    let name = if number == 1 { COMPANY.to_owned() } else { format!("{COMPANY} {number}") };
    let accounts: Vec<AccountView> = hub.get("accounts").await?;
    match accounts.into_iter().find(|account| account.name == name) {
        Some(account) => Ok(account),
        None => hub.post("accounts", &NewAccount { name, retention_days: None }).await,
    }
}

impl Show {
    /// Sends the history in order of arrival, feature by feature a batch at a time. A call that was interrupted and is
    /// repeated within the hour sends the same batches under the same keys, which append nothing twice.
    async fn send_history(&mut self) -> Result<()> {
        let bar = ProgressBar::new(u64::from(self.plan.days) * DAY_SECS);
        let style = "{msg} {bar:30} {percent}%, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(format!("history of {}", self.account.name));
        let mut batches: BTreeMap<Feature, Vec<String>> = BTreeMap::new();
        let mut sent: BTreeMap<Feature, u64> = BTreeMap::new();
        let mut company = Company::new(&self.plan);
        for event in company.history() {
            let batch = batches.entry(event.feature.clone()).or_default();
            batch.push(event.payload);
            if batch.len() == BATCH_EVENTS {
                let batch = std::mem::take(batch);
                self.send_batch(&event.feature, batch, &mut sent).await?;
                bar.set_position(event.arrival.since(self.plan.start).as_secs());
            }
        }
        for (feature, batch) in batches {
            if !batch.is_empty() {
                self.send_batch(&feature, batch, &mut sent).await?;
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    async fn send_batch(
        &mut self,
        feature: &Feature,
        batch: Vec<String>,
        sent: &mut BTreeMap<Feature, u64>,
    ) -> Result<()> {
        let number = sent.entry(feature.clone()).or_default();
        let Plan { seed, users, start, days, .. } = &self.plan;
        let key = format!("simulation {seed} {users} {start} {days} {feature} {number}");
        *number += 1;
        let answer = self.sender.send(feature, batch.join("\n"), &key).await?;
        self.report.history += answer.accepted as u64;
        tell_rejections(&answer);
        Ok(())
    }

    /// Sends so many events that happen now.
    async fn send_live(&mut self, count: u64) -> Result<()> {
        let mut batches: BTreeMap<Feature, Vec<String>> = BTreeMap::new();
        let mut key = String::new();
        for _ in 0..count {
            let event = self.company.live_event(SystemClock.now());
            batches.entry(event.feature).or_default().push(event.payload);
            key = format!("live {}", event.uuid);
        }
        for (feature, batch) in batches {
            let answer = self.sender.send(&feature, batch.join("\n"), &key).await?;
            self.report.live += answer.accepted as u64;
            tell_rejections(&answer);
        }
        Ok(())
    }
}

fn tell_rejections(answer: &crate::ingest::IngestAnswer) {
    if let Some(first) = answer.rejected.first() {
        say(&format!(
            "{} simulated events were rejected, the first for {}: {}",
            answer.rejected.len(),
            first.field,
            first.reason
        ));
    }
}

/// Sends at the rate for ever; what was due while the hub was away is not made up for.
async fn go_live(shows: &mut [Show], rate: Rate) -> Result<()> {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut due = 0.0;
    loop {
        ticks.tick().await;
        due += rate.per_second * TICK.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive count")]
        let count = due as u64;
        if count == 0 {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let sent = count as f64;
        due -= sent;
        for show in &mut *shows {
            if let Err(error) = show.send_live(count).await {
                say(&format!("{error:#}"));
            }
        }
    }
}

async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
