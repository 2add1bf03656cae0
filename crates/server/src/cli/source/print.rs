//! Sources for people.

use std::time::Duration;

use daybook_events::{Clock, SystemClock};

use crate::{
    cli::{
        connector::{print_reason, print_settings},
        durations::{ago_in_words, in_words},
        output::table,
    },
    manage::source_types::{SourceFeature, SourceView},
};

pub(super) fn list(sources: &[SourceView]) -> String {
    let now = SystemClock.now();
    let row = |it: &SourceView| {
        let events: i64 = it.features.iter().map(|feature| feature.events).sum();
        let answered = it.features.iter().filter_map(|feature| feature.last_answered_at.as_deref()).max();
        let answered = answered.map_or_else(|| "never".to_owned(), |at| ago_in_words(at, now));
        [it.name.clone(), it.kind.clone(), it.status.clone(), events.to_string(), answered]
    };
    table(
        ["NAME", "KIND", "STATUS", "EVENTS", "LAST ANSWERED"],
        sources.iter().map(row).collect(),
        "There is no source yet; add one with `daybook source add NAME --kind KIND`.",
    )
}

pub(super) fn details(source: &SourceView) -> String {
    let now = SystemClock.now();
    let settings = print_settings(&source.settings, &source.secrets);
    let rows = source.features.iter().map(|it| {
        [
            it.feature.clone(),
            it.status.clone(),
            it.events.to_string(),
            phase(it),
            it.last_event_time.clone().unwrap_or_default(),
            it.last_answered_at.as_deref().map_or_else(|| "never".to_owned(), |at| ago_in_words(at, now)),
            it.failures.to_string(),
        ]
    });
    let header = ["FEATURE", "STATUS", "EVENTS", "PHASE", "NEWEST EVENT", "LAST ANSWERED", "FAILURES"];
    let features = table(header, rows.collect(), "It has not begun yet.");
    let mut parts = vec![list(std::slice::from_ref(source)), settings, features];
    parts.extend(source.expires_at.iter().map(|expires_at| format!("Its token expires at {expires_at}.")));
    if let (Some(made), Some(max)) = (source.requests_this_hour, source.requests_per_hour_max) {
        parts.push(format!("Requests in this hour: {made} of {max}, which all sources of its account share."));
    }
    let kept_until = source.features.iter().filter_map(|feature| feature.unread_kept_until.as_deref()).min();
    parts.extend(kept_until.map(|until| format!("What is not read is kept there until {until}.")));
    parts.extend(source.warnings.iter().map(|warning| format!("Warning: {warning}")));
    parts.extend(source.features.iter().filter_map(|it| print_reason(&it.feature, &it.reason, &it.fix)));
    parts.join("\n\n")
}

/// What a feature is about, and how long that takes.
pub(super) fn phase(feature: &SourceFeature) -> String {
    let mut words = feature.phase.as_deref().unwrap_or("not begun").replace('_', " ");
    if let Some(percent) = feature.progress_percent {
        words.push_str(&format!(" {percent:.0} %"));
    }
    if let Some(rate) = feature.events_per_second {
        words.push_str(&format!(", {rate:.0} events/s"));
    }
    if let Some(secs) = feature.remaining_secs {
        words.push_str(&format!(", {} left", in_words(Duration::from_secs(secs))));
    }
    words
}
