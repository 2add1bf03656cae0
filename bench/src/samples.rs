//! Durations, all of them kept, and what stands at a percentile.

use std::time::Duration;

/// Measured durations.
#[derive(Debug, Default, Clone)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest sample that at least `percent` of all do not exceed, in milliseconds; 0 without samples.
    pub(crate) fn percentile_ms(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        let index = rank.clamp(1, sorted.len().max(1)) - 1;
        sorted.get(index).map_or(0.0, |sample| sample.as_secs_f64() * 1000.0)
    }

    /// `p50 1.2 ms, p99 3.4 ms, max 5.6 ms`
    pub(crate) fn summary(&self) -> String {
        let [p50, p99, max] = [50.0, 99.0, 100.0].map(|percent| self.percentile_ms(percent));
        format!("p50 {p50:.1} ms, p99 {p99:.1} ms, max {max:.1} ms")
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<T: IntoIterator<Item = Duration>>(samples: T) -> Self {
        Self(samples.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples: Samples = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!([50.0, 99.0, 100.0].map(|percent| samples.percentile_ms(percent)), [100.0, 198.0, 200.0]);
        assert_eq!(Samples::default().percentile_ms(50.0), 0.0);
    }
}
