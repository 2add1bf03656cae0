//! How fast an account's past is mirrored from another hub, and how long its newest events take: both within the requests
//! that the upstream allows.
//!
//! ```text
//!  producer ══▶ upstream (600 requests a minute) ◀══ poll ══ mirror ◀══ puller
//! ```

use std::{
    slice,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use daybook_events::{Clock, SystemClock};

use super::visibility::{SentTimes, Stream, produce, pull};
use crate::{
    bench::{Bench, Store, append_all},
    corpus::{BATCH_EVENTS, Corpus},
    figure::{Figure, Unit},
    hub::Hub,
    manage::{Account, Manager, WIRE_FEATURES},
    process::peak_mib,
    samples::Samples,
};

/// What the Events API allows an account, and a hub an integration as it is shipped.
const REQUESTS_PER_MINUTE: u32 = 600;
const REQUESTS_PER_HOUR: u32 = 30_000;
/// Of the events that so many requests could bring: the last page of each feature is not full, nor is the first minute.
const SHARE_OF_LIMIT_MIN: f64 = 0.95;
const LAG_MILLIS_MAX: f64 = 2000.0;
const BUDGET_PERCENT_MAX: f64 = 40.0;
/// The past begins so long before now: an upstream gives 120 days.
const PAST: Duration = Duration::from_secs(119 * 24 * 3600);
const MIRROR_TIME_MAX: Duration = Duration::from_secs(300);
/// Between two events of a feature that is followed.
const EVENT_INTERVAL: Duration = Duration::from_millis(100);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// For the last event to come through.
const PATIENCE: Duration = Duration::from_secs(10);

/// One hub that mirrors another.
struct Mirror {
    upstream: Hub,
    upstream_account: Account,
    hub: Hub,
    manager: Manager,
    account: Account,
}

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let limit = f64::from(REQUESTS_PER_MINUTE) / 60.0 * BATCH_EVENTS as f64;
    let mut mirror = Mirror::start(bench).await?;
    let requests = REQUESTS_PER_MINUTE.to_string();
    let (rate, note) = mirror.catch_up(&requests, &REQUESTS_PER_HOUR.to_string()).await?;
    let what = format!("mirror of {} events, {REQUESTS_PER_MINUTE} requests a minute", bench.scale.mirrored_events);
    let figure = Figure::new("mirror", what, rate, Unit::EventsPerSecond).at_least(SHARE_OF_LIMIT_MIN * limit);
    bench.push(figure.note(format!("{limit:.0} events/s are what so many full pages hold; {note}")));

    let (lags, requests) = mirror.follow(bench).await?;
    let what = "event appended at the upstream → at a puller of the mirror";
    for (id, part, percent) in [("mirror.lag.median", "p50", 50.0), ("mirror.lag", "p99", 99.0)] {
        let figure = Figure::new(id, format!("{what}, {part}"), lags.percentile_ms(percent), Unit::Millis);
        let note = format!("{} events, ten a second of each feature: {}", lags.len(), lags.summary());
        bench.push(figure.at_most(LAG_MILLIS_MAX).note(if percent > 90.0 { note } else { String::new() }));
    }
    let allowed = f64::from(REQUESTS_PER_MINUTE) * bench.scale.follow_time.as_secs_f64() / 60.0;
    let share = 100.0 * requests as f64 / allowed;
    let figure = Figure::new("mirror.budget", "share of the upstream's requests meanwhile", share, Unit::Percent);
    bench.push(figure.at_most(BUDGET_PERCENT_MAX).note(format!("{requests} requests of {allowed:.0}, three features")));
    Ok(())
}

