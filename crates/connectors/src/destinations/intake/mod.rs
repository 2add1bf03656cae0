//! Vendors that take events by a plain `POST`: one connector for all of them, and a table of what differs.
//!
//! ```text
//!  Batch ─ encode ─▶ lines │ array │ one event a request ─ gzip ─ authentication ─ POST ─▶ intake
//!                                                                                         │ status
//!  Ok │ Retry │ TooLarge │ Refused │ Stop with the vendor's own fix ◀─ classify ◀─────────┘
//! ```
//!
//! A vendor is a module with a `DESCRIPTION` and a [`Vendor`](plan::Vendor), whose [`Plan`](plan::Plan) says where
//! requests go and what they carry. None of these protocols drops repeats: an event that is sent again is there twice,
//! with the same `uuid`.

mod authentication;
pub(in crate::destinations) mod cortex_xsiam;
pub(in crate::destinations) mod datadog;
mod encode;
pub(in crate::destinations) mod http;
pub(in crate::destinations) mod panther;
mod plan;
pub(in crate::destinations) mod rapid7;
mod send;
pub(in crate::destinations) mod sumo_logic;
#[cfg(test)]
mod tests;

pub(in crate::destinations) use authentication::Authentication;
pub(in crate::destinations) use encode::{Body, Container, splice};
pub(in crate::destinations) use plan::{Plan, Success, Vendor};
pub(in crate::destinations) use send::Connector;
