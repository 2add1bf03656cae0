//! Apache Kafka and what speaks its protocol: Redpanda, Azure Event Hubs, Confluent, Amazon MSK.
//!
//! A small producer of our own (`docs/decisions/0013-kafka-client.md` says why): idempotent, `acks=all`, one batch in
//! flight a partition.
//!
//! ```text
//!  deliver ─▶ Session (one at a time)
//!               ├─ cluster     who leads which partition; brokers are looked up through the guard, each one
//!               ├─ producer    id, epoch and sequences; batches in doubt keep theirs until they are tried again
//!               └─ connection  TLS, SASL, frames  ─▶ wire, messages: seven requests, one version each or two
//! ```

mod cluster;
mod config;
mod connection;
mod encode;
mod errors;
mod messages;
mod producer;
mod sasl;
mod send;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use config::DESCRIPTION;
pub(super) use send::Connector;
