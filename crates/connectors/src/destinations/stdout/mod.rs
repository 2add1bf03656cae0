//! The hub's standard output, a line an event; its log is on standard error, so that the two never mix.

mod config;
mod send;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
