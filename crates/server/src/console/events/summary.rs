//! One line about an event, from whatever its JSON has, and the JSON itself set out for people.
//!
//! Nothing here trusts an event: it may be of any service, and hold anything.

use daybook_events::{
    Feature,
    wire::{AuditEvent, Client, ItemUsage, Location, Person, SignInAttempt},
};
use serde_json::Value;

use crate::console::words::{audit, events as said};

/// A part of a line is shown with so many characters, and an event's JSON with so many bytes.
const PART_CHARACTERS_MAX: usize = 160;
const JSON_BYTES_MAX: usize = 32 * 1024;

/// Who, what, and from where or with which program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) who: String,
    pub(super) what: String,
    pub(super) whence: String,
}

/// What an event says in one line.
pub(super) fn summarize(feature: &Feature, payload: &str) -> Summary {
    let summary = match feature.as_str() {
        "signinattempts" => serde_json::from_str(payload).ok().map(sign_in),
        "itemusages" => serde_json::from_str(payload).ok().map(item_usage),
        "auditevents" => serde_json::from_str(payload).ok().map(audit_event),
        _ => None,
    };
    let summary = summary.unwrap_or_else(|| anything(&serde_json::from_str(payload).unwrap_or_default()));
    Summary { who: short(&summary.who), what: short(&summary.what), whence: short(&summary.whence) }
}

fn sign_in(event: SignInAttempt) -> Summary {
    let location = event.location.unwrap_or(Location { country: event.country, ..Location::default() });
    Summary {
        who: name_of(event.target_user.as_ref(), ""),
        what: said::sign_in(&event.category, &event.kind),
        whence: whence(event.client.as_ref(), &location, ""),
    }
}

fn item_usage(event: ItemUsage) -> Summary {
    Summary {
        who: name_of(event.user.as_ref(), ""),
        what: said::item_use(&event.action, &event.item_uuid, &event.vault_uuid),
        whence: whence(event.client.as_ref(), &event.location.unwrap_or_default(), ""),
    }
}

fn audit_event(event: AuditEvent) -> Summary {
    let person = event.object_details.as_ref().map(|person| person.name.as_str()).filter(|name| !name.is_empty());
    let info = event.aux_info.as_deref().filter(|info| !info.is_empty());
    let object = person.or(info).unwrap_or(&event.object_uuid);
    let is_known = audit::OBJECTS.iter().any(|(code, _)| *code == event.object_type)
        && audit::ACTIONS.iter().any(|(code, _)| *code == event.action);
    let what = if is_known {
        // The event has no before and after: the change that they would tell apart is just "changed".
        let some = Value::Object(serde_json::Map::new());
        format!("{} {object}", audit::did(&event.action, &event.object_type, &some, &some))
    } else {
        said::audit_of_another(&event.action, &event.object_type, object)
    };
    let address = event.session.map(|session| session.ip).unwrap_or_default();
    Summary {
        who: name_of(event.actor_details.as_ref(), &event.actor_uuid),
        what,
        whence: whence(None, &event.location.unwrap_or_default(), &address),
    }
}

/// An event of another service: the members that such events commonly have.
fn anything(event: &Value) -> Summary {
    let first = |pointers: &[&str]| {
        let texts = pointers.iter().filter_map(|pointer| event.pointer(pointer).and_then(Value::as_str));
        texts.map(str::trim).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    };
    let who = first(&[
        "/actor/displayName",
        "/actor/name",
        "/actor/email",
        "/actor/alternateId",
        "/user/name",
        "/user/email",
        "/actor",
        "/user",
        "/userName",
        "/email",
    ]);
    let what =
        first(&["/displayMessage", "/message", "/summary", "/eventType", "/event_type", "/action", "/type", "/name"]);
    let whence = first(&["/client/ipAddress", "/client/ip_address", "/ip_address", "/ip", "/source_ip", "/actor_ip"]);
    Summary { who, what: if what.is_empty() { said::AN_EVENT.to_owned() } else { what }, whence }
}

fn name_of(person: Option<&Person>, id: &str) -> String {
    let names = person.map(|person| [&person.name, &person.email, &person.uuid]).into_iter().flatten();
    let name = names.map(String::as_str).chain([id]).find(|name| !name.is_empty());
    name.unwrap_or(said::SOMEBODY).to_owned()
}

