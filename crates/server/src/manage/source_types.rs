//! What the management API takes and gives about sources.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A source and how it stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SourceView {
    /// Its id.
    pub uuid: String,
    /// Whose.
    pub account_uuid: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// `paused`, `starting`, `ok`, `retrying` or `stopped`.
    pub status: String,
    /// Where it is kept: `person`, or `configuration` for one of the hub's configuration file.
    pub origin: String,
    /// Its settings, without secrets.
    pub settings: BTreeMap<String, String>,
    /// The secrets that it has, by name.
    pub secrets: Vec<String>,
    /// When it was added, RFC 3339.
    pub created_at: String,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
    /// When its credentials end, RFC 3339; `null` where they do not say.
    pub expires_at: Option<String>,
    /// Requests that it has made in the hour that has begun; `null` where nobody counts.
    pub requests_this_hour: Option<u64>,
    /// Requests that all sources of its account at the system may make in an hour.
    pub requests_per_hour_max: Option<u32>,
    /// What the system has and its credentials may not read, where no kinds of events are named in its settings.
    pub withheld_features: Vec<String>,
    /// What a person should know: events that are about to be lost or do not come in, credentials that are about to end.
    pub warnings: Vec<String>,
    /// Its features.
    pub features: Vec<SourceFeature>,
}

/// How a feature of a source stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SourceFeature {
    /// Which events.
    pub feature: String,
    /// `starting`, `ok`, `retrying` or `stopped`.
    pub status: String,
    /// `catching_up`, `following` or `reading_again`; `null` before the first page.
    pub phase: Option<String>,
    /// How much of the past is here, in percent; `null` when there is nothing to catch up with.
    pub progress_percent: Option<f64>,
    /// Events a second since it began to catch up.
    pub events_per_second: Option<f64>,
    /// Seconds that the rest of the past takes at that rate.
    pub remaining_secs: Option<u64>,
    /// Events that it has brought in.
    pub events: i64,
    /// When the newest event happened that it has brought in, RFC 3339.
    pub last_event_time: Option<String>,
    /// When the system last answered, RFC 3339.
    pub last_answered_at: Option<String>,
    /// When the system begins to drop what is not read until then, RFC 3339; `null` where it drops nothing.
    pub unread_kept_until: Option<String>,
    /// When it is asked next, RFC 3339.
    pub next_attempt_at: Option<String>,
    /// Attempts in a row that failed.
    pub failures: i64,
    /// What is wrong or odd, if anything is.
    pub reason: String,
    /// What to do about it, if a person has to.
    pub fix: String,
}
