//! What the management API takes and gives about connectors of both directions, and about destinations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A kind of source or destination and its settings.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KindView {
    /// Its name, such as `splunk-hec`.
    pub kind: String,
    /// The product's name.
    pub title: String,
    /// What happens, in a sentence.
    pub summary: String,
    /// Its settings.
    pub settings: Vec<SettingView>,
}

/// A setting of a kind.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SettingView {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub help: String,
    /// `text`, `long text`, `secret`, `url`, `number from … to …`, `true or false`, or the choices.
    pub form: String,
    /// Whether there is no doing without.
    pub required: bool,
    /// What is taken when nothing is given.
    pub default: String,
}

/// A new source or destination.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnector {
    /// Its name, 1 to 100 characters, unique among the account's connectors of its direction.
    #[schema(example = "Splunk production")]
    pub name: String,
    /// Its kind; `GET /manage/v1/source-kinds` and `…/destination-kinds` list them with their settings.
    #[schema(example = "webhook")]
    pub kind: String,
    /// Its settings, secrets too; secrets are sealed and never shown again.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// What of a source or destination to change; what is left out stays.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectorChange {
    /// Its new name.
    #[serde(default)]
    pub name: Option<String>,
    /// Settings to change; an empty text takes one back to its default.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// `active` or `paused`.
    #[serde(default)]
    pub state: Option<String>,
}

/// Settings may be secret.
impl std::fmt::Debug for NewConnector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NewConnector")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Settings may be secret.
impl std::fmt::Debug for ConnectorChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ConnectorChange").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A destination and how it stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DestinationView {
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
    /// Events that it refused for good.
    pub dead_letters: i64,
    /// Its streams.
    pub streams: Vec<DestinationStream>,
}

/// How a stream of a destination stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DestinationStream {
    /// Which events.
    pub feature: String,
    /// `starting`, `ok`, `retrying` or `stopped`.
    pub status: String,
    /// The last event that is settled.
    pub position: i64,
    /// Events after it.
    pub behind: i64,
    /// Seconds that the oldest of them has waited.
    pub waiting_secs: Option<u64>,
    /// When the receiver last acknowledged an event, RFC 3339.
    pub last_acknowledged_at: Option<String>,
    /// When the newest event happened that it acknowledged, RFC 3339.
    pub last_event_time: Option<String>,
    /// When it is tried again, if it waits for that, RFC 3339.
    pub next_attempt_at: Option<String>,
    /// Attempts in a row that failed.
    pub failures: i64,
    /// What is wrong, if anything is.
    pub reason: String,
    /// What to do about it, if a person has to.
    pub fix: String,
}

/// A step of the way to a system.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HopView {
    /// `dns`, `tcp`, `tls`, `credentials` or `event`.
    pub hop: String,
    /// Whether it worked.
    pub passed: bool,
    /// What was seen.
    pub seen: String,
    /// What mends it, if it did not work.
    pub fix: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What a connector did in an hour.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HourView {
    /// When the hour began, RFC 3339.
    pub begins_at: String,
    /// Events taken.
    pub events: i64,
    /// Bytes of them.
    pub bytes: i64,
    /// Batches taken.
    pub batches: i64,
    /// Attempts that failed and were tried again.
    pub retries: i64,
    /// Events refused for good, or left out.
    pub rejected: i64,
    /// Events known to have arrived twice.
    pub repeated: i64,
}

/// An attempt, without what it carried.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    /// When it began, RFC 3339.
    pub attempted_at: String,
    /// Of which events.
    pub feature: String,
    /// `done`, `partial`, `retried`, `refused` or `stopped`.
    pub outcome: String,
    /// Events that it carried.
    pub events: i64,
    /// Bytes of them.
    pub bytes: i64,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// What the system said.
    pub detail: String,
}

/// An event that a destination refused for good.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterView {
    /// Its number among the destination's.
    pub number: i64,
    /// Of which feature.
    pub feature: String,
    /// Its position in the stream.
    pub position: i64,
    /// When it happened, RFC 3339.
    pub event_time: String,
    /// Why it was refused.
    pub reason: String,
    /// `kept`, or `queued` to be delivered once more.
    pub state: String,
    /// How often it was refused.
    pub tries: i64,
    /// The event.
    pub payload: String,
}

/// Which dead letters.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterChoice {
    /// The one with this number; `null` for all.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub number: Option<i64>,
}

/// How many there were.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterCount {
    /// How many.
    pub dead_letters: u64,
}

/// A window of the past to deliver once more.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReplay {
    /// Events that happened at or after this, RFC 3339.
    pub since: String,
    /// And before this, RFC 3339; up to now without it.
    #[serde(default)]
    pub until: Option<String>,
}

/// A replay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReplayView {
    /// Its id.
    pub uuid: String,
    /// From when, RFC 3339.
    pub since: String,
    /// Until when, RFC 3339.
    pub until: String,
    /// `running`, `done` or `cancelled`.
    pub state: String,
    /// When it was asked for, RFC 3339.
    pub requested_at: String,
    /// When it ended, RFC 3339.
    pub done_at: Option<String>,
}
