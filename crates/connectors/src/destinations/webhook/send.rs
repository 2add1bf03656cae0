//! Requests to a webhook, and what their answers mean: 2xx alone is success, 410 ends it.

use std::ops::ControlFlow;

use reqwest::{Url, header::CONTENT_TYPE};

use super::{
    config::Config,
    encode::{batch_body, event_body, message_id, signatures},
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError,
    destinations::one_by_one::OneByOne,
    http::{HttpSender, classify},
};

const ANSWER_BYTES_MAX: usize = 4 << 10;

/// A webhook.
#[derive(Debug)]
pub(crate) struct Connector {
    http: HttpSender,
    url: Url,
    config: Config,
    context: Context,
}

impl Connector {
    /// A webhook of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        let url = http.url(settings, "url")?;
        Ok(Self { url, config: Config::of(settings)?, context: context.clone(), http })
    }

    async fn post(&self, id: &str, body: Vec<u8>) -> Result<(), DeliveryError> {
        let seconds = self.context.clock.now().as_seconds();
        let signature = signatures(&self.config.keys, id, seconds, &body);
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature);
        let request = self.config.compression.put(request, body).await;
        classify(&self.http.send(request, ANSWER_BYTES_MAX).await?)
    }

    /// One request an event, in order, up to the first that does not get through.
    async fn deliver_each(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let mut outcomes = OneByOne::of(batch, &*self.context.clock);
        let event_type = batch.event_type();
        for event in &batch.events {
            let outcome = self.post(&message_id(&event.uuid), event_body(&event_type, event)).await;
            if let ControlFlow::Break(end) = outcomes.note(outcome) {
                return end;
            }
        }
        Ok(outcomes.end())
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        if !self.config.is_batched {
            return Box::pin(self.deliver_each(batch)).await;
        }
        self.post(&message_id(&batch.id()), batch_body(&batch.event_type(), batch)).await?;
        Ok(Delivered::all())
    }
}
