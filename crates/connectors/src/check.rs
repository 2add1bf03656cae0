//! A test of the way to a destination, hop by hop, that names the hop that fails and what mends it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use daybook_events::{Feature, Position, Timestamp, random_upper_id};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;

use crate::{AnyDestination, Batch, Context, DeliveryError, Destination, Endpoint, OutgoingEvent, http::shorten};

const HOP_TIMEOUT: Duration = Duration::from_secs(10);

/// One step of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HopName {
    /// The name becomes addresses.
    Dns,
    /// A connection is accepted.
    Tcp,
    /// The certificate is trusted, and ours where one is asked for.
    Tls,
    /// The credentials are accepted.
    Credentials,
    /// One event is acknowledged.
    Event,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopOutcome {
    /// It worked, and what was seen.
    Passed(String),
    /// It did not.
    Failed {
        /// What was seen.
        reason: String,
        /// What mends it.
        fix: String,
    },
}

/// A step and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Which.
    pub name: HopName,
    /// Whether it worked.
    pub outcome: HopOutcome,
    /// How long it took.
    pub took: Duration,
}

impl HopName {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Credentials => "credentials",
            Self::Event => "event",
        }
    }
}

impl Hop {
    /// Whether it worked.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        matches!(self.outcome, HopOutcome::Passed(_))
    }
}

/// Walks the way to a destination, up to the first hop that fails: name, connection, TLS, and one event that says that it
/// is a test and is acknowledged like every other.
pub async fn check(destination: &AnyDestination, context: &Context, canary: &Batch) -> Vec<Hop> {
    let mut hops = Vec::new();
    if let Some(endpoint) = destination.endpoint()
        && !walk(&endpoint, context, &mut hops).await
    {
        return hops;
    }
    let started = Instant::now();
    let (name, outcome) = match destination.deliver(canary).await {
        Ok(delivered) => match (delivered.rejected.first(), delivered.unsettled) {
            (Some(rejected), _) => (HopName::Event, refused(&rejected.reason)),
            (None, Some(unsettled)) => judge(&unsettled.error),
            (None, None) => (HopName::Event, HopOutcome::Passed("one event was acknowledged".to_owned())),
        },
        Err(error) => judge(&error),
    };
    hops.push(Hop { name, outcome, took: started.elapsed() });
    hops
}

/// An event that says that it is a test: an audit event, or one of the feature that the destination gets.
#[must_use]
pub fn canary(account: &daybook_events::AccountId, feature: &Feature, now: Timestamp) -> Batch {
    let uuid = random_upper_id();
    let payload = format!(
        r#"{{"uuid":"{uuid}","timestamp":"{now}","actor_uuid":"{account}","actor_details":{{"uuid":"{account}","name":"Daybook","email":""}},"action":"verify","object_type":"report","object_uuid":"{uuid}","aux_info":"A test of this destination by Daybook","session":{{"uuid":"{account}","login_time":"{now}","device_uuid":"{account}","ip":"127.0.0.1"}}}}"#
    );
    let event = OutgoingEvent::raw(feature, Position::START, (now, now), &payload);
    Batch { account: account.clone(), feature: feature.clone(), events: vec![event] }
}

fn judge(error: &DeliveryError) -> (HopName, HopOutcome) {
    match error {
        DeliveryError::Stop { reason, fix } => {
            (HopName::Credentials, HopOutcome::Failed { reason: reason.clone(), fix: fix.clone() })
        }
        DeliveryError::Retry { reason, .. } => {
            let fix = "the receiver is there but did not take the event; look at its own log, then test again";
            (HopName::Event, HopOutcome::Failed { reason: reason.clone(), fix: fix.to_owned() })
        }
        DeliveryError::TooLarge { reason } | DeliveryError::Refused { reason } => (HopName::Event, refused(reason)),
    }
}

fn refused(reason: &str) -> HopOutcome {
    let fix = "the receiver refuses the event itself: check format and index, table or parser at the receiver";
    HopOutcome::Failed { reason: reason.to_owned(), fix: fix.to_owned() }
}

/// The hops of the connection; false after one that failed.
pub(crate) async fn walk(endpoint: &Endpoint, context: &Context, hops: &mut Vec<Hop>) -> bool {
    let Endpoint { host, port, tls } = endpoint;
    let started = Instant::now();
    let looked_up = context.guard.lookup(host, *port).await;
    let addresses = looked_up.as_ref().map(Vec::as_slice).unwrap_or_default();
    let seen = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    let fix =
        "check the name; the hub's machine must be able to look it up, and may go only where the configuration lets it";
    if !push(hops, HopName::Dns, started, looked_up.as_ref().map(|_| seen).map_err(ToString::to_string), fix) {
        return false;
    }
    let started = Instant::now();
    let connected = connect(addresses).await;
    let seen = connected.as_ref().map(|(_, address)| address.to_string()).map_err(Clone::clone);
    let fix = "check the port, that the receiver runs, and the firewalls in between";
    if !push(hops, HopName::Tcp, started, seen, fix) {
        return false;
    }
    let (Some(tls), Ok((stream, _))) = (tls, connected) else { return true };
    let started = Instant::now();
    let fix = "check the certificate: its name and end; a private authority goes into ca_pem, a client certificate into \
               client_certificate_pem";
    push(hops, HopName::Tls, started, handshake(stream, host, tls).await, fix)
}

async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), String> {
    let mut last = "no address".to_owned();
    for address in addresses {
        match tokio::time::timeout(HOP_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address}: no answer within {} s", HOP_TIMEOUT.as_secs()),
        }
    }
    Err(last)
}

async fn handshake(
    stream: TcpStream,
    host: &str,
    tls: &std::sync::Arc<rustls::ClientConfig>,
) -> Result<String, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|error| error.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::clone(tls));
    let shaken = tokio::time::timeout(HOP_TIMEOUT, connector.connect(name, stream)).await;
    let stream = shaken.map_err(|_| "no end of the handshake in time".to_owned())?;
    let stream = stream.map_err(|error| shorten(&error.to_string()))?;
    let version = stream.get_ref().1.protocol_version();
    Ok(version.map_or_else(|| "TLS".to_owned(), |version| format!("{version:?}")))
}

fn push(hops: &mut Vec<Hop>, name: HopName, started: Instant, seen: Result<String, String>, fix: &str) -> bool {
    let outcome = match seen {
        Ok(seen) => HopOutcome::Passed(seen),
        Err(reason) => HopOutcome::Failed { reason, fix: fix.to_owned() },
    };
    hops.push(Hop { name, outcome, took: started.elapsed() });
    hops.last().is_some_and(Hop::is_passed)
}