/// `1Password for Mac 8.10 on macOS 15, 203.0.113.17, Berlin, DE`
fn whence(client: Option<&Client>, location: &Location, address: &str) -> String {
    let joined = |name: &str, version: &str| format!("{name} {version}").trim().to_owned();
    let mut parts = Vec::new();
    if let Some(client) = client {
        let app = joined(&client.app_name, &client.app_version);
        let os = joined(&client.os_name, &client.os_version);
        parts.push(if app.is_empty() || os.is_empty() { format!("{app}{os}") } else { said::on(&app, &os) });
        parts.push(client.ip_address.clone());
    }
    parts.extend([address.to_owned(), location.city.clone(), location.country.clone()]);
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

fn short(text: &str) -> String {
    let mut characters = text.chars().filter(|character| !character.is_control());
    let mut short: String = characters.by_ref().take(PART_CHARACTERS_MAX).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// JSON with a line for each member, otherwise byte for byte as it is, and whether it was cut.
///
/// Parsing it and writing it again would change the order of members and the digits of large numbers.
pub(in crate::console) fn indent(json: &str) -> (String, bool) {
    let mut text = String::new();
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    let new_line = |text: &mut String, depth: usize| {
        text.push('\n');
        // Deep nesting is not set out for ever.
        text.extend(std::iter::repeat_n("  ", depth.min(20)));
    };
    while let Some(character) = characters.next() {
        if text.len() > JSON_BYTES_MAX {
            return (text, true);
        }
        if in_string {
            text.push(character);
            in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                text.push(character);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(',');
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ if character.is_ascii_whitespace() => {}
            _ => {
                in_string = character == '"';
                text.push(character);
            }
        }
    }
    (text, false)
}

#[cfg(test)]
mod tests {
    use daybook_events::{AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS};
    use serde_json::json;

    use super::*;

    fn line(feature: &Feature, event: &Value) -> String {
        let Summary { who, what, whence } = summarize(feature, &event.to_string());
        format!("{who} | {what} | {whence}")
    }

    #[test]
    fn each_feature_says_who_what_and_whence() {
        let client = json!({"app_name": "Mac", "app_version": "8", "os_name": "macOS", "os_version": "15",
            "ip_address": "203.0.113.1"});
        let event = json!({"category": "credentials_failed", "type": "password_secret_bad", "country": "DE",
            "target_user": {"name": "Ada"}, "client": client});
        let expected =
            "Ada | did not sign in: wrong credentials (password_secret_bad) | Mac 8 on macOS 15, 203.0.113.1, DE";
        assert_eq!(line(&SIGN_IN_ATTEMPTS, &event), expected);
        let event = json!({"action": "fill", "item_uuid": "I", "vault_uuid": "V", "user": {"email": "a@b"}});
        assert_eq!(line(&ITEM_USAGES, &event), "a@b | filled in the item I of the vault V | ");
        let event = json!({"action": "trevoke", "object_type": "satoken", "object_uuid": "T", "aux_info": "first",
            "actor_uuid": "P", "session": {"ip": "192.0.2.1"}});
        assert_eq!(line(&AUDIT_EVENTS, &event), "P | revoked the token first | 192.0.2.1");
        let event = json!({"action": "grant", "object_type": "gva", "object_uuid": "G"});
        assert_eq!(line(&AUDIT_EVENTS, &event), "Somebody | did “grant” to gva G | ");
        let okta = "okta.system".parse().unwrap();
        let event =
            json!({"displayMessage": "User login", "actor": {"displayName": "Ada"}, "client": {"ipAddress": "::1"}});
        assert_eq!(line(&okta, &event), "Ada | User login | ::1");
        assert_eq!(line(&okta, &json!({"a": [1]})), " | An event | ");
    }

    #[test]
    fn strange_events_are_still_told() {
        for payload in ["", "null", "[]", "{", r#"{"target_user": 1}"#, r#"{"category": {"a": 1}}"#] {
            for feature in [SIGN_IN_ATTEMPTS, ITEM_USAGES, AUDIT_EVENTS] {
                assert!(!summarize(&feature, payload).what.is_empty(), "{payload}");
                indent(payload);
            }
        }
        let long = summarize(&SIGN_IN_ATTEMPTS, &json!({"target_user": {"name": "x".repeat(10_000)}}).to_string());
        assert_eq!(long.who.chars().count(), PART_CHARACTERS_MAX + 1);
    }

    #[test]
    fn json_keeps_its_order_and_its_digits() {
        let json = r#"{"z":1234567890123456789012,"a":{},"s":"{\"a\":[1,2]}\\","l":[1, true]}"#;
        let expected = "{\n  \"z\": 1234567890123456789012,\n  \"a\": {},\n  \"s\": \"{\\\"a\\\":[1,2]}\\\\\",\n  \
            \"l\": [\n    1,\n    true\n  ]\n}";
        assert_eq!(indent(json), (expected.to_owned(), false));
        assert!(indent(&format!("[{}]", "1,".repeat(50_000))).1);
    }
}
