//! How many events a second are appended over HTTPS, each answered after it is on disk.

use std::slice;

use anyhow::Result;

use crate::{
    bench::{Bench, Store, append_all, append_rounds},
    figure::{Figure, Unit},
    hub::Hub,
    load::producers::Appended,
    manage::Manager,
    process,
};

const EVENTS_PER_SECOND_TARGET: f64 = 100_000.0;
const MEMORY_MIB_MAX: f64 = 250.0;
const ACCOUNTS: usize = 4;
/// How often all batches are sent, so that the packer and the write-ahead log have their turns while it is measured.
const ROUNDS: usize = 4;

pub(super) async fn measure(bench: &mut Bench, store: Store) -> Result<()> {
    match store {
        Store::Sqlite => measure_sqlite(bench).await,
        Store::Postgres => measure_postgres(bench).await,
    }
}

async fn measure_sqlite(bench: &mut Bench) -> Result<()> {
    let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
    let one = append_to(bench, &hub, 1).await?;
    let peak_mib = process::peak_mib(hub.pid())?;
    let four = append_to(bench, &hub, ACCOUNTS).await?;
    let bound = |figure: Figure| figure.at_least(EVENTS_PER_SECOND_TARGET).beside("limit.disk_grouped");
    bench.push(bound(rate("ingest", "durable ingest, one account".to_owned(), &one)));
    bench.push(bound(rate("ingest.accounts", format!("durable ingest, {ACCOUNTS} accounts"), &four)));
    let memory = Figure::new("memory.ingest", "memory during ingest, peak", peak_mib, Unit::Mebibytes);
    bench.push(memory.at_most(MEMORY_MIB_MAX));
    Ok(())
}

/// On the one hub that PostgreSQL has.
async fn measure_postgres(bench: &mut Bench) -> Result<()> {
    bench.filled(Store::Postgres).await?;
    let filled = bench.take_filled(Store::Postgres).await?;
    let appended = append_to(bench, &filled.hub, 1).await;
    bench.put_filled(Store::Postgres, filled);
    bench.push(rate("postgres.ingest", "PostgreSQL: durable ingest, one account".to_owned(), &appended?));
    Ok(())
}

/// To so many new accounts, after each has its streams.
async fn append_to(bench: &Bench, hub: &Hub, count: usize) -> Result<Appended> {
    let mut manager = Manager::of(hub).await?;
    let mut accounts = Vec::new();
    for number in 1..=count {
        accounts.push(manager.add_account(&format!("Account {number} of {count}")).await?);
    }
    for account in &accounts {
        append_all(hub, &bench.corpus.warm_up, slice::from_ref(account)).await?;
    }
    append_rounds(hub, &bench.corpus.batches, &accounts, ROUNDS).await
}

fn rate(id: &'static str, what: String, appended: &Appended) -> Figure {
    Figure::new(id, what, appended.events_per_second(), Unit::EventsPerSecond).note(appended.summary())
}
