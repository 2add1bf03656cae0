//! How people prove who they are: passwords, passkeys, and how often somebody may try.
//!
//! ```text
//!  sign-in ──> throttle ──┬─> passwords ──> argon2id, two at a time
//!              devices ───┘
//!              challenges ──> passkeys ──> WebAuthn
//! ```
//!
//! What lives here: rules and cryptography only. What it promises: no secret is logged or printed, nothing here grows
//! without bound, and an unknown person costs as much time as a known one. What it leaves to others: HTTP, cookies,
//! sessions, and keeping what is returned.

pub(crate) mod challenges;
pub(crate) mod devices;
mod labels;
pub(crate) mod passkeys;
pub(crate) mod passwords;
pub(crate) mod strength;
pub(crate) mod throttle;
