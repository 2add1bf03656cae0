//! Typed events in their v2 form. Members of the schema that are absent or `null` read as empty; members that are not of
//! the schema are kept in `extra` and written back.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn is_empty(text: &str) -> bool {
    text.is_empty()
}

/// One attempt to sign in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignInAttempt {
    /// The event's id.
    #[serde(deserialize_with = "null_as_default")]
    pub uuid: String,
    /// The session it opened or tried to open.
    #[serde(deserialize_with = "null_as_default")]
    pub session_uuid: String,
    /// When it happened, RFC 3339.
    #[serde(deserialize_with = "null_as_default")]
    pub timestamp: String,
    /// How it ended: `success`, `credentials_failed`, `mfa_failed`, `sso_failed`, `modern_version_failed`,
    /// `firewall_failed`, `firewall_reported_success`, or a value to come.
    #[serde(deserialize_with = "null_as_default")]
    pub category: String,
    /// Why: `credentials_ok`, `password_secret_bad`, `country_blocked`…
    #[serde(rename = "type", deserialize_with = "null_as_default")]
    pub kind: String,
    /// ISO 3166 alpha-2.
    #[serde(deserialize_with = "null_as_default")]
    pub country: String,
    /// What a firewall rule matched; `null` otherwise.
    pub details: Option<Details>,
    /// Who was to be signed in.
    pub target_user: Option<Person>,
    /// With what program.
    pub client: Option<Client>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_uuid: Option<String>,
    /// Whatever else the event has.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One use of an item.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemUsage {
    /// The event's id.
    #[serde(deserialize_with = "null_as_default")]
    pub uuid: String,
    /// When it happened, RFC 3339; it may be reported hours later.
    #[serde(deserialize_with = "null_as_default")]
    pub timestamp: String,
    /// The version of the item.
    #[serde(deserialize_with = "null_as_default")]
    pub used_version: u32,
    /// The vault.
    #[serde(deserialize_with = "null_as_default")]
    pub vault_uuid: String,
    /// The item.
    #[serde(deserialize_with = "null_as_default")]
    pub item_uuid: String,
    /// `fill`, `reveal`, `secure-copy`, `export`…, or a value to come.
    #[serde(deserialize_with = "null_as_default")]
    pub action: String,
    /// Who used it.
    pub user: Option<Person>,
    /// With what program.
    pub client: Option<Client>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_uuid: Option<String>,
    /// Whatever else the event has.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One action of a person in the account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditEvent {
    /// The event's id.
    #[serde(deserialize_with = "null_as_default")]
    pub uuid: String,
    /// When it happened, RFC 3339.
    #[serde(deserialize_with = "null_as_default")]
    pub timestamp: String,
    /// Who did it.
    #[serde(deserialize_with = "null_as_default")]
    pub actor_uuid: String,
    /// Who that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_details: Option<Person>,
    /// `user` or `external_user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_type: Option<String>,
    /// The account of the actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_account_uuid: Option<String>,
    /// The account acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_uuid: Option<String>,
    /// `create`, `grant`, `trevoke`…, or a value to come.
    #[serde(deserialize_with = "null_as_default")]
    pub action: String,
    /// `user`, `vault`, `satoken`…, or a value to come.
    #[serde(deserialize_with = "null_as_default")]
    pub object_type: String,
    /// What it was done to.
    #[serde(deserialize_with = "null_as_default")]
    pub object_uuid: String,
    /// Who that is, where it is a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_details: Option<Person>,
    /// The number of another thing concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aux_id: Option<i64>,
    /// The id of another thing concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aux_uuid: Option<String>,
    /// Who that is, where it is a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aux_details: Option<Person>,
    /// Words about it: a role letter, an address, a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aux_info: Option<String>,
    /// The actor's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Whatever else the event has.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a firewall rule matched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// A continent, country or address.
    #[serde(deserialize_with = "null_as_default")]
    pub value: String,
    /// Whatever else there is.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A person, as known when the event happened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// The person's id.
    #[serde(deserialize_with = "null_as_default")]
    pub uuid: String,
    /// The person's name.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The person's address.
    #[serde(deserialize_with = "null_as_default")]
    pub email: String,
    /// `user` or `external_user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// The same as `user_type`, under the name that some live data has.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The account the person belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_account_uuid: Option<String>,
    /// Whatever else there is.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The program a person used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Client {
    /// Such as `1Password for Mac`.
    #[serde(deserialize_with = "null_as_default")]
    pub app_name: String,
    /// Its version, as text.
    #[serde(deserialize_with = "null_as_default")]
    pub app_version: String,
    /// A browser, a computer model, or a processor.
    #[serde(deserialize_with = "null_as_default")]
    pub platform_name: String,
    /// Its version.
    #[serde(deserialize_with = "null_as_default")]
    pub platform_version: String,
    /// The operating system.
    #[serde(deserialize_with = "null_as_default")]
    pub os_name: String,
    /// Its version.
    #[serde(deserialize_with = "null_as_default")]
    pub os_version: String,
    /// The address it came from.
    #[serde(deserialize_with = "null_as_default")]
    pub ip_address: String,
    /// Whatever else there is.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A place, by address look-up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// A country's name or code; free text.
    #[serde(deserialize_with = "null_as_default")]
    pub country: String,
    /// A region's name.
    #[serde(deserialize_with = "null_as_default")]
    pub region: String,
    /// A city's name.
    #[serde(deserialize_with = "null_as_default")]
    pub city: String,
    /// Degrees north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Whatever else there is.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The session of the person who acted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The session's id.
    #[serde(deserialize_with = "null_as_default")]
    pub uuid: String,
    /// When it began, RFC 3339.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "is_empty")]
    pub login_time: String,
    /// The device.
    #[serde(deserialize_with = "null_as_default")]
    pub device_uuid: String,
    /// The address.
    #[serde(deserialize_with = "null_as_default")]
    pub ip: String,
    /// Whatever else there is.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_members_survive_a_round_trip() {
        let json = r#"{"uuid":"A","new":{"deep":[1,2]},"client":{"app_name":"X","chip":"M9"},"details":null}"#;
        let event: SignInAttempt = serde_json::from_str(json).unwrap();
        let back: Value = serde_json::to_value(&event).unwrap();
        assert_eq!(back["new"]["deep"][1], 2);
        assert_eq!(back["client"]["chip"], "M9");
        assert_eq!(event.details, None);
    }

    #[test]
    fn absent_and_null_members_read_as_empty() {
        let event: AuditEvent = serde_json::from_str(r#"{"uuid":null,"session":{"ip":null}}"#).unwrap();
        assert_eq!(event.uuid, "");
        assert_eq!(event.session.unwrap().ip, "");
    }
}
