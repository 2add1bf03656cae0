//! Connections and requests: each request meets its fault or the handler, and is recorded.

use std::{
    convert::Infallible,
    fmt, future, io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONNECTION, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::{
    fault::{Fault, Script},
    record::{Received, Reply},
    wire::{Control, Spoil, Stream, Wire},
};

type Handler = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// What the receiver and its connections share.
pub(super) struct Shared {
    pub(super) handler: Mutex<Handler>,
    pub(super) script: Mutex<Script>,
    pub(super) received: watch::Sender<Vec<Received>>,
    pub(super) connection_count: AtomicUsize,
    pub(super) begun_count: AtomicUsize,
}

/// A request on its way into the record, which it enters when this is dropped: also when the client gave up.
struct Recording<'a> {
    shared: &'a Shared,
    received: Option<Received>,
    body: BytesMut,
}

/// The connection is to end without an answer.
#[derive(Debug)]
struct HangUp;

impl Default for Shared {
    fn default() -> Self {
        Self {
            handler: Mutex::new(Arc::new(|_| Reply::status(200))),
            script: Mutex::default(),
            received: watch::Sender::default(),
            connection_count: AtomicUsize::default(),
            begun_count: AtomicUsize::default(),
        }
    }
}

impl Shared {
    fn record(&self, received: Received) {
        self.received.send_modify(|all| all.push(received));
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("script", &self.script).finish_non_exhaustive()
    }
}

impl std::error::Error for HangUp {}

impl fmt::Display for HangUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a fault ends this connection")
    }
}

/// Takes connections until it is aborted, which ends them too.
pub(super) async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        shared.connection_count.fetch_add(1, Ordering::Relaxed);
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            // A handshake or a connection that fails is what many tests are about; they look at their own side of it.
            if let Ok(stream) = shake_hands(stream, acceptor).await {
                let _ = serve(stream, shared).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn shake_hands(stream: TcpStream, acceptor: Option<TlsAcceptor>) -> io::Result<Stream> {
    match acceptor {
        None => Ok(Stream::Plain(stream)),
        Some(acceptor) => Ok(Stream::Tls(Box::new(acceptor.accept(stream).await?))),
    }
}

async fn serve(stream: Stream, shared: Arc<Shared>) -> hyper::Result<()> {
    let control = Arc::<Control>::default();
    let io = TokioIo::new(Wire::new(stream, Arc::clone(&control)));
    let service = service_fn(move |request| {
        let (shared, control) = (Arc::clone(&shared), Arc::clone(&control));
        async move { answer(request, &shared, &control).await }
    });
    http1::Builder::new().serve_connection(io, service).await
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
    control: &Control,
) -> Result<Response<Full<Bytes>>, HangUp> {
    let fault = shared.script.lock().unwrap().take();
    let (mut recording, mut body) = Recording::begin(request, shared);
    match fault {
        Some(Fault::DropBeforeReading) => return Err(HangUp),
        Some(Fault::BlackHole) => {
            // Now, because nobody notices when a client gives up whose body is not read.
            recording.finish(|_| false);
            match future::pending::<Infallible>().await {}
        }
        Some(Fault::ResetAfter { bytes }) => {
            recording.read(&mut body, None, bytes).await?;
            control.reset();
            return Err(HangUp);
        }
        Some(Fault::SlowRead { bytes_per_second }) => {
            recording.read(&mut body, Some(bytes_per_second), usize::MAX).await?;
        }
        _ => recording.read(&mut body, None, usize::MAX).await?,
    }
    if let Some(Fault::Status { code, headers, body }) = fault {
        recording.finish(|_| false);
        return Ok(response(Reply { headers, ..Reply::status(code) }.body(body)));
    }
    let handler = Arc::clone(&shared.handler.lock().unwrap());
    let mut reply = None;
    recording.finish(|received| reply.insert(handler(received)).status.is_success());
    let reply = reply.expect("the handler was asked");
    match fault {
        Some(Fault::StoreThenDrop) => return Err(HangUp),
        Some(Fault::SlowAnswer { delay }) => sleep(delay).await,
        Some(Fault::TruncatedAnswer) => {
            // Half of the body; of an answer without one, the end of its head.
            control.spoil(Spoil::WithoutLast(reply.body.len().div_ceil(2).max(2)));
            return Ok(last(response(reply)));
        }
        Some(Fault::GarbageAnswer) => {
            control.spoil(Spoil::Garbage);
            return Ok(last(response(reply)));
        }
        _ => {}
    }
    Ok(response(reply))
}

impl<'a> Recording<'a> {
    fn begin(request: Request<Incoming>, shared: &'a Shared) -> (Self, Incoming) {
        shared.begun_count.fetch_add(1, Ordering::Relaxed);
        let (head, body) = request.into_parts();
        let received = Received {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body: Bytes::new(),
            at: Instant::now(),
            stored: false,
        };
        (Self { shared, received: Some(received), body: BytesMut::new() }, body)
    }

    /// Reads the body, at most this much of it, at this pace where one is given.
    async fn read(
        &mut self,
        body: &mut Incoming,
        bytes_per_second: Option<u32>,
        bytes_max: usize,
    ) -> Result<(), HangUp> {
        while self.body.len() < bytes_max {
            let Some(frame) = body.frame().await else { break };
            let Ok(mut data) = frame.map_err(|_| HangUp)?.into_data() else { continue };
            data.truncate(bytes_max - self.body.len());
            self.body.extend_from_slice(&data);
            if let Some(bytes_per_second) = bytes_per_second {
                sleep(Duration::from_secs_f64(data.len() as f64 / f64::from(bytes_per_second))).await;
            }
        }
        Ok(())
    }

    /// Puts the request into the record, with the word of `is_stored` on whether it is kept.
    fn finish(mut self, is_stored: impl FnOnce(&Received) -> bool) {
        if let Some(mut received) = self.received.take() {
            received.body = self.body.split().freeze();
            received.stored = is_stored(&received);
            self.shared.record(received);
        }
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        if let Some(mut received) = self.received.take() {
            received.body = self.body.split().freeze();
            self.shared.record(received);
        }
    }
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        let (name, value) = (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap());
        response.headers_mut().append(name, value);
    }
    response
}

/// The last answer of its connection.
fn last(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
