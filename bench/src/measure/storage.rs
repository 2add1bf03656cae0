//! How many bytes an event takes once the packer has caught up.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    bench::{Bench, Filled, Store},
    figure::{Figure, Unit},
    hub::Hub,
    manage::Manager,
};

const BYTES_PER_EVENT_MAX: f64 = 70.0;
const PACK_TIME_MAX: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Two rounds of the packer: where nothing moves for so long, it has done what it will do.
const QUIET_TIME: Duration = Duration::from_secs(5);

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let Filled { hub, account, heads, times } = bench.take_filled(Store::Sqlite).await?;
    let mut manager = Manager::of(&hub).await?;
    let (worked, behind) = wait_for_packer(&mut manager, &account.uuid).await?;
    let storage = manager.storage(&account.uuid).await?;
    // Stopping moves the write-ahead log into the file.
    let launch = hub.stop().await?;
    let file_bytes = fs::metadata(launch.data_dir.join("daybook.db")).context("look at the store's file")?.len();
    let hub = Hub::start(launch).await?;
    bench.put_filled(Store::Sqlite, Filled { hub, account, heads, times });

    let per_event = |bytes: u64| bytes as f64 / storage.events as f64;
    let note = format!(
        "{} events in {} blocks; the packer had done after {:.1} s and leaves {behind} events",
        storage.events,
        storage.blocks,
        worked.as_secs_f64()
    );
    let blocks = Figure::new("storage", "stored, packed", per_event(storage.stored_bytes), Unit::BytesPerEvent);
    bench.push(blocks.at_most(BYTES_PER_EVENT_MAX).note(note));
    let file = Figure::new("storage.file", "stored, the whole SQLite file", per_event(file_bytes), Unit::BytesPerEvent);
    bench.push(file.at_most(BYTES_PER_EVENT_MAX).note(format!("{file_bytes} bytes")));
    Ok(())
}

/// Waits until the packer has stopped; tells how long it worked, and how many events it left: the last of a stream.
pub(super) async fn wait_for_packer(manager: &mut Manager, account: &str) -> Result<(Duration, u64)> {
    let started = Instant::now();
    let (mut behind, mut moved) = (manager.events_behind_packer(account).await?, started);
    while moved.elapsed() < QUIET_TIME && started.elapsed() < PACK_TIME_MAX {
        tokio::time::sleep(POLL_INTERVAL).await;
        let now = manager.events_behind_packer(account).await?;
        if now != behind {
            (behind, moved) = (now, Instant::now());
        }
    }
    Ok((moved - started, behind))
}
