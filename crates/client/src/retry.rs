//! When to ask again, and after how long.
//!
//! Asked again: no answer, 429, 500, 502, 503, 504. Never asked again: any other status, an answer that cannot be read,
//! a certificate that is not trusted. `Retry-After` wins over our own back-off, up to a bound.

use std::time::Duration;

use backon::ExponentialBuilder;
use daybook_events::Timestamp;

/// How often a request is tried, and how long is waited in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts a request, the first one included, from 1; 5 unless told.
    pub attempts_max: u32,
    /// The wait before the second attempt; it doubles from there, and up to as much again is added by chance. Half a
    /// second unless told.
    pub backoff_min: Duration,
    /// The longest wait of our own, before chance is added; 30 seconds unless told.
    pub backoff_max: Duration,
    /// The longest wait that a server's `Retry-After` can order; 5 minutes unless told.
    pub retry_after_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(30),
            retry_after_max: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// One attempt, for callers with retry rules of their own.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts_max: 1, ..Self::default() }
    }

    pub(crate) fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(self.backoff_min)
            .with_max_delay(self.backoff_max)
            .with_max_times(self.attempts_max.saturating_sub(1) as usize)
            .with_jitter()
    }
}

/// The wait that a `Retry-After` orders: whole seconds, or an HTTP date seen from `now` (RFC 9110, section 10.2.3).
pub(crate) fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    parse_http_date(value).map(|until| until.since(now))
}

/// An HTTP date, which is the fixed-length form of the dates of RFC 5322.
pub fn parse_http_date(value: &str) -> Option<Timestamp> {
    let time = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Some(Timestamp::from_seconds(time.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    const NOW: &str = "Wed, 04 Mar 2026 05:06:07 GMT";

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = parse_http_date(NOW).unwrap();
        assert_eq!(parse_retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(parse_retry_after(" 0 ", now), Some(Duration::ZERO));
        assert_eq!(parse_retry_after("Wed, 04 Mar 2026 05:06:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(parse_retry_after("Wed, 04 Mar 2026 05:00:00 GMT", now), Some(Duration::ZERO));
        for value in ["", "soon", "-5", "1.5"] {
            assert_eq!(parse_retry_after(value, now), None, "{value:?}");
        }
    }

    #[test]
    fn backoff_grows_to_its_bound_and_ends() {
        let waits: Vec<Duration> =
            RetryPolicy { backoff_max: Duration::from_secs(1), ..RetryPolicy::default() }.backoff().build().collect();
        assert_eq!(waits.len(), 4);
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(2)), "{waits:?}");
        assert_eq!(RetryPolicy::never().backoff().build().count(), 0);
    }
}
