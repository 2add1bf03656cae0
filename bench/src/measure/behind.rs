//! How much memory a hub holds while a million events wait for a destination that does not answer, and while it takes them
//! all at once afterwards.

use std::{
    slice,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use crate::{
    bench::{Bench, Store, append_rounds},
    figure::{Figure, Unit},
    hub::Hub,
    load::sink::{Keep, Sink},
    manage::Manager,
    process,
};

const MEMORY_MIB_MAX: f64 = 250.0;
/// How often all events are sent.
const ROUNDS: usize = 2;
/// For the destination to wait out, and to take everything.
const CATCH_UP_TIME_MAX: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(250);

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    let mut manager = Manager::of(&hub).await?;
    let account = manager.add_account("Behind").await?;
    let sink = Sink::start(Keep::Nothing)?;
    sink.be_silent(true);
    let url = sink.url();
    let settings = [("url", url.as_str()), ("token", "benchmark"), ("timeout_secs", "1"), ("from", "beginning")];
    let destination = manager.add_destination(&account.uuid, ("Dead", "splunk-hec"), &settings).await?;

    process::forget_peak(hub.pid())?;
    let appended = append_rounds(&hub, &bench.corpus.batches, slice::from_ref(&account), ROUNDS).await?;
    tokio::time::sleep(bench.scale.idle_time).await;
    let dead_mib = process::peak_mib(hub.pid())?;
    let dead = manager.standing(&account.uuid, &destination).await?;
    ensure!(dead.settled == 0, "a receiver that does not answer has taken {} events", dead.settled);

    process::forget_peak(hub.pid())?;
    sink.be_silent(false);
    let (alive, mut first) = (Instant::now(), None);
    loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        if sink.bytes() > 0 {
            first.get_or_insert_with(Instant::now);
        }
        let standing = manager.standing(&account.uuid, &destination).await?;
        if standing.behind == 0 {
            break;
        }
        ensure!(alive.elapsed() < CATCH_UP_TIME_MAX, "{} events are left: {}", standing.behind, standing.said);
    }
    let caught_up_mib = process::peak_mib(hub.pid())?;
    let (waited, took) =
        first.map_or((0.0, 0.0), |first| ((first - alive).as_secs_f64(), first.elapsed().as_secs_f64()));

    let figure = |id, what: &str, mib| Figure::new(id, what, mib, Unit::Mebibytes).at_most(MEMORY_MIB_MAX);
    let note = format!("{} events appended meanwhile; the destination: {}", appended.events, dead.said);
    bench.push(figure("behind.dead", "memory with a dead destination, peak", dead_mib).note(note));
    let note = format!("the first request came {waited:.1} s after it was alive again; the rest took {took:.1} s");
    bench.push(figure("behind.caught_up", "memory while it catches up, peak", caught_up_mib).note(note));
    Ok(())
}
