//! Logs by the OpenTelemetry protocol (OTLP 1.11), over HTTP with protobuf bodies or over gRPC.
//!
//! Messages are written by hand into one buffer: `opentelemetry-proto` brings the whole SDK, and what is needed of it are
//! nine messages. gRPC is one unary call: a prefix of five bytes, HTTP/2, and a status in the trailers.
//!
//! ```text
//!  deliver ─▶ encode ─▶ protobuf ─┬─ http  POST …/v1/logs              ─▶ 200, or a status  ─┐
//!                                 └─ grpc  LogsService/Export, framed  ─▶ trailers          ─┴▶ answer
//! ```

mod answer;
mod attributes;
mod config;
mod encode;
mod grpc;
mod protobuf;
mod send;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
