//! Grafana Loki: JSON push, few labels, the rest of what people search by as structured metadata.
//!
//! Loki keeps one of entries that are alike in time, line and labels, so that what is sent again does no harm.

mod config;
mod encode;
mod send;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
