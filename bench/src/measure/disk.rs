//! Limit: one thread that compresses the same bodies and appends them to a file, with nothing around it.

use std::{fs::File, io::Write, time::Instant};

use anyhow::{Context, Result};

use crate::{
    bench::Bench,
    figure::{Figure, Unit},
};

/// The level that the log compresses appends with.
const LEVEL: i32 = 1;
const GROUP: usize = 8;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let each = append(bench, 1)?;
    let grouped = append(bench, GROUP)?;
    let figure = |id, what: String, value| Figure::new(id, what, value, Unit::EventsPerSecond);
    bench.push(figure("limit.disk", "zstd and a file, fdatasync each batch, one thread".to_owned(), each));
    bench.push(figure(
        "limit.disk_grouped",
        format!("zstd and a file, fdatasync every {GROUP} batches, one thread"),
        grouped,
    ));
    Ok(())
}

fn append(bench: &Bench, batches_per_sync: usize) -> Result<f64> {
    let path = bench.directory().join("blocks");
    let mut file = File::create(&path).context("make a file for blocks")?;
    let started = Instant::now();
    for group in bench.corpus.batches.chunks(batches_per_sync) {
        for batch in group {
            let block = zstd::bulk::compress(&batch.body, LEVEL).context("compress a body")?;
            file.write_all(&block).context("append a block")?;
        }
        file.sync_data().context("sync the file of blocks")?;
    }
    let elapsed = started.elapsed();
    std::fs::remove_file(&path).context("remove the file of blocks")?;
    Ok(bench.corpus.events() as f64 / elapsed.as_secs_f64())
}
