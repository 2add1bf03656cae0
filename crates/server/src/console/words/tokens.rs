//! What is said about bearer tokens.

use daybook_events::NetworksError;

use crate::console::words::sentence;

pub(in crate::console) const TOKEN_NAME: &str = "Token name";
pub(in crate::console) const NEVER: &str = "Never";
pub(in crate::console) const IN_30_DAYS: &str = "In 30 days";
pub(in crate::console) const IN_90_DAYS: &str = "In 90 days";
pub(in crate::console) const IN_180_DAYS: &str = "In 180 days";
pub(in crate::console) const CUSTOM: &str = "On a day that you choose";
pub(in crate::console) const KEEP_EXPIRY: &str = "Leave it as it is";

pub(in crate::console) const NO_FEATURE: &str = "Choose at least one kind of events.";
pub(in crate::console) const NO_EXPIRY: &str = "Choose when the token expires.";
pub(in crate::console) const NO_DATE: &str = "Write a day as year-month-day, such as 2027-01-31.";
pub(in crate::console) const DATE_IS_PAST: &str = "This day is over. Choose one that is still to come.";
pub(in crate::console) const DATE_IS_FAR: &str = "Choose a day within the next hundred years, or let it never expire.";
pub(in crate::console) const NO_RATE: &str = "Write a number of requests from 1 to 100,000, or nothing.";
pub(in crate::console) const SAVE_TITLE: &str = "Save your token";

pub(in crate::console) fn networks(error: &NetworksError) -> String {
    sentence(&error.to_string())
}

pub(in crate::console) fn feature_hint(feature: &str) -> &'static str {
    match feature {
        "signinattempts" => "Who tried to sign in, from where, and whether it worked.",
        "itemusages" => "Which items in shared vaults were used, by whom, and how.",
        "auditevents" => "What people changed in the account.",
        _ => "Events of another service.",
    }
}

pub(in crate::console) fn name_taken(name: &str) -> String {
    format!(
        "A live token of this integration is called “{name}”. If you have just issued it and reloaded the page: it is shown only once. Choose another name."
    )
}

pub(in crate::console) fn issue_for(integration: &str) -> String {
    format!("Issue a token for {integration}")
}

pub(in crate::console) fn rights_of(token: &str) -> String {
    format!("Rights of {token}")
}

pub(in crate::console) fn rights_changed(token: &str) -> String {
    format!("The rights of “{token}” are changed. They hold from its next request; its text stays the same.")
}

pub(in crate::console) fn beyond_claims(feature: &str) -> String {
    format!("The text of this token does not claim {feature}. Replace the token to give it more.")
}

pub(in crate::console) fn rename(token: &str) -> String {
    format!("Rename {token}")
}

pub(in crate::console) fn renamed(before: &str, after: &str) -> String {
    format!("The token “{before}” is now called “{after}”.")
}

pub(in crate::console) fn revoke(token: &str) -> String {
    format!("Revoke {token}")
}

pub(in crate::console) fn revoked(token: &str) -> String {
    format!("“{token}” is revoked. Whoever uses it is refused from now on.")
}

pub(in crate::console) fn replace(token: &str) -> String {
    format!("Replace {token}")
}

/// `Production 2` after `Production`, `Production 3` after that.
pub(in crate::console) fn successor_name(name: &str) -> String {
    let (stem, number) = name.rsplit_once(' ').unwrap_or((name, ""));
    match number.parse::<u32>() {
        Ok(number) if number < 1000 => format!("{stem} {}", number + 1),
        _ => format!("{name} 2"),
    }
}

pub(in crate::console) fn item_title(integration: &str, token: &str) -> String {
    format!("{integration}: {token}")
}

pub(in crate::console) fn item_notes(features: &str, expires: &str) -> String {
    format!("Bearer token of a Daybook hub. Reads: {features}. Expires: {expires}.")
}

pub(in crate::console) fn environment_comment(token: &str, integration: &str) -> String {
    let line = format!("Bearer token {token} of {integration}. Keep it as you keep a password.");
    line.chars().filter(|character| !character.is_control()).collect()
}

pub(in crate::console) fn from(address: &str, client: &str) -> String {
    if address.is_empty() { client.to_owned() } else { format!("from {address}, {client}") }
}

pub(in crate::console) const HANDOVER_WAITING: &str = "The new token has not been used yet";
pub(in crate::console) const HANDOVER_BOTH: &str = "Both tokens are in use";
pub(in crate::console) const HANDOVER_DONE: &str = "The new token has taken over";

pub(in crate::console) fn handover_waiting(new: &str) -> String {
    format!("Enter “{new}” in your system. The old token goes on working until you revoke it.")
}

pub(in crate::console) fn handover_both(old: &str, left: &str) -> String {
    format!(
        "“{old}” was used a short while ago. When it has been quiet for another {left}, you can revoke it without losing anything."
    )
}

pub(in crate::console) fn handover_done(old: &str) -> String {
    format!("“{old}” has gone quiet. You can revoke it now.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successors_are_counted() {
        assert_eq!(successor_name("Production"), "Production 2");
        assert_eq!(successor_name("Production 2"), "Production 3");
        assert_eq!(successor_name("Since 20270131999999"), "Since 20270131999999 2");
    }
}
