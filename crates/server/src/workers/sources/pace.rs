//! How long to wait for the next page: not at all while there is more, and ever longer while nothing comes.

use std::time::Duration;

/// The pace of one feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    min: Duration,
    max: Duration,
    idle: Duration,
}

impl Pace {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max: max.max(min), idle: min }
    }

    /// The wait after a page.
    pub(super) fn after(&mut self, events: usize, has_more: bool) -> Duration {
        if events > 0 {
            self.idle = self.min;
        }
        if has_more {
            return Duration::ZERO;
        }
        let wait = self.idle;
        self.idle = (wait * 2).min(self.max);
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
        let waits: Vec<u64> = (0..8).map(|_| pace.after(0, false).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!((pace.after(5, false), pace.after(0, false)), (secs(1), secs(2)));
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
