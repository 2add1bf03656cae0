//! How much memory a hub holds: idle, and while it is written to and read from at the same time.

use anyhow::Result;

use crate::{
    bench::{Bench, Filled, LOAD_TIME_MAX, Store, append_all},
    figure::{Figure, Unit},
    hub::Hub,
    load::readers::{Manner, read_out},
    manage::Manager,
    measure::read_out::whole_log_routes,
    process,
};

const IDLE_MIB_MAX: f64 = 60.0;
const BUSY_MIB_MAX: f64 = 250.0;

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    Manager::of(&hub).await?.add_account("Idle").await?;
    tokio::time::sleep(bench.scale.idle_time).await;
    let idle_mib = process::memory_mib(hub.pid())?;
    drop(hub);
    let idle = Figure::new("memory.idle", "memory, idle", idle_mib, Unit::Mebibytes).at_most(IDLE_MIB_MAX);
    bench.push(idle.note(format!("a fresh hub with one account, after {} s", bench.scale.idle_time.as_secs())));
    measure_busy(bench).await
}

/// Producers append everything to a second account while readers walk the first.
async fn measure_busy(bench: &mut Bench) -> Result<()> {
    let batches = bench.corpus.batches.clone();
    let Filled { hub, account, heads, .. } = bench.filled(Store::Sqlite).await?;
    let second = Manager::of(hub).await?.add_account("Second").await?;
    process::forget_peak(hub.pid())?;
    let manner = Manner { accepts_gzip: false, goes_round: false, interval: None, time_max: LOAD_TIME_MAX };
    let routes = whole_log_routes(account, heads, "v2")?;
    let accounts = [second];
    let (appended, read) =
        tokio::join!(append_all(hub, &batches, &accounts), read_out(&hub.server, hub.pid(), routes, manner));
    let (appended, read) = (appended?, read?);
    let peak_mib = process::peak_mib(hub.pid())?;
    let note = format!(
        "{:.0} events/s appended and {:.0} events/s read at the same time",
        appended.events_per_second(),
        read.events_per_second()
    );
    let figure = Figure::new("memory.busy", "memory while ingesting and reading, peak", peak_mib, Unit::Mebibytes);
    bench.push(figure.at_most(BUSY_MIB_MAX).note(note));
    Ok(())
}
