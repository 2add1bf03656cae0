//! How long to wait after a failure, and when the other end counts as gone.

use std::time::Duration;

use daybook_connectors::{DeliveryError, SourceError};

const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// A person has to act, but may do so at the receiver: it is asked again by itself.
const STOP_MIN: Duration = Duration::from_secs(15);
const STOP_MAX: Duration = Duration::from_secs(300);
/// Failures in a row after which the next attempt carries one event, to see whether anybody is there.
const FAILURES_BEFORE_PROBES: u32 = 4;

/// What a failure says about the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setback {
    /// It may pass by itself; when the other end wants to be asked again.
    Passing(Option<Duration>),
    /// A person has to act.
    Standing,
}

impl From<&DeliveryError> for Setback {
    fn from(error: &DeliveryError) -> Self {
        match error {
            DeliveryError::Retry { after, .. } => Self::Passing(*after),
            DeliveryError::Stop { .. } => Self::Standing,
            DeliveryError::TooLarge { .. } | DeliveryError::Refused { .. } => Self::Passing(None),
        }
    }
}

impl From<&SourceError> for Setback {
    fn from(error: &SourceError) -> Self {
        match error {
            SourceError::Retry { after, .. } => Self::Passing(*after),
            SourceError::Stop { .. } => Self::Standing,
        }
    }
}

/// The failures of one stream in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Notes a failure, and tells how long to wait: what the other end asked for, or ever longer, with some of it left to
    /// chance so that many streams do not come back together.
    pub(super) fn wait_after(&mut self, setback: impl Into<Setback>) -> Duration {
        self.failures = self.failures.saturating_add(1);
        match setback.into() {
            Setback::Passing(Some(after)) => after + jitter(RETRY_MIN),
            Setback::Standing => grown(STOP_MIN, STOP_MAX, self.failures),
            Setback::Passing(None) => grown(RETRY_MIN, RETRY_MAX, self.failures),
        }
    }

    /// Notes that an attempt went well.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether the next attempt is a probe.
    pub(super) fn is_probing(&self) -> bool {
        self.failures >= FAILURES_BEFORE_PROBES
    }
}

/// The least wait, doubled with each failure up to the most; between half and all of it.
fn grown(min: Duration, max: Duration, failures: u32) -> Duration {
    let whole = min.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(max);
    whole / 2 + jitter(whole / 2)
}

fn jitter(up_to: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without chance, streams come back together: a pity, not a fault.
    let _ = getrandom::fill(&mut bytes);
    up_to.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound() {
        let mut backoff = Backoff::default();
        let error = DeliveryError::retry("503");
        let waits: Vec<Duration> = (0..20).map(|_| backoff.wait_after(&error)).collect();
        assert!(waits[0] >= RETRY_MIN / 2 && waits[0] <= RETRY_MIN, "{waits:?}");
        assert!(waits[19] >= RETRY_MAX / 2 && waits[19] <= RETRY_MAX, "{waits:?}");
        assert!(backoff.is_probing());
        backoff.reset();
        assert!(!backoff.is_probing() && backoff.wait_after(&error) <= RETRY_MIN);
    }

    #[test]
    fn the_receivers_own_wait_wins() {
        let mut backoff = Backoff::default();
        let error = DeliveryError::Retry { reason: "429".into(), after: Some(Duration::from_secs(7)) };
        let wait = backoff.wait_after(&error);
        assert!(wait >= Duration::from_secs(7) && wait <= Duration::from_secs(8), "{wait:?}");
    }

    #[test]
    fn a_stopped_destination_is_asked_again_by_itself() {
        let mut backoff = Backoff::default();
        let error = DeliveryError::stop("401", "check the token");
        let waits: Vec<Duration> = (0..10).map(|_| backoff.wait_after(&error)).collect();
        assert!(waits.iter().all(|wait| *wait <= STOP_MAX), "{waits:?}");
        assert!(waits[9] >= STOP_MAX / 2, "{waits:?}");
    }
}
