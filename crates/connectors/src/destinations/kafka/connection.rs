//! A connection to one broker: through the guard, with TLS, signed in; then one request at a time.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    config::Config,
    errors,
    messages::{
        Api, VersionRanges, read_authenticated, read_handshake, read_versions, sasl_authenticate, sasl_handshake,
    },
    sasl::{Credentials, Mechanism, Scram},
    wire::{Malformed, Writer},
};
use crate::{Context, DeliveryError, http::shorten};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Answers to what is asked here are a few KiB; metadata of large clusters some hundred.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Load balancers in the cloud forget connections after four minutes, some without a word.
const IDLE_MAX: Duration = Duration::from_secs(120);
const CLIENT_ID: &str = "daybook";

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How to reach brokers.
#[derive(Debug)]
pub(super) struct Dialer {
    tls: Option<Arc<ClientConfig>>,
    credentials: Option<Credentials>,
    context: Context,
}

/// A connection on which the broker has answered.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    name: String,
    correlation: i32,
    used: Instant,
    versions: VersionRanges,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Connection").field(&self.name).finish()
    }
}

impl Dialer {
    pub(super) fn new(config: &Config, tls: ClientConfig, context: &Context) -> Self {
        let tls = config.is_encrypted.then(|| Arc::new(tls));
        Self { tls, credentials: config.credentials.clone(), context: context.clone() }
    }

    pub(super) fn tls(&self) -> Option<Arc<ClientConfig>> {
        self.tls.clone()
    }

    /// Connects and signs in. The host may be one that a broker has named: the guard looks at each the same.
    pub(super) async fn dial(&self, host: &str, port: u16) -> Result<Connection, DeliveryError> {
        let name = format!("{host}:{port}");
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied => DeliveryError::stop(
                format!("{name} must not be connected to: {error}"),
                "give other brokers, or let the cluster advertise addresses that may be reached (advertised.listeners)",
            ),
            _ => DeliveryError::retry(format!("cannot connect to {name}: {}", shorten(&error.to_string()))),
        };
        let addresses = self.context.guard.lookup(host, port).await.map_err(failed)?;
        self.forbid_readable_password(&name, &addresses)?;
        let stream = timeout(CONNECT_TIMEOUT, self.connect(host, &addresses)).await;
        let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(failed)?;
        let mut connection =
            Connection { stream, name, correlation: 0, used: Instant::now(), versions: VersionRanges::new() };
        connection.learn_versions().await?;
        if let Some(credentials) = &self.credentials {
            connection.sign_in(credentials).await?;
        }
        Ok(connection)
    }

    async fn connect(&self, host: &str, addresses: &[SocketAddr]) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(addresses).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare).map_err(io::Error::other)?;
        Ok(Box::new(TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?))
    }

    /// PLAIN without TLS would show the password to everybody on the way.
    fn forbid_readable_password(&self, name: &str, addresses: &[SocketAddr]) -> Result<(), DeliveryError> {
        let is_plain = self.credentials.as_ref().is_some_and(|it| it.mechanism == Mechanism::Plain);
        let is_here = addresses.iter().all(|address| address.ip().to_canonical().is_loopback());
        if self.tls.is_some() || !is_plain || is_here {
            return Ok(());
        }
        Err(DeliveryError::stop(
            format!("{name}: the password would cross the network readable"),
            "set encryption=tls, or sasl_mechanism to one of scram-sha-256 and scram-sha-512",
        ))
    }
}

impl Connection {
    /// Whether it has not been used for so long that it may be gone.
    pub(super) fn is_idle(&self) -> bool {
        self.used.elapsed() > IDLE_MAX
    }

    /// The version of a request that both sides speak.
    pub(super) fn version(&self, api: Api) -> Result<i16, DeliveryError> {
        let (least, most) = api.versions();
        let theirs = self.versions.get(&api.key());
        let version = theirs.map(|(_, theirs)| most.min(*theirs)).unwrap_or(-1);
        if version >= least && theirs.is_some_and(|(theirs, _)| version >= *theirs) {
            return Ok(version);
        }
        let theirs = theirs.map_or("it does not".to_owned(), |(from, to)| format!("the broker speaks {from} to {to}"));
        Err(DeliveryError::stop(
            format!("{}: {api:?} is needed in a version from {least} to {most}; {theirs}", self.name),
            match api {
                Api::InitProducerId => "set idempotent=false",
                Api::CreateTopics => "create the topic by hand",
                _ => "use Kafka 2.4 or later, or a broker that speaks its protocol",
            },
        ))
    }

