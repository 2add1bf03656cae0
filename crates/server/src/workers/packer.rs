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

/// How far a stream has come in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nothing was worth packing.
    Idle,
    /// Something was packed, and nothing more is worth it now.
    Done,
    /// There may be more.
    Unfinished,
}

pub(super) async fn run(app: App, mut pause: Pause) {
    let every = Duration::from_secs(app.config.workers.pack_secs);
    // Streams that had nothing to pack, and how many events they were behind: looked at again when there are more.
    let mut idle: HashMap<i64, i64> = HashMap::new();
    while pause.take(every).await {
        // A backlog is worked off at once: the pause is for streams that trickle.
        loop {
            match round(&app, &pause, &mut idle).await {
                Ok(Turn::Unfinished) if !pause.is_over() => {}
                Ok(_) => break,
                Err(error) => {
                    report(&error);
                    break;
                }
            }
        }
    }
}

async fn round(app: &App, pause: &Pause, idle: &mut HashMap<i64, i64>) -> Result<Turn, StoreError> {
    let streams = app.log.streams_to_pack(HubGrant::of_the_hub_itself(), EVENTS_MIN, STREAMS_MAX).await?;
    idle.retain(|stream_id, _| streams.iter().any(|stream| stream.stream_id == *stream_id));
    let mut turn = Turn::Done;
    for stream in streams {
        if pause.is_over() {
            return Ok(Turn::Done);
        }
        if idle.get(&stream.stream_id).is_some_and(|behind| stream.events_behind < behind + EVENTS_MIN) {
            continue;
        }
        match pack_stream(app, stream.stream_id).await {
            Ok(Turn::Idle) => {
                idle.insert(stream.stream_id, stream.events_behind);
            }
            Ok(Turn::Done) => {}
            Ok(Turn::Unfinished) => turn = Turn::Unfinished,
            Err(error) => report(&error),
        }
    }
    Ok(turn)
}

async fn pack_stream(app: &App, stream_id: i64) -> Result<Turn, StoreError> {
    let key = CursorKey { name: "packer".into(), stream_id };
    let lease_life = Duration::from_secs(app.config.workers.lease_secs);
    for go in 0..GOES_MAX {
        // Another node is at it.
        let Some(lease) = app.cursors.lease(&key, lease_life).await? else { return Ok(Turn::Done) };
        let outcome = app.log.pack(&lease).await;
        app.cursors.release(lease).await?;
        match outcome? {
            PackOutcome::Idle if go == 0 => return Ok(Turn::Idle),
            PackOutcome::Idle => return Ok(Turn::Done),
            PackOutcome::Packed { before, after } => tracing::debug!(stream_id, before, after, "packed blocks"),
        }
    }
    Ok(Turn::Unfinished)
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
