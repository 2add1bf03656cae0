//! `daybook events`: reads any server that speaks the Events API, ours or the vendor's.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use daybook_client::{Client, ClientError, Page, Start};
use daybook_events::{Clock, Feature, LIMIT_MAX, SystemClock, WIRE_FEATURES};
use futures_util::{Stream, StreamExt};
use serde_json::Value;

use super::{
    Global,
    hub::Hub,
    local_token::{READING, client_for, local_token},
    output::clean,
    parse::{Moment, moment},
};

const POLL_NEAR: Duration = Duration::from_secs(1);
/// What the official connectors use.
const POLL_FAR: Duration = Duration::from_secs(10);

/// Read events from any server that speaks the Events API.
///
/// With a token (--token or DAYBOOK_EVENTS_TOKEN) the server is the one that the token names, or that of --url. Without one,
/// the hub of this machine is read with a token that the command issues itself.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook events auditevents --since 24h
  daybook events signinattempts --follow
  daybook events itemusages --since 7d --output ndjson | jq .action
  DAYBOOK_EVENTS_TOKEN=$(cat vendor.token) daybook events auditevents --since 2026-02-03T00:00:00Z --until 2026-02-04T00:00:00Z")]
pub(super) struct Events {
    /// signinattempts, itemusages or auditevents
    feature: Feature,
    /// From when: so long ago (24h), or a time
    #[arg(long, default_value = "1h", value_parser = moment, value_name = "WHEN")]
    since: Moment,
    /// Until when, exclusive
    #[arg(long, value_parser = moment, value_name = "WHEN", conflicts_with = "follow")]
    until: Option<Moment>,
    /// Wait for new events at the end
    #[arg(long, short)]
    follow: bool,
    /// How to print them; a table on a terminal, NDJSON elsewhere
    #[arg(long, value_enum)]
    output: Option<Output>,
    /// Events a request, 1 to 1000
    #[arg(long, default_value_t = LIMIT_MAX, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// A bearer token of the server to read
    #[arg(long, env = "DAYBOOK_EVENTS_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
    Ndjson,
}

