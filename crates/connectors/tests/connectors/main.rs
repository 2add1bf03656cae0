//! The crate from outside, against real receivers.

#![allow(clippy::unwrap_used)]

mod elasticsearch;
mod splunk_hec;
mod support;
