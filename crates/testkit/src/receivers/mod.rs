//! Real receivers as child processes: what a destination delivers to them, they understand as they do anywhere.
//!
//! | receiver | speaks | what a test reads back |
//! |---|---|---|
//! | [`SearchServer`] | `_bulk` of Elasticsearch (noida-db) and OpenSearch (osmem) | documents |
//! | [`Tenzir`] | Splunk HEC, HTTP, syslog with CEF or LEEF, any pipeline | events |
//! | [`Rsyslog`] | syslog over TCP, TLS, mutual TLS | messages |
//! | [`ObjectStore`] | S3 (SeaweedFS), Google Cloud Storage (fake-gcs-server), Azure Blob (Azurite) | objects |
//! | [`Kafka`] | Kafka (noida-db), read by kcat | records |
//! | [`OtlpCollector`] | OTLP logs over HTTP and gRPC (rotel) | log records |
//! | [`verify_webhook`] | Standard Webhooks signatures (its Python library) | whether it verifies |
//!
//! What they promise: a free port of 127.0.0.1, ready when `start` returns, killed when dropped, a failure that shows the
//! end of their log. What they leave to others: failing on demand ([`crate::Receiver`], [`crate::FaultProxy`]).
//!
//! `make test` installs the programs and names their folder in `DAYBOOK_TEST_RECEIVERS`.

mod kafka;
mod objects;
mod otlp;
mod process;
mod search;
mod syslog;
mod tenzir;
mod webhook;

pub use kafka::Kafka;
pub use objects::{ObjectStore, azure, s3};
pub use otlp::OtlpCollector;
pub use search::SearchServer;
pub use syslog::{Rsyslog, SyslogTransport};
pub use tenzir::{SyslogPayload, Tenzir};
pub use webhook::verify_webhook;
