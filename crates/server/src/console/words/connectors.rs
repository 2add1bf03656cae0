//! What is said about destinations, and about connectors of both directions.

use std::time::Duration;

use daybook_connectors::HopName;
use daybook_events::Timestamp;
use daybook_store::{AttemptOutcome, Direction};

use crate::console::{
    times::{counted, grouped, span},
    words::{self, EVENT, Noun, in_span, sentence},
};

/// What the list of a direction is called.
pub(in crate::console) const fn list(direction: Direction) -> &'static str {
    match direction {
        Direction::Source => words::NAV_SOURCES,
        Direction::Destination => words::NAV_DESTINATIONS,
    }
}

pub(in crate::console) const fn add(direction: Direction) -> &'static str {
    match direction {
        Direction::Source => "Add a source",
        Direction::Destination => "Add a destination",
    }
}

pub(in crate::console) const PAUSED: &str = "Paused";
pub(in crate::console) const WAITING: &str = "Waiting for events";
pub(in crate::console) const STARTING: &str = "Starting";
pub(in crate::console) const CONNECTED: &str = "Connected";
pub(in crate::console) const BEHIND: &str = "Behind";
pub(in crate::console) const REFUSING: &str = "Refused";
pub(in crate::console) const RETRYING: &str = "Trying again";
pub(in crate::console) const STOPPED: &str = "Stopped";

pub(in crate::console) const GROUP_SHAPE: &str = "Format, filter and redaction";
pub(in crate::console) const GROUP_PACE: &str = "Pace and overlap";
pub(in crate::console) const GROUP_BATCHES: &str = "Batches";
pub(in crate::console) const GROUP_NETWORK: &str = "TLS and time limit";

pub(in crate::console) const REPLAY_RUNNING: &str = "Running";
pub(in crate::console) const REPLAY_DONE: &str = "Done";
pub(in crate::console) const REPLAY_STOPPED: &str = "Stopped";

pub(in crate::console) const LETTER: Noun = ("dead letter", "dead letters");
pub(in crate::console) const RETRY: Noun = ("attempt that failed", "attempts that failed");

pub(in crate::console) const NO_SUCH_TIME: &str = "Write a date and a time, such as 2026-11-23T09:00.";
pub(in crate::console) const TIMES_SWAPPED: &str = "The end is not after the beginning.";
pub(in crate::console) const IN_THE_FUTURE: &str = "That is still to come.";

/// What was done in some days.
#[derive(Debug, Clone, Copy)]
pub(in crate::console) struct DaySums {
    pub(in crate::console) events: u64,
    pub(in crate::console) retries: u64,
    pub(in crate::console) refused: u64,
}

/// What became of events: of those that were taken, and of those that were not.
pub(in crate::console) const fn fates(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Source => ("Brought in", "Left out"),
        Direction::Destination => ("Acknowledged", "Refused"),
    }
}

pub(in crate::console) fn days(direction: Direction, days: usize, sums: DaySums) -> String {
    let DaySums { events, retries, refused } = sums;
    let (events, retries) = (counted(events, EVENT), counted(retries, RETRY));
    let (taken_word, refused_word) = fates(direction);
    let (taken_word, refused_word) = (taken_word.to_lowercase(), refused_word.to_lowercase());
    format!("In {days} days: {events} {taken_word}, {} {refused_word}, {retries}", grouped(refused))
}

