//! Requests: one at a time, with retries, a bound on the answer, and v1 where a server does not know v2.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backon::Retryable;
use daybook_events::{Claims, Clock, Feature, SystemClock};
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use crate::{
    ClientBuilder, ClientError, Introspection, Page, RetryPolicy, Start,
    error::{message_of, shorten},
    page::Body,
    retry::{parse_http_date, parse_retry_after},
};

const ERROR_BODY_BYTES_MAX: usize = 64 << 10;

/// A reader of one server with one token. Clones share connections.
#[derive(Clone)]
pub struct Client {
    parts: Arc<Parts>,
    /// The features that this server has in v1 only.
    v1_features: Arc<Mutex<BTreeSet<Feature>>>,
}

/// What the builder hands over.
pub(crate) struct Parts {
    pub(crate) http: reqwest::Client,
    pub(crate) base_url: String,
    pub(crate) url: Url,
    pub(crate) authorization: HeaderValue,
    pub(crate) claims: Option<Claims>,
    pub(crate) retry: RetryPolicy,
    pub(crate) body_bytes_max: usize,
}

/// The token stays out.
impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("base_url", &self.parts.base_url).finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a client for a bearer token; white space around it is dropped.
    pub fn builder(token: &str) -> ClientBuilder {
        ClientBuilder::new(token)
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), v1_features: Arc::default() }
    }

    /// The server asked, `https://host[:port][/prefix]`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.parts.base_url
    }

    /// The host of that, a name or an address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.parts.url.host_str().unwrap_or_default()
    }

    /// The port of that.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.parts.url.port_or_known_default().unwrap_or(443)
    }

    /// What the token says of itself, unverified; `None` where it is opaque.
    #[must_use]
    pub fn claims(&self) -> Option<&Claims> {
        self.parts.claims.as_ref()
    }

    /// Asks the server what the token is and may read; v1 is asked where v2 is unknown.
    ///
    /// # Errors
    ///
    /// See [`page`](Self::page).
    pub async fn introspect(&self) -> Result<Introspection, ClientError> {
        match self.fetch(&Method::GET, "/api/v2/auth/introspect", None).await {
            Err(ClientError::Refused { status: 404, .. }) => {
                self.fetch(&Method::GET, "/api/auth/introspect", None).await
            }
            answer => answer,
        }
    }

    /// Asks for one page, retries included; v1 is asked where a feature's v2 is unknown, and from then on.
    ///
    /// # Errors
    ///
    /// `Unauthenticated` or `Forbidden` when the token is refused, `Invalid` when the request is (an old cursor, a
    /// limit outside 1 to 1000), `NotFound` when the server has neither version, `Unavailable` when no answer came or the
    /// attempts are used up, `Internal` when the answer cannot be read.
    pub async fn page(&self, feature: &Feature, start: &Start) -> Result<Page, ClientError> {
        let body = start.body();
        if !self.is_v1_only(feature) {
            match self.fetch(&Method::POST, &format!("/api/v2/{feature}"), Some(&body)).await {
                Err(ClientError::Refused { status: 404, .. }) => {}
                answer => return answer,
            }
        }
        let page = self.fetch(&Method::POST, &format!("/api/v1/{feature}"), Some(&body)).await?;
        self.remember_v1_only(feature);
        Ok(page)
    }

    fn is_v1_only(&self, feature: &Feature) -> bool {
        self.v1_features.lock().unwrap_or_else(PoisonError::into_inner).contains(feature)
    }

    fn remember_v1_only(&self, feature: &Feature) {
        self.v1_features.lock().unwrap_or_else(PoisonError::into_inner).insert(feature.clone());
    }

    /// One request, tried as often as the retry policy allows.
    async fn fetch<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Body<'_>>,
    ) -> Result<T, ClientError> {
        let retry = self.parts.retry;
        let attempt = || self.attempt(method, path, body);
        attempt
            .retry(retry.backoff())
            .when(ClientError::is_passing)
            .adjust(|error, backoff| backoff.map(|wait| error.retry_after().unwrap_or(wait)))
            .notify(|error, wait: Duration| {
                tracing::warn!(error = %error, wait_ms = wait.as_millis() as u64, "The Events API is asked again");
            })
            .await
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Body<'_>>,
    ) -> Result<T, ClientError> {
        let url = format!("{}{path}", self.parts.base_url);
        let operation = || format!("{method} {url}");
        let mut request =
            self.parts.http.request(method.clone(), &url).header(AUTHORIZATION, self.parts.authorization.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").json(body);
        }
        let response = request.send().await.map_err(|error| no_answer(operation(), error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(operation(), response).await);
        }
        let answer = read_body(response, self.parts.body_bytes_max).await.map_err(|fault| match fault {
            BodyFault::Cut(error) => no_answer(operation(), error),
            BodyFault::TooLarge => {
                ClientError::TooLarge { operation: operation(), bytes_max: self.parts.body_bytes_max }
            }
        })?;
        serde_json::from_slice(&answer).map_err(|source| ClientError::Answer { operation: operation(), source })
    }

    /// What the server means with an answer other than 200.
    async fn refusal(&self, operation: String, response: Response) -> ClientError {
        let status = response.status();
        if status.is_redirection() {
            let location = shorten(header(&response, LOCATION).unwrap_or_default());
            return ClientError::Redirected { operation, status: status.as_u16(), location };
        }
        let retry_after = self.retry_after_of(&response);
        let body = read_body(response, ERROR_BODY_BYTES_MAX).await.unwrap_or_default();
        let message = message_of(&body).unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason").to_owned());
        ClientError::Refused { operation, status: status.as_u16(), message, retry_after }
    }

    /// The wait that a 429 or 503 orders, held to the policy. A date is measured by the server's own clock where it is
    /// shown.
    fn retry_after_of(&self, response: &Response) -> Option<Duration> {
        if !matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            return None;
        }
        let now = header(response, DATE).and_then(parse_http_date).unwrap_or_else(|| SystemClock.now());
        let wait = parse_retry_after(header(response, RETRY_AFTER)?, now)?;
        Some(wait.min(self.parts.retry.retry_after_max))
    }
}

enum BodyFault {
    Cut(reqwest::Error),
    TooLarge,
}

async fn read_body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, BodyFault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyFault::Cut)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(BodyFault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn no_answer(operation: String, error: reqwest::Error) -> ClientError {
    ClientError::Send { operation, source: error.without_url() }
}

fn header(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}
