//! The crate from outside, alone and against real receivers.

#![allow(clippy::unwrap_used)]

mod elasticsearch;
mod format;
mod lines;
mod ocsf;
mod sample;
mod selection;
mod splunk_hec;
mod support;
