//! A connection to a receiver: opened through the guard, written to, and asked for its end.

use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use rustls::{AlertDescription, Error as TlsError};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;

use super::{config::Config, queue::SendQueue};
use crate::{Context, DeliveryError, http::shorten};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(25);
/// A receiver that refuses our certificate says so after the handshake. It is waited for twice as long as the handshake
/// took, and this much more.
const REFUSAL_WAIT: Duration = Duration::from_millis(150);
const REFUSAL_WAIT_MAX: Duration = Duration::from_secs(3);
/// What a receiver may say while nothing is asked; it is thrown away.
const CHATTER_READS_MAX: usize = 64;

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection.
pub(super) struct Link {
    wire: Box<dyn Wire>,
    local: std::net::SocketAddr,
    peer: std::net::SocketAddr,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Link").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Link {
    /// A new connection, on which nothing was sent yet.
    ///
    /// # Errors
    ///
    /// `Stop`: the address is forbidden, or one of the two certificates is refused. `Retry`: everything else.
    pub(super) async fn open(config: &Config, context: &Context) -> Result<Self, DeliveryError> {
        let stream = connect(config, context).await?;
        let broken = |error: io::Error| DeliveryError::retry(format!("the connection broke: {error}"));
        stream.set_nodelay(true).map_err(broken)?;
        let (local, peer) = (stream.local_addr().map_err(broken)?, stream.peer_addr().map_err(broken)?);
        let Some((tls, name)) = &config.tls else { return Ok(Self { wire: Box::new(stream), local, peer }) };
        let started = Instant::now();
        let connector = TlsConnector::from(Arc::clone(tls));
        let shaken = timeout(CONNECT_TIMEOUT, connector.connect(name.clone(), stream)).await;
        let shaken = shaken.map_err(|_| DeliveryError::retry("no end of the TLS handshake in time"))?;
        let stream = shaken.map_err(|error| judge("TLS handshake", &error))?;
        let mut link = Self { wire: Box::new(stream), local, peer };
        let wait = (started.elapsed() * 2 + REFUSAL_WAIT).min(REFUSAL_WAIT_MAX);
        match timeout(wait, link.end()).await {
            Err(_) => Ok(link),
            Ok(error) => Err(judge("right after the TLS handshake", &error)),
        }
    }

    /// Writes bytes, up to the last into the system's hands.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), DeliveryError> {
        let written = async {
            self.wire.write_all(bytes).await?;
            self.wire.flush().await
        };
        written.await.map_err(|error| judge("while writing", &error))
    }

    /// Waits until the peer's TCP has acknowledged every byte, and the receiver has not ended the connection.
    ///
    /// # Errors
    ///
    /// `Stop`: this system does not tell. `Retry`: the receiver ended the connection, or it broke.
    pub(super) async fn acknowledged(&mut self) -> Result<(), DeliveryError> {
        let mut pause = PAUSE_MIN;
        let mut queue = None;
        loop {
            // First of all a pause, in which an end that has arrived gets noticed.
            sleep(pause).await;
            if let Some(error) = self.ended().await {
                return Err(judge("before it had acknowledged everything", &error));
            }
            let asked = match &queue {
                Some(queue) => SendQueue::unacknowledged_bytes(queue),
                None => SendQueue::of(self.local, self.peer).and_then(|it| queue.insert(it).unacknowledged_bytes()),
            };
            match asked {
                Ok(0) => return Ok(()),
                Ok(_) => pause = (pause * 2).min(PAUSE_MAX),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(DeliveryError::retry("the connection broke before everything was acknowledged"));
                }
                Err(error) => return Err(cannot_tell(&error)),
            }
        }
    }

    /// Ends our side and waits for the receiver's end, which comes after it has read everything.
    ///
    /// # Errors
    ///
    /// `Retry`: it reset the connection instead.
    pub(super) async fn close(mut self) -> Result<(), DeliveryError> {
        self.wire.shutdown().await.map_err(|error| judge("while it was being closed", &error))?;
        let error = self.end().await;
        // Many receivers end TCP without ending TLS first.
        if error.kind() == io::ErrorKind::UnexpectedEof { Ok(()) } else { Err(judge("instead of closing it", &error)) }
    }

    /// How the connection has ended, if it has.
    pub(super) async fn ended(&mut self) -> Option<io::Error> {
        let mut chunk = [0; 1024];
        for _ in 0..CHATTER_READS_MAX {
            let mut buffer = ReadBuf::new(&mut chunk);
            let read = poll_fn(|context| Poll::Ready(Pin::new(&mut *self.wire).poll_read(context, &mut buffer))).await;
            match read {
                Poll::Pending => return None,
                Poll::Ready(Err(error)) => return Some(error),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Some(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(Ok(())) => {}
            }
        }
        None
    }

    /// Waits for the end of the connection; what the receiver says before is thrown away.
    async fn end(&mut self) -> io::Error {
        let mut chunk = [0; 1024];
        loop {
            match self.wire.read(&mut chunk).await {
                Ok(0) => return io::ErrorKind::UnexpectedEof.into(),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }
}

async fn connect(config: &Config, context: &Context) -> Result<TcpStream, DeliveryError> {
    let addresses = context.guard.lookup(&config.host, config.port).await.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => DeliveryError::stop(
            error.to_string(),
            "choose another host, or allow its network in the hub's configuration",
        ),
        _ => DeliveryError::retry(format!("cannot look up {}: {error}", config.host)),
    })?;
    let mut last = String::new();
    for address in addresses {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = format!("cannot connect to {address}: {error}"),
            Err(_) => last = format!("cannot connect to {address}: no answer in time"),
        }
    }
    Err(DeliveryError::retry(last))
}

fn cannot_tell(error: &io::Error) -> DeliveryError {
    let reason = format!("the hub's system does not tell what a receiver has acknowledged: {error}");
    DeliveryError::stop(reason, "let the hub use netlink (AF_NETLINK), or set confirm to close")
}

/// What a broken connection means. Certificates wait for a person, everything else passes.
fn judge(when: &str, error: &io::Error) -> DeliveryError {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<TlsError>());
    let reason = format!("the connection broke {when}: {}", shorten(&error.to_string()));
    match tls {
        Some(TlsError::InvalidCertificate(_)) => {
            let fix = "check the receiver's certificate: its name and end; a private authority goes into ca_pem";
            DeliveryError::stop(reason, fix)
        }
        Some(TlsError::AlertReceived(alert)) if is_about_trust(*alert) => {
            let fix = "check client_certificate_pem: its end, and whether the receiver trusts its authority and name";
            DeliveryError::stop(reason, fix)
        }
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            DeliveryError::retry(format!("the receiver closed the connection {when}"))
        }
        _ => DeliveryError::retry(reason),
    }
}

fn is_about_trust(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::HandshakeFailure
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::ProtocolVersion
            | AlertDescription::InsufficientSecurity
            | AlertDescription::CertificateRequired
    )
}
