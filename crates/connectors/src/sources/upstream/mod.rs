//! The Events API of a 1Password account in any region, or of another Daybook, read on behalf of everybody here.
//!
//! ```text
//!  first   {"phase":"catching_up", …}   from so many days ago, page by page, up to the newest event
//!  then    {"phase":"following", …}     the same cursor again and again, until something happens
//!  400     {"phase":"reading_again", …} the cursor is not taken any more: from the last event's time minus an overlap,
//!                                       and what is here already is dropped by whoever keeps the events
//! ```
//!
//! The phase is kept with the cursor, so that a restart in the middle of any of them changes nothing.

mod config;
mod fetch;
mod judge;
mod place;
#[cfg(test)]
mod tests;

pub(super) use config::DESCRIPTION;
pub use fetch::UpstreamSource;
