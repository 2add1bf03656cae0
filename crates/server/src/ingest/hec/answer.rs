//! What senders are answered: a text and a code of Splunk's table, always as JSON.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::ApiError, tokens::TokenFault};

/// An answer of the event collector.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HecAnswer {
    /// What the code says.
    #[schema(example = "Success")]
    text: &'static str,
    /// A code of Splunk's table; 0 for success. Where that has none, the HTTP status.
    #[schema(example = 0)]
    code: u16,
    /// The first event that is at fault, counted from 0; none of the request was stored.
    #[serde(rename = "invalid-event-number", skip_serializing_if = "Option::is_none")]
    invalid_event_number: Option<usize>,
    /// What to ask `/services/collector/ack` for, if the request named a channel.
    #[serde(rename = "ackId", skip_serializing_if = "Option::is_none")]
    ack_id: Option<u64>,
    /// What exactly is wrong; Daybook's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Success,
    TokenDisabled,
    TokenRequired,
    InvalidAuthorization,
    InvalidToken,
    NoData,
    InvalidFormat,
    IncorrectIndex,
    InternalError,
    Busy,
    ChannelMissing,
    InvalidChannel,
    EventRequired,
    EventBlank,
    IndexedFields,
    TokenInQuery,
    Healthy,
    TooSlow,
    TooLarge,
    UnknownCoding,
}

/// A refusal on its way to a sender.
#[derive(Debug)]
pub(super) struct HecError {
    code: Code,
    event: Option<usize>,
    detail: Option<String>,
    retry_after_secs: Option<u64>,
}

impl Code {
    /// Status, code and text.
    fn parts(self) -> (StatusCode, u16, &'static str) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::Success => (StatusCode::OK, 0, "Success"),
            Self::TokenDisabled => (StatusCode::FORBIDDEN, 1, "Token disabled"),
            Self::TokenRequired => (StatusCode::UNAUTHORIZED, 2, "Token is required"),
            Self::InvalidAuthorization => (StatusCode::UNAUTHORIZED, 3, "Invalid authorization"),
            Self::InvalidToken => (StatusCode::FORBIDDEN, 4, "Invalid token"),
            Self::NoData => (bad, 5, "No data"),
            Self::InvalidFormat => (bad, 6, "Invalid data format"),
            Self::IncorrectIndex => (bad, 7, "Incorrect index"),
            Self::InternalError => (StatusCode::INTERNAL_SERVER_ERROR, 8, "Internal server error"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, 9, "Server is busy"),
            Self::ChannelMissing => (bad, 10, "Data channel is missing"),
            Self::InvalidChannel => (bad, 11, "Invalid data channel"),
            Self::EventRequired => (bad, 12, "Event field is required"),
            Self::EventBlank => (bad, 13, "Event field cannot be blank"),
            Self::IndexedFields => (bad, 15, "Error in handling indexed fields"),
            Self::TokenInQuery => (bad, 16, "Query string authorization is not enabled"),
            Self::Healthy => (StatusCode::OK, 17, "HEC is healthy"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, 408, "Request timeout"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 413, "Request entity too large"),
            Self::UnknownCoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 415, "Unsupported content encoding"),
        }
    }
}

impl HecAnswer {
    pub(super) fn of(code: Code) -> Self {
        let (_, code, text) = code.parts();
        Self { text, code, invalid_event_number: None, ack_id: None, detail: None }
    }

    pub(super) fn success(ack_id: Option<u64>) -> Self {
        Self { ack_id, ..Self::of(Code::Success) }
    }
}

impl HecError {
    /// A refusal that says more than its code.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::from(code) }
    }

    /// The same, for the event with this number.
    pub(super) fn at(self, event: usize) -> Self {
        Self { event: Some(event), ..self }
    }

    /// Which event is at fault, if one is.
    pub(super) fn event(&self) -> Option<usize> {
        self.event
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> Code {
        self.code
    }
}

impl From<Code> for HecError {
    fn from(code: Code) -> Self {
        Self { code, event: None, detail: None, retry_after_secs: None }
    }
}

impl From<ApiError> for HecError {
    fn from(error: ApiError) -> Self {
        let code = match error.status() {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => Code::Busy,
            StatusCode::REQUEST_TIMEOUT => Code::TooSlow,
            StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnknownCoding,
            status if status.is_client_error() => Code::InvalidFormat,
            _ => Code::InternalError,
        };
        Self { retry_after_secs: error.retry_after_secs(), ..Self::new(code, error.message()) }
    }
}

impl From<TokenFault> for HecError {
    fn from(fault: TokenFault) -> Self {
        let code = match &fault {
            TokenFault::Missing => Code::TokenRequired,
            TokenFault::KeyRevoked | TokenFault::Revoked | TokenFault::Expired | TokenFault::Integration(_) => {
                Code::TokenDisabled
            }
            TokenFault::Jwt(_) | TokenFault::Unknown | TokenFault::WrongUse(_) | TokenFault::Network(_) => {
                Code::InvalidToken
            }
            TokenFault::Feature { .. } => Code::IncorrectIndex,
            TokenFault::Store(_) => return ApiError::from(fault).into(),
        };
        Self::new(code, fault.to_string())
    }
}

impl IntoResponse for HecError {
    fn into_response(self) -> Response {
        let (status, ..) = self.code.parts();
        let answer = HecAnswer { invalid_event_number: self.event, detail: self.detail, ..HecAnswer::of(self.code) };
        let mut response = (status, Json(answer)).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
