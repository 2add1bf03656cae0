//! What the console says from code, in English. What pages say besides is in `templates/console/`; modules and style
//! sheets have no words of their own.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod connectors;
pub(super) mod events;
pub(super) mod home;
pub(super) mod integrations;
pub(super) mod people;
pub(super) mod sign_in;
pub(super) mod sources;
pub(super) mod tokens;

use daybook_events::{Feature, Role};

/// One and many of something.
pub(super) type Noun = (&'static str, &'static str);

pub(super) const SECOND: Noun = ("second", "seconds");
pub(super) const MINUTE: Noun = ("minute", "minutes");
pub(super) const HOUR: Noun = ("hour", "hours");
pub(super) const DAY: Noun = ("day", "days");
pub(super) const EVENT: Noun = ("event", "events");
pub(super) const REQUEST: Noun = ("request", "requests");

pub(super) const NAV_HOME: &str = "Home";
pub(super) const NAV_INTEGRATIONS: &str = "Integrations";
pub(super) const NAV_SOURCES: &str = "Sources";
pub(super) const NAV_DESTINATIONS: &str = "Destinations";
pub(super) const NAV_EVENTS: &str = "Events";
pub(super) const NAV_PEOPLE: &str = "People";
pub(super) const NAV_AUDIT: &str = "Audit trail";
pub(super) const NAV_SETTINGS: &str = "Settings";

pub(super) const NOT_FOUND: &str = "There is nothing here, or it is not yours to see. If somebody sent you this link, ask them to invite you to the account.";
pub(super) const SIGNED_OUT: &str = "Your session has ended. Sign in again.";
pub(super) const NOT_OUR_FORM: &str = "This form was not sent from a page of this console, or your session has changed since. Go back, reload the page, and try again.";

pub(super) fn bad_form(what: &str) -> String {
    format!("The form is incomplete: {what}. Go back and try again.")
}

pub(super) fn bad_query(what: &str) -> String {
    format!("This address is incomplete: {what}. Go back and follow a link of the page.")
}

pub(super) fn error_title(status: u16) -> &'static str {
    match status {
        403 => "Not allowed",
        404 => "Not found",
        409 => "That is taken",
        429 => "Too many requests",
        400..=499 => "This did not work",
        503 => "Not available at the moment",
        507 => "The disk is full",
        _ => "A fault of ours",
    }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Administrator => "Administrator",
        Role::Owner => "Owner",
    }
}

pub(super) fn role_in(of: Role, account: &str) -> String {
    format!("{} of {account}", role(of))
}

pub(super) fn above_role(has: Role, needs: Role) -> String {
    format!("This needs the role {}; you are {} here. An owner can change that.", role(needs), role(has))
}

pub(super) fn ago(span: &str) -> String {
    if span.starts_with("0 ") { "just now".to_owned() } else { format!("{span} ago") }
}

pub(super) fn in_span(span: &str) -> String {
    format!("in {span}")
}

/// A feature's name for people.
pub(super) fn feature(feature: &Feature) -> String {
    match feature.as_str() {
        "signinattempts" => "Sign-in attempts".to_owned(),
        "itemusages" => "Item usages".to_owned(),
        "auditevents" => "Audit events".to_owned(),
        other => other.to_owned(),
    }
}

/// A text of an error as a sentence: a capital at its beginning, and a full stop at its end unless it is a question.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = characters.as_str().trim_end_matches('.');
    let stop = if rest.ends_with(['?', '!']) { "" } else { "." };
    format!("{first}{rest}{stop}")
}

pub(super) fn account_renamed(name: &str) -> String {
    format!("The account is now called “{name}”.")
}

pub(super) const RETENTION_IS_A_NUMBER: &str = "Write a number of days, or nothing to keep events for ever.";

pub(super) fn retention_changed(days: Option<u32>) -> String {
    match days {
        None => "Events are kept for ever from now on.".to_owned(),
        Some(1) => "Events are kept for one day from now on.".to_owned(),
        Some(days) => format!("Events are kept for {days} days from now on."),
    }
}
