//! The crate from outside, against real receivers where there are any.

#![allow(clippy::unwrap_used)]

mod format;
mod lines;
mod objects;
mod ocsf;
mod sample;
mod selection;
mod support;
