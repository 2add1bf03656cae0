//! A TCP proxy that fails on demand, in front of any server and for any protocol.
//!
//! ```text
//!   client ──▶ address() ══ FaultProxy ══▶ target
//!                 open         forwards, at the pace of throttle(…)
//!                 cut          connections reset, new ones refused
//!                 black hole   nothing forwarded, nothing closed; new ones accepted and left alone
//! ```

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

const CHUNK_BYTES: usize = 16 * 1024;
const BACKLOG: u32 = 128;
/// A throttled connection moves this often in a second.
const STEPS_PER_SECOND: u32 = 10;

/// The proxy; dropping it closes its port and its connections.
#[derive(Debug)]
pub struct FaultProxy {
    /// Bound but never listening: it keeps the port ours while the proxy is cut.
    _port: TcpSocket,
    address: SocketAddr,
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    target: String,
    is_black_hole: watch::Sender<bool>,
    /// For each connection and direction; 0 is as fast as it goes.
    bytes_per_second: AtomicU32,
    answers_to_drop: AtomicUsize,
    connection_count: AtomicUsize,
}

/// A connection that is reset when it is dropped, unless it ended as its owner wished.
struct ResetOnDrop {
    stream: TcpStream,
    has_ended: bool,
}

/// Why a direction stopped.
enum Stop {
    /// There is nothing more to forward; the receiving side knows.
    End,
    /// The connection is to be reset.
    Reset,
}

impl FaultProxy {
    /// A proxy on a free port of 127.0.0.1 in front of a `host:port`, open.
    ///
    /// # Panics
    ///
    /// There is no free port.
    pub async fn start(target: impl Into<String>) -> Self {
        let port = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = port.local_addr().unwrap();
        let shared = Shared {
            target: target.into(),
            is_black_hole: watch::Sender::new(false),
            bytes_per_second: AtomicU32::new(0),
            answers_to_drop: AtomicUsize::new(0),
            connection_count: AtomicUsize::new(0),
        };
        let mut proxy = Self { _port: port, address, shared: Arc::new(shared), task: None };
        proxy.restore().await;
        proxy
    }

