//! The wire forms of events: what producers may send, what v1, v2 and v3 readers get, and typed events.
//!
//! An event is kept as it came in, which is the v2 form. v2 pages are cut from the log without parsing; v1 leaves out
//! the members that v1 did not have; v3 is a schema of our own around the original event.

mod events;
mod v1;
mod v3;
mod validate;

pub use events::{AuditEvent, Client, Details, ItemUsage, Location, Person, Session, SignInAttempt};
pub use v1::write_v1;
pub use v3::{AuditEventV3, write_v3};
pub use validate::{DEPTH_MAX, EVENT_BYTES_MAX, Field, Rejection, Shape, schema_of, validate};
