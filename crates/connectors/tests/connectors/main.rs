//! The crate from outside.

#![allow(clippy::unwrap_used)]

mod format;
mod kafka;
mod lines;
mod ocsf;
mod otlp;
mod sample;
mod selection;
mod support;
