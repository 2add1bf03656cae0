//! What the management API takes and gives. The command line speaks these types too.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a hub.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HubStatus {
    /// Daybook's version.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub store: String,
    /// Where clients reach the hub.
    pub public_url: String,
    /// When this node started, RFC 3339.
    pub started_at: String,
    /// Every stream there is.
    pub streams: Vec<StreamStatus>,
    /// Every named cursor of the hub's own readers.
    pub cursors: Vec<CursorStatus>,
}

/// A stream.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StreamStatus {
    /// Whose.
    pub account_uuid: String,
    /// Which events.
    pub feature: String,
    /// The position of the last event.
    pub head: i64,
    /// When that arrived, RFC 3339.
    pub last_arrival: String,
}

/// A named cursor.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CursorStatus {
    /// The reader.
    pub name: String,
    /// Whose stream.
    pub account_uuid: String,
    /// Which events.
    pub feature: String,
    /// The last event whose effect is done.
    pub position: i64,
    /// Events after it.
    pub behind: i64,
}

/// What a stream takes in storage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StreamStorage {
    /// Which events.
    pub feature: String,
    /// Events kept.
    pub events: u64,
    /// Blocks they are in.
    pub blocks: u64,
    /// Bytes of the blocks.
    pub stored_bytes: u64,
    /// The same before compression.
    pub raw_bytes: u64,
}

/// A new account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name, 1 to 100 characters, unique on the hub.
    pub name: String,
    /// Days for which its events are kept; for ever without it.
    #[serde(default)]
    pub retention_days: Option<u32>,
}

/// What of an account to change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// Days for which its events are kept; `null` for ever. Leaving it out is an error: it would mean for ever.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub retention_days: Option<u32>,
}

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Days for which its events are kept; `null` for ever.
    pub retention_days: Option<u32>,
    /// When it was added, RFC 3339.
    pub created_at: String,
}

/// A new integration.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIntegration {
    /// Its name, 1 to 100 characters, unique in the account.
    pub name: String,
    /// `splunk`, `elastic`, …, `other`; or `source` for a producer.
    #[schema(example = "splunk")]
    pub kind: String,
}

/// What of an integration to change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntegrationChange {
    /// `active` or `disabled`.
    #[schema(example = "disabled")]
    pub state: String,
}

/// An integration.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IntegrationView {
    /// Its id.
    pub uuid: String,
    /// Whose.
    pub account_uuid: String,
    /// Its name.
    pub name: String,
    /// What it connects.
    pub kind: String,
    /// `active` or `disabled`.
    pub state: String,
    /// When it was added, RFC 3339.
    pub created_at: String,
}

/// A token to issue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenRequest {
    /// Its name, 1 to 100 characters, unique among the integration's live tokens.
    pub name: String,
    /// What it may read (or, for a source, append to).
    pub features: Vec<String>,
    /// Seconds until it expires, at least 1; never without it.
    #[serde(default)]
    pub expires_in_secs: Option<u64>,
}

/// A token just issued: the only time that it is shown.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedToken {
    /// The token. Keep it: nobody can show it again.
    pub token: String,
    /// What is known of it.
    #[serde(flatten)]
    pub details: TokenView,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("IssuedToken").field("token", &"[secret]").field("details", &self.details).finish()
    }
}

/// What of a token to change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenChange {
    /// Its new name.
    pub name: String,
}

/// A token, without the token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Its id (`jti`).
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// Whose.
    pub integration_uuid: String,
    /// The name of that.
    pub integration: String,
    /// The kind of that.
    pub kind: String,
    /// `active`, `expired` or `revoked`.
    pub state: String,
    /// What it may read (or, for a source, append to).
    pub features: Vec<String>,
    /// When it was issued, RFC 3339.
    pub issued_at: String,
    /// Until when it is good, RFC 3339; `null` for ever.
    pub expires_at: Option<String>,
    /// When it was revoked, RFC 3339.
    pub revoked_at: Option<String>,
    /// How it was used, by feature; `introspect` stands for introspection.
    pub uses: Vec<TokenUseView>,
}

/// How a token was used for one feature.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenUseView {
    /// Which feature.
    pub feature: String,
    /// When last, RFC 3339.
    pub last_used_at: String,
    /// From which address.
    pub address: String,
    /// With which client.
    pub user_agent: String,
    /// Requests so far.
    pub requests: i64,
    /// Events read or appended so far.
    pub events: i64,
}

/// A signing key, without its private part.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SigningKeyView {
    /// Its id (`kid` in tokens, in lower case there).
    pub uuid: String,
    /// `active`, `retained` or `revoked`.
    pub status: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// Somebody who can sign in to the console.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PersonView {
    /// Their id.
    pub uuid: String,
    /// Their email.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they may add accounts.
    pub runs_hub: bool,
    /// Since when, RFC 3339.
    pub created_at: String,
    /// When they last signed in, RFC 3339.
    pub signed_in_at: Option<String>,
}

/// An invitation to an account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Whom.
    #[schema(example = "robin@acme.example")]
    pub email: String,
    /// `viewer`, `administrator` or `owner`.
    #[schema(example = "administrator")]
    pub role: String,
}

/// A link that is good once: whoever has it can use it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct OneTimeLink {
    /// To be opened in a browser. Its code stands behind the `#`.
    pub link: String,
    /// Until when it is good, RFC 3339.
    pub expires_at: String,
}

impl std::fmt::Debug for OneTimeLink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OneTimeLink").field("link", &"[secret]").field("expires_at", &self.expires_at).finish()
    }
}

/// An administration token, without the token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AdministrationTokenView {
    /// Its id: the token's SHA-256, hexadecimal.
    pub uuid: String,
    /// Where it was made.
    pub name: String,
    /// When, RFC 3339.
    pub created_at: String,
    /// Whether it is the one that asks.
    pub is_this: bool,
}
