//! The v3 form of an audit event. The vendor publishes the groups (actor, entities, context) and the `target.verb` form
//! of actions, not the spellings; the schema here is ours, and carries the original event for whatever it does not name.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{AuditEvent, Location};
use crate::Timestamp;

/// An audit event as `GET /api/v3/auditevents` gives it.
#[derive(Debug, Serialize)]
pub struct AuditEventV3<'a> {
    /// The event's id.
    uuid: &'a str,
    /// `target[.attribute].verb`, lower-case, hyphenated words.
    action: String,
    /// When it arrived here: what `start_time` and `end_time` compare with.
    insert_time: String,
    /// When it happened.
    timestamp: &'a str,
    /// Who did it.
    actor: Actor<'a>,
    /// What it was done to, the object first.
    entities: Vec<Entity<'a>>,
    /// Under which circumstances.
    context: Context<'a>,
    /// The event in its v2 form, as it came in.
    original: &'a RawValue,
}

#[derive(Debug, Serialize)]
struct Actor<'a> {
    uuid: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_uuid: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Entity<'a> {
    role: &'static str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Context<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Client<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Location>,
}

#[derive(Debug, Serialize)]
struct Reference<'a> {
    uuid: &'a str,
}

#[derive(Debug, Serialize)]
struct Session<'a> {
    uuid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_time: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Client<'a> {
    ip_address: &'a str,
}

/// Appends the v3 form of an audit event to `out`.
///
/// # Errors
///
/// The payload is not a JSON object.
pub fn write_v3(payload: &str, arrival: Timestamp, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let event: AuditEvent = serde_json::from_str(payload)?;
    let original: &RawValue = serde_json::from_str(payload)?;
    serde_json::to_writer(out, &form(&event, original, arrival))
}

fn form<'a>(event: &'a AuditEvent, original: &'a RawValue, arrival: Timestamp) -> AuditEventV3<'a> {
    let session = event.session.as_ref();
    AuditEventV3 {
        uuid: &event.uuid,
        action: action_words(&event.object_type, &event.action),
        insert_time: arrival.to_string(),
        timestamp: &event.timestamp,
        actor: Actor {
            uuid: &event.actor_uuid,
            kind: event.actor_type.as_deref().unwrap_or("user"),
            name: event.actor_details.as_ref().map(|person| person.name.as_str()),
            email: event.actor_details.as_ref().map(|person| person.email.as_str()),
            account_uuid: event.actor_account_uuid.as_deref(),
        },
        entities: entities(event),
        context: Context {
            account: event.account_uuid.as_deref().map(|uuid| Reference { uuid }),
            session: session.map(|session| Session {
                uuid: &session.uuid,
                login_time: Some(session.login_time.as_str()).filter(|time| !time.is_empty()),
            }),
            device: session.and_then(|session| non_empty(&session.device_uuid)).map(|uuid| Reference { uuid }),
            client: session.and_then(|session| non_empty(&session.ip)).map(|ip_address| Client { ip_address }),
            location: event.location.as_ref(),
        },
        original,
    }
}

fn entities(event: &AuditEvent) -> Vec<Entity<'_>> {
    let object = Entity {
        role: "object",
        kind: Some(&event.object_type),
        uuid: non_empty(&event.object_uuid),
        id: None,
        name: event.object_details.as_ref().map(|person| person.name.as_str()),
        email: event.object_details.as_ref().map(|person| person.email.as_str()),
        info: None,
    };
    let has_auxiliary =
        event.aux_id.is_some() || event.aux_uuid.is_some() || event.aux_info.is_some() || event.aux_details.is_some();
    let auxiliary = has_auxiliary.then(|| Entity {
        role: "auxiliary",
        kind: None,
        uuid: event.aux_uuid.as_deref(),
        id: event.aux_id,
        name: event.aux_details.as_ref().map(|person| person.name.as_str()),
        email: event.aux_details.as_ref().map(|person| person.email.as_str()),
        info: event.aux_info.as_deref(),
    });
    std::iter::once(object).chain(auxiliary).collect()
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The words of an action: the target from the object type, the attribute and verb from the action code. Codes that
/// have no words here (the catalogue is open) are written as they are.
fn action_words(object_type: &str, action: &str) -> String {
    let target = match object_type {
        "cred" => "passkey",
        "dlgdsess" => "delegated-session",
        "ec" => "email-change",
        "famchild" => "family-account",
        "gm" => "group.membership",
        "gva" => "vault.group-access",
        "itemhist" => "item.history",
        "items" => "vault.items",
        "miguser" => "migrated-user",
        "mngdacc" => "managed-account",
        "pm" => "payment-method",
        "sa" => "service-account",
        "satoken" => "service-account.token",
        "slackapp" => "slack-app",
        "ssotkn" => "sso.token",
        "sub" => "subscription",
        "uva" => "vault.user-access",
        "vaultkey" => "vault.key",
        other => other,
    };
    let words = match action {
        "beginr" => "recovery.begin",
        "cancelr" => "recovery.cancel",
        "completr" => "recovery.complete",
        "changeks" => "keyset.change",
        "changela" => "language.change",
        "changemp" => "password.change",
        "changenm" => "name.change",
        "changesk" => "secret-key.change",
        "disblduo" => "duo.disable",
        "disblmfa" => "mfa.disable",
        "disblsso" => "disable",
        "enblduo" => "duo.enable",
        "enblmfa" => "mfa.enable",
        "enblsso" => "enable",
        "reactive" => "reactivate",
        "trename" => "rename",
        "trevoke" => "revoke",
        "trvlaway" => "travel-mode.enable",
        "trvlback" => "travel-mode.disable",
        "tverify" => "verify",
        "updatduo" => "duo.update",
        "updatfw" => "firewall.update",
        "updatmfa" => "mfa.update",
        other => other,
    };
    format!("{target}.{words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_event_in_its_v3_form() {
        let payload = r#"{"uuid":"E","timestamp":"2026-02-03T04:13:07Z","actor_uuid":"A","actor_details":{"uuid":"A","name":"Robin Vale","email":"robin@acme.example"},"actor_type":"user","account_uuid":"T","action":"create","object_type":"satoken","object_uuid":"O","aux_info":"R","session":{"uuid":"S","login_time":"2026-02-03T03:58:41Z","device_uuid":"d","ip":"203.0.113.9"},"location":{"country":"NZ","region":"Otago","city":"Dunedin"},"new":1}"#;
        let mut out = Vec::new();
        write_v3(payload, Timestamp::from_seconds(1_772_600_767), &mut out).unwrap();
        let form: serde_json::Value = serde_json::from_slice(&out).unwrap();
        insta::assert_json_snapshot!(form);
    }

    #[test]
    fn the_one_published_action_has_its_published_words() {
        assert_eq!(action_words("satoken", "create"), "service-account.token.create");
        assert_eq!(action_words("gm", "join"), "group.membership.join");
        assert_eq!(action_words("thing", "someday"), "thing.someday");
    }
}
