//! What the tests of the other crates stand on: real servers, real files, real sockets, no mocks.
//!
//! What lives here: a PostgreSQL of our own and a database per test, the `daybook` binary as a child process, an HTTPS
//! client that trusts one authority, an HTTP receiver and a TCP proxy that fail on demand, a proxy that speaks TLS for others, real receivers of many protocols,
//! a disk small enough to fill, and valid events by number. What it promises: every wait has a bound, everything is gone
//! when its value is dropped, and a failure says what happened, with the log. What it leaves to others: asserting.
//!
//! ```text
//!   TestDatabase ──▶ DAYBOOK_TEST_POSTGRES (set by `make test`)
//!        │ url
//!        ▼
//!   Daybook::builder(binary).store_url(url).start() ──▶ child process, data directory, log
//!        │ url, ca_path
//!        ▼
//!   TestHttp::new(ca_path).post_json(url, token, body) ──▶ Answer { status, headers, text }
//! ```
#![allow(clippy::unwrap_used, reason = "test support: a failed step ends the test")]

mod database;
mod daybook;
mod disk;
pub mod events;
mod fault_proxy;
mod http;
pub mod pki;
pub mod postgres;
pub mod receiver;
pub mod receivers;
mod tls_proxy;

pub use database::TestDatabase;
pub use daybook::{Daybook, DaybookBuilder};
pub use disk::SmallDisk;
pub use fault_proxy::FaultProxy;
pub use http::{Answer, TestHttp};
pub use receiver::{Fault, Received, Receiver, Reply, TlsSetup};
pub use tls_proxy::TlsProxy;
