//! How a client is put together: token, server, trust, patience.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use daybook_events::{Claims, ClaimsError, decode_unverified};
use reqwest::{Url, dns::Resolve, header::HeaderValue, redirect};

use crate::{Client, ClientError, RetryPolicy, client::Parts, tls};

/// How long a request may take, the body included, unless told otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes after decompression, unless told otherwise.
pub const BODY_BYTES_MAX: usize = 64 << 20;

const USER_AGENT: &str = concat!("daybook-client/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What tokens named as audience before the host stood there.
const DEPRECATED_AUDIENCE: &str = "com.1password.streamingservice";

/// Collects what a [`Client`] needs; nothing is checked before [`build`](Self::build).
#[must_use]
pub struct ClientBuilder {
    token: String,
    base_url: Option<String>,
    root_certificates_pem: Vec<Vec<u8>>,
    user_agent: String,
    timeout: Duration,
    body_bytes_max: usize,
    retry: RetryPolicy,
    resolver: Option<Arc<dyn Resolve>>,
}

/// The token stays out.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientBuilder").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(crate) fn new(token: &str) -> Self {
        Self {
            token: token.trim().to_owned(),
            base_url: None,
            root_certificates_pem: Vec::new(),
            user_agent: USER_AGENT.to_owned(),
            timeout: TIMEOUT,
            body_bytes_max: BODY_BYTES_MAX,
            retry: RetryPolicy::default(),
            resolver: None,
        }
    }

    /// The server to ask instead of the one that the token names: `https://host[:port][/prefix]`, or `http://` on this
    /// machine. With it, the token may be of any form.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Trusts the certificates in this PEM text as well as those of the system; may be given several times.
    pub fn add_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates_pem.push(pem.into());
        self
    }

    /// What the client calls itself.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How long a request may take, the body included; see [`TIMEOUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest answer that is read, in bytes after decompression; see [`BODY_BYTES_MAX`].
    pub fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// When to ask again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Who turns the server's name into addresses instead of the system. It decides where connections go, so no proxy of
    /// the environment is used besides; an address in the place of a name does not come by it.
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// `Invalid`: a token that cannot be sent, or that names no server while no URL was given; a URL that is not https
    /// and not on this machine; certificates that are none. `Internal`: TLS or HTTP cannot be set up.
    pub fn build(self) -> Result<Client, ClientError> {
        let claims = decode_unverified(&self.token);
        let base_url = match &self.base_url {
            Some(url) => parse_base_url(url)?,
            None => base_url_of(&claims)?,
        };
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", self.token)).map_err(|_| ClientError::Token)?;
        if self.token.is_empty() {
            return Err(ClientError::Token);
        }
        authorization.set_sensitive(true);

        let mut roots = Vec::new();
        for pem in &self.root_certificates_pem {
            roots.extend(tls::parse_certificates(pem)?);
        }
        let http = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never());
        let http = if base_url.scheme() == "https" {
            http.https_only(true).tls_backend_preconfigured(tls::trust_system_and(roots)?)
        } else {
            // On this machine: a proxy would carry the token off it.
            http.no_proxy().tls_backend_preconfigured(tls::trust_nobody()?)
        };
        let http = match self.resolver {
            Some(resolver) => http.dns_resolver(resolver).no_proxy(),
            None => http,
        };
        Ok(Client::from_parts(Parts {
            http: http.build().map_err(ClientError::Setup)?,
            base_url: base_url.as_str().trim_end_matches('/').to_owned(),
            url: base_url,
            authorization,
            claims: claims.ok(),
            retry: self.retry,
            body_bytes_max: self.body_bytes_max,
        }))
    }
}

fn base_url_of(claims: &Result<Claims, ClaimsError>) -> Result<Url, ClientError> {
    let host = claims.as_ref().map_err(|error| ClientError::Host(error.clone()))?.host();
    let refused = |reason| Err(ClientError::Url { url: host.to_owned(), reason });
    if host == DEPRECATED_AUDIENCE {
        return refused("the token is from before tokens named their server; give the server's URL as well");
    }
    if host.contains(['/', '@', '?', '#', '\\']) || host.chars().any(char::is_whitespace) {
        return refused("the token's \"aud\" must be host[:port]");
    }
    parse_base_url(&format!("https://{host}"))
}

fn parse_base_url(text: &str) -> Result<Url, ClientError> {
    let refused = |reason| ClientError::Url { url: text.to_owned(), reason };
    let url: Url = text.trim().parse().map_err(|_| refused("write it https://host[:port]"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(refused("the token would travel unencrypted; use https (http is for this machine only)")),
        _ => return Err(refused("write it https://host[:port]")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Not repeated: the error must not show a password.
        return Err(ClientError::Url {
            url: url.host_str().unwrap_or_default().to_owned(),
            reason: "it has a user name or password; the token is all that the Events API wants",
        });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("it has a query or fragment; write it https://host[:port]"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    fn token(host: &str) -> String {
        let claims = format!(r#"{{"aud":["{host}"],"1password.com/fts":["auditevents"]}}"#);
        format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.as_bytes()))
    }

    #[test]
    fn host_comes_from_the_token_unless_a_url_is_given() {
        let client = Client::builder(&token("events.acme.example:8443")).build().unwrap();
        assert_eq!(client.base_url(), "https://events.acme.example:8443");
        assert_eq!(client.claims().unwrap().features, ["auditevents"]);
        let client = Client::builder(&token("events.acme.example")).base_url("https://b.example/hub/").build().unwrap();
        assert_eq!(client.base_url(), "https://b.example/hub");
    }

    #[test]
    fn an_opaque_token_needs_a_url() {
        assert!(matches!(Client::builder("opaque").build(), Err(ClientError::Host(_))));
        assert!(Client::builder("opaque").base_url("http://127.0.0.1:1").build().unwrap().claims().is_none());
        for text in ["", "two\nlines"] {
            let built = Client::builder(text).base_url("http://127.0.0.1:1").build();
            assert!(matches!(built, Err(ClientError::Token)), "{text:?}");
        }
    }

    #[test]
    fn the_token_travels_encrypted_or_not_at_all() {
        for url in ["http://127.0.0.1:8080", "http://[::1]", "http://localhost:1/x", "https://events.acme.example"] {
            assert!(parse_base_url(url).is_ok(), "{url}");
        }
        for url in [
            "http://events.acme.example",
            "http://127.0.0.1.acme.example",
            "ftp://localhost",
            "events.acme.example",
            "https://user:password@events.acme.example",
            "https://events.acme.example?x=1",
            "",
        ] {
            let error = parse_base_url(url).unwrap_err();
            assert!(!error.to_string().contains("password@"), "{error}");
        }
    }

    #[test]
    fn a_host_in_the_token_is_a_host_and_nothing_more() {
        for host in ["acme.example/path", "x@acme.example", "acme.example?a", "", DEPRECATED_AUDIENCE] {
            assert!(matches!(Client::builder(&token(host)).build(), Err(ClientError::Url { .. })), "{host:?}");
        }
    }

    #[test]
    fn token_is_not_printed() {
        let builder = Client::builder("opaque").base_url("http://127.0.0.1:1");
        assert!(!format!("{builder:?}").contains("opaque"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("opaque"));
    }
}
