//! `daybook events`: reads a feature of any server that speaks the Events API.

mod render;

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use daybook_client::{Client, Feature, Page, Start};
use daybook_events::{Clock, SystemClock};
use futures_util::{Stream, TryStreamExt};

use self::render::Renderer;
use super::{
    GlobalOptions,
    durations::{When, parse_when},
    http::{USER_AGENT, is_loopback},
    hub::{AccountOption, Hub},
    own_token::{Purpose, own_token},
    signals::interrupted,
    token::all_features,
    token_options::{TokenOptions, client_with_token},
};

const TOKEN_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// The pause at the newest event: short on this machine, that of the official connectors elsewhere.
const POLL_INTERVAL_HERE: Duration = Duration::from_secs(1);
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// Read events of any server that speaks the Events API: this hub, another, or the vendor's
///
/// With a token (--token, --token-file, or DAYBOOK_EVENTS_TOKEN) the server is the one that the token names, or --url.
/// Without one it is the hub of the data directory, for which the command keeps a token of its own.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook events auditevents
  daybook events signinattempts --since 7d --until 24h --output json > week.json
  daybook events itemusages --follow
  daybook events auditevents --token-file my-siem.token --since 2026-02-03")]
pub(super) struct Events {
    /// signinattempts, itemusages or auditevents
    feature: Feature,
    /// From when: 24h or 7d for so long ago, a date, or an RFC 3339 time
    #[arg(long, value_name = "WHEN", default_value = "1h", value_parser = parse_when)]
    since: When,
    /// Until when, likewise; without it to the newest event
    #[arg(long, value_name = "WHEN", value_parser = parse_when, conflicts_with = "follow")]
    until: Option<When>,
    /// Wait for new events until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// How to print them [default: table on a terminal, ndjson elsewhere]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// Events a page
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    token: TokenOptions,
    #[command(flatten)]
    account: AccountOption,
}

/// How events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns for people
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line, byte for byte as the server sent it
    Ndjson,
}

pub(super) async fn run(global: &GlobalOptions, command: Events) -> Result<()> {
    let now = SystemClock.now();
    let (start, end) = (command.since.at(now), command.until.map(|until| until.at(now)));
    ensure!(end.is_none_or(|end| start < end), "--since is not before --until; nothing can be in between");
    let client = match command.token.given("DAYBOOK_EVENTS_TOKEN")? {
        Some(token) => client_with_token(global, &token)?.build()?,
        None => own_client(global, &command.account).await.context(
            "no token was given (--token, --token-file or DAYBOOK_EVENTS_TOKEN), so the hub was asked for one",
        )?,
    };
    let renderer = Renderer::new(command.format(global), &command.feature, io::stdout().lock(), is_terminal());
    let start = Start::Since { start, end, limit: command.limit };
    if command.follow {
        let interval = if is_loopback(client.base_url()) { POLL_INTERVAL_HERE } else { POLL_INTERVAL };
        print(client.follow(command.feature, start, interval), renderer, interrupted()).await
    } else {
        print(client.events(command.feature, start), renderer, std::future::pending()).await
    }
}

/// Prints page after page until there are no more, or the end is wanted.
async fn print(
    mut pages: impl Stream<Item = Result<Page, daybook_client::ClientError>> + Unpin,
    mut renderer: Renderer<io::StdoutLock<'static>>,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let mut stop = std::pin::pin!(stop);
    renderer.begin()?;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            page = pages.try_next() => match page? {
                Some(page) => renderer.print_page(&page)?,
                None => break,
            },
        }
    }
    renderer.end()
}

/// A client of the hub of the data directory with a token of our own.
async fn own_client(global: &GlobalOptions, account: &AccountOption) -> Result<Client> {
    let hub = Hub::connect(global)?;
    let account = hub.account(account).await?;
    let purpose = Purpose {
        integration: "Daybook command line",
        kind: "other",
        name: "daybook events".to_owned(),
        file_name: format!("{}.token", account.uuid),
        features: all_features(),
        lifetime: TOKEN_LIFETIME,
    };
    let token = own_token(&hub, &account, &purpose).await?;
    let mut builder = Client::builder(&token).base_url(hub.url()).user_agent(USER_AGENT);
    for pem in hub.roots_pem() {
        builder = builder.add_root_certificate_pem(pem.clone());
    }
    Ok(builder.build()?)
}

impl Events {
    fn format(&self, global: &GlobalOptions) -> Format {
        match self.output {
            Some(format) => format,
            None if global.json => Format::Json,
            None if is_terminal() => Format::Table,
            None => Format::Ndjson,
        }
    }
}

fn is_terminal() -> bool {
    io::stdout().is_terminal()
}
