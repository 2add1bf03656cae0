//! The crate from outside, against real receivers where there are any.

#![allow(clippy::unwrap_used)]

mod elasticsearch;
mod format;
mod kafka;
mod lines;
mod objects;
mod ocsf;
mod sample;
mod selection;
mod splunk_hec;
mod support;
mod syslog;
mod webhook;