/// The name of a setting as the label of its field: `timeout_secs` is `Timeout (seconds)`.
pub(in crate::console) fn label(name: &str) -> String {
    let known = match name {
        "features" => "Kinds of events",
        "feature" => "Kind of events",
        "from" => "Begins with",
        "backfill_days" => "Past to begin with (days)",
        "poll_min_secs" => "Shortest wait between requests (seconds)",
        "poll_max_secs" => "Longest wait between requests (seconds)",
        "redact" => "Redactions",
        "redact_key" => "Key of hashed fields",
        "batch_events" => "Events in a batch",
        "batch_kib" => "Size of a batch (KiB)",
        "batch_wait_ms" => "Wait for a full batch (milliseconds)",
        "ca_pem" => "Certificate authorities (PEM)",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let units = [
        ("_secs", "seconds"),
        ("_ms", "milliseconds"),
        ("_kib", "KiB"),
        ("_mib", "MiB"),
        ("_minutes", "minutes"),
        ("_hours", "hours"),
        ("_pem", "PEM"),
        ("_json", "JSON"),
    ];
    let unit = units.iter().find_map(|(end, unit)| name.strip_suffix(end).map(|name| (name, *unit)));
    let (name, unit) = unit.unwrap_or((name, ""));
    let words = name.split('_').enumerate().map(|(index, word)| match word {
        "url" | "ca" | "id" | "tls" | "tcp" | "ip" | "dcr" | "dce" | "acl" | "api" | "sas" | "sasl" | "kms" | "bom"
        | "uuid" => word.to_uppercase(),
        _ if index == 0 => capital(word),
        _ => word.to_owned(),
    });
    let words = words.collect::<Vec<_>>().join(" ");
    if unit.is_empty() { words } else { format!("{words} ({unit})") }
}

/// What is wrong with a setting, as a sentence that names it.
pub(in crate::console) fn problem(label: &str, reason: &str) -> String {
    let goes_on = ["is ", "must ", "has ", "needs ", "cannot ", "may ", "names ", "was ", "does "];
    if goes_on.iter().any(|verb| reason.starts_with(verb)) {
        return sentence(&format!("{label} {reason}"));
    }
    sentence(&format!("{label}: {reason}"))
}

/// A text of another's with a full stop, if it says anything.
pub(in crate::console) fn sentence_of(text: &str) -> String {
    if text.is_empty() { String::new() } else { sentence(text) }
}

/// With a capital at its beginning.
pub(in crate::console) fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

pub(in crate::console) fn hop(hop: HopName) -> &'static str {
    match hop {
        HopName::Dns => "Name lookup",
        HopName::Tcp => "Connection",
        HopName::Tls => "TLS",
        HopName::Credentials => "Credentials",
        HopName::Event => "Test event",
    }
}

pub(in crate::console) fn took(took: Duration) -> String {
    format!("{} ms", grouped(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)))
}

pub(in crate::console) fn add_kind(title: &str) -> String {
    format!("Add {title}")
}

pub(in crate::console) fn test_of(name: &str) -> String {
    format!("Test of {name}")
}

pub(in crate::console) fn settings_of(name: &str) -> String {
    format!("Settings of {name}")
}

pub(in crate::console) fn remove(name: &str) -> String {
    format!("Remove {name}")
}

pub(in crate::console) fn replay(name: &str) -> String {
    format!("Replay to {name}")
}

pub(in crate::console) fn letters(name: &str) -> String {
    format!("Dead letters of {name}")
}

pub(in crate::console) fn discard(name: &str) -> String {
    format!("Discard dead letters of {name}")
}

pub(in crate::console) fn added(direction: Direction, name: &str) -> String {
    let then = match direction {
        Direction::Source => "It says “Following” once everything up to now is here.",
        Direction::Destination => "It says “Connected” once the receiver has acknowledged an event.",
    };
    format!("“{name}” is added and at work. {then}")
}

pub(in crate::console) fn changed(name: &str) -> String {
    format!("“{name}” is changed, and goes on where it was.")
}

pub(in crate::console) fn paused(direction: Direction, name: &str) -> String {
    let meanwhile = match direction {
        Direction::Source => "Nothing is read until it is resumed; it then goes on where it was.",
        Direction::Destination => "It misses nothing: the events wait for it.",
    };
    format!("“{name}” is paused. {meanwhile}")
}

pub(in crate::console) fn resumed(name: &str) -> String {
    format!("“{name}” is at work again, and goes on where it was.")
}

pub(in crate::console) fn tried(name: &str) -> String {
    format!("“{name}” begins anew and tries at once.")
}

pub(in crate::console) fn removed(direction: Direction, name: &str) -> String {
    match direction {
        Direction::Source => format!("“{name}” is removed, with its secrets. The events that it brought in stay."),
        Direction::Destination => format!("“{name}” is removed, with its secrets and its dead letters."),
    }
}

