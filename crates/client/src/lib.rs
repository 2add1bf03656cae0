//! A client of the Events API, ours or the vendor's, that anyone can build on.
//!
//! What lives here: reading a bearer token's claims, asking for pages, following them to the end and beyond, and typed
//! events that keep the members they do not know. What it promises: paging neither loops nor skips, the token is sent
//! to one host only and never in the clear, every wait and every body has a bound, and nothing blocks a thread. What it
//! leaves to its caller: keeping the cursor. Commit a page's cursor after its events are stored; then a restart repeats
//! at most one page, which the events' `uuid` lets you drop.
//!
//! ```text
//!  Client::builder(token) ── build ──▶ Client ── page(feature, start)          one page, with retries
//!                                        │ ───── events(feature, start)        pages up to the newest event
//!                                        │ ───── follow(feature, start, poll)  the same, and then what comes
//!                                        └────── introspect()                  what the token may read
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod builder;
mod client;
mod error;
mod introspection;
mod page;
mod retry;
mod tls;
mod walk;

pub use builder::{BODY_BYTES_MAX, ClientBuilder, TIMEOUT};
pub use client::Client;
pub use daybook_events::{
    AUDIT_EVENTS, Claims, ClaimsError, Feature, ITEM_USAGES, Kind, Kinded, LIMIT_MAX, SIGN_IN_ATTEMPTS, Timestamp,
    decode_unverified,
    wire::{AuditEvent, ItemUsage, SignInAttempt},
};
pub use error::ClientError;
pub use introspection::Introspection;
pub use page::{Page, Start};
pub use retry::{RetryPolicy, parse_http_date};
pub use tls::tls_trusting;
pub use walk::ProgressGuard;
