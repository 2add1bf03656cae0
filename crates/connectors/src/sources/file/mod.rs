//! A file on the hub's machine, a JSON object a line, followed across its rotation.
//!
//! ```text
//!  renamed away:   a.ndjson.2 ──▶ a.ndjson.1 ──▶ a.ndjson      read in this order, each to its end
//!  copied, cut:    a.ndjson  (shorter than the cursor, or begins otherwise)      read from its beginning
//!  packed (.gz):   passed over
//! ```
//!
//! A cursor names the file by device, inode and time of birth, not by its path, so that a rename loses nothing. Every
//! line of files that are renamed away comes exactly once, as long as they are there unpacked until they were read.

mod config;
mod cursor;
mod fetch;
mod generations;
mod lines;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub use fetch::FileSource;