impl Mirror {
    /// An upstream with a past and with its limits, and a hub that does not know of it yet.
    async fn start(bench: &mut Bench) -> Result<Self> {
        let start = SystemClock.now().minus(PAST);
        let past = Corpus::beginning_at(start, bench.scale.mirrored_events).context("make up the past")?;
        let mut launch = bench.launch(Store::Sqlite)?;
        launch.has_limits = true;
        let upstream = Hub::start(launch).await?;
        let upstream_account = Manager::of(&upstream).await?.add_account("Upstream").await?;
        for batches in [&past.warm_up, &past.batches] {
            append_all(&upstream, batches, slice::from_ref(&upstream_account)).await?;
        }
        let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
        let mut manager = Manager::of(&hub).await?;
        let account = manager.add_account("Mirror").await?;
        Ok(Self { upstream, upstream_account, hub, manager, account })
    }

    /// Mirrors the past; gives events a second, and what else was seen.
    async fn catch_up(&mut self, per_minute: &str, per_hour: &str) -> Result<(f64, String)> {
        let (url, ca) = self.upstream.address()?;
        let token = self.upstream_account.reader.to_str().context("a token is text")?.trim_start_matches("Bearer ");
        let settings = [
            ("url", url.as_str()),
            ("ca_pem", ca.as_str()),
            ("token", token),
            ("requests_per_minute", per_minute),
            ("requests_per_hour", per_hour),
        ];
        let heads = Manager::of(&self.upstream).await?.heads(&self.upstream_account.uuid).await?;
        let there: u64 = heads.iter().map(|(_, head)| head).sum();
        let started = Instant::now();
        let source = self.manager.add_source(&self.account.uuid, ("Upstream", "upstream"), &settings).await?;
        let mut here = 0;
        while here < there {
            ensure!(started.elapsed() < MIRROR_TIME_MAX, "{here} events of {there} came within {MIRROR_TIME_MAX:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
            here = self.manager.brought_in(&self.account.uuid, &source).await?;
        }
        ensure!(here == there, "{here} events were brought in, and {there} are at the upstream");
        let took = started.elapsed();
        let requests = self.manager.source_requests().await?;
        let memory = peak_mib(self.hub.pid())?;
        let note = format!(
            "{there} events in {:.1} s with {requests} requests, each event once; memory of the mirror at its peak {:.0} MiB",
            took.as_secs_f64(),
            memory
        );
        Ok((there as f64 / took.as_secs_f64(), note))
    }

    /// Follows the newest events of all features; gives how long those of one took, and the requests that it took.
    async fn follow(&mut self, bench: &Bench) -> Result<(Samples, u64)> {
        let count = (bench.scale.follow_time.as_millis() / EVENT_INTERVAL.as_millis()) as usize;
        let sent: Vec<SentTimes> =
            WIRE_FEATURES.iter().map(|_| Arc::new((0..count).map(|_| OnceLock::new()).collect())).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let puller = self.hub.server.connect().await?;
        // From now on: a puller that reads the past first would be measured itself.
        let start = SystemClock.now().to_string();
        let (account, to_see) = (self.account.clone(), Arc::clone(&sent[0]));
        let pulled = tokio::spawn(pull(puller, account, start, (to_see, Arc::clone(&is_over))));
        let before = self.manager.source_requests().await?;
        let mut producing = tokio::task::JoinSet::new();
        for (feature, sent) in WIRE_FEATURES.into_iter().zip(&sent) {
            let event = bench.corpus.first_of(feature)?;
            let stream = Stream { feature, event, every: EVENT_INTERVAL };
            let (producer, account) = (self.upstream.server.connect().await?, self.upstream_account.clone());
            let sent = Arc::clone(sent);
            producing.spawn(async move { produce(producer, &account, stream, &sent).await });
        }
        while let Some(produced) = producing.join_next().await {
            produced.context("a producer ended early")??;
        }
        let requests = self.manager.source_requests().await? - before;
        let ended = Instant::now();
        while !pulled.is_finished() && ended.elapsed() < PATIENCE {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        is_over.store(true, Ordering::Relaxed);
        let (lags, _) = pulled.await.context("the puller ended early")??;
        ensure!(lags.len() == count, "the puller saw {} events of {count}", lags.len());
        Ok((lags, requests))
    }
}