    /// Where clients connect: `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has accepted.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.shared.connection_count.load(Ordering::Relaxed)
    }

    /// Resets all connections and refuses new ones; both have happened when it returns.
    pub async fn cut(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
    }

    /// Forwards nothing more and closes nothing. What is on its way is delivered after `restore`.
    pub fn black_hole(&self) {
        self.shared.is_black_hole.send_replace(true);
    }

    /// Forwards at most this much a second, above zero, for each connection and direction.
    pub fn throttle(&self, bytes_per_second: u32) {
        self.shared.bytes_per_second.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Forwards requests, but resets the connection instead of delivering the next `n` answers, on whichever connections.
    ///
    /// An answer is the next thing the target says, so on a fresh connection of TLS or Kafka it is the handshake: exchange
    /// something first.
    pub fn drop_answers(&self, n: usize) {
        self.shared.answers_to_drop.store(n, Ordering::Relaxed);
    }

    /// Ends all faults; new connections are accepted when it returns.
    ///
    /// # Panics
    ///
    /// Somebody else has taken the port.
    pub async fn restore(&mut self) {
        self.shared.bytes_per_second.store(0, Ordering::Relaxed);
        self.shared.answers_to_drop.store(0, Ordering::Relaxed);
        self.shared.is_black_hole.send_replace(false);
        if self.task.is_none() {
            let listener = bind(self.address).and_then(|socket| socket.listen(BACKLOG)).unwrap();
            self.task = Some(tokio::spawn(accept(listener, Arc::clone(&self.shared))));
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Drop for ResetOnDrop {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = self.stream.set_zero_linger();
        }
    }
}

/// Two sockets may have the address as long as only one of them listens.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        shared.connection_count.fetch_add(1, Ordering::Relaxed);
        connections.spawn(connect(ResetOnDrop { stream, has_ended: false }, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// Forwards one connection until both sides have ended it, or one was reset.
async fn connect(mut client: ResetOnDrop, shared: Arc<Shared>) {
    shared.until_open().await;
    let Ok(stream) = TcpStream::connect(&shared.target).await else { return };
    let mut target = ResetOnDrop { stream, has_ended: false };
    let (from_client, to_client) = client.stream.split();
    let (from_target, to_target) = target.stream.split();
    let requests = shared.forward(from_client, to_target, false);
    let answers = shared.forward(from_target, to_client, true);
    if both_end(requests, answers).await {
        client.has_ended = true;
        target.has_ended = true;
    }
}

/// Whether both directions came to their end; as soon as one is reset, so is the other.
async fn both_end(one: impl Future<Output = Stop>, other: impl Future<Output = Stop>) -> bool {
    let unless_reset = |stop| if matches!(stop, Stop::End) { Ok(()) } else { Err(()) };
    tokio::try_join!(async { unless_reset(one.await) }, async { unless_reset(other.await) }).is_ok()
}

impl Shared {
    async fn until_open(&self) {
        let _ = self.is_black_hole.subscribe().wait_for(|is_black_hole| !is_black_hole).await;
    }

    async fn forward(&self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, are_answers: bool) -> Stop {
        let mut chunk = vec![0_u8; CHUNK_BYTES];
        loop {
            let bytes_per_second = self.bytes_per_second.load(Ordering::Relaxed);
            let length_max = match bytes_per_second {
                0 => CHUNK_BYTES,
                limit => usize::try_from(limit / STEPS_PER_SECOND).unwrap().clamp(1, CHUNK_BYTES),
            };
            let Ok(length) = from.read(&mut chunk[..length_max]).await else { return Stop::Reset };
            self.until_open().await;
            if length == 0 {
                return if to.shutdown().await.is_ok() { Stop::End } else { Stop::Reset };
            }
            if are_answers && self.is_answer_to_drop() {
                return Stop::Reset;
            }
            if to.write_all(&chunk[..length]).await.is_err() {
                return Stop::Reset;
            }
            if bytes_per_second > 0 {
                sleep(Duration::from_secs_f64(length as f64 / f64::from(bytes_per_second))).await;
            }
        }
    }

    fn is_answer_to_drop(&self) -> bool {
        self.answers_to_drop.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{io::ErrorKind, time::Instant};

    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);
    const IMPATIENCE: Duration = Duration::from_millis(300);

    /// A server that says back what it hears, until its listener is dropped; and how much it has heard.
    async fn echo() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    let mut chunk = [0_u8; 1024];
                    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
                        counter.fetch_add(length, Ordering::Relaxed);
                        stream.write_all(&chunk[..length]).await.unwrap();
                    }
                });
            }
        });
        (address, heard)
    }

    async fn exchange(stream: &mut TcpStream, text: &str) -> io::Result<()> {
        stream.write_all(text.as_bytes()).await?;
        let mut answer = vec![0; text.len()];
        timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("an answer, good or bad")?;
        assert_eq!(answer, text.as_bytes());
        Ok(())
    }

    async fn connected(proxy: &FaultProxy) -> TcpStream {
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        exchange(&mut stream, "hello").await.unwrap();
        stream
    }

    #[tokio::test]
    async fn an_open_proxy_forwards_both_ways_and_passes_the_end_on() {
        let proxy = FaultProxy::start(echo().await.0).await;
        let mut stream = connected(&proxy).await;
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(proxy.connection_count(), 1);
    }

    #[tokio::test]
    async fn a_cut_resets_and_refuses_until_it_is_restored() {
        let mut proxy = FaultProxy::start(echo().await.0).await;
        let mut stream = connected(&proxy).await;
        for _ in 0..3 {
            proxy.cut().await;
            let error = timeout(PATIENCE, stream.read(&mut [0; 8])).await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            proxy.restore().await;
            stream = connected(&proxy).await;
        }
    }

    #[tokio::test]
    async fn a_black_hole_delivers_nothing_until_it_is_restored() {
        let (target, heard) = echo().await;
        let mut proxy = FaultProxy::start(target).await;
        let mut stream = connected(&proxy).await;
        proxy.black_hole();
        stream.write_all(b"late").await.unwrap();
        let mut newcomer = TcpStream::connect(proxy.address()).await.unwrap();
        newcomer.write_all(b"later").await.unwrap();
        let mut answer = [0; 4];
        assert!(timeout(IMPATIENCE, stream.read_exact(&mut answer)).await.is_err());
        assert_eq!(heard.load(Ordering::Relaxed), 5);
        proxy.restore().await;
        timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(&answer, b"late");
    }

    #[tokio::test]
    async fn a_throttled_proxy_keeps_its_pace() {
        let proxy = FaultProxy::start(echo().await.0).await;
        let mut stream = connected(&proxy).await;
        proxy.throttle(1000);
        let started = Instant::now();
        // A chunk that was being waited for before is not slowed down.
        exchange(&mut stream, "x").await.unwrap();
        exchange(&mut stream, &"y".repeat(500)).await.unwrap();
        assert!(started.elapsed() >= IMPATIENCE, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_dropped_answer_was_heard_by_the_target() {
        let (target, heard) = echo().await;
        let proxy = FaultProxy::start(target).await;
        let mut stream = connected(&proxy).await;
        proxy.drop_answers(1);
        let error = exchange(&mut stream, "batch").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(heard.load(Ordering::Relaxed), 10);
        connected(&proxy).await;
    }
}
