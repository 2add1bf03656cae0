//! One immutable record of what happened, before and after it has a position.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Number of an event in its stream, from 1. Position 0 is before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(i64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// The position with this number; negative numbers are held at 0.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(if number < 0 { 0 } else { number })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The position of the event after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An event on its way into a stream. The payload is one JSON object, kept byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent<'a> {
    /// When it happened.
    pub time: Timestamp,
    /// The event as JSON.
    pub payload: &'a str,
}

/// An event of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredEvent<'a> {
    /// Its number in the stream.
    pub position: Position,
    /// When it happened.
    pub time: Timestamp,
    /// When it was appended; strictly increasing with the position.
    pub arrival: Timestamp,
    /// The event as JSON, as it came in.
    pub payload: &'a str,
}