    /// Asks, and reads the answer. After an error the connection is of no more use.
    pub(super) async fn call(&mut self, api: Api, version: i16, body: &[u8]) -> Result<Vec<u8>, DeliveryError> {
        self.correlation = self.correlation.wrapping_add(1);
        let mut head = Writer::default();
        head.i16(api.key()).i16(version).i32(self.correlation).string(CLIENT_ID);
        let mut frame = Writer(Vec::with_capacity(4 + head.0.len() + body.len()));
        frame.count(head.0.len() + body.len()).put(&head.0).put(body);
        let exchanged = self.exchange(&frame.0).await;
        self.used = Instant::now();
        exchanged.map_err(|error| DeliveryError::retry(format!("{}: {}", self.name, shorten(&error.to_string()))))
    }

    /// An answer that cannot be read.
    pub(super) fn malformed(&self, error: Malformed) -> DeliveryError {
        DeliveryError::retry(format!("{}: {error}", self.name))
    }

    async fn exchange(&mut self, frame: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.write_all(frame).await?;
        self.stream.flush().await?;
        let length = self.stream.read_i32().await?;
        let length = usize::try_from(length).ok().filter(|length| (4..=ANSWER_BYTES_MAX).contains(length));
        let length = length.ok_or_else(|| io::Error::other("what answers is no Kafka broker, or wants TLS"))?;
        let correlation = self.stream.read_i32().await?;
        if correlation != self.correlation {
            return Err(io::Error::other("the broker answered something that was not asked"));
        }
        let mut answer = Vec::new();
        let wanted = u64::try_from(length - 4).unwrap_or_default();
        (&mut self.stream).take(wanted).read_to_end(&mut answer).await?;
        if answer.len() < length - 4 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer)
    }

    async fn learn_versions(&mut self) -> Result<(), DeliveryError> {
        let answer = self.call(Api::Versions, 0, &[]).await?;
        let (code, versions) = read_versions(&answer).map_err(|error| self.malformed(error))?;
        if code != errors::NONE {
            return Err(errors::judge(&format!("asking {} what it speaks", self.name), code, None));
        }
        self.versions = versions;
        Ok(())
    }

    async fn sign_in(&mut self, credentials: &Credentials) -> Result<(), DeliveryError> {
        let mechanism = credentials.mechanism.name();
        let version = self.version(Api::SaslHandshake)?;
        let answer = self.call(Api::SaslHandshake, version, &sasl_handshake(mechanism)).await?;
        let (code, known) = read_handshake(&answer).map_err(|error| self.malformed(error))?;
        if code != errors::NONE {
            let message = format!("the broker has {}", known.join(", "));
            return Err(errors::judge(&format!("signing in to {} by {mechanism}", self.name), code, Some(&message)));
        }
        if credentials.mechanism == Mechanism::Plain {
            return self.exchange_token(&credentials.plain_token()).await.map(drop);
        }
        let scram = Scram::new(credentials.clone(), daybook_events::random_lower_id());
        let challenge = self.exchange_token(&scram.first_token()).await?;
        let derived = tokio::task::spawn_blocking(move || scram.final_token(&challenge)).await;
        let derived = derived.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let (token, proof) = derived.map_err(|reason| self.untrusted(reason))?;
        let last = self.exchange_token(&token).await?;
        if proof.holds(&last) { Ok(()) } else { Err(self.untrusted("it does not prove that it knows the password")) }
    }

    async fn exchange_token(&mut self, token: &[u8]) -> Result<Vec<u8>, DeliveryError> {
        let version = self.version(Api::SaslAuthenticate)?;
        let answer = self.call(Api::SaslAuthenticate, version, &sasl_authenticate(token)).await?;
        let (code, message, token) = read_authenticated(&answer).map_err(|error| self.malformed(error))?;
        if code == errors::NONE {
            return Ok(token);
        }
        Err(errors::judge(&format!("signing in to {}", self.name), code, message.as_deref()))
    }

    fn untrusted(&self, reason: &str) -> DeliveryError {
        let fix = "check that brokers names your own cluster, and username and password";
        DeliveryError::stop(format!("signing in to {}: {reason}", self.name), fix)
    }
}
