//! What is said at home.

pub(in crate::console) const NOTHING_YET: &str = "Nothing yet";
pub(in crate::console) const ARRIVING: &str = "Arriving";
pub(in crate::console) const REPLACE: &str = "Replace the token";
pub(in crate::console) const LOOK: &str = "Look at it";
pub(in crate::console) const TOKEN_END: &str =
    "Replace it: the successor has the same rights, and the old one goes on working until then.";
pub(in crate::console) const NO_TOKEN: &str = "Nothing can use it until you issue a token.";

pub(in crate::console) fn quiet(span: &str) -> String {
    format!("Quiet for {span}")
}

pub(in crate::console) fn graph(name: &str, total: &str, peak: u64, last: u64) -> String {
    format!(
        "{name} per hour over the last 24 hours: {total} in total, at most {peak} in an hour, {last} in the last hour."
    )
}

pub(in crate::console) fn token_end(token: &str, integration: &str, distance: &str, is_over: bool) -> String {
    if is_over {
        return format!("The token “{token}” of {integration} expired {distance} ago, and is still in use");
    }
    format!("The token “{token}” of {integration} expires in {distance}")
}

pub(in crate::console) fn needs_look(integration: &str, word: &str) -> String {
    format!("{integration}: {}", word.to_lowercase())
}

pub(in crate::console) fn behind(events: &str, lag: &str) -> String {
    format!("{events} wait for it, the oldest for {lag}.")
}
