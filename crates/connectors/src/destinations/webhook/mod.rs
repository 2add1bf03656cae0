//! A signed webhook: Standard Webhooks 1.0.0, symmetric (`whsec_`) or asymmetric (`whsk_`).
//!
//! One request carries one event, as the standard wants it, or a whole batch where the receiver is ours to write.

mod config;
mod encode;
mod send;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
