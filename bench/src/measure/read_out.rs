//! How many events a second readers get, and how long a page takes.
//!
//! Readers that ask as fast as they can show the throughput; their page latency is then only the number of readers over
//! that throughput. So latency is measured with the readers on a clock, together at the target's rate.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hyper::Uri;
use serde_json::{Value, json};

use crate::{
    bench::{Bench, CONNECTIONS, Filled, Store},
    corpus::BATCH_EVENTS,
    figure::{Figure, Unit},
    load::readers::{Manner, ReadOut, Route, Walk, read_out},
    manage::Account,
    process,
};

pub(super) const EVENTS_PER_SECOND_TARGET: f64 = 200_000.0;
pub(super) const PAGE_MILLIS_MAX: f64 = 10.0;
const MEMORY_MIB_MAX: f64 = 250.0;
/// Before every event.
pub(super) const BEGINNING: &str = "2000-01-01T00:00:00Z";

pub(super) async fn measure(bench: &mut Bench, store: Store) -> Result<()> {
    let read_time = bench.scale.read_time;
    let filled = bench.filled(store).await?;
    verify(filled).await?;
    process::forget_peak(filled.hub.pid())?;
    let timed = Manner { accepts_gzip: false, goes_round: true, interval: None, time_max: read_time };
    let v2 = read(filled, "v2", Start::Together, timed).await?;
    let apart = read(filled, "v2", Start::Apart, timed).await?;
    let paced = read(filled, "v2", Start::Apart, Manner { interval: Some(page_interval()), ..timed }).await?;
    let peak_mib = process::peak_mib(filled.hub.pid())?;
    if store == Store::Postgres {
        bench.push(rate("postgres.read", "PostgreSQL: read-out, v2, 8 readers", &v2));
        bench.push(rate("postgres.read.apart", "PostgreSQL: read-out, v2, at 8 different places", &apart));
        bench.push(latency("postgres.read.page", "PostgreSQL: page at 200,000 events/s, p99", &paced));
        return Ok(());
    }
    let v1 = read(filled, "v1", Start::Together, timed).await?;
    let gzip = read(filled, "v2", Start::Together, Manner { accepts_gzip: true, ..timed }).await?;
    let bound = |figure: Figure| figure.at_least(EVENTS_PER_SECOND_TARGET).beside("limit.nginx");
    bench.push(bound(rate("read", "read-out, v2, 8 readers that walk the whole log", &v2)));
    bench.push(bound(rate("read.apart", "read-out, v2, 8 readers at 8 different places", &apart)));
    let page = latency("read.page", "page at 200,000 events/s, 8 readers on a clock, p99", &paced);
    bench.push(page.at_most(PAGE_MILLIS_MAX).beside("limit.nginx.page"));
    bench.push(rate("read.v1", "read-out, v1, 8 readers", &v1));
    bench.push(rate("read.gzip", "read-out, v2 with gzip, 8 readers", &gzip));
    let memory = Figure::new("memory.reading", "memory while reading, peak", peak_mib, Unit::Mebibytes);
    bench.push(memory.at_most(MEMORY_MIB_MAX));
    Ok(())
}

/// How often each of the readers asks for a page, so that together they get events at the target's rate.
pub(super) fn page_interval() -> Duration {
    Duration::from_secs_f64(BATCH_EVENTS as f64 * CONNECTIONS as f64 / EVENTS_PER_SECOND_TARGET)
}

fn rate(id: &'static str, what: &str, run: &ReadOut) -> Figure {
    Figure::new(id, what, run.events_per_second(), Unit::EventsPerSecond).note(run.summary())
}

fn latency(id: &'static str, what: &str, run: &ReadOut) -> Figure {
    let note = format!("{} pages, {:.0} events/s; {}", run.latencies.len(), run.events_per_second(), run.summary());
    Figure::new(id, what, run.latencies.percentile_ms(99.0), Unit::Millis).note(note)
}

/// Where the readers begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// All at the beginning: a block that one has read is in memory for the others.
    Together,
    /// Each at another place of the largest stream.
    Apart,
}

async fn read(filled: &Filled, version: &str, start: Start, manner: Manner) -> Result<ReadOut> {
    let routes = match start {
        Start::Together => whole_log_routes(&filled.account, &filled.heads, version)?,
        Start::Apart => {
            let route = |number| from_a_place(filled, version, number).map(Route::Walks);
            (0..CONNECTIONS).map(route).collect::<Result<_>>()?
        }
    };
    read_out(&filled.hub.server, filled.hub.pid(), routes, manner).await
}

/// For every reader: every stream of an account from its beginning.
pub(super) fn whole_log_routes(account: &Account, heads: &[(String, u64)], version: &str) -> Result<Vec<Route>> {
    let walk = |(feature, head): &(String, u64)| {
        Ok(Walk {
            uri: page_uri(version, feature)?,
            authorization: account.reader.clone(),
            start_time: BEGINNING.to_owned(),
            events: Some(*head),
        })
    };
    let walks = heads.iter().map(walk).collect::<Result<Vec<_>>>()?;
    Ok(vec![Route::Walks(walks); CONNECTIONS])
}

/// The largest stream from one of its eighths on, then from its beginning.
fn from_a_place(filled: &Filled, version: &str, number: usize) -> Result<Vec<Walk>> {
    let largest = filled.heads.iter().max_by_key(|(_, head)| *head).context("the hub has streams")?;
    let uri = page_uri(version, &largest.0)?;
    let walk = |start_time: String, events: Option<u64>| Walk {
        uri: uri.clone(),
        authorization: filled.account.reader.clone(),
        start_time,
        events,
    };
    let beginning = walk(BEGINNING.to_owned(), Some(largest.1));
    match filled.times.get(number).filter(|_| number > 0) {
        None => Ok(vec![beginning]),
        Some(time) => Ok(vec![walk(time.clone(), None), beginning]),
    }
}

pub(super) fn page_uri(version: &str, feature: &str) -> Result<Uri> {
    Uri::try_from(format!("/api/{version}/{feature}")).context("name a feature in a path")
}

/// Walks every stream once, parses every page, and compares what it has with what was sent.
async fn verify(filled: &Filled) -> Result<()> {
    let mut connection = filled.hub.server.connect().await?;
    for (feature, head) in &filled.heads {
        let mut body = json!({"limit": BATCH_EVENTS, "start_time": BEGINNING});
        let mut uuids: BTreeSet<String> = BTreeSet::new();
        let mut count = 0;
        loop {
            let call = crate::client::Call::post(
                page_uri("v2", feature)?,
                filled.account.reader.clone(),
                Bytes::from(body.to_string()),
            );
            let page: Value =
                serde_json::from_slice(&connection.send(call).await?.expect(200)?).context("read a page")?;
            let items = page["items"].as_array().context("a page has items")?;
            let has_more = page["has_more"] == true;
            ensure!(!has_more || items.len() == BATCH_EVENTS, "a page with more behind it has {} events", items.len());
            count += items.len() as u64;
            uuids.extend(items.iter().filter_map(|item| item["uuid"].as_str().map(str::to_owned)));
            body = json!({"cursor": page["cursor"]});
            if !has_more {
                break;
            }
        }
        ensure!(count == *head, "{feature}: {count} events were read of {head}");
        ensure!(uuids.len() as u64 == count, "{feature}: {} different events of {count}", uuids.len());
    }
    Ok(())
}
