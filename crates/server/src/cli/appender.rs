//! Appends batches of events to a hub, and tries again what may pass.
//!
//! Every batch has an idempotency key, so that trying again is safe whether or not the first try arrived.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Error, Result, anyhow};
use data_encoding::HEXLOWER;
use daybook_events::Feature;
use reqwest::{
    Body, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use ring::digest::{Context as Digest, SHA256};
use serde::Deserialize;

use super::{http, hub::message_of};

const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// A hub and the right to append to it.
pub(super) struct Appender {
    http: reqwest::Client,
    url: String,
    authorization: HeaderValue,
    /// A server that never answered is not waited for: its address is wrong more often than it is restarting.
    has_answered: AtomicBool,
}

/// How long to try.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    For(Duration),
    Endless,
}

/// What became of a batch.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) accepted: u64,
    pub(super) rejected: Vec<RejectedItem>,
}

/// An event that was not stored.
#[derive(Debug, Deserialize)]
pub(super) struct RejectedItem {
    /// Which of the batch, from 0.
    pub(super) index: usize,
    pub(super) field: String,
    pub(super) reason: String,
}

/// A try that failed.
enum Fault {
    /// It may succeed later, after this long where the server says so.
    Passing(Error, Option<Duration>),
    Final(Error),
}

impl Appender {
    /// An appender to the hub at `url`. With `is_known` it has answered before.
    ///
    /// # Errors
    ///
    /// The token cannot be sent, or the certificates cannot be used.
    pub(super) fn new(url: &str, token: &str, roots_pem: &[Vec<u8>], is_known: bool) -> Result<Self> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {token}")).context("the token is not one line of text")?;
        authorization.set_sensitive(true);
        let has_answered = AtomicBool::new(is_known);
        Ok(Self { http: http::client_for(url, roots_pem)?, url: url.to_owned(), authorization, has_answered })
    }

    /// `https://host:port`, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Appends a batch, one JSON object a line; returns when it is on disk.
    ///
    /// # Errors
    ///
    /// The hub refuses, or the patience is at its end.
    pub(super) async fn append(
        &self,
        feature: &Feature,
        lines: &[u8],
        key: &str,
        patience: Patience,
    ) -> Result<Answer> {
        let started = Instant::now();
        let mut backoff = BACKOFF_MIN;
        loop {
            let (error, retry_after) = match self.try_append(feature, lines, key).await {
                Ok(answer) => return Ok(answer),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Passing(error, retry_after)) => (error, retry_after),
            };
            let wait = retry_after.unwrap_or(backoff).min(RETRY_AFTER_MAX);
            if let Patience::For(time) = patience
                && started.elapsed() + wait > time
            {
                return Err(error.context(format!("gave up after trying for {} s", started.elapsed().as_secs())));
            }
            tracing::warn!("{error:#}; trying again in {} ms", wait.as_millis());
            tokio::time::sleep(wait).await;
            backoff = (2 * backoff).min(BACKOFF_MAX);
        }
    }

    async fn try_append(&self, feature: &Feature, lines: &[u8], key: &str) -> Result<Answer, Fault> {
        let request = self
            .http
            .post(format!("{}/ingest/v1/{feature}", self.url))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/x-ndjson")
            .header("Idempotency-Key", key)
            .body(Body::from(lines.to_vec()));
        let silent = |error: reqwest::Error| {
            let is_known = self.has_answered.load(Ordering::Relaxed);
            let error = Error::from(error.without_url()).context(format!("{} does not answer", self.url));
            if is_known { Fault::Passing(error, None) } else { Fault::Final(error) }
        };
        let response = request.send().await.map_err(silent)?;
        self.has_answered.store(true, Ordering::Relaxed);
        let (status, retry_after) = (response.status(), retry_after_of(&response));
        let body = response.bytes().await.map_err(silent)?;
        if status != StatusCode::OK {
            let error = anyhow!("the hub answered {}: {}", status.as_u16(), message_of(status, &body));
            return Err(if is_passing(status) { Fault::Passing(error, retry_after) } else { Fault::Final(error) });
        }
        let answer = serde_json::from_slice(&body);
        answer.with_context(|| format!("{} answers, but not as a Daybook does", self.url)).map_err(Fault::Final)
    }
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504 | 507)
}

fn retry_after_of(response: &reqwest::Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// SHA-256 of the parts, each with its length so that no two lists of parts are the same, in hexadecimal.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Digest::new(&SHA256);
    for part in parts {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    HEXLOWER.encode(digest.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_keep_parts_apart() {
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_eq!(digest(&[]).len(), 64);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [429, 503, 507] {
            assert!(is_passing(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 413, 415] {
            assert!(!is_passing(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }

    #[tokio::test]
    async fn a_server_that_never_answered_is_not_waited_for() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let feature = daybook_events::AUDIT_EVENTS;
        let unknown = Appender::new(&url, "t", &[], false).unwrap();
        let error = unknown.append(&feature, b"{}", "k", Patience::Endless).await.unwrap_err().to_string();
        assert!(error.ends_with("does not answer"), "{error}");
        let known = Appender::new(&url, "t", &[], true).unwrap();
        let patience = Patience::For(Duration::from_millis(600));
        let error = known.append(&feature, b"{}", "k", patience).await.unwrap_err().to_string();
        assert!(error.starts_with("gave up"), "{error}");
    }
}
