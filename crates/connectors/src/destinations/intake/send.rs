//! Requests to an intake, and what their answers mean.

use std::{marker::PhantomData, ops::ControlFlow, sync::Arc};

use daybook_events::Clock;
use reqwest::header::CONTENT_TYPE;

use super::{
    encode::Container,
    plan::{Plan, Success, Vendor},
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError,
    destinations::one_by_one::OneByOne,
    http::{HttpAnswer, HttpSender, classify, without_pages},
};

const ANSWER_BYTES_MAX: usize = 4 << 10;

/// An intake of a vendor.
#[derive(Debug)]
pub(crate) struct Connector<V> {
    http: HttpSender,
    plan: Plan,
    vendor: &'static Vendor,
    clock: Arc<dyn Clock>,
    kind: PhantomData<V>,
}

impl<V> Connector<V> {
    /// An intake of these settings.
    pub(in crate::destinations) fn opened_by(
        vendor: &'static Vendor,
        settings: &Settings,
        context: &Context,
    ) -> Result<Self, SettingsError> {
        let http = HttpSender::open(settings, context)?;
        let (plan, clock) = ((vendor.plan)(settings, context, &http)?, Arc::clone(&context.clock));
        Ok(Self { plan, http, vendor, clock, kind: PhantomData })
    }

    async fn post(&self, batch: &Batch) -> Result<(), DeliveryError> {
        let plan = &self.plan;
        let body = plan.body.of(batch);
        let (bytes, bytes_max) = (body.len(), self.vendor.body_bytes_max);
        if bytes > bytes_max {
            let reason = format!("the request would have {bytes} bytes, more than the {bytes_max} that it may have");
            return Err(DeliveryError::TooLarge { reason });
        }
        let body = plan.compression.pack(body).await;
        let content_type = if plan.content_type.is_empty() { plan.body.content_type() } else { &plan.content_type };
        let request = self.http.post(plan.url.clone()).header(CONTENT_TYPE, content_type);
        let request = plan.authentication.put(request.headers(plan.headers.of(batch)), &body);
        let answer = self.http.send(plan.compression.mark(request).body(body), ANSWER_BYTES_MAX).await?;
        self.read(&answer)
    }

    fn read(&self, answer: &HttpAnswer) -> Result<(), DeliveryError> {
        let came = match self.vendor.success {
            Success::Any => classify(answer),
            Success::NoPage => without_pages(answer),
        };
        came.map_err(|error| match error {
            DeliveryError::Stop { reason, fix } => {
                let known = self.vendor.fixes.iter().find(|(status, _)| *status == answer.status.as_u16());
                DeliveryError::Stop { reason, fix: known.map_or(fix, |(_, fix)| (*fix).to_owned()) }
            }
            other => other,
        })
    }

    async fn deliver_each(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let mut outcomes = OneByOne::of(batch, &*self.clock);
        for index in 0..batch.events.len() {
            let outcome = self.post(&batch.slice(index..index + 1)).await;
            if let ControlFlow::Break(end) = outcomes.note(outcome) {
                return end;
            }
        }
        Ok(outcomes.end())
    }
}

impl<V: Send + Sync> Destination for Connector<V> {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.plan.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        if self.plan.body.container == Container::Each {
            return Box::pin(self.deliver_each(batch)).await;
        }
        self.post(batch).await.map(|()| Delivered::all())
    }
}
