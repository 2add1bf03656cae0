//! One export, over HTTP or gRPC.

use reqwest::{Url, header::CONTENT_TYPE};

use super::{answer, config::Config, encode::export_request, grpc};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError,
    http::{Compression, HttpSender},
};

const ANSWER_BYTES_MAX: usize = 64 << 10;
const HTTP_PATH: &str = "/v1/logs";

/// An OTLP receiver.
#[derive(Debug)]
pub(crate) struct Connector {
    http: HttpSender,
    url: Url,
    config: Config,
    context: Context,
}

impl Connector {
    /// A receiver of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let config = Config::of(settings)?;
        let http = if config.is_grpc {
            HttpSender::open_http2(settings, context)?
        } else {
            HttpSender::open(settings, context)?
        };
        let mut url = http.url(settings, "url")?;
        if config.is_grpc {
            url.set_path(grpc::PATH);
        } else if !url.path().ends_with(HTTP_PATH) {
            url.set_path(&format!("{}{HTTP_PATH}", url.path().trim_end_matches('/')));
        }
        Ok(Self { http, url, config, context: context.clone() })
    }

    async fn deliver_by_http(&self, count: usize, message: Vec<u8>) -> Result<Delivered, DeliveryError> {
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/x-protobuf");
        let request = self.config.compression.put(request.headers(self.config.headers.clone()), message).await;
        answer::of_http(&self.http.send(request, ANSWER_BYTES_MAX).await?, count)
    }

    async fn deliver_by_grpc(&self, count: usize, message: Vec<u8>) -> Result<Delivered, DeliveryError> {
        let is_packed = self.config.compression == Compression::Gzip;
        let framed = tokio::task::spawn_blocking(move || grpc::frame(message, is_packed)).await;
        let framed = framed.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let mut request = self
            .http
            .post(self.url.clone())
            .headers(self.config.headers.clone())
            .header(CONTENT_TYPE, "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}S", self.config.timeout_secs));
        if is_packed {
            request = request.header("grpc-encoding", "gzip");
        }
        answer::of_grpc(&grpc::call(request.body(framed)).await?, count)
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.http.endpoint(&self.url))
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let (config, context, whole) = (self.config.clone(), self.context.clone(), batch.clone());
        // Reading the events for their attributes takes milliseconds of processor time.
        let message = tokio::task::spawn_blocking(move || export_request(&config, &context, &whole)).await;
        let message = message.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        if self.config.is_grpc {
            Box::pin(self.deliver_by_grpc(batch.events.len(), message)).await
        } else {
            self.deliver_by_http(batch.events.len(), message).await
        }
    }
}
