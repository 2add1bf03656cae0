//! What is said about sources alone.

use super::connectors::{PAUSED, RETRYING, STARTING, capital};
use crate::{
    connectors::Warning,
    console::{
        times::{When, counted, grouped, span},
        words::{self, DAY, REQUEST, sentence},
    },
};

pub(in crate::console) const CATCHING_UP: &str = "Catching up";
pub(in crate::console) const READING_AGAIN: &str = "Reading again";
pub(in crate::console) const FOLLOWING: &str = "Following";

/// A source's status in a sentence.
pub(in crate::console) fn status(word: &str, name: &str, answered: Option<&str>) -> String {
    let last = answered.map(|ago| format!(" Its system last answered {ago}.")).unwrap_or_default();
    match word {
        PAUSED => format!("“{name}” is paused: nothing is read, and it goes on where it was.{last}"),
        STARTING => format!("“{name}” is at work, and its system has not answered yet."),
        CATCHING_UP => format!("“{name}” reads the past, page by page. What is here already can be used.{last}"),
        READING_AGAIN => {
            format!("“{name}” reads some events again, since its place was not taken any more. None is doubled.{last}")
        }
        FOLLOWING => format!("“{name}” has brought in everything up to now.{last}"),
        RETRYING => format!("“{name}” gets nothing at the moment. Daybook keeps asking, and loses nothing.{last}"),
        _ => format!("“{name}” needs somebody: nothing comes in until what is wrong is put right.{last}"),
    }
}

/// A source and what is wrong with it, as a title.
pub(in crate::console) fn needs_look(name: &str, what: &str) -> String {
    let mut characters = what.chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    format!("The source “{name}”: {first}{}", characters.as_str())
}

/// How far a feature is with the past: the part that is here in percent, events a second, what is left.
pub(in crate::console) fn progress(percent: f64, rate: f64, left: Option<std::time::Duration>) -> String {
    let left = left.map(|left| format!(", {} left", span(left))).unwrap_or_default();
    format!("{percent:.0} % is here, {rate:.0} events a second{left}")
}

/// Requests that were made, of those that may be.
pub(in crate::console) fn requests(this_hour: u64, hour_max: u32) -> String {
    format!("{} of {}", grouped(this_hour), counted(u64::from(hour_max), REQUEST))
}

/// What a person should know, and what to do about it.
pub(in crate::console) fn warning(warning: &Warning, now: daybook_events::Timestamp) -> (&'static str, String, String) {
    match warning {
        Warning::Loss { feature, last_read, days } => {
            let (tone, when) = match days {
                0 => ("error", "are being lost now".to_owned()),
                days => ("warn", format!("are lost in {}", counted(*days, DAY))),
            };
            let title = format!("{} that are not read {when}", words::feature(feature));
            let ago = When::of(*last_read, now).distance;
            let text = format!(
                "They were last read {ago}, and the upstream keeps events for a time only. Let it be read again."
            );
            (tone, title, text)
        }
        Warning::Withheld(features) => {
            let names: Vec<String> = features.iter().map(words::feature).collect();
            let title = format!("{} do not come in", capital(&names.join(" and ").to_lowercase()));
            let text = "The token may not read them. Give the source one that may; or, if that is meant, name the kinds of events that are wanted in its settings.";
            ("info", title, text.to_owned())
        }
        Warning::Expiry { expires_at, is_over } => {
            let When { distance, text, .. } = When::of(*expires_at, now);
            let (tone, verb) = if *is_over { ("error", "expired") } else { ("warn", "expires") };
            let next =
                "Make a new one at the upstream, and give it to the source in its settings: it goes on where it was.";
            (tone, format!("Its token {verb} {distance}"), format!("{} {next}", sentence(&text)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use daybook_events::{AUDIT_EVENTS, SIGN_IN_ATTEMPTS, Timestamp};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_772_600_400);

    #[test]
    fn a_loss_is_counted_down_and_an_end_is_told() {
        let day = Duration::from_secs(24 * 3600);
        let loss = |days| {
            let last_read = NOW.minus(day * 110);
            let (tone, title, _) = warning(&Warning::Loss { feature: AUDIT_EVENTS, last_read, days }, NOW);
            (tone, title)
        };
        assert_eq!(loss(10), ("warn", "Audit events that are not read are lost in 10 days".to_owned()));
        assert_eq!(loss(0), ("error", "Audit events that are not read are being lost now".to_owned()));
        let (tone, title, text) = warning(&Warning::Expiry { expires_at: NOW.plus(day * 3), is_over: false }, NOW);
        assert_eq!((tone, title.as_str()), ("warn", "Its token expires in 3 days"));
        assert_eq!(needs_look("Mirror", &title), "The source “Mirror”: its token expires in 3 days");
        assert!(text.starts_with("2026-03-07 05:00 UTC. Make a new one"), "{text}");
        let (tone, title, _) = warning(&Warning::Withheld(vec![SIGN_IN_ATTEMPTS, AUDIT_EVENTS]), NOW);
        assert_eq!((tone, title.as_str()), ("info", "Sign-in attempts and audit events do not come in"));
    }

    #[test]
    fn how_far_it_is_reads_as_a_line() {
        assert_eq!(
            progress(41.6, 1003.7, Some(Duration::from_secs(750))),
            "42 % is here, 1004 events a second, 12 minutes left"
        );
        assert_eq!(progress(0.0, 0.0, None), "0 % is here, 0 events a second");
        assert_eq!(requests(1204, 30_000), "1,204 of 30,000 requests");
    }
}
