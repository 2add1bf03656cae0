//! The one place where an error becomes an HTTP answer.
//!
//! Every error body is a JSON object with the members of all versions of the wire: clients parse it before they look at
//! the status.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use daybook_events::{Kind, Kinded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error on its way to a client.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
    retry_after_secs: Option<u64>,
}

/// The body of every error.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The HTTP status.
    #[schema(example = 401)]
    pub status: u16,
    /// What is wrong, and what to do next.
    #[schema(example = "the token was revoked; issue a new one")]
    pub message: String,
    /// The same for clients of the first version.
    #[serde(rename = "Error")]
    pub error: ErrorV1,
}

/// The error of the first version of the wire.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorV1 {
    /// What is wrong.
    #[serde(rename = "Message")]
    pub message: String,
}

/// Seconds after which a client may try again when a passing condition was in the way.
const RETRY_AFTER_SECS: u64 = 1;
/// The same when the disk is full: somebody has to act.
const RETRY_AFTER_FULL_SECS: u64 = 30;

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after_secs: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(RETRY_AFTER_SECS)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn retry_after_secs(&self) -> Option<u64> {
        self.retry_after_secs
    }

    pub(crate) fn retry_after(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs.max(1));
        self
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

fn status_of(kind: Kind) -> (StatusCode, Option<u64>) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, None),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, None),
        Kind::Forbidden => (StatusCode::FORBIDDEN, None),
        Kind::NotFound => (StatusCode::NOT_FOUND, None),
        Kind::Conflict => (StatusCode::CONFLICT, None),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Some(RETRY_AFTER_SECS)),
        Kind::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, Some(RETRY_AFTER_FULL_SECS)),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

impl<E: Kinded + std::error::Error + Send + Sync + 'static> From<E> for ApiError {
    fn from(error: E) -> Self {
        let kind = error.kind();
        let (status, retry_after_secs) = status_of(kind);
        let message = match kind {
            // What failed inside is for the log, once, and not for whoever asked.
            Kind::Internal | Kind::Unavailable => {
                let chain = format!("{:#}", anyhow::Error::new(error));
                if kind == Kind::Internal {
                    tracing::error!(error = chain, "a request failed");
                    "a fault of ours; it is in the log".to_owned()
                } else {
                    tracing::warn!(error = chain, "a request was put off");
                    "not available at the moment; try again".to_owned()
                }
            }
            Kind::StorageFull => {
                tracing::error!(error = format!("{:#}", anyhow::Error::new(error)), "the disk is full");
                "the hub's disk is full; nothing acknowledged is lost, this was not accepted".to_owned()
            }
            _ => error.to_string(),
        };
        Self { status, message, retry_after_secs }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorV1 { message: self.message.clone() };
        let body = ErrorBody { status: self.status.as_u16(), message: self.message, error };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
