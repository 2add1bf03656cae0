//! How much there is to append: whether the machine has more to do for whoever sends events than it can.
//!
//! Measured where it is felt, as the number of bodies that have come whole and are not answered yet, on average over a
//! moment. A client that sends slowly, or a burst that is over at once, is no pressure.

use std::{
    num::NonZero,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::available_parallelism,
    time::{Duration, Instant},
};

/// What counts as a moment.
const MOMENT: Duration = Duration::from_millis(100);
/// Bodies for each processor: one that it works at, and one that waits for it.
const BODIES_PER_PROCESSOR: f64 = 2.0;

/// Counts bodies. Clones share the count.
#[derive(Debug, Clone)]
pub(crate) struct Pressure(Arc<Mutex<Average>>);

/// A body that is being worked at.
#[derive(Debug)]
pub(crate) struct UnderWay(Pressure);

/// A number that changes, and what it was of late: what is long past counts for little.
#[derive(Debug)]
struct Average {
    number: u32,
    average: f64,
    changed: Instant,
}

impl Pressure {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Average { number: 0, average: 0.0, changed: Instant::now() })))
    }

    /// Counts a body until what it gives is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        let mut average = self.average();
        average.advance(Instant::now());
        average.number += 1;
        UnderWay(self.clone())
    }

    /// Whether bodies wait for their turn.
    pub(crate) fn is_high(&self) -> bool {
        let processors = available_parallelism().map_or(1, NonZero::get);
        let mut average = self.average();
        average.advance(Instant::now());
        average.average >= BODIES_PER_PROCESSOR * processors as f64
    }

    fn average(&self) -> MutexGuard<'_, Average> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut average = self.0.average();
        average.advance(Instant::now());
        average.number -= 1;
    }
}

impl Average {
    fn advance(&mut self, now: Instant) {
        let kept = (-now.saturating_duration_since(self.changed).div_duration_f64(MOMENT)).exp();
        let number = f64::from(self.number);
        self.average = number + (self.average - number) * kept;
        self.changed = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_follows_slowly_and_comes_down_again() {
        let start = Instant::now();
        let mut average = Average { number: 8, average: 0.0, changed: start };
        average.advance(start + MOMENT / 10);
        assert!((0.5..1.0).contains(&average.average), "{average:?}");
        average.advance(start + MOMENT * 10);
        assert!((7.9..=8.0).contains(&average.average), "{average:?}");
        average.number = 0;
        average.advance(start + MOMENT * 11);
        assert!((2.0..4.0).contains(&average.average), "{average:?}");
        // A clock that goes back changes nothing.
        average.advance(start);
        assert!((2.0..4.0).contains(&average.average), "{average:?}");
    }

    #[test]
    fn bodies_count_for_as_long_as_they_are_worked_at() {
        let pressure = Pressure::new();
        let bodies: Vec<UnderWay> = (0..1000).map(|_| pressure.begin()).collect();
        std::thread::sleep(MOMENT);
        assert!(pressure.is_high());
        drop(bodies);
        assert_eq!(pressure.average().number, 0);
    }
}
