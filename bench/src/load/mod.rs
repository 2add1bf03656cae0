//! Load on a server: producers that append, readers that walk. Each is a few connections that send one request after
//! another, as connectors do. And the other end: a receiver of what the server pushes.

pub(crate) mod producers;
pub(crate) mod readers;
pub(crate) mod sink;
