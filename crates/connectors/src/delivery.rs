//! What a destination is, and what can come of one attempt.

use std::{future::Future, sync::Arc, time::Duration};

use rustls::ClientConfig;

use crate::Batch;

/// A system that events are pushed to.
///
/// One call of [`deliver`](Self::deliver) is one attempt at one batch, and may end only with the receiver's own word for
/// it. It neither retries nor waits for better times, and holds nothing over from one call to the next that a restart
/// would lose.
pub trait Destination: Send + Sync {
    /// Where it connects to, for a test of the way there; `None` where there is no way, such as a file.
    fn endpoint(&self) -> Option<Endpoint>;

    /// One attempt at one batch.
    ///
    /// # Errors
    ///
    /// Nothing of the batch is known to have been taken; the error says what to do with it.
    fn deliver(&self, batch: &Batch) -> impl Future<Output = Result<Delivered, DeliveryError>> + Send;
}

/// The other end of a connection.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How to speak TLS to it; `None` without.
    pub tls: Option<Arc<ClientConfig>>,
}

/// The receiver has taken the batch, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Events that the receiver refuses for good.
    pub rejected: Vec<Rejected>,
    /// Events that it refuses for good besides, without a word on which: they can be no dead letters, and are counted.
    pub refused_unnamed: Option<RefusedUnnamed>,
    /// Events that the receiver had already, where it tells.
    pub repeated: usize,
    /// Events that it has not taken yet, and why.
    pub unsettled: Option<Unsettled>,
}

/// An event that the receiver refuses for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which of the batch's events.
    pub index: usize,
    /// What the receiver says.
    pub reason: String,
}

/// Events of a batch that the receiver refuses for good and does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedUnnamed {
    /// How many: fewer than the batch has, since of all of them it is known which.
    pub count: usize,
    /// What the receiver says.
    pub reason: String,
}

/// A part of a batch that has to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// Which of the batch's events, in their order.
    pub indices: Vec<usize>,
    /// Why, and what to do with them.
    pub error: DeliveryError,
}

impl Delivered {
    /// Everything was taken.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }
}

/// What was wrong with an attempt, as what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// A passing condition: the same batch may be taken later.
    #[error("{reason}")]
    Retry {
        /// What happened.
        reason: String,
        /// When the receiver wants to be asked again.
        after: Option<Duration>,
    },
    /// The receiver takes less at a time: the halves may be taken.
    #[error("{reason}")]
    TooLarge {
        /// What the receiver says.
        reason: String,
    },
    /// An event of the batch is bad: the halves tell which.
    #[error("{reason}")]
    Refused {
        /// What the receiver says.
        reason: String,
    },
    /// Nothing will be taken until a person changes something, here or there.
    #[error("{reason}")]
    Stop {
        /// What the receiver says.
        reason: String,
        /// What to do about it.
        fix: String,
    },
}

impl DeliveryError {
    /// A passing condition.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }

    /// A bad event somewhere in the batch.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }

    /// A batch beyond what the receiver takes.
    pub fn too_large(reason: impl Into<String>) -> Self {
        Self::TooLarge { reason: reason.into() }
    }

    /// A fault that waits for a person.
    pub fn stop(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Stop { reason: reason.into(), fix: fix.into() }
    }
}
