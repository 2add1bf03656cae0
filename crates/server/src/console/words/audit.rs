//! What was done, in words, by the wire's codes of actions and objects.

use daybook_store::Action;
use serde_json::Value;

pub(in crate::console) const BAD_DATE: &str = "Write a date as year-month-day, such as 2026-11-23.";
pub(in crate::console) const DATES_SWAPPED: &str = "The last day is before the first one.";
pub(in crate::console) const NOTHING: &str = "none";

/// The kinds of things that actions are done to: code and name.
pub(in crate::console) const OBJECTS: &[(&str, &str)] = &[
    ("account", "Account"),
    ("sa", "Integration, source or destination"),
    ("satoken", "Bearer token"),
    ("user", "Person"),
    ("cred", "Passkey"),
    ("invite", "Invitation"),
];

/// The actions that this hub writes down: code and name, for a filter.
pub(in crate::console) const ACTIONS: &[(&str, &str)] = &[
    ("create", "Added, issued or invited"),
    ("update", "Changed"),
    ("delete", "Removed or taken back"),
    ("trename", "Token renamed"),
    ("trevoke", "Token revoked"),
    ("tverify", "Token signed"),
    ("expire", "Token ended"),
    ("join", "Person joined"),
    ("role", "Role changed"),
    ("suspend", "Person suspended"),
    ("reactive", "Person let in again"),
    ("complete", "Invitation followed"),
    ("changenm", "Name changed"),
    ("changemp", "Password changed"),
    ("beginr", "Reset link made"),
    ("completr", "Password reset"),
];

/// What somebody did, as the end of a sentence that begins with their name and is followed by the object's.
pub(in crate::console) fn did(action: &str, object_type: &str, before: &Value, after: &Value) -> String {
    let has = |value: &Value, member: &str| value.get(member).is_some();
    if let Some(connector) = after.get("direction").and_then(Value::as_str).filter(|_| object_type == "sa") {
        return format!("{} the {connector}", did_to_connector(action, before, after));
    }
    let text = match (object_type, action) {
        ("account", "create") => "added the account",
        ("account", "update") => "changed the account",
        ("sa", "create") => "added the integration",
        ("sa", "update") if has(after, "name") => "renamed the integration",
        ("sa", "update") if before["state"] == "removed" => "brought back the integration",
        ("sa", "update") if after["state"] == "disabled" => "paused the integration",
        ("sa", "update") if after["state"] == "active" => "resumed the integration",
        ("sa", "update") => "changed the integration",
        ("sa", "delete") => "removed the integration",
        ("satoken", "create") => "issued the token",
        ("satoken", "tverify") => "signed the token",
        ("satoken", "trename") => "renamed the token",
        ("satoken", "trevoke") => "revoked the token",
        ("satoken", "update") if before.is_null() => "announced the end of the token",
        ("satoken", "update") => "changed the rights of the token",
        ("satoken", "expire") => "noted the end of the token",
        ("cred", "create") => "added a passkey for",
        ("cred", "delete") => "removed a passkey of",
        ("user", "join") => "joined the account",
        ("user", "role") => "changed the role of",
        ("user", "suspend") => "suspended",
        ("user", "reactive") => "let in again",
        ("user", "delete") => "removed from the account",
        ("user", "changenm") => "changed the name of",
        ("user", "changemp") => "changed the password of",
        ("user", "beginr") => "made a reset link for",
        ("user", "completr") => "reset the password of",
        ("invite", "create") => "invited",
        ("invite", "delete") => "took back the invitation for",
        ("invite", "complete") => "followed the invitation for",
        _ => return format!("did “{action}” to {}", object(object_type).to_lowercase()),
    };
    text.to_owned()
}

/// What somebody did to a source or a destination, which share the wire's code with integrations.
fn did_to_connector(action: &str, before: &Value, after: &Value) -> &'static str {
    let is = |value: &Value, member: &str, text: &str| value[member] == text;
    match action {
        "create" => "added",
        "delete" => "removed",
        _ if is(after, "state", "paused") => "paused",
        _ if is(after, "state", "active") => "resumed",
        _ if is(after, "dead_letters", "queued") => "redrove dead letters of",
        _ if is(after, "dead_letters", "discarded") => "discarded dead letters of",
        _ if is(after, "replay", "asked for") => "asked for a replay to",
        _ if is(before, "replay", "running") => "stopped a replay to",
        _ if after
            .as_object()
            .is_some_and(|after| after.keys().all(|name| ["direction", "name"].contains(&name.as_str()))) =>
        {
            "renamed"
        }
        _ => "changed the settings of",
    }
}

/// The same without a name before it.
pub(in crate::console) fn did_alone(action: &str, object_type: &str, before: &Value, after: &Value) -> String {
    let text = did(action, object_type, before, after);
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// What somebody did, as a whole sentence.
pub(in crate::console) fn sentence(action: &Action) -> String {
    let did = did(&action.action, &action.object_type, &action.before, &action.after);
    format!("{} {did} “{}”.", action.actor_name, action.object_name)
}

/// The kind of a thing, for people; the code of one that is new.
pub(in crate::console) fn object(object_type: &str) -> &str {
    OBJECTS.iter().find(|(code, _)| *code == object_type).map_or(object_type, |(_, name)| name)
}

/// A member of what was changed, for people.
pub(in crate::console) fn member(name: &str) -> String {
    let known = match name {
        "name" => "Name",
        "email" => "Email",
        "role" => "Role",
        "state" => "State",
        "kind" => "System",
        "retention_days" => "Retention in days",
        "features" => "Events",
        "expires_at" => "Ends",
        "networks" => "Networks",
        "requests_per_minute" => "Requests a minute",
        "password" => "Password",
        "passkey" => "Passkey",
        "passkeys" => "Passkeys",
        "direction" => "Direction",
        "secrets" => "Secrets",
        "dead_letters" => "Dead letters",
        "replay" => "Replay",
        "since" => "Since",
        "until" => "Until",
        other => {
            let setting = other.strip_prefix("settings.");
            return setting.map_or_else(|| other.replace('_', " "), super::connectors::label);
        }
    };
    known.to_owned()
}

/// A member that says nothing, by what that means for it.
pub(in crate::console) fn unset(member: &str) -> &'static str {
    match member {
        "retention_days" => "for ever",
        "expires_at" => "never",
        "requests_per_minute" => "as many as the account",
        "networks" => "everywhere",
        _ => NOTHING,
    }
}
