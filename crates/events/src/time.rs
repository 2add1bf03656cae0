//! Points in time as nanoseconds since 1970, and the two ways a text may become one.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, from 1677-09-21 to 2262-04-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// A text that is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 time such as 2026-02-03T04:05:06Z")]
pub struct TimeError(String);

impl TimeError {
    fn of(text: &str) -> Self {
        Self(text.chars().take(64).collect())
    }
}

impl Timestamp {
    /// The earliest time that can be written.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest time that can be written.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since 1970.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From whole seconds since 1970, held to the range.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// This time plus a duration, held to the range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// This time minus a duration, held to the range.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this, zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(i128::from(self.0) - i128::from(earlier.0)).unwrap_or(0))
    }

    /// Reads what a *producer* may write: RFC 3339 as Go's `time.Time` accepts it, because one looser spelling in a
    /// page makes the official connectors drop the whole page: capital `T` and `Z`, seconds, `Z` or `±hh:mm`.
    ///
    /// # Errors
    ///
    /// The text is not of that form, or outside 1677 to 2262.
    pub fn parse_strict(text: &str) -> Result<Self, TimeError> {
        if Self::has_strict_form(text) { text.parse() } else { Err(TimeError::of(text)) }
    }

    /// Whether a text has the strict form, whatever its numbers.
    fn has_strict_form(text: &str) -> bool {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let head_is_plain = bytes.len() >= 20
            && digits(0..4)
            && bytes[4] == b'-'
            && digits(5..7)
            && bytes[7] == b'-'
            && digits(8..10)
            && bytes[10] == b'T'
            && digits(11..13)
            && bytes[13] == b':'
            && digits(14..16)
            && bytes[16] == b':'
            && digits(17..19);
        if !head_is_plain || &bytes[17..19] == b"60" {
            return false;
        }
        let mut rest = &bytes[19..];
        if let Some(fraction) = rest.strip_prefix(b".") {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&length) {
                return false;
            }
            rest = &fraction[length..];
        }
        rest == b"Z"
            || (rest.len() == 6
                && (rest[0] == b'+' || rest[0] == b'-')
                && rest[3] == b':'
                && [1, 2, 4, 5].into_iter().all(|at| rest[at].is_ascii_digit())
                && rest[1..3] <= b"23"[..]
                && rest[4..6] <= b"59"[..])
    }
}

/// Reads what a *reader* may ask with: RFC 3339 in any spelling seen from real clients, any offset, held to the range.
impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let text = text.trim();
        match text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_nanosecond) {
            Ok(nanos) => Ok(Self(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))),
            // The last days of the year 9999, a common "for ever", are beyond what jiff holds.
            Err(_) if text.starts_with("9999-12-3") && Self::has_strict_form(text) => Ok(Self::MAX),
            Err(_) => Err(TimeError::of(text)),
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        Self::from_nanosecond(i128::from(time.0)).expect("64-bit nanoseconds are within jiff's range")
    }
}

/// RFC 3339 in UTC, sub-seconds only where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&jiff::Timestamp::from(*self), formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_seen_from_clients_parses() {
        let second = 1_772_600_767_000_000_000;
        for (text, nanos) in [
            ("2026-03-04T05:06:07-03:00", second + 3 * 3_600_000_000_000),
            ("2026-03-04T05:06:07Z", second),
            ("2026-03-04T05:06:07.123Z", second + 123_000_000),
            ("2026-03-04T05:06:07.123456+00:00", second + 123_456_000),
            ("2026-03-04T05:06:07.123456789Z", second + 123_456_789),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().as_nanos(), nanos, "{text}");
        }
    }

    #[test]
    fn times_out_of_range_are_held_to_it() {
        assert_eq!("9999-01-01T00:00:00Z".parse::<Timestamp>().unwrap(), Timestamp::MAX);
        assert_eq!("9999-12-31T23:59:59.999999999Z".parse::<Timestamp>().unwrap(), Timestamp::MAX);
        assert_eq!("0001-01-01T00:00:00Z".parse::<Timestamp>().unwrap(), Timestamp::MIN);
    }

    #[test]
    fn producers_must_write_what_go_reads() {
        for text in ["2026-03-04T05:06:07Z", "2026-03-04T05:06:07.1-03:00", "2026-03-04T05:06:07.123456789Z"] {
            assert!(Timestamp::parse_strict(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "2026-03-04",
            "2026-03-04 05:06:07Z",
            "2026-03-04t05:06:07z",
            "2026-03-04T05:06:07",
            "2026-03-04T05:06Z",
            "2026-03-04T05:06:07,5Z",
            "2026-03-04T05:06:60Z",
            "2026-03-04T05:06:07.Z",
            "2026-03-04T05:06:07+0000",
            "2026-03-04T05:06:07+24:00",
            "2026-13-04T05:06:07Z",
            "2026-02-30T05:06:07Z",
        ] {
            assert!(Timestamp::parse_strict(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_prints_as_it_parses() {
        let time = Timestamp::from_nanos(1_772_600_767_123_456_789);
        assert_eq!(time.to_string(), "2026-03-04T05:06:07.123456789Z");
        assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
    }
}
