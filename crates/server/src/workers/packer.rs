//! Merges small blocks into full ones, stream by stream, under a lease each.

use std::{collections::HashMap, time::Duration};

use daybook_events::{HubGrant, Kind, Kinded};
use daybook_store::{CursorKey, PackOutcome, StoreError};

use super::Pause;
use crate::state::App;

/// Streams with fewer events to pack are left for later: they have too few blocks to be worth it.
const EVENTS_MIN: i64 = 64;
/// Streams looked at in one round.
const STREAMS_MAX: i64 = 1000;
/// Blocks packed of one stream before the next one has its turn.
const GOES_MAX: usize = 64;

pub(super) async fn run(app: App, mut pause: Pause) {
    let every = Duration::from_secs(app.config.workers.pack_secs);
    // Streams that had nothing to pack, and how many events they were behind: looked at again when there are more.
    let mut idle: HashMap<i64, i64> = HashMap::new();
    while pause.take(every).await {
        if let Err(error) = round(&app, &pause, &mut idle).await {
            report(&error);
        }
    }
}

async fn round(app: &App, pause: &Pause, idle: &mut HashMap<i64, i64>) -> Result<(), StoreError> {
    let streams = app.log.streams_to_pack(HubGrant::of_the_hub_itself(), EVENTS_MIN, STREAMS_MAX).await?;
    idle.retain(|stream_id, _| streams.iter().any(|stream| stream.stream_id == *stream_id));
    for stream in streams {
        if pause.is_over() {
            return Ok(());
        }
        if idle.get(&stream.stream_id).is_some_and(|behind| stream.events_behind < behind + EVENTS_MIN) {
            continue;
        }
        match pack_stream(app, stream.stream_id).await {
            Ok(()) => {
                idle.insert(stream.stream_id, stream.events_behind);
            }
            Err(error) => report(&error),
        }
    }
    Ok(())
}

async fn pack_stream(app: &App, stream_id: i64) -> Result<(), StoreError> {
    let key = CursorKey { name: "packer", stream_id };
    let lease_life = Duration::from_secs(app.config.workers.lease_secs);
    for _ in 0..GOES_MAX {
        let Some(lease) = app.cursors.lease(key, lease_life).await? else { return Ok(()) };
        let outcome = app.log.pack(&lease).await;
        app.cursors.release(lease).await?;
        match outcome? {
            PackOutcome::Idle => return Ok(()),
            PackOutcome::Packed { before, after } => tracing::debug!(stream_id, before, after, "packed blocks"),
        }
    }
    Ok(())
}

fn report(error: &StoreError) {
    if error.kind() == Kind::Conflict {
        tracing::debug!(%error, "another node packs this stream");
    } else {
        tracing::warn!(error = chain(error), "packing was put off");
    }
}

pub(super) fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
