//! Load on a server: producers that append, readers that walk. Each is a few connections that send one request after
//! another, as connectors do.

pub(crate) mod producers;
pub(crate) mod readers;
