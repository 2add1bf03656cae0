//! Readers: each walks streams by cursor, one page after another, and looks only at the beginning of a page.
//!
//! A page that says `has_more` counts as a full one; the last page of a walk counts what is known to be left of the
//! stream, or nothing where that is not known. What pages hold is verified elsewhere, outside of the timed part.

use std::{
    io::Read as _,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hyper::{Uri, header::HeaderValue};
use tokio::task::JoinSet;

use crate::{
    client::{Call, Connection, Server, Skimmed},
    corpus::BATCH_EVENTS,
    process::{cpu_time, own_cpu_time},
    samples::Samples,
};

const HEAD_TEXT_BYTES: usize = 600;

/// One stream to be read from a time on.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    pub(crate) uri: Uri,
    pub(crate) authorization: HeaderValue,
    /// RFC 3339.
    pub(crate) start_time: String,
    /// Events from there to the end, where that is known.
    pub(crate) events: Option<u64>,
}

/// What a reader asks for.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// These streams, one after the other, and then the first again if it is to go round.
    Walks(Vec<Walk>),
    /// A file, again and again: what a plain file server is asked for.
    File(Uri),
}

/// How to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) accepts_gzip: bool,
    /// Begin again at the first walk after the last, until the time is over.
    pub(crate) goes_round: bool,
    /// One page at each tick of this clock, and latency counted from the tick; without it, as fast as it goes.
    pub(crate) interval: Option<Duration>,
    pub(crate) time_max: Duration,
}

/// What reading came to.
#[derive(Debug)]
pub(crate) struct ReadOut {
    pub(crate) events: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Samples,
    pub(crate) body_bytes: u64,
    server_cpu: Duration,
    generator_cpu: Duration,
}

/// Lets every route be walked by a reader of its own.
pub(crate) async fn read_out(server: &Server, server_pid: u32, routes: Vec<Route>, manner: Manner) -> Result<ReadOut> {
    let mut open = Vec::with_capacity(routes.len());
    for route in routes {
        open.push((server.connect().await?, route));
    }
    let cpu = || Ok::<_, anyhow::Error>((cpu_time(server_pid)?, own_cpu_time()?));
    let (server_before, generator_before) = cpu()?;
    let started = Instant::now();
    let count = u32::try_from(open.len()).unwrap_or(1).max(1);
    let mut readers = JoinSet::new();
    for (number, (connection, route)) in (0_u32..).zip(open) {
        // Readers tick evenly one after the other, not all at once.
        let first_tick = started + manner.interval.unwrap_or_default() * number / count;
        let position = Position::at_start(route, manner.goes_round);
        readers.spawn(follow(connection, position, manner, started + manner.time_max, first_tick));
    }
    let mut all = Share::default();
    while let Some(reader) = readers.join_next().await {
        let share = reader.context("a reader ended early")??;
        all.events += share.events;
        all.body_bytes += share.body_bytes;
        all.latencies.extend(share.latencies);
    }
    let elapsed = started.elapsed();
    let (server_after, generator_after) = cpu()?;
    Ok(ReadOut {
        events: all.events,
        elapsed,
        latencies: all.latencies,
        body_bytes: all.body_bytes,
        server_cpu: server_after - server_before,
        generator_cpu: generator_after - generator_before,
    })
}

impl ReadOut {
    pub(crate) fn events_per_second(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }

    /// `cores: server 1.4, generator 0.4; page p50 …`
    pub(crate) fn summary(&self) -> String {
        let cores = |cpu: Duration| cpu.as_secs_f64() / self.elapsed.as_secs_f64();
        let (server, generator) = (cores(self.server_cpu), cores(self.generator_cpu));
        let mib = self.body_bytes as f64 / f64::from(1 << 20) / self.elapsed.as_secs_f64();
        format!(
            "{mib:.0} MiB/s; cores: server {server:.2}, generator {generator:.2}; page {}",
            self.latencies.summary()
        )
    }
}

/// What one reader has read.
#[derive(Debug, Default)]
struct Share {
    events: u64,
    body_bytes: u64,
    latencies: Samples,
}

async fn follow(
    mut connection: Connection,
    mut position: Position,
    manner: Manner,
    end: Instant,
    mut tick: Instant,
) -> Result<Share> {
    let mut share = Share::default();
    while Instant::now() < end {
        let Some(call) = position.next_call(manner.accepts_gzip) else { break };
        let asked = match manner.interval {
            Some(interval) => {
                let asked = tick;
                tokio::time::sleep_until(asked.into()).await;
                tick += interval;
                asked
            }
            None => Instant::now(),
        };
        let page = connection.skim(call).await?;
        share.latencies.push(asked.elapsed());
        share.body_bytes += page.body_bytes as u64;
        share.events += position.take(&page, manner.accepts_gzip)?;
    }
    Ok(share)
}

