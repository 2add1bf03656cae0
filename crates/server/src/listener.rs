//! The listener: TLS or not, bounded connections, slow clients cut off, a shutdown that lets requests finish.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use anyhow::{Context, Result};
use axum::Router;
use axum_server::{
    Handle,
    accept::{Accept, DefaultAcceptor},
    tls_rustls::RustlsAcceptor,
};
use daybook_events::{Clock, SystemClock};
use hyper_util::rt::TokioTimer;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::Sleep,
};

use crate::{state::App, tls::Certificates, workers::TokenUses};

/// A connection waits for its turn this many times as long as an idle one is kept: others have to end first.
const TURN_PATIENCE: u32 = 3;

/// A running listener.
#[derive(Debug)]
pub(crate) struct Running {
    handle: Handle<SocketAddr>,
    /// The certificate that local clients have to trust.
    pub(crate) ca_file: Option<PathBuf>,
    server: Mutex<Option<JoinHandle<io::Result<()>>>>,
    tls: Option<JoinHandle<()>>,
}

/// Starts to serve.
///
/// # Errors
///
/// The certificate cannot be used.
pub(crate) fn start(
    listener: TcpListener,
    app: &App,
    router: Router,
    certificates: Certificates,
    scheme: &str,
) -> Result<Running> {
    let handle = Handle::new();
    let timeout = Duration::from_secs(app.config.server.header_timeout_secs);
    let failures = app.token_uses.clone();
    let limit = Arc::new(Semaphore::new(app.config.server.connections_max));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener).context("take the listener")?.handle(handle.clone());
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(timeout);
    let server = server.http1_only().first_request_timeout(timeout).accept_error_handler(|address, error| {
        tracing::debug!(%error, client = ?address, "a connection came to nothing");
    });
    if scheme == "http" {
        let acceptor = LimitAcceptor { limit, patience: timeout, failures, inner: DefaultAcceptor::new() };
        let task = tokio::spawn(server.acceptor(acceptor).serve(service));
        return Ok(Running { handle, ca_file: None, server: Mutex::new(Some(task)), tls: None });
    }
    let ca_file = certificates.ca_file();
    let in_use = certificates.load()?;
    let acceptor = LimitAcceptor {
        limit,
        patience: timeout,
        failures,
        inner: RustlsAcceptor::new(in_use.clone()).handshake_timeout(timeout),
    };
    let task = tokio::spawn(server.acceptor(acceptor).serve(service));
    let every = Duration::from_secs(app.config.tls.reload_secs);
    let tls = Some(tokio::spawn(certificates.keep_fresh(in_use, every)));
    Ok(Running { handle, ca_file, server: Mutex::new(Some(task)), tls })
}

impl Running {
    /// Returns when the listener ends by itself, which it does only with an error.
    pub(crate) async fn wait(&self) -> Result<()> {
        let task = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return std::future::pending().await };
        task.await.context("the listener ended")?.context("the listener failed")
    }

    /// Takes no more connections, and returns when those there are have ended, or the time is over.
    pub(crate) async fn shut_down(&self, patience: Duration) {
        self.handle.graceful_shutdown(Some(patience));
        let deadline = tokio::time::Instant::now() + patience;
        while self.handle.connection_count() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.handle.shutdown();
        if let Some(tls) = &self.tls {
            tls.abort();
        }
    }
}

/// Lets only so many connections be at a time; further ones wait before their handshake.
#[derive(Debug, Clone)]
struct LimitAcceptor<A> {
    limit: Arc<Semaphore>,
    /// How long a connection waits for its turn, and for a client that does not take its answer.
    patience: Duration,
    /// Where handshakes that came to nothing are told.
    failures: TokenUses,
    inner: A,
}

impl<A, S> Accept<tokio::net::TcpStream, S> for LimitAcceptor<A>
where
    A: Accept<tokio::net::TcpStream, S> + Clone + Send + Sync + 'static,
    A::Future: Send,
    S: Send + 'static,
{
    type Stream = Limited<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: tokio::net::TcpStream, service: S) -> Self::Future {
        let (limit, inner, patience) = (Arc::clone(&self.limit), self.inner.clone(), self.patience);
        let failures = self.failures.clone();
        Box::pin(async move {
            // Small answers must not wait for more to send.
            stream.set_nodelay(true)?;
            let permit = tokio::time::timeout(patience * TURN_PATIENCE, limit.acquire_owned())
                .await
                .map_err(|_| io::ErrorKind::TimedOut)?;
            let permit = permit.map_err(io::Error::other)?;
            let address = stream.peer_addr().map(|address| address.ip().to_canonical().to_string());
            let (stream, service) = inner.accept(stream, service).await.inspect_err(|error| {
                failures.note_failed_handshake(address.unwrap_or_default(), &error.to_string(), SystemClock.now());
            })?;
            Ok((Limited { stream, patience, stalled: None, _permit: permit }, service))
        })
    }
}

/// A connection that counts until it is dropped, and that is dropped when the client takes nothing for too long.
struct Limited<S> {
    stream: S,
    patience: Duration,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl<S> Limited<S> {
    /// What became of a write: an error once the client has taken nothing for too long.
    fn or_stalled<T>(&mut self, outcome: Poll<io::Result<T>>, context: &mut TaskContext<'_>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.or_stalled(outcome, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.or_stalled(outcome, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.or_stalled(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