pub(in crate::console) fn replaying(name: &str) -> String {
    format!("The events of that time are delivered to “{name}” once more, beside what is new.")
}

pub(in crate::console) fn replay_stopped(name: &str) -> String {
    format!("The replay to “{name}” is stopped. What it has delivered stays delivered.")
}

pub(in crate::console) fn redriven(count: u64) -> String {
    match count {
        0 => "There was no dead letter to deliver once more.".to_owned(),
        1 => "One dead letter is delivered once more. It goes from this list when it is acknowledged.".to_owned(),
        _ => format!(
            "{} dead letters are delivered once more. Each goes from this list when it is acknowledged.",
            grouped(count)
        ),
    }
}

pub(in crate::console) fn discarded(count: u64) -> String {
    match count {
        0 => "There was no dead letter to discard.".to_owned(),
        1 => "One dead letter is discarded. Its event stays in the log.".to_owned(),
        _ => format!("{} dead letters are discarded. Their events stay in the log.", grouped(count)),
    }
}

pub(in crate::console) fn an_hour(events: u64) -> String {
    format!("{} / h", grouped(events))
}

/// A destination's status in a sentence.
pub(in crate::console) fn status(word: &str, name: &str, acknowledged: Option<&str>) -> String {
    let last = acknowledged.map(|ago| format!(" It acknowledged an event {ago}.")).unwrap_or_default();
    match word {
        PAUSED => format!("“{name}” is paused: nothing is sent, and the events wait for it.{last}"),
        WAITING => format!("“{name}” is at work, and there was no event for it yet."),
        STARTING => format!("“{name}” is at work, and the receiver has not acknowledged an event yet."),
        CONNECTED => format!("“{name}” takes events.{last}"),
        BEHIND => format!("“{name}” takes events, but slower than they come.{last}"),
        REFUSING => format!("“{name}” answers, and has acknowledged nothing yet: it refused what it got."),
        RETRYING => {
            format!("“{name}” does not take events at the moment. Daybook keeps trying, and loses nothing.{last}")
        }
        _ => format!("“{name}” needs somebody: it does not take events until what is wrong is put right.{last}"),
    }
}

/// How an attempt ended, with a tone.
pub(in crate::console) fn outcome(direction: Direction, outcome: AttemptOutcome) -> (&'static str, &'static str) {
    match (outcome, direction) {
        (AttemptOutcome::Done, Direction::Source) => ("ok", "Answered"),
        (AttemptOutcome::Done, Direction::Destination) => ("ok", "Acknowledged"),
        (AttemptOutcome::Partial, Direction::Source) => ("warn", "Some left out"),
        (AttemptOutcome::Partial, Direction::Destination) => ("warn", "Acknowledged in part"),
        (AttemptOutcome::Retried, _) => ("warn", "Failed, tried again"),
        (AttemptOutcome::Refused, _) => ("error", "Refused"),
        (AttemptOutcome::Stopped, _) => ("error", "Stopped"),
    }
}

/// When it is tried again, in words.
pub(in crate::console) fn next_try(time: Timestamp, now: Timestamp) -> String {
    let wait = time.since(now);
    if wait.as_secs() == 0 { "now".to_owned() } else { in_span(&span(wait)) }
}

/// Bytes as people read them.
pub(in crate::console) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..0x10_0000 => format!("{} KiB", grouped(bytes >> 10)),
        _ => format!("{} MiB", grouped(bytes >> 20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_named_for_people() {
        assert_eq!(label("url"), "URL");
        assert_eq!(label("client_certificate_pem"), "Client certificate (PEM)");
        assert_eq!((label("timeout_secs").as_str(), label("api_key").as_str()), ("Timeout (seconds)", "API key"));
        assert_eq!(label("batch_wait_ms"), "Wait for a full batch (milliseconds)");
        assert_eq!(problem("URL", "must begin with https://"), "URL must begin with https://.");
        assert_eq!(problem("Mode", "\"c\" is none of a, b"), "Mode: \"c\" is none of a, b.");
    }
}
