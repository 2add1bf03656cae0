//! What is said about integrations, their directory, and the live check.

use crate::console::words::Noun;

pub(in crate::console) const TOKEN: Noun = ("live token", "live tokens");

pub(in crate::console) const SYSTEM_NAME: &str = "System name";
pub(in crate::console) const PAUSED: &str = "Paused";
pub(in crate::console) const NO_TOKEN: &str = "No live token";
pub(in crate::console) const WAITING: &str = "Waiting for it";
pub(in crate::console) const BEHIND: &str = "Behind";
pub(in crate::console) const READING: &str = "Reading";
pub(in crate::console) const SENDING: &str = "Sending";

pub(in crate::console) const DIRECTORY: &str = "Add an integration";
pub(in crate::console) const PULLS: &str = "Pulls";
pub(in crate::console) const PUSHED: &str = "Pushed to";
pub(in crate::console) const BOTH: &str = "Pulls or pushed to";
pub(in crate::console) const SENDS: &str = "Sends events in";

pub(in crate::console) const REVOKED: &str = "Revoked";
pub(in crate::console) const EXPIRED: &str = "Expired";
pub(in crate::console) const NO_CLIENT: &str = "a client that does not say its name";

pub(in crate::console) fn connect(system: &str) -> String {
    format!("Connect {system}")
}

pub(in crate::console) fn behind(events: u64) -> String {
    match events {
        0 => "Up to date".to_owned(),
        _ => crate::console::times::counted(events, crate::console::words::EVENT),
    }
}

pub(in crate::console) fn in_a_day(events: &str, requests: &str) -> String {
    format!("{events} in {requests}")
}

pub(in crate::console) fn ends_in(span: &str) -> String {
    format!("Ends in {span}")
}

pub(in crate::console) fn limits(networks: &str, requests_per_minute: Option<u32>) -> String {
    let from = (!networks.is_empty()).then(|| format!("Only from {networks}."));
    let rate = requests_per_minute.map(|requests| format!("At most {requests} requests a minute."));
    from.into_iter().chain(rate).collect::<Vec<_>>().join(" ")
}

pub(in crate::console) fn rename(name: &str) -> String {
    format!("Rename {name}")
}

pub(in crate::console) fn remove(name: &str) -> String {
    format!("Remove {name}")
}

pub(in crate::console) fn renamed(before: &str, after: &str) -> String {
    format!("“{before}” is now called “{after}”.")
}

pub(in crate::console) fn removed(name: &str) -> String {
    format!("“{name}” is removed, and its tokens are refused.")
}

pub(in crate::console) fn paused(name: &str) -> String {
    format!(
        "“{name}” is paused: its tokens are refused until you resume it. It misses nothing, the events wait for it."
    )
}

pub(in crate::console) fn restored(name: &str) -> String {
    format!("“{name}” is active again, and its tokens are good.")
}

pub(in crate::console) fn name_taken(name: &str) -> String {
    format!(
        "It cannot come back: another integration is called “{name}” by now. Rename that one first, then try again."
    )
}

pub(in crate::console) const CHECK_WAITING: &str = "Waiting";
pub(in crate::console) const CHECK_PAUSED: &str =
    "This integration is paused, so its tokens are refused. Resume it to let it in.";
pub(in crate::console) const CHECK_NO_TOKEN: &str =
    "It has no token yet. Issue one, and enter it as the steps below say.";
pub(in crate::console) const CHECK_HINT: &str = "If nothing happens: does the system reach this address from where it runs, and does it trust the hub's certificate? \
     Run the line below on the same machine to see.";
pub(in crate::console) const CHECK_STRAY: &str = "Something else is knocking";

pub(in crate::console) fn check_waiting(system: &str, host: &str) -> String {
    format!("Daybook is waiting for the first request of {system} to {host}.")
}

pub(in crate::console) fn check_introspected(system: &str) -> String {
    format!("{system} has asked what its token may do, and got an answer. Daybook is waiting for it to ask for events.")
}

pub(in crate::console) fn check_reads(system: &str) -> String {
    format!("{system} reads events")
}

pub(in crate::console) fn check_sends(system: &str) -> String {
    format!("{system} sends events")
}

pub(in crate::console) fn check_refused(system: &str) -> String {
    format!("{system} was refused")
}

pub(in crate::console) fn check_good(
    is_source: bool,
    feature: &str,
    token: &str,
    address: &str,
    events: &str,
) -> String {
    let feature = feature.to_lowercase();
    if is_source {
        return format!("It sent {feature} with the token “{token}” from {address}: {events} so far.");
    }
    format!("It asked for {feature} with the token “{token}” from {address}, and has got {events} so far.")
}

/// Why a request was refused, and what to do about it.
pub(in crate::console) fn refusal(
    reason: &str,
    token: Option<&str>,
    feature: &str,
    address: &str,
    client: &str,
) -> (String, String) {
    let token = token.unwrap_or_default();
    let from = if address.is_empty() { String::new() } else { format!(" from {address}") };
    let feature = feature.to_lowercase();
    let (what, next) = match reason {
        "feature" => (
            format!("The token “{token}” was used{from} for {feature}, which it may not read."),
            "Switch that off in the system, or change the rights of the token; if its text does not claim it, replace the token.",
        ),
        "expired" => {
            (format!("The token “{token}” was used{from}, and it has expired."), "Give it a later end, or replace it.")
        }
        "revoked" => {
            (format!("The token “{token}” was used{from}, and it is revoked."), "Issue a new token and enter it there.")
        }
        "key_revoked" => (
            format!("The token “{token}” was used{from}; the key that signed it is revoked."),
            "Issue a new token and enter it there.",
        ),
        "network" => (
            format!("The token “{token}” was used{from}, which is not among its networks."),
            "If that address is right, add it to the token's rights.",
        ),
        "integration" => (
            format!("The token “{token}” was used{from} while the integration was paused."),
            "It will be let in with its next request.",
        ),
        "wrong_use" => (
            format!(
                "The token “{token}” was used{from} the wrong way round: a source sends events in, every other integration reads them."
            ),
            "Use a token of the right kind of integration.",
        ),
        "signature" => (
            format!("A token{from} has a signature that is not right."),
            "Was it copied whole? It has three parts with dots between them.",
        ),
        "malformed" => (format!("Something{from} is no token."), "Was it copied whole, without quotes or line ends?"),
        "unknown" => (
            format!("A token{from} is not known to this hub."),
            "It may be of another hub, or of 1Password itself. Issue one here.",
        ),
        "tls" => (
            format!("A connection{from} came to nothing before any request: {client}."),
            "The system most likely does not trust this hub's certificate. Give it the certificate as the steps below say.",
        ),
        other => (format!("A request{from} was refused ({other})."), "The hub's log says more."),
    };
    (what, next.to_owned())
}
