//! Requests to the Logs Ingestion API, and what their answers mean.

use reqwest::{StatusCode, header::CONTENT_TYPE};

use super::{config::Config, encode::body_of};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError,
    http::{HttpAnswer, HttpSender, classify, somebody_else},
};

const ANSWER_BYTES_MAX: usize = 4 << 10;
/// The limit holds for a body before and after it is packed.
const BODY_BYTES_MAX: usize = 1_000_000;
/// A 404 to a larger body may mean that it is too large.
const SMALL_BODY_BYTES: usize = 64_000;

/// A stream of a data collection rule.
#[derive(Debug)]
pub(crate) struct Connector {
    http: HttpSender,
    config: Config,
}

impl Connector {
    /// A stream of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        Ok(Self { config: Config::of(settings, &http)?, http })
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.config.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let Config { url, tokens, compression } = &self.config;
        let body = body_of(batch);
        let bytes = body.len();
        if bytes > BODY_BYTES_MAX {
            let reason =
                format!("the request would have {bytes} bytes, more than the {BODY_BYTES_MAX} that it may have");
            return Err(DeliveryError::TooLarge { reason });
        }
        let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/json");
        let request = compression.put(request, body).await;
        let answer = Box::pin(tokens.send(&self.http, request, ANSWER_BYTES_MAX)).await?;
        read(&answer, bytes, batch.events.len()).map(|()| Delivered::all())
    }
}

/// 204 alone is the API's success. It says 404 both of a wrong URL and of a large body: the halves of the batch tell.
fn read(answer: &HttpAnswer, body_bytes: usize, event_count: usize) -> Result<(), DeliveryError> {
    if answer.status.is_success() && answer.status != StatusCode::NO_CONTENT {
        return Err(somebody_else(answer, "something else"));
    }
    classify(answer).map_err(|error| match (answer.status.as_u16(), error) {
        (404, DeliveryError::Stop { reason, .. }) if body_bytes > SMALL_BODY_BYTES && event_count > 1 => {
            DeliveryError::TooLarge { reason }
        }
        (404, DeliveryError::Stop { reason, .. }) => {
            DeliveryError::stop(reason, "check url, dcr_id and stream against the data collection rule's")
        }
        (401, DeliveryError::Stop { reason, .. }) => {
            DeliveryError::stop(reason, "check cloud, and that the app registration is in the workspace's tenant")
        }
        (403, DeliveryError::Stop { reason, .. }) => DeliveryError::stop(
            reason,
            "give the app the role Monitoring Metrics Publisher on the data collection rule; it takes up to half an hour to hold",
        ),
        (_, other) => other,
    })
}
