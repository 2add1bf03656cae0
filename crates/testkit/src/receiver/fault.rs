//! What a receiver can do wrong, and the script that says when it does.

use std::{collections::VecDeque, time::Duration};

/// One way to fail. All but `Status` are seen by a client as trouble with the connection.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Reads the request and answers with this, whatever the handler would say; nothing is stored.
    Status {
        /// The status code.
        code: u16,
        /// Headers, such as `Retry-After`.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Reads and stores the request, then closes the connection without an answer: a lost acknowledgement.
    StoreThenDrop,
    /// Closes the connection when it has the head of the request.
    DropBeforeReading,
    /// Takes the head of the request, reads no further and never answers.
    BlackHole,
    /// Reads the body at this pace, then lets the handler answer.
    SlowRead {
        /// The pace, above zero.
        bytes_per_second: u32,
    },
    /// Stores the request, and waits before it answers as the handler says.
    SlowAnswer {
        /// How long.
        delay: Duration,
    },
    /// Resets the connection (TCP RST) after this many bytes of the body, or at its end where it is shorter.
    ResetAfter {
        /// How many it reads before.
        bytes: usize,
    },
    /// Stores the request, and closes the connection in the middle of the answer.
    TruncatedAnswer,
    /// Stores the request, and answers with something that is not HTTP.
    GarbageAnswer,
}

impl Fault {
    /// A status with neither headers nor body.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, headers: Vec::new(), body: String::new() }
    }

    /// A status that asks to come back after this many seconds.
    #[must_use]
    pub fn retry_after(code: u16, seconds: u32) -> Self {
        Self::Status { code, headers: vec![("Retry-After".into(), seconds.to_string())], body: String::new() }
    }
}

/// The faults to come.
#[derive(Debug, Default)]
pub(super) struct Script {
    next: VecDeque<Fault>,
    standing: Option<Fault>,
}

impl Script {
    pub(super) fn push(&mut self, count: usize, fault: &Fault) {
        self.next.extend((0..count).map(|_| fault.clone()));
    }

    pub(super) fn stand(&mut self, fault: Fault) {
        self.standing = Some(fault);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The fault of this request, if there is one.
    pub(super) fn take(&mut self) -> Option<Fault> {
        self.next.pop_front().or_else(|| self.standing.clone())
    }
}
