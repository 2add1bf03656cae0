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
    let with = append_rounds(&hub, &bench.corpus.batches, slice::from_ref(&fed), ROUNDS).await?;
    let behind: u64 = manager.standings(&fed.uuid).await?.iter().map(|standing| standing.behind).sum();

    let (before, after) = (without.events_per_second(), with.events_per_second());
    let rate = |id, what: String, value| Figure::new(id, what, value, Unit::EventsPerSecond);
    bench.push(rate("fan_out.without", "ingest without destinations".to_owned(), before).note(without.summary()));
    let what = format!("ingest beside {DESTINATIONS} destinations");
    let left = 100.0 * behind as f64 / (with.events * DESTINATIONS) as f64;
    let note = format!(
        "half of them files, half webhooks, a batch a request, all features; {left:.0} % of what goes to them is left when \
         the last event is appended; {}",
        with.summary()
    );
    bench.push(rate("fan_out.with", what, after).beside("fan_out.without").note(note));
    let slower = 100.0 * (1.0 - after / before);
    let figure = Figure::new("fan_out", format!("slower with {DESTINATIONS} destinations by"), slower, Unit::Percent);
    bench.push(figure.at_most(SLOWER_PERCENT_MAX));
    Ok(())
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
