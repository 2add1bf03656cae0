//! A receiver of pushed events that costs next to nothing: HTTP/1.1 over plain TCP, a thread a connection, one answer that
//! a webhook, Splunk's collector and Elasticsearch's `_bulk` all mean by success.
//!
//! It looks at no event while it is measured. What it has received it knows by bytes: of a body packed with gzip, by the
//! length that stands in its last four bytes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use anyhow::{Context, Result, ensure};

/// The body of every answer.
pub(crate) const ANSWER_BODY: &str = r#"{"text":"Success","code":0,"took":1,"errors":false,"items":[]}"#;
const READ_BUFFER_BYTES: usize = 256 << 10;
const HEAD_LINES_MAX: usize = 100;
const BODY_BYTES_MAX: usize = 64 << 20;

/// A running receiver; dropping it closes its port.
pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What a receiver has received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    pub(crate) requests: usize,
    /// As they came.
    pub(crate) wire_bytes: usize,
    /// Unpacked.
    pub(crate) bytes: usize,
    /// When each body was answered, and the body; only where bodies are kept.
    pub(crate) bodies: Vec<(Instant, Vec<u8>)>,
}

/// What a receiver does with bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// Keeps them with the times of their answers.
    Bodies,
}

struct Shared {
    received: Mutex<Received>,
    keep: Keep,
    is_silent: AtomicBool,
    is_over: AtomicBool,
}

/// What a request's head says of its body.
#[derive(Debug, Default, PartialEq, Eq)]
struct Head {
    body_bytes: usize,
    is_gzip: bool,
}

impl Sink {
    pub(crate) fn start(keep: Keep) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listen for pushed events")?;
        let address = listener.local_addr().context("name the port for pushed events")?;
        let received = Mutex::new(Received::default());
        let shared =
            Arc::new(Shared { received, keep, is_silent: AtomicBool::new(false), is_over: AtomicBool::new(false) });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &for_thread));
        Ok(Self { address, shared })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, requests are read and never answered, or are answered again.
    pub(crate) fn be_silent(&self, is_silent: bool) {
        self.shared.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// What it has received since the last call.
    pub(crate) fn take(&self) -> Received {
        std::mem::take(&mut *self.shared.received())
    }

    /// Bytes received since the last [`Sink::take`], unpacked.
    pub(crate) fn bytes(&self) -> usize {
        self.shared.received().bytes
    }

    /// Bodies kept since the last [`Sink::take`].
    pub(crate) fn kept(&self) -> usize {
        self.shared.received().bodies.len()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; connections end with whoever opened them.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A connection that breaks is the sender's to notice.
        thread::spawn(move || serve(stream, &shared));
    }
}

/// Answers requests until the sender closes the connection.
fn serve(stream: TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ANSWER_BODY}",
        ANSWER_BODY.len()
    );
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(READ_BUFFER_BYTES, stream);
    let mut body = Vec::new();
    while let Some(head) = read_head(&mut reader)? {
        if body.len() < head.body_bytes {
            body.resize(head.body_bytes, 0);
        }
        let body = &mut body[..head.body_bytes];
        reader.read_exact(body)?;
        if shared.is_silent.load(Ordering::Relaxed) {
            // Until the sender has had enough of it.
            std::io::copy(&mut reader, &mut std::io::sink())?;
            break;
        }
        writer.write_all(answer.as_bytes())?;
        let answered = Instant::now();
        let mut received = shared.received();
        received.requests += 1;
        received.wire_bytes += body.len();
        received.bytes += if head.is_gzip { unpacked_bytes(body) } else { body.len() };
        if shared.keep == Keep::Bodies {
            received.bodies.push((answered, body.to_vec()));
        }
    }
    Ok(())
}

/// The next request's head; `None` when there is no more.
fn read_head(reader: &mut impl BufRead) -> Result<Option<Head>> {
    let mut head = Head::default();
    let mut line = String::new();
    for number in 0..HEAD_LINES_MAX {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            ensure!(number == 0, "a request ends within its head");
            return Ok(None);
        }
        if line.trim_end().is_empty() {
            return Ok(Some(head));
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            head.body_bytes = value.trim().parse().context("read the length of a body")?;
            ensure!(head.body_bytes <= BODY_BYTES_MAX, "a body is {} bytes long", head.body_bytes);
        }
        head.is_gzip |= name.eq_ignore_ascii_case("content-encoding") && value.trim() == "gzip";
    }
    anyhow::bail!("a request's head is too long")
}

/// What the last four bytes of a gzip member say (RFC 1952): its length before packing, modulo 2³².
fn unpacked_bytes(body: &[u8]) -> usize {
    let last = body.last_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    usize::try_from(last).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_length_and_packing() {
        let mut two = &b"POST / HTTP/1.1\r\nHost: a:1\r\ncontent-length: 7\r\nContent-Encoding: gzip\r\n\r\n"[..];
        assert_eq!(read_head(&mut two).unwrap(), Some(Head { body_bytes: 7, is_gzip: true }));
        assert_eq!(read_head(&mut two).unwrap(), None);
    }

    #[test]
    fn a_packed_body_tells_its_length() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&[7; 12_345]).unwrap();
        assert_eq!(unpacked_bytes(&encoder.finish().unwrap()), 12_345);
    }

    #[test]
    fn what_is_sent_is_counted_and_kept() {
        let sink = Sink::start(Keep::Bodies).unwrap();
        let mut stream = TcpStream::connect(sink.address()).unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        while sink.kept() == 0 {
            thread::yield_now();
        }
        let received = sink.take();
        assert_eq!((received.requests, received.bytes, received.bodies[0].1.as_slice()), (1, 3, &b"abc"[..]));
    }
}
