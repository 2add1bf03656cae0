//! The durable log and the catalog, on SQLite or PostgreSQL.
//!
//! What lives here: streams as rows of compressed blocks ([`EventLog`]), named cursors with leases ([`CursorStore`]),
//! and the catalog of accounts, integrations, connectors, tokens and keys ([`Catalog`]). What it promises: an append is answered
//! after it is on disk; positions have no gaps and never move; a reader sees every event once, in position order; a
//! cursor moves only under a live lease. What it leaves to others: who may ask (a [`daybook_events::Grant`] says so),
//! and what the events mean.
//!
//! ```text
//!  EventLog::append ──▶ appender (group commit) ──▶ blocks ◀── EventLog::read_after
//!                                                     ▲
//!                              packer, retention (leases in cursors)
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod attendance;
mod block;
mod cache;
mod catalog;
mod connectors;
mod cursors;
mod database;
mod error;
mod log;
mod sql;

pub use attendance::Attendance;
pub use block::{BLOCK_EVENTS_TARGET, BLOCK_RAW_BYTES_MAX, Block, BlockError, EncodedBlock};
pub use catalog::{
    Account, Action, ActionFilter, ActionPlace, AdministrationToken, Catalog, EndingToken, FeatureUse, Integration,
    IntegrationKind, IntegrationState, KeyStatus, Link, LinkPurpose, Member, MemberState, Membership, NewLink,
    NewPerson, NewSession, NewToken, Passkey, Person, Resealing, SealedKind, SealedSecret, Session, SignInMethod,
    SigningKeyRow, TokenHour, TokenRefusal, TokenRights, TokenRow, TokenUse, TokenVerdict,
};
pub use connectors::{
    AttemptOutcome, Connector, ConnectorAttempt, ConnectorChange, ConnectorHealth, ConnectorHour, ConnectorNotice,
    ConnectorState, DeadLetter, DeadLetterState, Direction, HealthStatus, NewConnector, NewDeadLetter, Origin, Replay,
    ReplayState, Settlement, SourceLease, SourceMove, SourceState, WhichDeadLetters,
};
pub use cursors::{CursorKey, CursorName, CursorState, CursorStore, Lease};
pub use database::{Backend, Database, DatabaseOptions};
pub use error::StoreError;
pub use log::{
    AppendBatch, Appended, ArrivalRun, EventLog, EventLogOptions, Events, IdempotencyKey, PackOutcome, ReadFilter, Run,
    StreamSize, StreamState, StreamToPack, Watch,
};
