//! HTTP Event Collectors: Splunk's, and those of products that speak its protocol.
//!
//! ```text
//!  Batch ─ encode ─▶ {"host":…,"sourcetype":…,"time":…,"event":{…}}⏎ … ─ POST ─▶ collector
//!                                                                               │ {"code":0,"ackId":7}
//!  Delivered ◀─ acknowledgement ◀─ {"acks":{"7":true}} ◀── POST …/ack {"acks":[7]} ◀┘ Splunk, where its token wants it
//! ```
//!
//! One connector serves all of them; a [`Product`](config::Product) holds what differs. The protocol cannot drop repeats: an event that is
//! sent again is there twice, with the same `uuid`.

mod acknowledgement;
mod answer;
mod config;
pub(in crate::destinations) mod crowdstrike;
mod encode;
pub(in crate::destinations) mod exabeam;
mod send;
pub(in crate::destinations) mod splunk;
#[cfg(test)]
mod tests;

use send::Connector;
