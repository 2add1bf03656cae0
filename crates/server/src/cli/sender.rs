//! Sends batches to the ingest API of a hub: the same key for every try of a batch, so that a try which was lost on its
//! way back appends nothing twice.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use daybook_events::Feature;
use reqwest::{Client, StatusCode, header::RETRY_AFTER};

use super::{
    hub::{http_client, refusal},
    output::say,
};
use crate::ingest::IngestAnswer;

const TRIES_MAX: u32 = 10;
const WAIT_MIN: Duration = Duration::from_millis(250);
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Where batches go, and with which right.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    http: Client,
    pub(super) url: String,
    token: String,
}

impl Sender {
    pub(super) fn new(url: &str, token: String, roots: &[Vec<u8>]) -> Result<Self> {
        Ok(Self { http: http_client(roots)?, url: url.trim_end_matches('/').to_owned(), token })
    }

    /// Sends one batch, again and again while the hub is passingly unavailable.
    pub(super) async fn send(&self, feature: &Feature, body: String, key: &str) -> Result<IngestAnswer> {
        let mut wait = WAIT_MIN;
        let mut last = anyhow!("it was never tried");
        for attempt in 1..=TRIES_MAX {
            match self.try_once(feature, body.clone(), key).await {
                Try::Done(answer) => return Ok(answer),
                Try::Refused(error) => return Err(error),
                Try::Later(error, asked) => {
                    if attempt == 3 {
                        say(&format!("{error:#}; trying on"));
                    }
                    last = error;
                    tokio::time::sleep(asked.unwrap_or(wait).min(WAIT_MAX)).await;
                    wait = (wait * 2).min(WAIT_MAX);
                }
            }
        }
        bail!(last.context(format!("the batch was not accepted in {TRIES_MAX} tries; run the command again to go on")))
    }

    async fn try_once(&self, feature: &Feature, body: String, key: &str) -> Try {
        let url = format!("{}/ingest/v1/{feature}", self.url);
        let request = self.http.post(&url).bearer_auth(&self.token).header("Idempotency-Key", key).body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Try::Later(anyhow::Error::new(error).context(format!("reach {}", self.url)), None),
        };
        let status = response.status();
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let text = match response.text().await {
            Ok(text) => text,
            Err(error) => return Try::Later(anyhow::Error::new(error).context("read the hub's answer"), None),
        };
        if status.is_success() {
            return match serde_json::from_str(&text).context("understand the hub's answer") {
                Ok(answer) => Try::Done(answer),
                Err(error) => Try::Refused(error),
            };
        }
        let error = anyhow!(refusal(status.as_u16(), &text));
        let is_passing =
            status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        if is_passing { Try::Later(error, asked.map(Duration::from_secs)) } else { Try::Refused(error) }
    }
}

enum Try {
    Done(IngestAnswer),
    Refused(anyhow::Error),
    Later(anyhow::Error, Option<Duration>),
}
