//! A file on the hub's machine, a line an event, rotated by size and age. A batch is acknowledged after an fsync; what a
//! crash left of a line is cut off before the next is written.

mod config;
mod encode;
mod send;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub(super) use encode::lines_of;
pub(super) use send::Connector;
