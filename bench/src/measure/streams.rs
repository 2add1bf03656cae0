//! Whether many streams cost more than a few: 10,000 of them for appends, and a few hundred accounts for reading.
//!
//! Ten thousand streams of open-schema features belong to one account, because an account's tokens are quicker to make
//! than accounts. Such features are not served by the Events API, so reading is measured over accounts.

use std::time::Instant;

use anyhow::{Context, Result};
use hyper::header::HeaderValue;

use super::read_out::{BEGINNING, page_uri};
use crate::{
    bench::{Bench, CONNECTIONS, LOAD_TIME_MAX, Store, append_all},
    corpus::{Batch, ingest_uri},
    figure::{Figure, Unit},
    hub::Hub,
    load::{
        producers::{self, Appended, Job},
        readers::{Manner, Route, Walk, read_out},
    },
    manage::{Account, Manager, WIRE_FEATURES},
};

const FEATURES_PER_TOKEN: usize = 32;
const DIFFERENCE_PERCENT_MAX: f64 = 20.0;
/// How often all batches are sent.
const ROUNDS: usize = 2;
/// Spreads neighbouring batches over all streams; coprime to every number of streams used here.
const STRIDE: usize = 7_919;

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    measure_appends(bench).await?;
    measure_accounts(bench).await
}

async fn measure_appends(bench: &mut Bench) -> Result<()> {
    let count = bench.scale.stream_count;
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    let mut manager = Manager::of(&hub).await?;
    let account = manager.add_account("Streams").await?;
    let integration = manager.add_integration(&account.uuid, "many", "source").await?;
    let began = Instant::now();
    let mut streams = Vec::with_capacity(count);
    for first in (0..count).step_by(FEATURES_PER_TOKEN) {
        let features: Vec<String> = (first..count.min(first + FEATURES_PER_TOKEN)).map(feature_name).collect();
        let token = manager.issue_token(&account.uuid, &integration, &format!("token {first}"), &features).await?;
        streams.extend(features.into_iter().map(|feature| (feature, token.clone())));
    }
    let first_events = jobs(&bench.corpus.batches, count, &streams, Some(1))?;
    run(&hub, first_events).await.context("append the first event of every stream")?;
    let made = began.elapsed();

    let batch_count = ROUNDS * bench.corpus.batches.len();
    let one = run(&hub, jobs(&bench.corpus.batches, batch_count, &streams[..1], None)?).await?;
    let many = run(&hub, jobs(&bench.corpus.batches, batch_count, &streams, None)?).await?;
    let (one_rate, many_rate) = (one.events_per_second(), many.events_per_second());
    let difference = (1.0 - many_rate / one_rate) * 100.0;
    let figure = |id, what: String, run: &Appended| {
        Figure::new(id, what, run.events_per_second(), Unit::EventsPerSecond).note(run.summary())
    };
    bench.push(figure("streams.one", "ingest to one open-schema stream".to_owned(), &one));
    bench.push(figure("streams.many", format!("ingest spread over {count} streams"), &many).beside("streams.one"));
    let slower = Figure::new("streams.slower", format!("slower with {count} streams by"), difference, Unit::Percent);
    bench.push(slower.at_most(DIFFERENCE_PERCENT_MAX));
    let made =
        Figure::new("streams.made", format!("{count} streams made, with tokens"), made.as_secs_f64(), Unit::Seconds);
    bench.push(made.note(format!("{} tokens, one event a stream", count.div_ceil(FEATURES_PER_TOKEN))));
    Ok(())
}

fn feature_name(number: usize) -> String {
    format!("bench.f{number:05}")
}

/// So many of the batches, the first again after the last, each to another stream; only the first `events` of each.
fn jobs(batches: &[Batch], count: usize, streams: &[(String, HeaderValue)], events: Option<usize>) -> Result<Vec<Job>> {
    let job = |number: usize| {
        let batch = batches.get(number % batches.len()).context("there are batches")?;
        let (feature, token) = streams.get(number * STRIDE % streams.len()).context("there are streams")?;
        let batch = events.map_or_else(|| batch.clone(), |events| batch.first(events));
        Ok(Job { batch: Batch { uri: ingest_uri(feature)?, ..batch }, authorization: token.clone() })
    };
    (0..count).map(job).collect()
}

async fn run(hub: &Hub, jobs: Vec<Job>) -> Result<Appended> {
    producers::append(&hub.server, hub.pid(), jobs, CONNECTIONS, LOAD_TIME_MAX).await
}

async fn measure_accounts(bench: &mut Bench) -> Result<()> {
    let count = bench.scale.many_accounts;
    let read_time = bench.scale.read_time;
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    let mut manager = Manager::of(&hub).await?;
    let began = Instant::now();
    let mut accounts = Vec::with_capacity(count);
    for number in 0..count {
        accounts.push(manager.add_account(&format!("Account {number}")).await?);
    }
    let made = began.elapsed();
    append_to_each_feature(bench, &hub, &accounts).await?;
    let appended = append_all(&hub, &bench.corpus.batches, &accounts).await?;

    let heads = manager.all_heads().await?;
    let mut routes = vec![Vec::new(); CONNECTIONS];
    for (number, account) in accounts.iter().enumerate() {
        for feature in WIRE_FEATURES {
            let head = heads.get(&(account.uuid.clone(), feature.to_owned())).copied().unwrap_or_default();
            routes[number % CONNECTIONS].push(walk(account, feature, head)?);
        }
    }
    let manner = Manner { accepts_gzip: false, goes_round: true, interval: None, time_max: read_time };
    let read = read_out(&hub.server, hub.pid(), routes.into_iter().map(Route::Walks).collect(), manner).await?;
    let streams = count * WIRE_FEATURES.len();
    let what = format!("ingest, {count} accounts, {streams} streams");
    let figure = Figure::new("streams.accounts", what, appended.events_per_second(), Unit::EventsPerSecond);
    let note = format!("{}; accounts made in {:.1} s", appended.summary(), made.as_secs_f64());
    bench.push(figure.beside("ingest").note(note));
    let what = format!("read-out, v2, {count} accounts, {streams} streams");
    let figure = Figure::new("streams.read", what, read.events_per_second(), Unit::EventsPerSecond);
    bench.push(figure.beside("read").note(format!("short streams: most pages are not full; {}", read.summary())));
    Ok(())
}

/// One event for every stream, so that all of them are there.
async fn append_to_each_feature(bench: &Bench, hub: &Hub, accounts: &[Account]) -> Result<()> {
    let first_events: Vec<Batch> = bench.corpus.warm_up.iter().map(|batch| batch.first(1)).collect();
    let jobs = accounts.iter().flat_map(|account| {
        first_events.iter().map(|batch| Job { batch: batch.clone(), authorization: account.producer.clone() })
    });
    run(hub, jobs.collect()).await.map(drop)
}

fn walk(account: &Account, feature: &str, head: u64) -> Result<Walk> {
    Ok(Walk {
        uri: page_uri("v2", feature)?,
        authorization: account.reader.clone(),
        start_time: BEGINNING.to_owned(),
        events: Some(head),
    })
}
