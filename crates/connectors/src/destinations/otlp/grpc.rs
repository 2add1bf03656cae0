//! One unary call of gRPC over HTTP/2: a prefix of five bytes before the message, the status after the answer.

use data_encoding::BASE64_NOPAD;
use http_body_util::BodyExt;
use reqwest::{RequestBuilder, header::HeaderMap};

use super::protobuf::{Value, fields, last};
use crate::{
    DeliveryError,
    http::{gzip, what_happened},
};

pub(super) const PATH: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

const ANSWER_BYTES_MAX: usize = 64 << 10;
const PREFIX_BYTES: usize = 5;

/// What came back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GrpcAnswer {
    /// The HTTP status, which is 200 unless something in between answered.
    pub(super) http_status: u16,
    /// 0 is success; `None` where no status came.
    pub(super) code: Option<u32>,
    pub(super) message: String,
    /// `RetryInfo` of the status' details, in milliseconds.
    pub(super) retry_ms: Option<u64>,
    /// The answer's own message.
    pub(super) body: Vec<u8>,
}

/// A message with its prefix, packed or not.
pub(super) fn frame(message: Vec<u8>, is_packed: bool) -> Vec<u8> {
    let message = if is_packed { gzip(&message) } else { message };
    let mut framed = Vec::with_capacity(PREFIX_BYTES + message.len());
    framed.push(u8::from(is_packed));
    framed.extend_from_slice(&u32::try_from(message.len()).expect("batches are far below 4 GiB").to_be_bytes());
    framed.extend_from_slice(&message);
    framed
}

/// Sends a call, and reads answer and status; of an answer that is too long the beginning.
///
/// # Errors
///
/// [`DeliveryError::Retry`]: no answer came, or only a part of one.
pub(super) async fn call(request: RequestBuilder) -> Result<GrpcAnswer, DeliveryError> {
    let failed = |error: reqwest::Error| DeliveryError::retry(what_happened(&error));
    let response = request.send().await.map_err(failed)?;
    let response: http::Response<reqwest::Body> = response.into();
    let (head, mut body) = response.into_parts();
    let (mut bytes, mut trailers) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.map_err(failed)?.into_data() {
            Ok(data) => bytes.extend_from_slice(&data[..data.len().min(ANSWER_BYTES_MAX - bytes.len())]),
            Err(frame) => trailers = frame.into_trailers().ok().or(trailers),
        }
        if bytes.len() == ANSWER_BYTES_MAX {
            return Err(DeliveryError::retry("the receiver's answer is too long"));
        }
    }
    // An answer without a message has its status among the headers.
    let status = trailers.filter(|it| it.contains_key("grpc-status")).unwrap_or(head.headers);
    Ok(read(head.status.as_u16(), &status, bytes))
}

pub(super) fn read(http_status: u16, status: &HeaderMap, mut body: Vec<u8>) -> GrpcAnswer {
    let text = |name: &str| status.get(name).and_then(|value| value.to_str().ok());
    body.drain(..PREFIX_BYTES.min(body.len()));
    GrpcAnswer {
        http_status,
        code: text("grpc-status").and_then(|code| code.parse().ok()),
        message: percent_decode(text("grpc-message").unwrap_or_default()),
        retry_ms: text("grpc-status-details-bin").and_then(retry_ms),
        body,
    }
}

/// The delay of a `google.rpc.RetryInfo` in a `google.rpc.Status`.
fn retry_ms(details: &str) -> Option<u64> {
    let status = BASE64_NOPAD.decode(details.trim_end_matches('=').as_bytes()).ok()?;
    fields(&status)?.into_iter().filter(|(field, _)| *field == 3).find_map(|(_, any)| {
        let any = fields(any.bytes())?;
        last(&any, 1)?.text().ends_with("/google.rpc.RetryInfo").then_some(())?;
        let info = fields(last(&any, 2).map(Value::bytes).unwrap_or_default())?;
        let delay = fields(last(&info, 1).map(Value::bytes).unwrap_or_default())?;
        let part = |field| last(&delay, field).map_or(0, Value::number);
        Some(part(1).saturating_mul(1000).saturating_add(part(2) / 1_000_000))
    })
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
