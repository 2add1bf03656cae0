//! Formats: one event as text in the schema that a destination expects.
//!
//! ```text
//!  payload ──┬─ raw ───────────────────────────────────▶ the same bytes
//!            └─ Event::read ─┬─ ecs, ocsf ─▶ Json ──────▶ one JSON object on one line; what has no place there is kept
//!                            └─ Facts ─┬─ cef ──────────▶ one line
//!                                      └─ leef ─────────▶ one line
//! ```
//!
//! What it promises: encoding never fails, whatever members an event lacks or has too many; the result of every format
//! but `raw` is one line. What it leaves to others: choosing events and fields (`selection`), framing, sending.

mod cef;
mod ecs;
mod event;
mod facts;
pub(crate) mod json;
mod leef;
mod ocsf;
mod severity;
mod writer;

use std::{borrow::Cow, fmt, str::FromStr};

use daybook_events::{AUDIT_EVENTS, AccountId, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};

pub use ocsf::OcsfVersion;
pub use severity::Severity;

/// The schema in which a destination is given events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The event as it came in, byte for byte.
    Raw,
    /// Elastic Common Schema 8.11, mapped as the Elastic integration does.
    Ecs,
    /// Open Cybersecurity Schema Framework.
    Ocsf(OcsfVersion),
    /// ArcSight Common Event Format, version 0.
    Cef,
    /// QRadar Log Event Extended Format 2.0.
    Leef,
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a format: use raw, ecs, ocsf, ocsf-1.3, ocsf-1.4, ocsf-1.8, cef or leef")]
pub struct FormatError(String);

/// Everything a mapping needs to know of one event.
#[derive(Debug, Clone, Copy)]
pub struct EventParts<'a> {
    /// Number of the event in its stream, from 1.
    pub position: i64,
    /// When it happened.
    pub time: Timestamp,
    /// When it arrived here.
    pub arrival: Timestamp,
    /// The event as JSON.
    pub payload: &'a str,
    /// The account whose event it is.
    pub account: &'a AccountId,
    /// The hub that sends it.
    pub hub: &'a HubFacts,
}

/// What destinations are told of this hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubFacts {
    /// Its name, `Daybook`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The host it runs on.
    pub host: String,
}

impl Format {
    /// Every format by the name it has in configurations.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("raw", Self::Raw),
        ("ecs", Self::Ecs),
        ("ocsf", Self::Ocsf(OcsfVersion::V1_4)),
        ("ocsf-1.3", Self::Ocsf(OcsfVersion::V1_3)),
        ("ocsf-1.4", Self::Ocsf(OcsfVersion::V1_4)),
        ("ocsf-1.8", Self::Ocsf(OcsfVersion::V1_8)),
        ("cef", Self::Cef),
        ("leef", Self::Leef),
    ];
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let found = Self::NAMED.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, format)| format).ok_or_else(|| FormatError(text.chars().take(64).collect()))
    }
}

/// The format's name; `ocsf` for the version that is the default.
impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Self::NAMED.into_iter().find(|(_, format)| format == self);
        formatter.write_str(found.map_or("", |(name, _)| name))
    }
}

/// One event of a feature in a format. `raw` borrows the payload.
#[must_use]
pub fn encode<'a>(format: Format, feature: &Feature, parts: &EventParts<'a>) -> Cow<'a, str> {
    match format {
        Format::Raw => Cow::Borrowed(parts.payload),
        Format::Ecs => Cow::Owned(ecs::encode(feature, parts)),
        Format::Ocsf(version) => Cow::Owned(ocsf::encode(version, feature, parts)),
        Format::Cef => Cow::Owned(cef::encode(feature, parts)),
        Format::Leef => Cow::Owned(leef::encode(feature, parts)),
    }
}

/// The payload on one line, for framings that end an event with one: the same bytes unless it was laid out over several.
#[must_use]
pub fn one_line(payload: &str) -> Cow<'_, str> {
    if !payload.contains(['\n', '\r']) {
        return Cow::Borrowed(payload);
    }
    let mut out = String::with_capacity(payload.len());
    json::push_compact(&mut out, payload);
    Cow::Owned(out)
}

/// How serious an event is, on every scale a destination may ask for.
#[must_use]
pub fn severity(feature: &Feature, payload: &str) -> Severity {
    Severity::of(Schema::of(feature), &event::Event::read(payload))
}

/// Which schema the events of a feature have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schema {
    SignInAttempt,
    ItemUsage,
    AuditEvent,
    /// Another service's.
    Open,
}

impl Schema {
    fn of(feature: &Feature) -> Self {
        match feature {
            feature if *feature == SIGN_IN_ATTEMPTS => Self::SignInAttempt,
            feature if *feature == ITEM_USAGES => Self::ItemUsage,
            feature if *feature == AUDIT_EVENTS => Self::AuditEvent,
            _ => Self::Open,
        }
    }
}

/// The service that a feature is of, and the kind of its events: `okta.system` is `okta` and `system`.
fn service_of(feature: &Feature) -> (&str, &str) {
    feature.as_str().split_once('.').unwrap_or(("1password", feature.as_str()))
}
