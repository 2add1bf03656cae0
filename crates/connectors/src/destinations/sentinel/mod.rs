//! Microsoft Sentinel: the Logs Ingestion API of Azure Monitor, with a token of Microsoft Entra ID.
//!
//! ```text
//!  Entra ID ◀─ client id and secret ─┐                       ┌─▶ stream ─▶ data collection rule ─▶ OnePasswordEventLogs_CL
//!     └─ token, held ────────────────┴─ POST [ {event}, … ] ─┘
//! ```
//!
//! The rule and its table are in `docs/destinations/sentinel.arm.json`; a test holds its columns to what events have. The
//! API drops no repeats, and says nothing of single events.

mod config;
mod encode;
mod send;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
