//! A believable company, the same for the same seed: the input of demonstrations and benchmarks.
//!
//! ```text
//!  Plan ─▶ Company: people, devices, addresses, vaults, habits
//!             │
//!             ├─ history():  day by day ─▶ drafts ─▶ sorted by arrival ─▶ events as JSON
//!             └─ live_event(now):  one person who is at work now ─▶ draft ─▶ event as JSON
//! ```
//!
//! What lives here: who works where and when, how they sign in, which items they use and how late their apps report
//! it, what administrators and service accounts do, who joins and leaves, and the incidents that detection rules are to
//! find (`incidents.rs` lists them). What it promises: no I/O, no clock, no global randomness; one plan gives the same
//! bytes on every machine; every value is of the enumerations of the Events API, in its v2 form. What it leaves to
//! others: sending the events anywhere.
//!
//! Made up on purpose: people, companies and models; addresses are of the ranges reserved for documentation. Offices
//! have a fixed offset from UTC, daylight saving is left out.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod audit;
mod chores;
mod clients;
mod company;
mod day;
mod draft;
mod history;
mod incidents;
mod json;
mod lifecycle;
mod live;
mod names;
mod people;
mod places;
mod random;
mod rhythm;
mod services;
mod sign_in;
mod timeline;
mod usage;
mod vaults;

use daybook_events::{Feature, Timestamp};

pub use company::Company;

/// What company to make up, and which stretch of its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The same seed makes the same company. Account and seed together decide every id.
    pub seed: u64,
    /// How many people it has over the whole history, held to 1..=100,000. Service accounts come on top. Fewer than 10
    /// people have no provisioning bridge, no joiners, no leavers and no incidents.
    pub users: u32,
    /// The account whose events these are, written as it is into every event.
    pub account_uuid: String,
    /// When the history begins, held to 1970..=2200.
    pub start: Timestamp,
    /// How many days of 24 hours it lasts, held to 1..=3,660. Fewer than 3 days have no incidents.
    pub days: u32,
}

/// One event, ready to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedEvent {
    /// The kind of event: one of the three of the Events API.
    pub feature: Feature,
    /// When the service learns of it; the payload's `timestamp` may be hours older, never newer.
    pub arrival: Timestamp,
    /// The event's id, also in the payload.
    pub uuid: String,
    /// The event as JSON, v2 form.
    pub payload: String,
}
