//! What can fail in storage, and what a caller can do about it.

use std::sync::Arc;

use daybook_events::{ConnectorId, Kind, Kinded};

use crate::block::BlockError;

/// A failed storage operation.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store could not be opened.
    #[error("open the store at {location}")]
    Open {
        /// Where, without credentials.
        location: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The store is of another version of Daybook.
    #[error("bring the store's tables up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("{operation}")]
    Statement {
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: sqlx::Error,
    },
    /// There is no room for more.
    #[error("{operation}: the disk is full; free space or shorten the retention, nothing acknowledged is lost")]
    StorageFull {
        /// What was being done.
        operation: &'static str,
        /// What the engine said.
        #[source]
        source: sqlx::Error,
    },
    /// A stored block is damaged.
    #[error("read block {first_position}..{last_position} of stream {stream_id}")]
    Block {
        /// Which stream.
        stream_id: i64,
        /// Its first event.
        first_position: i64,
        /// Its last event.
        last_position: i64,
        /// What is wrong with it.
        #[source]
        source: BlockError,
    },
    /// A stored value is not one that this version writes.
    #[error("the store holds {value:?} as {what}")]
    Stored {
        /// What it should be.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// An idempotency key was used for a different body.
    #[error("the idempotency key was used for a different body; use a new key for new events")]
    IdempotencyKeyReused,
    /// A name is taken.
    #[error("{what} {name:?} exists already")]
    Exists {
        /// What.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Nothing there under that name, or not for this caller.
    #[error("no {what} {name:?}")]
    Missing {
        /// What.
        what: &'static str,
        /// The name or id asked for.
        name: String,
    },
    /// Nobody would be left to own the account.
    #[error("an account needs an active owner: make somebody else an owner first")]
    LastOwner,
    /// The person could not sign in any more.
    #[error("this is the last way in: add a passkey or set a password first")]
    LastWayIn,
    /// It concerns a role above the caller's own.
    #[error("{} may not do this to somebody of a higher role", match role { daybook_events::Role::Viewer => "a viewer", daybook_events::Role::Administrator => "an administrator", daybook_events::Role::Owner => "an owner" })]
    AboveRole {
        /// The caller's.
        role: daybook_events::Role,
    },
    /// Another process holds the lease.
    #[error("the lease of cursor {name:?} is not held any more")]
    LeaseLost {
        /// The cursor.
        name: String,
    },
    /// The place of a source is no text that can be kept.
    #[error("keep the place of a source: {bytes} bytes of text, where at most {bytes_max} without NUL can be kept")]
    SourceCursor {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// More dead letters than a connector may have.
    #[error(
        "connector {connector_id} would hold more than {count_max} dead letters: find out why they are refused, then \
         deliver or discard them"
    )]
    DeadLettersFull {
        /// Whose.
        connector_id: ConnectorId,
        /// How many it may have.
        count_max: i64,
    },
    /// Nodes are at work on a store that somebody wants alone.
    #[error("nodes are at work on this store; stop every one of them, then try again")]
    Attended,
    /// Somebody has the store alone.
    #[error("the store's secrets are being sealed anew; try again when that has ended")]
    TakenAlone,
    /// The failure of a transaction that several appends shared.
    #[error(transparent)]
    Shared(Arc<StoreError>),
    /// Too many appends wait.
    #[error("too many appends are waiting; try again in a second")]
    Busy,
    /// The store is closed.
    #[error("the store is shutting down")]
    Closed,
}

impl Kinded for StoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Shared(error) => error.kind(),
            Self::StorageFull { .. } => Kind::StorageFull,
            Self::Statement { source, .. } if is_passing(source) => Kind::Unavailable,
            Self::Busy | Self::Closed => Kind::Unavailable,
            Self::IdempotencyKeyReused
            | Self::Exists { .. }
            | Self::LeaseLost { .. }
            | Self::DeadLettersFull { .. }
            | Self::Attended
            | Self::TakenAlone
            | Self::LastOwner
            | Self::LastWayIn => Kind::Conflict,
            Self::AboveRole { .. } => Kind::Forbidden,
            Self::SourceCursor { .. } => Kind::Invalid,
            Self::Missing { .. } => Kind::NotFound,
            Self::Open { .. }
            | Self::Migrate(_)
            | Self::Statement { .. }
            | Self::Block { .. }
            | Self::Stored { .. } => Kind::Internal,
        }
    }
}

/// Whether the same statement may succeed later: the connection, the pool, or the server was at fault.
fn is_passing(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_)
    ) || error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| {
        // SQLite: busy, locked. PostgreSQL: connection faults, serialization and deadlock, timeouts, too many
        // connections, shutting down.
        matches!(code.as_ref(), "5" | "6" | "40001" | "40P01" | "57014" | "53300" | "25P03" | "55P03")
            || code.starts_with("08")
            || code.starts_with("57P")
    })
}

/// Names the step that failed.
pub(crate) trait Step<T> {
    fn step(self, operation: &'static str) -> Result<T, StoreError>;
}

impl<T> Step<T> for Result<T, sqlx::Error> {
    fn step(self, operation: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| {
            // SQLite: SQLITE_FULL, and an I/O error while writing. PostgreSQL: disk_full.
            let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
            match code.as_deref() {
                Some("13" | "778" | "53100") => StoreError::StorageFull { operation, source },
                _ => StoreError::Statement { operation, source },
            }
        })
    }
}

/// Tells a name that is taken from other failures.
pub(crate) trait OrExists<T> {
    fn or_exists(self, operation: &'static str, what: &'static str, name: &str) -> Result<T, StoreError>;
}

impl<T> OrExists<T> for Result<T, sqlx::Error> {
    fn or_exists(self, operation: &'static str, what: &'static str, name: &str) -> Result<T, StoreError> {
        match self {
            Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
                Err(StoreError::Exists { what, name: name.to_owned() })
            }
            other => other.step(operation),
        }
    }
}
