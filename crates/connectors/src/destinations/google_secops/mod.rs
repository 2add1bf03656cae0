//! Google SecOps (Chronicle): a webhook feed, or the Chronicle API. Both take raw events; Google's parsers read them.
//!
//! ```text
//!  mode=webhook  lines ─────────────── two keys in headers ─────────▶ feed of one log type
//!  mode=api      base64 of each event ─ token of a service account ─▶ logTypes/ONEPASSWORD… logs:import
//! ```
//!
//! Neither drops repeats, and both take a request whole or not at all.

mod api;
mod config;
mod encode;
mod feed;
mod send;
mod service_account;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
