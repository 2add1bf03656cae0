//! The connections of `object_store`: each request is one attempt by our own HTTP client, which goes only where the guard
//! lets it, with the settings' trust, identity and timeout. An answer that is not success comes back as a [`Fault`], whole.

use std::error::Error;

use async_trait::async_trait;
use http::{HeaderValue, header::ETAG};
use http_body_util::BodyExt;
use object_store::{
    ClientOptions, RetryConfig,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
    },
};

use crate::{
    DeliveryError,
    http::{HttpAnswer, HttpSender, without_pages},
};

/// Answers to what we ask are short; the longest is a list of ten names.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The store answered, but not with success.
    #[error("the store answered {}", .0.status.as_u16())]
    Answer(HttpAnswer),
    /// No answer came.
    #[error(transparent)]
    NoAnswer(DeliveryError),
    /// The request would go where it may not.
    #[error("{0}")]
    Forbidden(String),
}

impl Fault {
    /// The fault in an error of `object_store`, if that is what went wrong.
    pub(super) fn of(error: &object_store::Error) -> Option<&Self> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(fault) = error.downcast_ref() {
                return Some(fault);
            }
            cause = error.source();
        }
        None
    }
}

/// Our HTTP client, as `object_store` wants one.
#[derive(Debug, Clone)]
pub(super) struct Connections(pub(super) HttpSender);

impl Connections {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let (parts, body) = request.into_parts();
        let url = self.0.parse_url("url", &parts.uri.to_string());
        let url = url.map_err(|error| Fault::Forbidden(error.to_string()))?;
        let unreadable = |error: HttpError| Fault::NoAnswer(DeliveryError::retry(error.to_string()));
        let body = body.collect().await.map_err(unreadable)?.to_bytes();
        let request = self.0.request(parts.method, url).headers(parts.headers).body(body);
        let answer = self.0.send(request, ANSWER_BYTES_MAX).await.map_err(Fault::NoAnswer)?;
        if !answer.status.is_success() {
            return Err(Fault::Answer(answer));
        }
        // Of success there is nothing else to be seen: the store's answer to a write is empty.
        without_pages(&answer).map_err(Fault::NoAnswer)?;
        let mut response = HttpResponse::new(HttpResponseBody::from(answer.body));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        // `object_store` insists on one, and some stores give none; we make no use of it.
        response.headers_mut().entry(ETAG).or_insert(HeaderValue::from_static("\"\""));
        Ok(response)
    }
}

#[async_trait]
impl HttpService for Connections {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // Of this kind alone `object_store` repeats nothing by itself.
        self.exchange(request).await.map_err(|fault| HttpError::new(HttpErrorKind::Unknown, fault))
    }
}

impl HttpConnector for Connections {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// One attempt: repeating is the worker's.
pub(super) fn no_retries() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}
