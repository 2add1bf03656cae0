//! Live events at a rate, taking turns among the accounts, for as long as they are wanted.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use daybook_events::{Clock, Feature, SystemClock, random_upper_id};
use daybook_simulation::Company;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::AccountTotals;
use crate::cli::{
    appender::{Appender, Patience},
    durations::Rate,
};

const TICK: Duration = Duration::from_millis(100);
/// After an interruption, at most this much is made up for.
const BACKLOG_SECS_MAX: f64 = 1.0;

/// An account that events go to.
pub(super) struct Live {
    company: Company,
    appender: Arc<Appender>,
    pub(super) totals: AccountTotals,
    /// Events of this tick, one a line.
    lines: BTreeMap<Feature, Vec<u8>>,
}

/// Events that are due, by the time that has passed.
struct Meter {
    per_second: f64,
    due: f64,
}

/// Sends events at a rate. A hub that does not answer is waited for.
///
/// # Errors
///
/// A hub refuses. It does not end otherwise.
pub(super) async fn send(lives: &mut [Live], rate: Rate) -> Result<()> {
    let mut meter = Meter { per_second: rate.per_second(), due: 0.0 };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    let mut turn = 0;
    loop {
        let now = ticks.tick().await;
        for _ in 0..meter.take(now - last) {
            lives[turn].add_event();
            turn = (turn + 1) % lives.len();
        }
        last = now;
        for live in &mut *lives {
            live.send_events().await?;
        }
    }
}

impl Live {
    pub(super) fn new(company: Company, appender: Arc<Appender>, totals: AccountTotals) -> Self {
        Self { company, appender, totals, lines: BTreeMap::new() }
    }

    fn add_event(&mut self) {
        let event = self.company.live_event(SystemClock.now());
        let lines = self.lines.entry(event.feature).or_default();
        lines.extend_from_slice(event.payload.as_bytes());
        lines.push(b'\n');
    }

    async fn send_events(&mut self) -> Result<()> {
        for (feature, lines) in std::mem::take(&mut self.lines) {
            let key = format!("live {}", random_upper_id());
            let answer = self.appender.append(&feature, &lines, &key, Patience::Endless).await?;
            self.totals.live_events += answer.accepted;
            self.totals.rejected += answer.rejected.len() as u64;
        }
        Ok(())
    }
}

impl Meter {
    /// How many events are due after so much more time.
    fn take(&mut self, passed: Duration) -> usize {
        self.due =
            (self.due + passed.as_secs_f64() * self.per_second).min((self.per_second * BACKLOG_SECS_MAX).max(1.0));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and bounded")]
        let count = self.due as usize;
        self.due = self.due.fract();
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(per_second: f64, ticks: usize, tick: Duration) -> usize {
        let mut meter = Meter { per_second, due: 0.0 };
        (0..ticks).map(|_| meter.take(tick)).sum()
    }

    #[test]
    fn the_rate_is_kept_over_time() {
        assert!((199..=200).contains(&taken(20.0, 100, TICK)));
        assert!((9..=10).contains(&taken(0.5, 200, TICK)));
        assert!((99_990..=100_000).contains(&taken(10_000.0, 100, TICK)));
    }

    #[test]
    fn an_interruption_is_not_followed_by_a_flood() {
        assert_eq!(taken(20.0, 1, Duration::from_secs(3600)), 20);
        assert_eq!(taken(0.5, 1, Duration::from_secs(3600)), 1);
    }
}
