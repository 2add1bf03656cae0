//! How much slower events are appended while each of them goes to many destinations too.

use std::{
    slice,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::push::WEBHOOK_SECRET;
use crate::{
    bench::{Bench, Store, append_all, append_rounds},
    figure::{Figure, Unit},
    hub::Hub,
    load::sink::{Keep, Sink},
    manage::{Account, Manager},
};

const DESTINATIONS: usize = 50;
const SLOWER_PERCENT_MAX: f64 = 20.0;
/// How often all batches are sent, as for ingest.
const ROUNDS: usize = 4;
/// For all destinations to have taken the first events.
const START_TIME_MAX: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// For how long they are watched afterwards.
const CATCHING_UP: Duration = Duration::from_secs(8);

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    let mut manager = Manager::of(&hub).await?;
    let sink = Sink::start(Keep::Nothing)?;
    let alone = manager.add_account("Without destinations").await?;
    append_all(&hub, &bench.corpus.warm_up, slice::from_ref(&alone)).await?;
    let without = append_rounds(&hub, &bench.corpus.batches, slice::from_ref(&alone), ROUNDS).await?;

    let fed = manager.add_account("With destinations").await?;
    add_destinations(&mut manager, &fed, &sink).await?;
    append_all(&hub, &bench.corpus.warm_up, slice::from_ref(&fed)).await?;
    wait_until_taken(&mut manager, &fed).await?;
    let settled_before = settled(&mut manager, &fed).await?;
    let began = Instant::now();
    let with = append_rounds(&hub, &bench.corpus.batches, slice::from_ref(&fed), ROUNDS).await?;
    let meanwhile = (settled(&mut manager, &fed).await? - settled_before) as f64 / began.elapsed().as_secs_f64();
    let after_it = rate_of_catching_up(&mut manager, &fed).await?;

    let (before, after) = (without.events_per_second(), with.events_per_second());
    let rate = |id, what: String, value| Figure::new(id, what, value, Unit::EventsPerSecond);
    bench.push(rate("fan_out.without", "ingest without destinations".to_owned(), before).note(without.summary()));
    let what = format!("ingest beside {DESTINATIONS} destinations");
    let note = format!(
        "half of them files, half webhooks, a batch a request, all features; they take {meanwhile:.0} events/s meanwhile; {}",
        with.summary()
    );
    bench.push(rate("fan_out.with", what, after).beside("fan_out.without").note(note));
    let slower = 100.0 * (1.0 - after / before);
    let figure = Figure::new("fan_out", format!("slower with {DESTINATIONS} destinations by"), slower, Unit::Percent);
    bench.push(figure.at_most(SLOWER_PERCENT_MAX));
    let what = format!("{DESTINATIONS} destinations together, once nothing is appended");
    bench.push(rate("fan_out.after", what, after_it));
    Ok(())
}

/// Events that destinations have taken, all together.
async fn settled(manager: &mut Manager, account: &Account) -> Result<u64> {
    Ok(manager.standings(&account.uuid).await?.iter().map(|standing| standing.settled).sum())
}

/// How many events a second they take with nothing else to do, while all are behind.
async fn rate_of_catching_up(manager: &mut Manager, account: &Account) -> Result<f64> {
    let (before, began) = (settled(manager, account).await?, Instant::now());
    tokio::time::sleep(CATCHING_UP).await;
    let after = settled(manager, account).await?;
    let elapsed = began.elapsed();
    ensure!(
        manager.standings(&account.uuid).await?.iter().any(|it| it.behind > 0),
        "nothing was left to catch up with"
    );
    Ok((after - before) as f64 / elapsed.as_secs_f64())
}

/// Files and webhooks in turn. The files are small, and of old ones one is kept.
async fn add_destinations(manager: &mut Manager, account: &Account, sink: &Sink) -> Result<()> {
    let url = sink.url();
    for number in 0..DESTINATIONS {
        let name = format!("Destination {number}");
        let path = format!("{number}/{{feature}}.ndjson");
        let file = [("path", path.as_str()), ("rotate_mib", "8"), ("keep_files", "1")];
        let webhook = [("url", url.as_str()), ("secret", WEBHOOK_SECRET), ("one_request", "batch")];
        let (kind, settings) = if number % 2 == 0 { ("file", file) } else { ("webhook", webhook) };
        manager.add_destination(&account.uuid, (&name, kind), &settings).await?;
    }
    Ok(())
}

/// Waits until every destination is at work and has taken everything.
async fn wait_until_taken(manager: &mut Manager, account: &Account) -> Result<()> {
    let started = Instant::now();
    loop {
        let standings = manager.standings(&account.uuid).await?;
        if standings.iter().all(|standing| standing.behind == 0 && standing.settled > 0) {
            return Ok(());
        }
        let said = standings.iter().find(|standing| standing.behind > 0).map(|standing| standing.said.as_str());
        ensure!(started.elapsed() < START_TIME_MAX, "destinations did not begin: {}", said.unwrap_or_default());
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
