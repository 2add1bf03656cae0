//! Lengths of time, points in time and rates, as people write and read them.

use std::{fmt::Write, time::Duration};

use daybook_events::Timestamp;

const UNITS: [(char, u64, &str); 5] = [
    ('w', 7 * 24 * 3600, "week"),
    ('d', 24 * 3600, "day"),
    ('h', 3600, "hour"),
    ('m', 60, "minute"),
    ('s', 1, "second"),
];
const EVENTS_PER_SECOND_MAX: u32 = 100_000;

/// How long something is good; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expiry(pub(super) Option<Duration>);

/// A point in time, before or relative to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Ago(Duration),
    At(Timestamp),
}

/// Events in a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) events: u32,
    pub(super) per: Duration,
}

impl When {
    pub(super) fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(duration) => now.minus(duration),
            Self::At(time) => time,
        }
    }
}

impl Rate {
    pub(super) fn per_second(self) -> f64 {
        f64::from(self.events) / self.per.as_secs_f64()
    }
}

/// `30d`, `36h`, `1w2d`: whole numbers with s, m, h, d or w.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a length of time: write 90s, 15m, 24h, 30d, 2w, or several such as 1w2d");
    let mut rest = text.trim();
    let mut secs: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = rest[digits..].chars().next().ok_or_else(wrong)?;
        let (_, unit_secs, _) = UNITS.iter().find(|(letter, ..)| *letter == unit).ok_or_else(wrong)?;
        secs = number.checked_mul(*unit_secs).and_then(|more| secs.checked_add(more)).ok_or_else(wrong)?;
        rest = &rest[digits + 1..];
    }
    if secs == 0 { Err(wrong()) } else { Ok(Duration::from_secs(secs)) }
}

/// A length of time, or `never`.
pub(super) fn parse_expiry(text: &str) -> Result<Expiry, String> {
    if matches!(text.trim(), "never" | "0") {
        return Ok(Expiry(None));
    }
    parse_duration(text).map(|duration| Expiry(Some(duration))).map_err(|error| format!("{error}, or never"))
}

/// A length of time before now, `now`, a date (its beginning in UTC), or an RFC 3339 time.
pub(super) fn parse_when(text: &str) -> Result<When, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(When::Ago(Duration::ZERO));
    }
    if let Ok(duration) = parse_duration(text) {
        return Ok(When::Ago(duration));
    }
    let time = text.parse::<Timestamp>().or_else(|_| format!("{text}T00:00:00Z").parse());
    time.map(When::At).map_err(|_| {
        format!("{text:?} is not a time: write 24h or 7d for so long ago, 2026-02-03, or 2026-02-03T04:05:06Z")
    })
}

/// `20/s`, `30/m`, `100/h`.
pub(super) fn parse_rate(text: &str) -> Result<Rate, String> {
    let wrong = || format!("{text:?} is not a rate: write 20/s, 30/m or 100/h, at most {EVENTS_PER_SECOND_MAX}/s");
    let (events, unit) = text.trim().split_once('/').ok_or_else(wrong)?;
    let per = match unit {
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        _ => return Err(wrong()),
    };
    let rate = Rate { events: events.parse().map_err(|_| wrong())?, per };
    let is_good = rate.events > 0 && rate.per_second() <= f64::from(EVENTS_PER_SECOND_MAX);
    is_good.then_some(rate).ok_or_else(wrong)
}

/// The largest whole unit: `29 days`, `1 hour`, `0 seconds`.
pub(super) fn in_words(duration: Duration) -> String {
    let secs = duration.as_secs();
    // Days say more than weeks.
    let (_, unit_secs, name) = UNITS[1..].iter().find(|(_, unit, _)| secs >= *unit).unwrap_or(&UNITS[4]);
    let count = secs / unit_secs;
    let mut words = format!("{count} {name}");
    if count != 1 {
        words.push('s');
    }
    words
}

/// `never expires`, `expires in 29 days (2026-…)`, `expired 3 hours ago (2026-…)`.
pub(super) fn expiry_in_words(expires_at: Option<Timestamp>, now: Timestamp) -> String {
    let Some(expires_at) = expires_at else { return "never expires".to_owned() };
    let mut words = if expires_at > now {
        format!("expires in {}", in_words(expires_at.since(now)))
    } else {
        format!("expired {} ago", in_words(now.since(expires_at)))
    };
    let _ = write!(words, " ({expires_at})");
    words
}

/// A time as the management API writes it, told by its distance: `3 minutes ago`.
pub(super) fn ago_in_words(time: &str, now: Timestamp) -> String {
    time.parse::<Timestamp>().map_or_else(|_| time.to_owned(), |time| format!("{} ago", in_words(now.since(time))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_may_be_joined() {
        for (text, secs) in [("90s", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000), ("1w2d", 777_600)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(secs)), "{text}");
        }
        for text in ["", "30", "d", "0d", "-1d", "1.5h", "1y", "3 d", "99999999999999999999w", "1dé", "é"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(parse_expiry("never"), Ok(Expiry(None)));
        assert!(parse_expiry("soon").unwrap_err().contains("never"));
    }

    #[test]
    fn points_in_time_are_relative_or_absolute() {
        let now = Timestamp::from_seconds(1_772_600_000);
        let at = |text| parse_when(text).map(|when| when.at(now).to_string());
        assert_eq!(at("1h"), Ok("2026-03-04T03:53:20Z".to_owned()));
        assert_eq!(at("now"), Ok("2026-03-04T04:53:20Z".to_owned()));
        assert_eq!(at("2026-02-03"), Ok("2026-02-03T00:00:00Z".to_owned()));
        assert_eq!(at("2026-02-03T04:05:06+01:00"), Ok("2026-02-03T03:05:06Z".to_owned()));
        assert!(at("yesterday").unwrap_err().contains("24h"));
    }

    #[test]
    fn rates_are_per_second_minute_or_hour() {
        assert!((parse_rate("20/s").unwrap().per_second() - 20.0).abs() < 1e-9);
        assert!((parse_rate("30/m").unwrap().per_second() - 0.5).abs() < 1e-9);
        for text in ["20", "/s", "0/s", "20/d", "1000000/s", "-1/s", "1.5/s"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn expiry_is_told_in_words() {
        let now = Timestamp::from_seconds(1_772_600_000);
        assert_eq!(expiry_in_words(None, now), "never expires");
        let later = now.plus(Duration::from_secs(3 * 86_400 + 5));
        assert_eq!(expiry_in_words(Some(later), now), "expires in 3 days (2026-03-07T04:53:25Z)");
        let earlier = now.minus(Duration::from_secs(3600));
        assert_eq!(expiry_in_words(Some(earlier), now), "expired 1 hour ago (2026-03-04T03:53:20Z)");
        assert_eq!(in_words(Duration::ZERO), "0 seconds");
    }
}
