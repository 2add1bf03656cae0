//! The measurements: one question each, answered as figures.

mod behind;
mod console;
mod disk;
mod fan_out;
mod ingest;
mod memory;
mod mirror;
mod nginx;
mod push;
mod push_lag;
mod push_limits;
mod read_out;
mod start;
mod storage;
mod streams;
mod visibility;

use anyhow::Result;
use clap::ValueEnum;

use crate::bench::{Bench, Store};

/// What can be measured, in the order in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measurement {
    /// Limit: compressed blocks on disk, without a server.
    Disk,
    /// Events that are durably appended.
    Ingest,
    /// Bytes an event, packed.
    Storage,
    /// Pages that are read.
    ReadOut,
    /// Limit: the same pages from a plain file server.
    Nginx,
    /// Resident memory.
    Memory,
    /// From an append to the puller that sees it.
    Visibility,
    /// From the start of the process to the first answer.
    Start,
    /// Pages of the console.
    Console,
    /// Many streams instead of a few.
    Streams,
    /// Events that are pushed to a destination.
    Push,
    /// From an append to the destination that has acknowledged it.
    PushLag,
    /// Appends while many destinations are fed.
    FanOut,
    /// Memory with a million events behind a destination that is dead.
    Behind,
    /// An account that is mirrored from another hub: its past, and its newest events.
    Mirror,
}

/// What to measure on which store. PostgreSQL is asked only what differs by store.
pub(crate) fn plan(only: &[Measurement], stores: &[Store]) -> Vec<(Measurement, Store)> {
    let chosen = |measurement: &Measurement| only.is_empty() || only.contains(measurement);
    let asked = |measurement: Measurement, store: Store| {
        let is_about_stores =
            matches!(measurement, Measurement::Ingest | Measurement::ReadOut | Measurement::Visibility);
        store == Store::Sqlite || is_about_stores
    };
    let all = stores.iter().flat_map(|store| Measurement::value_variants().iter().map(|it| (*it, *store)));
    all.filter(|(measurement, store)| chosen(measurement) && asked(*measurement, *store)).collect()
}

/// Measures one thing.
pub(crate) async fn measure(bench: &mut Bench, measurement: Measurement, store: Store) -> Result<()> {
    match measurement {
        Measurement::Disk => disk::measure(bench),
        Measurement::Ingest => ingest::measure(bench, store).await,
        Measurement::Storage => storage::measure(bench).await,
        Measurement::ReadOut => read_out::measure(bench, store).await,
        Measurement::Nginx => nginx::measure(bench).await,
        Measurement::Memory => memory::measure(bench).await,
        Measurement::Visibility => visibility::measure(bench, store).await,
        Measurement::Start => start::measure(bench).await,
        Measurement::Console => console::measure(bench).await,
        Measurement::Streams => streams::measure(bench).await,
        Measurement::Push => push::measure(bench).await,
        Measurement::PushLag => push_lag::measure(bench).await,
        Measurement::FanOut => fan_out::measure(bench).await,
        Measurement::Behind => behind::measure(bench).await,
        Measurement::Mirror => mirror::measure(bench).await,
    }
}