/// Where a reader is on its route.
struct Position {
    route: Route,
    goes_round: bool,
    walk: usize,
    cursor: Option<String>,
    events_of_walk: u64,
}

impl Position {
    fn at_start(route: Route, goes_round: bool) -> Self {
        Self { route, goes_round, walk: 0, cursor: None, events_of_walk: 0 }
    }

    fn next_call(&self, accepts_gzip: bool) -> Option<Call> {
        match &self.route {
            Route::File(uri) => Some(Call::get(uri.clone())),
            Route::Walks(walks) => {
                let walk = walks.get(self.walk)?;
                let body = match &self.cursor {
                    Some(cursor) => format!("{{\"cursor\":\"{cursor}\"}}"),
                    None => format!("{{\"limit\":{BATCH_EVENTS},\"start_time\":\"{}\"}}", walk.start_time),
                };
                let call = Call::post(walk.uri.clone(), walk.authorization.clone(), Bytes::from(body));
                Some(Call { accepts_gzip, ..call })
            }
        }
    }

    /// Goes on behind a page; tells how many events it is counted as.
    fn take(&mut self, page: &Skimmed, is_gzip: bool) -> Result<u64> {
        ensure!(page.status == 200, "a page was answered {}: {}", page.status, String::from_utf8_lossy(&page.head));
        let full = BATCH_EVENTS as u64;
        let Route::Walks(walks) = &self.route else { return Ok(full) };
        let (cursor, has_more) = if is_gzip { parse_head(&gunzip_head(&page.head)?)? } else { parse_head(&page.head)? };
        if has_more {
            ensure!(
                self.cursor.as_ref() != Some(&cursor),
                "a page with more behind it has the cursor of the page before"
            );
            self.cursor = Some(cursor);
            self.events_of_walk += full;
            return Ok(full);
        }
        let known = walks.get(self.walk).and_then(|walk| walk.events);
        let last = known.map_or(0, |events| events.saturating_sub(self.events_of_walk));
        ensure!(last <= full, "a walk ended {last} events before the end of its stream");
        self.walk += 1;
        if self.goes_round {
            self.walk %= walks.len();
        }
        self.cursor = None;
        self.events_of_walk = 0;
        Ok(last)
    }
}

/// `{"cursor":"…","has_more":true,`
fn parse_head(head: &[u8]) -> Result<(String, bool)> {
    let text = || String::from_utf8_lossy(&head[..head.len().min(200)]).into_owned();
    let rest = head.strip_prefix(b"{\"cursor\":\"").with_context(|| format!("a page begins with {}", text()))?;
    let end = rest.iter().position(|byte| *byte == b'"').with_context(|| format!("a page begins with {}", text()))?;
    let cursor = String::from_utf8_lossy(&rest[..end]).into_owned();
    let has_more = rest[end..].starts_with(b"\",\"has_more\":true");
    ensure!(has_more || rest[end..].starts_with(b"\",\"has_more\":false"), "a page begins with {}", text());
    Ok((cursor, has_more))
}

/// The first bytes of a compressed page, as many as its first bytes give.
fn gunzip_head(head: &[u8]) -> Result<Vec<u8>> {
    // A page too small to be worth it is not compressed.
    if head.starts_with(b"{") {
        return Ok(head.to_vec());
    }
    let mut text = vec![0; HEAD_TEXT_BYTES];
    let mut decoder = flate2::read::GzDecoder::new(head);
    let mut filled = 0;
    while filled < text.len() {
        match decoder.read(&mut text[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error).context("decompress the beginning of a page"),
        }
    }
    text.truncate(filled);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_page_tells_cursor_and_more() {
        let (cursor, has_more) = parse_head(b"{\"cursor\":\"abc\",\"has_more\":true,\"items\":[{}").unwrap();
        assert_eq!((cursor.as_str(), has_more), ("abc", true));
        assert!(!parse_head(b"{\"cursor\":\"\",\"has_more\":false,").unwrap().1);
        assert!(parse_head(b"{\"items\":[]").is_err());
    }

    #[test]
    fn a_compressed_page_tells_it_too() {
        let page = format!("{{\"cursor\":\"abc\",\"has_more\":true,\"items\":[{}]}}", "{\"a\":1},".repeat(10_000));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, page.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(parse_head(&gunzip_head(&packed[..packed.len().min(100)]).unwrap()).unwrap().1);
    }
}
