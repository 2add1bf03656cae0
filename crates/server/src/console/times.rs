//! Times and counts as people read them.

use std::time::Duration;

use daybook_events::Timestamp;

use super::words;

/// A time on a page: what the HTML says, and what is exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    /// For `datetime`: RFC 3339, to the second.
    pub(super) iso: String,
    /// `2026-11-23 01:54 UTC`
    pub(super) text: String,
    /// `2026-11-23`
    pub(super) date: String,
    /// `3 minutes ago`, `in 2 days`
    pub(super) distance: String,
    /// `2026-11-23 01:54:31 UTC`
    pub(super) exact: String,
}

impl When {
    pub(super) fn of(time: Timestamp, now: Timestamp) -> Self {
        let iso = Timestamp::from_seconds(time.as_seconds()).to_string();
        let (date, clock) = iso.split_once('T').unwrap_or((&iso, ""));
        let clock = clock.trim_end_matches('Z');
        let minute = clock.get(..5).unwrap_or(clock);
        Self {
            text: format!("{date} {minute} UTC"),
            date: date.to_owned(),
            exact: format!("{date} {clock} UTC"),
            distance: distance(time, now),
            iso,
        }
    }
}

fn distance(time: Timestamp, now: Timestamp) -> String {
    if time > now { words::in_span(&span(time.since(now))) } else { words::ago(&span(now.since(time))) }
}

/// `12 seconds`, `3 minutes`, `6 hours`, `54 days`
pub(super) fn span(duration: Duration) -> String {
    let secs = duration.as_secs();
    let (count, unit) = match secs {
        0..60 => (secs, words::SECOND),
        60..3600 => (secs / 60, words::MINUTE),
        3600..172_800 => (secs / 3600, words::HOUR),
        _ => (secs / 86_400, words::DAY),
    };
    counted(count, unit)
}

/// `1 event`, `12,480 events`
pub(super) fn counted(count: u64, (one, many): (&str, &str)) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// `12,480`
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_near_and_exact() {
        let now = Timestamp::parse_strict("2026-11-23T01:54:31Z").unwrap();
        let when = When::of(now.minus(Duration::from_secs(200)), now);
        assert_eq!(when.text, "2026-11-23 01:51 UTC");
        assert_eq!((when.exact.as_str(), when.distance.as_str()), ("2026-11-23 01:51:11 UTC", "3 minutes ago"));
        assert_eq!(When::of(now.plus(Duration::from_secs(90 * 86_400)), now).distance, "in 90 days");
        assert_eq!(When::of(now, now).distance, "just now");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(counted(1, words::EVENT), "1 event");
        assert_eq!(counted(2_604_118, words::EVENT), "2,604,118 events");
        assert_eq!((grouped(0), grouped(999), grouped(1000)), ("0".into(), "999".into(), "1,000".into()));
    }
}
