//! Limits beside pushing: what a client with the bodies made beforehand, and nothing around it, gets to the same receiver.

use std::{
    fs::File,
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use crate::{
    bench::Bench,
    corpus::Batch,
    figure::{Figure, Unit},
    load::sink::{ANSWER_BODY, Keep, Sink},
};

/// Bodies a sync of the file: as many events as the file's batches have.
const BODIES_PER_SYNC: usize = 5;

pub(super) fn measure(bench: &mut Bench, batches: &[Batch]) -> Result<()> {
    let events: usize = batches.iter().map(|batch| batch.events).sum();
    let (plain, packed) = (post(batches, false)?, post(batches, true)?);
    let file = append(bench, batches)?;
    for (id, what, secs) in [
        ("limit.sink", "the same events to the same receiver, one plain connection", plain),
        ("limit.sink_gzip", "the same, packed with gzip on the way, one thread", packed),
        ("limit.file", "the same lines to a file, fdatasync every 5000, one thread", file),
    ] {
        bench.push(Figure::new(id, what, events as f64 / secs, Unit::EventsPerSecond));
    }
    Ok(())
}

/// Sends every body, each after the answer to the one before; gives seconds.
fn post(batches: &[Batch], is_packed: bool) -> Result<f64> {
    let sink = Sink::start(Keep::Nothing)?;
    let mut stream = TcpStream::connect(sink.address()).context("connect to the receiver")?;
    stream.set_nodelay(true)?;
    let started = Instant::now();
    for batch in batches {
        let packed = if is_packed { Some(gzip(&batch.body)?) } else { None };
        let body = packed.as_deref().unwrap_or(&batch.body);
        let encoding = if is_packed { "Content-Encoding: gzip\r\n" } else { "" };
        write!(stream, "POST / HTTP/1.1\r\n{encoding}Content-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body).context("send a body")?;
        read_answer(&mut stream)?;
    }
    Ok(started.elapsed().as_secs_f64())
}

fn read_answer(stream: &mut TcpStream) -> Result<()> {
    let (mut answer, mut length) = ([0; 1024], 0);
    while !answer[..length].ends_with(ANSWER_BODY.as_bytes()) {
        let read = stream.read(&mut answer[length..]).context("read the receiver's answer")?;
        ensure!(read > 0, "the receiver's answer ended early");
        length += read;
    }
    Ok(())
}

fn gzip(body: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).context("pack a body")
}

/// Appends every body to a file; gives seconds.
fn append(bench: &Bench, batches: &[Batch]) -> Result<f64> {
    let path = bench.directory().join("lines");
    let mut file = File::create(&path).context("make a file for lines")?;
    let started = Instant::now();
    for group in batches.chunks(BODIES_PER_SYNC) {
        group.iter().try_for_each(|batch| file.write_all(&batch.body)).context("append lines")?;
        file.sync_data().context("sync the file of lines")?;
    }
    let elapsed = started.elapsed();
    std::fs::remove_file(&path).context("remove the file of lines")?;
    Ok(elapsed.as_secs_f64())
}
