//! Connectors: one folder a system that events are pushed to, or brought in from.
//!
//! What lives here: what a destination is ([`Destination`]), what it takes ([`Batch`]), what can come of one attempt
//! ([`Delivered`], [`DeliveryError`]), the options of each kind as data ([`Description`]), and the systems themselves.
//! What it promises: an attempt is answered only by the receiver's own acknowledgement, every attempt has a bound, no
//! connection leaves past the [`EgressGuard`], secrets and payloads are in no error. What it leaves to others:
//! scheduling, retry, back-off, cursors and metrics, which live once in a worker, not in the vendors.
//!
//! ```text
//!  Settings::check(kind.description(), given) ──▶ kind.open(settings, context) ──▶ AnyDestination
//!                                                                                  │ test     DNS, TCP, TLS, one canary
//!                                                                                  ▼ deliver  one attempt at one batch
//!  Batch ─────────────────────────────────────▶ Ok(Delivered) │ Err(Retry │ TooLarge │ Refused │ Stop)
//!
//!  cursor ──▶ AnySource::fetch ─────────────────▶ Ok(SourcePage: payloads, the next cursor) │ Err(Retry │ Stop)
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod batch;
mod check;
mod context;
mod delivery;
mod description;
mod destinations;
mod discretion;
mod egress;
pub mod format;
mod http;
pub mod selection;
mod settings;
mod shape;
mod sources;
mod tls;

#[cfg(test)]
mod testing;

pub use batch::{Batch, OutgoingEvent};
pub use check::{Hop, HopName, HopOutcome, canary, check};
pub use context::{Context, FileRoots, HUB_MARK};
pub use delivery::{Delivered, DeliveryError, Destination, Endpoint, RefusedUnnamed, Rejected, Unsettled};
pub use description::{BatchBounds, Description, Form, Setting, Transport};
pub use destinations::{AnyDestination, DestinationKind};
pub use egress::{EgressGuard, Forbidden};
pub use settings::{Problem, Settings, SettingsError};
pub use shape::Shape;
pub use sources::{
    After, AnySource, Begun, Budget, FileSource, Phase, Source, SourceError, SourceKind, SourcePage, Terms,
    UpstreamSource, check_source,
};
