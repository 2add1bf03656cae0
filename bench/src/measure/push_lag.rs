//! How long after a producer sends an event a destination has acknowledged it.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::visibility::{PATIENCE, SentTimes, Stream, UUID_DIGITS, UUID_PREFIX, number_of, produce};
use crate::{
    bench::{Bench, Store},
    figure::{Figure, Unit},
    hub::Hub,
    load::sink::{Keep, Received, Sink},
    manage::Manager,
    samples::Samples,
};

/// What an alert may take from the event to whom it concerns.
const LAG_MILLIS_MAX: f64 = 2000.0;
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let (count, event) = (bench.scale.visible_count, bench.corpus.item_usage()?);
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    let mut manager = Manager::of(&hub).await?;
    let account = manager.add_account("Push lag").await?;
    let sink = Sink::start(Keep::Bodies)?;
    let url = sink.url();
    let settings = [("url", url.as_str()), ("token", "benchmark"), ("batch_wait_ms", "0"), ("from", "beginning")];
    // Only item usages: the account's own audit events would be taken for the first of them.
    let settings = [&settings[..], &[("compression", "none"), ("features", "itemusages")]].concat();
    let destination = manager.add_destination(&account.uuid, ("Push lag", "splunk-hec"), &settings).await?;
    // The destination takes up a stream within a second of its first event; from then on it is measured.
    let warm_up = [OnceLock::new()];
    produce(hub.server.connect().await?, &account, Stream::of(event.clone()), &warm_up).await?;
    wait_until_kept(&sink, 1).await?;
    sink.take();

    let sent: SentTimes = Arc::new((0..count).map(|_| OnceLock::new()).collect());
    let appended = produce(hub.server.connect().await?, &account, Stream::of(event), &sent).await?;
    let ended = Instant::now();
    while manager.standing(&account.uuid, &destination).await?.behind > 0 {
        ensure!(ended.elapsed() < PATIENCE, "not all events were pushed within {PATIENCE:?}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let received = sink.take();
    let lags = lags(&received, &sent)?;
    ensure!(lags.len() == count, "the receiver saw {} events of {count}", lags.len());

    let note = format!(
        "{count} events, one each 20 ms, batch_wait_ms=0, in {} requests: {}; append alone {}",
        received.requests,
        lags.summary(),
        appended.summary()
    );
    let what = "event appended → acknowledged by a collector";
    for (id, part, percent) in [("push.lag.median", "p50", 50.0), ("push.lag", "p99", 99.0)] {
        let figure = Figure::new(id, format!("{what}, {part}"), lags.percentile_ms(percent), Unit::Millis);
        bench.push(figure.at_most(LAG_MILLIS_MAX).note(if percent > 90.0 { note.clone() } else { String::new() }));
    }
    Ok(())
}

async fn wait_until_kept(sink: &Sink, count: usize) -> Result<()> {
    let started = Instant::now();
    while sink.kept() < count {
        ensure!(started.elapsed() < PATIENCE, "nothing was pushed within {PATIENCE:?}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Ok(())
}

/// From the send of each event to the answer to the request that carried it, on one clock.
fn lags(received: &Received, sent: &[OnceLock<Instant>]) -> Result<Samples> {
    let mut lags = Samples::default();
    for (answered, body) in &received.bodies {
        let body = std::str::from_utf8(body).context("read what was pushed")?;
        for (at, _) in body.match_indices(UUID_PREFIX) {
            let uuid = body.get(at..at + UUID_PREFIX.len() + UUID_DIGITS as usize);
            let number = uuid.and_then(number_of).context("an event has the id it was sent with")?;
            let time = sent.get(number).and_then(OnceLock::get).context("an event was pushed before it was sent")?;
            lags.push(*answered - *time);
        }
    }
    Ok(lags)
}
