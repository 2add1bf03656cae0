//! How long to wait for the next page: not at all while there is more, and the longer the longer nothing has come.

use std::time::Duration;

/// The wait is this part of the silence: who was quiet for a minute is asked every two seconds.
const SILENCE_PARTS: u32 = 30;

/// The pace of one feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    min: Duration,
    max: Duration,
    silence: Duration,
}

impl Pace {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max: max.max(min), silence: Duration::ZERO }
    }

    /// The wait after a page.
    pub(super) fn after(&mut self, events: usize, has_more: bool) -> Duration {
        if events > 0 {
            self.silence = Duration::ZERO;
        }
        if has_more {
            return Duration::ZERO;
        }
        let wait = (self.silence / SILENCE_PARTS).clamp(self.min, self.max);
        self.silence = self.silence.saturating_add(wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn silence_slows_down_and_events_speed_up() {
        let mut pace = Pace::new(secs(1), secs(60));
        let waits: Vec<Duration> = (0..1000).map(|_| pace.after(0, false)).collect();
        let mut silence = Duration::ZERO;
        for wait in &waits {
            // What comes now is seen this much later than it could have been.
            assert!(*wait <= (silence / 30).max(secs(1)) && *wait <= secs(60), "{wait:?} after {silence:?}");
            silence += *wait;
        }
        assert!(waits.is_sorted());
        assert_eq!((waits[0], waits[999]), (secs(1), secs(60)));
        assert_eq!((pace.after(5, false), pace.after(0, false)), (secs(1), secs(1)));
    }

    #[test]
    fn what_there_is_more_of_is_asked_for_at_once() {
        let mut pace = Pace::new(secs(1), secs(60));
        pace.after(0, false);
        pace.after(0, false);
        assert_eq!((pace.after(1000, true), pace.after(0, true)), (Duration::ZERO, Duration::ZERO));
        assert_eq!(pace.after(0, false), secs(1));
    }

    #[test]
    fn a_longest_wait_below_the_shortest_is_the_shortest() {
        let mut pace = Pace::new(secs(5), secs(1));
        assert_eq!((pace.after(0, false), pace.after(0, false)), (secs(5), secs(5)));
    }
}
