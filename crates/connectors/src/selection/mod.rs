//! Selection: which events leave for a destination, and which of their fields.
//!
//! What it promises: without conditions nothing is parsed, without redactions the payload is the same bytes; with them,
//! what is not redacted keeps its bytes and its order. What it leaves to others: mapping (`format`), which comes after.

mod filter;
mod path;
mod redaction;

pub use filter::{Filter, FilterError};
pub use redaction::{Redaction, RedactionError, RedactionKey, RedactionParseError};
