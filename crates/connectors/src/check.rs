//! A test of the way to a destination, hop by hop, that names the hop that fails and what mends it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use daybook_events::{Feature, Position, Timestamp, random_upper_id};
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};

use crate::{
    AnyDestination, Batch, Context, Delivered, DeliveryError, Destination, Endpoint, OutgoingEvent, http::shorten,
};

/// How long the steps of a test may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// One connection, one handshake.
    pub(crate) hop: Duration,
    /// The last step, such as an event and its acknowledgement, however long the settings let others take.
    pub(crate) last: Duration,
    /// All steps together.
    pub(crate) whole: Duration,
}

pub(crate) const BOUNDS: Bounds =
    Bounds { hop: Duration::from_secs(10), last: Duration::from_secs(60), whole: Duration::from_secs(90) };
/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;

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
/// is a test and is acknowledged like every other. It ends within a minute and a half.
pub async fn check(destination: &AnyDestination, context: &Context, canary: &Batch) -> Vec<Hop> {
    check_within(destination, context, canary, BOUNDS).await
}

async fn check_within(destination: &AnyDestination, context: &Context, canary: &Batch, bounds: Bounds) -> Vec<Hop> {
    let (mut hops, started) = (Vec::new(), Instant::now());
    let whole = async {
        if let Some(endpoint) = destination.endpoint()
            && !walk(&endpoint, context, &mut hops, bounds).await
        {
            return;
        }
        let started = Instant::now();
        let came = timeout(bounds.last, destination.deliver(canary)).await;
        let (name, outcome) = came.map_or((HopName::Event, late(bounds.last)), judge_delivery);
        hops.push(Hop { name, outcome, took: started.elapsed() });
    };
    if timeout(bounds.whole, whole).await.is_err() {
        hops.push(cut_short(&hops, HopName::Event, started.elapsed()));
    }
    destination.discretion.hops(hops)
}

/// What stands for the step that was under way when the time was up.
pub(crate) fn cut_short(hops: &[Hop], last: HopName, took: Duration) -> Hop {
    let walked: Duration = hops.iter().map(|hop| hop.took).sum();
    Hop { name: last, outcome: late(took), took: took.saturating_sub(walked) }
}

/// A step that did not end in time.
pub(crate) fn late(took: Duration) -> HopOutcome {
    HopOutcome::Failed {
        reason: format!("no answer within the {} s that a test may take", took.as_secs()),
        fix:
            "the other end is there but slow, or something in between swallows the answers; look at its own log, then \
              test again"
                .to_owned(),
    }
}

fn judge_delivery(came: Result<Delivered, DeliveryError>) -> (HopName, HopOutcome) {
    match came {
        Ok(delivered) => match (delivered.rejected.first(), delivered.unsettled) {
            (Some(rejected), _) => (HopName::Event, refused(&rejected.reason)),
            (None, Some(unsettled)) => judge(&unsettled.error),
            (None, None) => (HopName::Event, HopOutcome::Passed("one event was acknowledged".to_owned())),
        },
        Err(error) => judge(&error),
    }
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
pub(crate) async fn walk(endpoint: &Endpoint, context: &Context, hops: &mut Vec<Hop>, bounds: Bounds) -> bool {
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
    let connected = connect(addresses, bounds.hop).await;
    let seen = connected.as_ref().map(|(_, address)| address.to_string()).map_err(Clone::clone);
    let fix = "check the port, that the receiver runs, and the firewalls in between";
    if !push(hops, HopName::Tcp, started, seen, fix) {
        return false;
    }
    let (Some(tls), Ok((stream, _))) = (tls, connected) else { return true };
    let started = Instant::now();
    let fix = "check the certificate: its name and end; a private authority goes into ca_pem, a client certificate into \
               client_certificate_pem";
    push(hops, HopName::Tls, started, handshake(stream, host, tls, bounds.hop).await, fix)
}

async fn connect(addresses: &[SocketAddr], time_max: Duration) -> Result<(TcpStream, SocketAddr), String> {
    let mut last = "no address".to_owned();
    for address in addresses.iter().take(ADDRESSES_MAX) {
        match timeout(time_max, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address}: no answer within {} s", time_max.as_secs()),
        }
    }
    Err(last)
}

async fn handshake(
    stream: TcpStream,
    host: &str,
    tls: &std::sync::Arc<rustls::ClientConfig>,
    time_max: Duration,
) -> Result<String, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|error| error.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::clone(tls));
    let shaken = timeout(time_max, connector.connect(name, stream)).await;
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

#[cfg(test)]
mod tests {
    use daybook_events::AUDIT_EVENTS;
    use daybook_testkit::{Fault, Receiver};
    use tokio::net::TcpListener;

    use super::*;
    use crate::{DestinationKind, testing};

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(3600);
    const PATIENCE: Duration = Duration::from_secs(60);

    /// What comes of a test of a receiver that takes the event and never answers, with settings that would wait for it.
    async fn of_silence(bounds: Bounds) -> Vec<Hop> {
        let receiver = Receiver::start().await;
        receiver.until_told(Fault::BlackHole);
        let (url, context) = (receiver.url(), testing::context(&std::env::temp_dir()));
        let destination =
            testing::open(DestinationKind::Http, &[("url", url.as_str()), ("timeout_secs", "600")]).unwrap();
        let canary = canary(&"A".repeat(26).parse().unwrap(), &AUDIT_EVENTS, context.clock.now());
        check_within(&destination, &context, &canary, bounds).await
    }

    #[tokio::test]
    async fn a_receiver_that_never_answers_ends_a_test_all_the_same() {
        for (last, whole) in [(SHORT, LONG), (LONG, SHORT)] {
            let hops = timeout(PATIENCE, of_silence(Bounds { hop: LONG, last, whole })).await.expect("it ends");
            let names: Vec<&str> = hops.iter().map(|hop| hop.name.as_str()).collect();
            assert_eq!(names, ["dns", "tcp", "event"]);
            assert!(!hops[2].is_passed(), "{hops:?}");
        }
    }

    #[tokio::test]
    async fn a_name_with_many_addresses_is_tried_at_four() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        // Nobody listens at port 9 of these.
        let closed = |n| SocketAddr::from(([127, 0, 0, n], 9));
        assert!(connect(&[closed(1), closed(2), closed(3), open], LONG).await.is_ok());
        let error = connect(&[closed(1), closed(2), closed(3), closed(4), open], LONG).await.unwrap_err();
        assert!(error.starts_with("127.0.0.4:9: "), "{error}");
    }
}
