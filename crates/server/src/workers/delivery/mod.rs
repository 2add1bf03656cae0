//! Delivers events to destinations: a loop for each stream of each destination, kept in step with the catalog.
//!
//! ```text
//!  catalog ──▶ Fleet ── opens ──▶ destination ──┬─ Job: auditevents     cursor destination:ID
//!     ▲          │                              ├─ Job: itemusages
//!     │          │                              └─ redrive: dead letters that people queued
//!     │          └── replay ────────────────────── Job: a window of the past, cursor replay:ID
//!     └── Board: how each fares
//! ```
//!
//! One slow or dead destination holds up nobody else: each stream waits for itself alone. Leases keep two nodes from the
//! same stream.

mod committer;
mod fleet;
mod memory;
mod reading;
mod redrive;
mod replays;
mod stream;
mod work;

use std::time::{Duration, Instant};

use super::{Pause, packer::chain};
use crate::state::App;

/// Between looks at the catalog: a new destination is at work within so long.
const EVERY: Duration = Duration::from_secs(1);
/// For how long the hours of connectors are kept.
const HOURS_KEPT: Duration = Duration::from_secs(31 * 24 * 3600);
const TIDY_EVERY: Duration = Duration::from_secs(3600);

pub(super) async fn run(app: App, mut pause: Pause) {
    let mut fleet = fleet::Fleet::new(app.clone());
    let mut changed = app.connectors_changed.subscribe();
    let mut tidied: Option<Instant> = None;
    loop {
        if let Err(error) = fleet.reconcile().await {
            tracing::warn!(error = chain(&error), "destinations were not brought up to date; it is tried again");
        }
        write(&app).await;
        if tidied.is_none_or(|tidied| tidied.elapsed() > TIDY_EVERY) {
            tidied = Some(Instant::now());
            if let Err(error) = app.catalog.forget_connector_hours(app.clock.now().minus(HOURS_KEPT)).await {
                tracing::warn!(error = chain(&error), "old hours of connectors were not forgotten; it is tried again");
            }
        }
        if !pause.take_until(EVERY, &mut changed).await {
            break;
        }
    }
    fleet.stop().await;
    write(&app).await;
}

async fn write(app: &App) {
    if let Err(error) = app.board.write(&app.catalog).await {
        tracing::warn!(error = chain(&error), "how destinations fare was not recorded; it is tried again");
    }
}
