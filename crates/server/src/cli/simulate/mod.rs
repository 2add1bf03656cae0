//! `daybook simulate`: a made-up company whose people sign in, use items and change things, through the public APIs.
//!
//! ```text
//!  per account:  account, source and token are found or made ─▶ history, once ─▶ live events, until told to stop
//! ```

mod history;
mod live;
mod memo;

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use clap::Args;
use daybook_events::{Clock, ITEM_USAGES, SystemClock, Timestamp};
use daybook_simulation::{Company, Plan};
use serde::Serialize;

use self::{
    live::Live,
    memo::{Course, Memo, Terms},
};
use super::{
    GlobalOptions,
    appender::Appender,
    durations::{Rate, parse_rate},
    hub::Hub,
    output::{print_json, print_line, say},
    own_token::{Purpose, own_token},
    signals::interrupted,
    token::all_features,
};
use crate::manage::types::AccountView;

const COMPANY_NAME: &str = "Simulated company";
const TOKEN_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);
const HOUR_SECS: i64 = 3600;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Fill accounts with the events of made-up companies, and go on live
///
/// The same seed makes the same company. An account that has item usages already keeps its history as it is; an
/// interrupted history is completed by the same command. With --rate, live events follow until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook simulate
  daybook simulate --days 30 --users 300 --seed 7 --rate 20/s
  daybook simulate --accounts 10 --days 7 --users 50
  daybook simulate --account \"Acme\" --days 2")]
pub(super) struct Simulate {
    /// Days of history before now
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: u32,
    /// People in each company
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    users: u32,
    /// What the company is made from
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    seed: u64,
    /// Live events after the history, over all accounts: 20/s, 30/m or 100/h
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    rate: Option<Rate>,
    /// How many accounts: "Simulated company", "Simulated company 2", …
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    accounts: u32,
    /// One account of this name or id instead; made where there is none
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "accounts")]
    account: Option<String>,
    /// Send a history even where there are events already
    #[arg(long)]
    again: bool,
}

/// What was sent.
#[derive(Debug, Default, Serialize)]
struct Totals {
    accounts: Vec<AccountTotals>,
}

/// What was sent to one account.
#[derive(Debug, Default, Serialize)]
struct AccountTotals {
    account: String,
    account_uuid: String,
    /// Whether the history was there already.
    history_skipped: bool,
    history_events: u64,
    live_events: u64,
    rejected: u64,
}

pub(super) async fn run(global: &GlobalOptions, command: Simulate) -> Result<ExitCode> {
    let hub = Hub::connect(global)?;
    let mut lives = Vec::new();
    for name in command.account_names() {
        let account = find_or_add_account(&hub, &name).await?;
        lives.push(send_history(&hub, &command, account).await?);
    }
    if let Some(rate) = command.rate {
        say(&format!("Sending live events, {} every {} s; Ctrl-C ends it.", rate.events, rate.per.as_secs()));
        tokio::select! {
            outcome = live::send(&mut lives, rate) => outcome?,
            () = interrupted() => {}
        }
    }
    let totals = Totals { accounts: lives.into_iter().map(|live| live.totals).collect() };
    if global.json {
        print_json(&totals)?;
    } else {
        print_line(&totals.in_words())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn find_or_add_account(hub: &Hub, wanted: &str) -> Result<AccountView> {
    let is_it = |account: &AccountView| account.uuid == wanted || account.name == wanted;
    match hub.accounts().await?.into_iter().find(is_it) {
        Some(account) => Ok(account),
        None => hub.add_account(wanted, None).await,
    }
}

/// Sends the history of an account where it is still missing; what is returned can go on live.
async fn send_history(hub: &Hub, command: &Simulate, account: AccountView) -> Result<Live> {
    let purpose = Purpose {
        integration: "Simulation",
        kind: "source",
        name: "daybook simulate".to_owned(),
        file_name: format!("{}.simulation.token", account.uuid),
        features: all_features(),
        lifetime: TOKEN_LIFETIME,
    };
    let token = own_token(hub, &account, &purpose).await?;
    let appender = Arc::new(Appender::new(hub.url(), &token, hub.roots_pem(), true)?);

    let memo_file = hub.cli_dir().join(format!("{}.simulation.json", account.uuid));
    let has_events = has_item_usages(hub, &account).await?;
    let course = Course::choose(Memo::read(&memo_file), command.terms(), has_events, command.again);
    let company = Company::new(&command.plan(&account, course.start()));
    let mut totals =
        AccountTotals { account: account.name.clone(), account_uuid: account.uuid.clone(), ..AccountTotals::default() };
    let company = match course {
        Course::Skip { .. } => {
            say(&format!("{} has events already; its history stays as it is (--again sends one).", account.name));
            totals.history_skipped = true;
            company
        }
        Course::Send(memo) => {
            let history = history::History {
                account: account.clone(),
                appender: Arc::clone(&appender),
                memo_file,
                days: command.days,
            };
            tokio::select! {
                sent = history.send(company, memo) => {
                    let (company, events, rejected) = sent?;
                    (totals.history_events, totals.rejected) = (events, rejected);
                    company
                }
                () = interrupted() => bail!("interrupted; the same command completes the history of {}", account.name),
            }
        }
    };
    Ok(Live::new(company, appender, totals))
}

async fn has_item_usages(hub: &Hub, account: &AccountView) -> Result<bool> {
    let streams = hub.status().await?.streams.into_iter();
    let mut of_account = streams.filter(|stream| stream.account_uuid == account.uuid);
    Ok(of_account.any(|stream| stream.feature == ITEM_USAGES.as_str() && stream.head > 0))
}

impl Simulate {
    fn account_names(&self) -> Vec<String> {
        let numbered = |number| match number {
            1 => COMPANY_NAME.to_owned(),
            number => format!("{COMPANY_NAME} {number}"),
        };
        self.account.as_ref().map_or_else(|| (1..=self.accounts).map(numbered).collect(), |name| vec![name.clone()])
    }

    fn terms(&self) -> Terms {
        let hour = SystemClock.now().as_seconds().div_euclid(HOUR_SECS) * HOUR_SECS;
        let start = Timestamp::from_seconds(hour).minus(DAY * self.days);
        Terms { seed: self.seed, users: self.users, days: self.days, start }
    }

    fn plan(&self, account: &AccountView, start: Timestamp) -> Plan {
        Plan { seed: self.seed, users: self.users, account_uuid: account.uuid.clone(), start, days: self.days }
    }
}

impl Totals {
    fn in_words(&self) -> String {
        let line = |totals: &AccountTotals| {
            let AccountTotals { account, history_events, live_events, rejected, .. } = totals;
            format!("{account}: {history_events} events of history, {live_events} live, {rejected} rejected")
        };
        self.accounts.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
