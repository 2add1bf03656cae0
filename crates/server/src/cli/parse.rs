//! What people write for durations, times, rates and features.

use std::{collections::BTreeSet, time::Duration};

use daybook_events::{Feature, Timestamp, WIRE_FEATURES};

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 24 * 3600), ('w', 7 * 24 * 3600)];

/// A number and a unit, such as `30d`; units are s, m, h, d and w.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration such as 90s, 15m, 24h, 30d or 2w");
    let (number, unit) = text.char_indices().next_back().map(|(at, unit)| (&text[..at], unit)).ok_or_else(wrong)?;
    let secs = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, secs)| *secs).ok_or_else(wrong)?;
    let count: u64 = number.parse().map_err(|_| wrong())?;
    count.checked_mul(secs).map(Duration::from_secs).ok_or_else(wrong)
}

/// When a token expires: a duration, or `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expiry(pub(super) Option<Duration>);

pub(super) fn expiry(text: &str) -> Result<Expiry, String> {
    match text {
        "never" | "0" => Ok(Expiry(None)),
        text => duration(text).map(|duration| Expiry(Some(duration))).map_err(|error| format!("{error}, or never")),
    }
}

/// A point in time: so long ago, or an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Ago(Duration),
    At(Timestamp),
}

impl Moment {
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(duration) => now.minus(duration),
            Self::At(time) => time,
        }
    }
}

pub(super) fn moment(text: &str) -> Result<Moment, String> {
    let wrong = || format!("{text:?} is neither a duration such as 24h nor a time such as 2026-02-03T04:05:06Z");
    duration(text).map(Moment::Ago).or_else(|_| text.parse().map(Moment::At)).map_err(|_| wrong())
}

/// Events for each unit of time, such as `20/s`; the time between two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    pub(super) per_second: f64,
}

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || format!("{text:?} is not a rate such as 20/s or 5/m");
    let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
    let count: f64 = count.parse().map_err(|_| wrong())?;
    let secs = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let per_second = count / secs;
    (per_second > 0.0 && per_second <= 100_000.0).then_some(Rate { per_second }).ok_or_else(wrong)
}

/// Names of features joined by commas; all three of the Events API when nothing is said.
pub(super) fn features(text: Option<&str>) -> Result<BTreeSet<Feature>, String> {
    let Some(text) = text else { return Ok(WIRE_FEATURES.into()) };
    text.split(',').map(|name| name.trim().parse::<Feature>().map_err(|error| error.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(duration("30d"), Ok(Duration::from_secs(30 * 24 * 3600)));
        assert_eq!(duration("2w"), Ok(Duration::from_secs(14 * 24 * 3600)));
        for text in ["", "d", "30", "1.5h", "-1d", "30 d", "99999999999999999999s", "18446744073709551615w", "3é"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(expiry("never"), Ok(Expiry(None)));
        assert_eq!(expiry("1h"), Ok(Expiry(Some(Duration::from_secs(3600)))));
    }

    #[test]
    fn moments_are_ages_or_times() {
        let now = Timestamp::from_seconds(10_000);
        assert_eq!(moment("1h").unwrap().before(now), Timestamp::from_seconds(6_400));
        assert_eq!(moment("1970-01-01T00:00:07Z").unwrap().before(now), Timestamp::from_seconds(7));
        assert!(moment("yesterday").is_err());
    }

    #[test]
    fn rates_are_counts_over_a_unit() {
        assert_eq!(rate("20/s"), Ok(Rate { per_second: 20.0 }));
        assert_eq!(rate("30/m"), Ok(Rate { per_second: 0.5 }));
        for text in ["20", "0/s", "-1/s", "x/s", "1/y", "1e9/s", "NaN/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn features_are_a_list_or_all() {
        assert_eq!(features(None).unwrap().len(), 3);
        assert_eq!(features(Some("itemusages, okta.system")).unwrap().len(), 2);
        assert!(features(Some("itemusages,")).is_err());
    }
}
