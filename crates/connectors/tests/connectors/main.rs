//! The crate from outside.

#![allow(clippy::unwrap_used)]

mod kafka;
mod support;
