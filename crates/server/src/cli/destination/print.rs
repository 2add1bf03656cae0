//! Destinations for people.

use std::time::Duration;

use daybook_events::{Clock, SystemClock};

use crate::{
    cli::{
        connector::{print_reason, print_settings},
        durations::{ago_in_words, in_words},
        output::table,
    },
    manage::connector_types::{DeadLetterView, DestinationView, ReplayView},
};

const PAYLOAD_SHOWN_CHARS: usize = 80;

pub(super) fn list(destinations: &[DestinationView]) -> String {
    let row = |it: &DestinationView| {
        let behind: i64 = it.streams.iter().map(|stream| stream.behind).sum();
        let acknowledged = it.streams.iter().filter_map(|stream| stream.last_acknowledged_at.as_deref()).max();
        let acknowledged = acknowledged.map_or_else(|| "never".to_owned(), |at| ago_in_words(at, SystemClock.now()));
        [
            it.name.clone(),
            it.kind.clone(),
            it.status.clone(),
            behind.to_string(),
            acknowledged,
            it.dead_letters.to_string(),
        ]
    };
    table(
        ["NAME", "KIND", "STATUS", "BEHIND", "LAST ACKNOWLEDGED", "DEAD LETTERS"],
        destinations.iter().map(row).collect(),
        "There is no destination yet; add one with `daybook destination add NAME --kind KIND`.",
    )
}

pub(super) fn details(destination: &DestinationView) -> String {
    let now = SystemClock.now();
    let settings = print_settings(&destination.settings, &destination.secrets);
    let rows = destination.streams.iter().map(|stream| {
        let waiting = stream.waiting_secs.map(Duration::from_secs).map(in_words);
        [
            stream.feature.clone(),
            stream.status.clone(),
            stream.behind.to_string(),
            waiting.unwrap_or_default(),
            stream.last_acknowledged_at.as_deref().map_or_else(|| "never".to_owned(), |at| ago_in_words(at, now)),
            stream.failures.to_string(),
        ]
    });
    let header = ["FEATURE", "STATUS", "BEHIND", "OLDEST WAITS", "LAST ACKNOWLEDGED", "FAILURES"];
    let streams = table(header, rows.collect(), "There are no events for it yet.");
    let mut parts = vec![list(std::slice::from_ref(destination)), settings, streams];
    parts.extend(destination.streams.iter().filter_map(|it| print_reason(&it.feature, &it.reason, &it.fix)));
    parts.join("\n\n")
}

pub(super) fn letters(letters: &[DeadLetterView]) -> String {
    let row = |it: &DeadLetterView| {
        let payload: String = it.payload.chars().take(PAYLOAD_SHOWN_CHARS).collect();
        [it.number.to_string(), it.feature.clone(), it.event_time.clone(), it.state.clone(), it.reason.clone(), payload]
    };
    let header = ["NUMBER", "FEATURE", "HAPPENED", "STATE", "REASON", "EVENT"];
    table(header, letters.iter().map(row).collect(), "Nothing was refused.")
}

pub(super) fn replays(replays: &[ReplayView]) -> String {
    let row = |it: &ReplayView| [it.since.clone(), it.until.clone(), it.state.clone(), it.requested_at.clone()];
    let header = ["SINCE", "UNTIL", "STATE", "ASKED FOR"];
    table(header, replays.iter().map(row).collect(), "There was no replay yet; ask for one with --since.")
}