pub(super) async fn run(global: &Global, events: &Events) -> Result<ExitCode> {
    let client = client(global, events).await?;
    let now = SystemClock.now();
    let start = Start::Since {
        start: events.since.before(now),
        end: events.until.map(|until| until.before(now)),
        limit: events.limit,
    };
    let feature = events.feature.clone();
    if events.follow {
        let is_near = ["localhost", "127.0.0.1", "[::1]"].iter().any(|host| client.base_url().contains(host));
        let pages = client.follow(feature, start, if is_near { POLL_NEAR } else { POLL_FAR });
        tokio::select! {
            outcome = print_pages(global, events, pages) => outcome?,
            _ = tokio::signal::ctrl_c() => {}
        }
    } else {
        print_pages(global, events, client.events(feature, start)).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn client(global: &Global, events: &Events) -> Result<Client> {
    if !events.feature.is_wire() {
        bail!("the Events API serves signinattempts, itemusages and auditevents, not {}", events.feature);
    }
    let Some(token) = &events.token else {
        let hub = Hub::connect(global).context(
            "read the hub of this machine; to read another server, give its bearer token with --token or DAYBOOK_EVENTS_TOKEN",
        )?;
        let account = hub.account(global).await?;
        let token = local_token(&hub, &account, READING, &WIRE_FEATURES.into()).await?;
        return client_for(&hub, &token);
    };
    let mut builder = Client::builder(token.trim());
    if let Some(url) = &global.url {
        builder = builder.base_url(url.clone());
    }
    // A hub on this machine is trusted without a word.
    let own_ca = crate::tls::local_ca_file(&global.data_dir());
    for file in global.ca.iter().chain(own_ca.is_file().then_some(&own_ca)) {
        let pem = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
        builder = builder.add_root_certificate_pem(pem);
    }
    Ok(builder.build()?)
}

async fn print_pages(
    global: &Global,
    events: &Events,
    mut pages: impl Stream<Item = Result<Page, ClientError>> + Unpin,
) -> Result<()> {
    let on_terminal = std::io::stdout().is_terminal();
    let output = match events.output {
        Some(output) => output,
        None if global.json => Output::Json,
        None if on_terminal => Output::Table,
        None => Output::Ndjson,
    };
    let mut first = true;
    if output == Output::Table {
        write_line(&header(&events.feature))?;
    }
    while let Some(page) = pages.next().await {
        for item in page?.items {
            match output {
                Output::Ndjson => write_line(&one_line(item.get())?)?,
                Output::Json => write_line(&format!("{}{}", if first { "[\n " } else { "," }, one_line(item.get())?))?,
                Output::Table => write_line(&row(&events.feature, &serde_json::from_str(item.get())?))?,
            }
            first = false;
        }
        std::io::stdout().flush()?;
    }
    if output == Output::Json {
        write_line(if first { "[]" } else { "]" })?;
    }
    Ok(())
}

fn write_line(line: &str) -> Result<()> {
    super::output::print(line)
}

/// An event as one line; one that came in on several is written anew.
fn one_line(json: &str) -> Result<String> {
    if json.contains(['\n', '\r']) {
        return Ok(serde_json::from_str::<Value>(json)?.to_string());
    }
    Ok(json.to_owned())
}

fn header(feature: &Feature) -> String {
    let columns = match feature.as_str() {
        "signinattempts" => ["TIME", "WHO", "RESULT", "WITH", "FROM"],
        "itemusages" => ["TIME", "WHO", "ACTION", "ITEM", "FROM"],
        _ => ["TIME", "WHO", "ACTION", "OBJECT", "FROM"],
    };
    align(&columns.map(str::to_owned))
}

/// The few things that people look for; the whole event is in the other outputs.
fn row(feature: &Feature, event: &Value) -> String {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let person = |at: &str| {
        let email = text(&format!("{at}/email"));
        if email.is_empty() { text(&format!("{at}/name")) } else { email }
    };
    let from = |address: &str, country: &str| format!("{} {}", text(address), text(country));
    let time = text("/timestamp");
    let cells = match feature.as_str() {
        "signinattempts" => [
            time,
            person("/target_user"),
            format!("{} ({})", text("/category"), text("/type")),
            text("/client/app_name"),
            from("/client/ip_address", "/country"),
        ],
        "itemusages" => [
            time,
            person("/user"),
            text("/action"),
            format!("{} in {}", text("/item_uuid"), text("/vault_uuid")),
            from("/client/ip_address", "/location/country"),
        ],
        _ => [
            time,
            person("/actor_details"),
            format!("{} {}", text("/action"), text("/object_type")),
            format!("{} {}", text("/object_uuid"), text("/aux_info")),
            from("/session/ip", "/location/country"),
        ],
    };
    align(&cells)
}

fn align(cells: &[String; 5]) -> String {
    let [time, who, what, which, whence] = cells.each_ref().map(|cell| clean(cell));
    format!("{time:<30} {who:<34} {what:<40} {which:<56} {whence}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_that_cannot_steer_the_terminal() {
        let event = serde_json::json!({
            "timestamp": "2026-02-03T04:05:06Z", "category": "success", "type": "mfa_ok", "country": "NZ",
            "target_user": {"email": "robin@acme.example\u{1b}[31m"}, "client": {"app_name": "X\nY", "ip_address": "203.0.113.9"},
        });
        let line = row(&"signinattempts".parse().unwrap(), &event);
        assert!(line.contains("success (mfa_ok)") && line.contains("203.0.113.9 NZ"), "{line}");
        assert!(!line.contains('\u{1b}') && !line.contains('\n'), "{line}");
        let odd = row(&"auditevents".parse().unwrap(), &serde_json::json!({"timestamp": 7}));
        assert_eq!(odd, "");
    }

    #[test]
    fn an_event_on_several_lines_is_written_on_one() {
        assert_eq!(one_line("{\"a\": 1}").unwrap(), "{\"a\": 1}");
        assert_eq!(one_line("{\n  \"a\": 1\n}").unwrap(), "{\"a\":1}");
    }
}
