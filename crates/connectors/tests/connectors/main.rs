//! The crate from outside, against real receivers.

#![allow(clippy::unwrap_used)]

mod support;
mod syslog;
