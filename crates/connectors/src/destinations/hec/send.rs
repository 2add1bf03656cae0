//! Requests to a collector: one a batch, and the questions after it where it tells when events are indexed.

use std::marker::PhantomData;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use super::{
    acknowledgement::{Channel, Told},
    answer::{Reading, all_but, read},
    config::{Acknowledge, Config, Product},
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError, http::HttpSender,
};

const ANSWER_BYTES_MAX: usize = 16 << 10;

/// A collector of a product.
#[derive(Debug)]
pub(crate) struct Connector<P> {
    http: HttpSender,
    config: Config,
    /// Where events can be acknowledged, all requests carry it: a token that wants acknowledgement wants a channel, even
    /// of a sender that does not ask.
    channel: Option<Channel>,
    product: PhantomData<P>,
}

impl<P: Product> Connector<P> {
    /// A collector of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        let config = Config::of::<P>(settings, context, &http)?;
        let channel = P::HAS_ACKNOWLEDGEMENT.then(|| Channel::random(&config.url));
        Ok(Self { http, config, channel, product: PhantomData })
    }

    async fn acknowledge(&self, ack_id: Option<u64>) -> Result<(), DeliveryError> {
        match (self.config.acknowledge, ack_id, &self.channel) {
            (Acknowledge::Required | Acknowledge::WhereOffered, Some(id), Some(channel)) => {
                let Config { authorization, acknowledge_timeout, .. } = &self.config;
                match Box::pin(channel.wait(&self.http, authorization, id, *acknowledge_timeout)).await? {
                    Told::Nothing if self.config.acknowledge == Acknowledge::Required => Err(DeliveryError::stop(
                        "the collector took the events, but does not tell whether they are indexed",
                        "let /services/collector/ack through to the collector, or set acknowledge=auto",
                    )),
                    // Its first answer stands.
                    _ => Ok(()),
                }
            }
            (Acknowledge::Required, None, _) => Err(DeliveryError::stop(
                "the collector took the events, but does not acknowledge that they are indexed",
                "enable indexer acknowledgement for the token, or set acknowledge=auto",
            )),
            _ => Ok(()),
        }
    }
}

impl<P: Product> Destination for Connector<P> {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.config.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let body = self.config.names.envelope(&batch.feature).body(batch);
        let mut request = self
            .http
            .post(self.config.url.clone())
            .header(AUTHORIZATION, &self.config.authorization)
            .header(CONTENT_TYPE, "application/json");
        if let Some(channel) = &self.channel {
            request = channel.mark(request);
        }
        let request = self.config.compression.put(request, body).await;
        let answer = self.http.send(request, ANSWER_BYTES_MAX).await?;
        match read(&answer, batch.events.len(), P::SAYS_CODE)? {
            Reading::Taken { ack_id } => self.acknowledge(ack_id).await.map(|()| Delivered::all()),
            Reading::BadEvent { index, reason } => Ok(all_but(index, reason, batch.events.len())),
        }
    }
}
