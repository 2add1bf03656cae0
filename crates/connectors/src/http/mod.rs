//! HTTP of connectors: one client a destination, no redirects, no proxy of the environment, no cookies, bounded answers,
//! and one reading of statuses for all.

mod body;
mod classify;
mod token;

use std::{sync::Arc, time::Duration};

use daybook_events::Timestamp;
use reqwest::{
    Client, ClientBuilder, Method, RequestBuilder, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect,
};
use rustls::ClientConfig;

pub(crate) use body::{Compression, gzip};
pub(crate) use classify::{CUT, classify, shorten, somebody_else, without_pages};
pub(crate) use token::{Grant, TokenSource};

use crate::{Context, DeliveryError, Endpoint, HUB_MARK, Settings, SettingsError, tls::tls_of};

const LOOP: &str = "it leads to this hub itself, and what the hub sends would come back for ever, more of it each time";
const HTTPS_PORT: u16 = 443;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_CONNECTIONS_MAX: usize = 4;
const IDLE_SECS_MAX: u64 = 60;
/// The longest `Retry-After` that is honoured; a longer one is asked again by then.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Sends requests of one destination.
#[derive(Debug, Clone)]
pub(crate) struct HttpSender {
    client: Client,
    tls: Arc<ClientConfig>,
    context: Context,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// When it came, by which a date in it is read.
    pub(crate) now: Timestamp,
}

impl HttpAnswer {
    /// The body as text, for people: short, on one line.
    pub(crate) fn text(&self) -> String {
        shorten(&String::from_utf8_lossy(&self.body))
    }

    /// When the receiver wants to be asked again, if it says: `Retry-After`, seconds or an HTTP date.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = value.parse().map(Duration::from_secs).ok().or_else(|| {
            let until = daybook_client::parse_http_date(value)?;
            Some(until.since(self.now))
        });
        wait.map(|wait| wait.min(RETRY_AFTER_MAX))
    }
}

