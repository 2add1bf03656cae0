//! Brings events in from sources: a loop for each feature of each source, kept in step with the catalog.
//!
//! ```text
//!  catalog ──▶ Fleet ── opens ──▶ Reading ──┬─ Pull: auditevents     lease ──▶ page ──▶ append, and the cursor with it
//!                                 asks what ├─ Pull: itemusages          ▲        │
//!                                 there is  └─ Pull: signinattempts      └─ pace ─┘
//!                                    └── Account: one budget for all sources of an account ──┘
//! ```
//!
//! A page's events and the place after them are one transaction: whatever happens in between, each event is appended
//! exactly once. One feature that fails holds up no other. Leases keep two nodes from the same feature.

mod budget;
mod entries;
mod fleet;
mod known;
mod notices;
mod pace;
mod pull;
mod reading;

use std::time::{Duration, Instant};

use super::{Pause, packer::chain};
use crate::state::App;

/// Between looks at the catalog: what was changed on another node is at work within so long.
const EVERY: Duration = Duration::from_secs(1);
/// Between looks at how long sources have been silent, and when their credentials end.
const NOTICES_EVERY: Duration = Duration::from_secs(60);

pub(super) async fn run(app: App, mut pause: Pause) {
    let mut fleet = fleet::Fleet::new(app.clone());
    let mut changed = app.connectors_changed.subscribe();
    let mut noticed: Option<Instant> = None;
    loop {
        if let Err(error) = fleet.reconcile().await {
            tracing::warn!(error = chain(&error), "sources were not brought up to date; it is tried again");
        }
        if noticed.is_none_or(|noticed| noticed.elapsed() > NOTICES_EVERY) {
            noticed = Some(Instant::now());
            if let Err(error) = notices::announce(&app).await {
                tracing::warn!(
                    error = chain(&error),
                    "what sources are about to lose was not announced; it is tried again"
                );
            }
        }
        if !pause.take_until(EVERY, &mut changed).await {
            break;
        }
    }
    fleet.stop().await;
}