impl HttpSender {
    /// A sender with the timeout, the trust and the identity of the settings.
    ///
    /// # Errors
    ///
    /// The certificates of the settings cannot be used.
    pub(crate) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        // One request at a time gains nothing from HTTP/2.
        Self::open_with(settings, context, (Client::builder(), b"http/1.1"))
    }

    /// The same for what is spoken over HTTP/2 alone, such as gRPC.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn open_http2(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        Self::open_with(settings, context, (Client::builder().http2_prior_knowledge(), b"h2"))
    }

    fn open_with(
        settings: &Settings,
        context: &Context,
        (builder, alpn): (ClientBuilder, &[u8]),
    ) -> Result<Self, SettingsError> {
        let tls = tls_of(settings)?;
        let mut preconfigured = tls.clone();
        preconfigured.alpn_protocols = vec![alpn.to_vec()];
        let client = builder
            .default_headers(marked(&context.hub_mark))
            .tls_backend_preconfigured(preconfigured)
            .dns_resolver(context.guard.resolver())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .user_agent(format!("Daybook/{}", context.hub_version))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(Duration::from_secs(settings.number("timeout_secs").max(1)))
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .pool_idle_timeout(Duration::from_secs(IDLE_SECS_MAX))
            .tcp_nodelay(true)
            .build()
            .map_err(|error| SettingsError::of("ca_pem", format!("the HTTP client cannot be made: {error}")))?;
        Ok(Self { client, tls: Arc::new(tls), context: context.clone() })
    }

    /// The URL of a setting. Plain HTTP is for this machine alone: credentials and events would cross the network
    /// readable.
    ///
    /// # Errors
    ///
    /// It is plain HTTP to elsewhere, the hub itself, or an address that the guard forbids.
    pub(crate) fn url(&self, settings: &Settings, name: &str) -> Result<Url, SettingsError> {
        self.parse_url(name, settings.text(name))
    }

    /// The same for a URL that was put together.
    pub(crate) fn parse_url(&self, name: &str, text: &str) -> Result<Url, SettingsError> {
        let wrong = |reason: String| SettingsError::of(name, reason);
        let url = Url::parse(text).map_err(|_| wrong("must be a URL such as https://siem.acme.example".to_owned()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let is_here = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if url.scheme() != "https" && !is_here {
            return Err(wrong("must begin with https://; http:// is for this machine alone".to_owned()));
        }
        if is_hub(&url, &self.context.hub_host) {
            return Err(wrong(format!("{LOOP}: give the URL of another system")));
        }
        self.context.guard.check_literal(&host).map_err(|error| wrong(error.to_string()))?;
        Ok(url)
    }

    /// Where the URL leads, for a test of the way.
    pub(crate) fn endpoint(&self, url: &Url) -> Endpoint {
        Endpoint {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
            tls: (url.scheme() == "https").then(|| Arc::clone(&self.tls)),
        }
    }

    /// Begins a request.
    pub(crate) fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }

    /// Begins a request of another method.
    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request and reads the whole answer, whatever its status; of a body longer than `body_bytes_max` the
    /// beginning.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::Retry`]: no answer came, or only a part of one. [`DeliveryError::Stop`]: it was this hub that
    /// answered.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        body_bytes_max: usize,
    ) -> Result<HttpAnswer, DeliveryError> {
        let mut response = request.send().await.map_err(|error| DeliveryError::retry(what_happened(&error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let is_own = headers.get(HUB_MARK).is_some_and(|mark| mark.as_bytes() == self.context.hub_mark.as_bytes());
        if status == StatusCode::FORBIDDEN && is_own {
            return Err(DeliveryError::stop(LOOP, "give the URL of another system"));
        }
        let mut body = Vec::new();
        while body.len() < body_bytes_max {
            let chunk = response.chunk().await.map_err(|error| DeliveryError::retry(what_happened(&error)))?;
            let Some(chunk) = chunk else { break };
            body.extend_from_slice(&chunk[..chunk.len().min(body_bytes_max - body.len())]);
        }
        Ok(HttpAnswer { status, headers, body, now: self.context.clock.now() })
    }
}

/// The header that marks requests as this hub's.
fn marked(mark: &str) -> HeaderMap {
    let value = HeaderValue::from_str(mark).ok().filter(|value| !value.is_empty());
    value.map(|value| (HeaderName::from_static(HUB_MARK), value)).into_iter().collect()
}

/// Whether a URL leads to the hub by the name that its clients know. Other names are known by their answer.
fn is_hub(url: &Url, hub_host: &str) -> bool {
    let (name, port) = hub_host
        .rsplit_once(':')
        .and_then(|(name, port)| Some((name, port.parse().ok()?)))
        .unwrap_or((hub_host, HTTPS_PORT));
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    host.eq_ignore_ascii_case(name) && url.port_or_known_default() == Some(port)
}

/// What kept an answer away, without the URL, which may hold a secret.
pub(crate) fn what_happened(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "cannot connect".to_owned()
    } else {
        "the connection broke".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    let mut last = String::new();
    while let Some(error) = cause {
        last = error.to_string();
        cause = error.source();
    }
    if !last.is_empty() {
        text.push_str(": ");
        text.push_str(&shorten(&last));
    }
    text
}

#[cfg(test)]
mod tests {
    use daybook_testkit::{Receiver, Reply};

    use super::*;
    use crate::{Destination, DestinationKind, testing};

    #[test]
    fn the_hub_is_known_by_its_public_name() {
        for (url, hub, is_so) in [
            ("https://hub.acme.example/ingest", "hub.acme.example", true),
            ("https://HUB.acme.example.:443/", "hub.acme.example", true),
            ("https://hub.acme.example:8443/", "hub.acme.example:8443", true),
            ("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443", true),
            ("https://hub.acme.example:8088/", "hub.acme.example", false),
            ("https://siem.acme.example/", "hub.acme.example", false),
            ("https://[2001:db8::1]/", "[2001:db8::1]:8443", false),
        ] {
            assert_eq!(is_hub(&Url::parse(url).unwrap(), hub), is_so, "{url} {hub}");
        }
        let error =
            testing::open(DestinationKind::Http, &[("url", "https://hub.acme.example/ingest/v1/x")]).unwrap_err();
        assert!(error.starts_with("url: it leads to this hub itself"), "{error}");
    }

    #[tokio::test]
    async fn requests_are_marked_and_the_hubs_own_answer_is_known() {
        let receiver = Receiver::start().await;
        let destination = testing::open(DestinationKind::Http, &[("url", &receiver.url())]).unwrap();
        let mark = testing::context(&std::env::temp_dir()).hub_mark;
        let batch = testing::batch("auditevents", 1);
        destination.deliver(&batch).await.unwrap();
        assert_eq!(receiver.received()[0].header(HUB_MARK), Some(mark.as_str()));
        for (answered, is_loop) in [(mark.as_str(), true), ("another hub's", false)] {
            let answered = answered.to_owned();
            receiver.answer_with(move |_| Reply::status(403).header(HUB_MARK, &answered));
            let error = destination.deliver(&batch).await.unwrap_err();
            assert_eq!(matches!(&error, DeliveryError::Stop { reason, .. } if reason == LOOP), is_loop, "{error:?}");
        }
    }
}
