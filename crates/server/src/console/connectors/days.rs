//! What a connector did in the last 30 days, day by day, as bars and as numbers.

use std::time::Duration;

use daybook_events::Timestamp;
use daybook_store::{ConnectorHour, Direction};

use crate::console::{
    times::grouped,
    words::connectors::{self as say, DaySums},
};

/// Days that are shown, today among them.
pub(in crate::console) const DAYS: usize = 30;
const DAY_SECS: i64 = 86_400;
/// The box of the bars is 300 by 64: ten for a day, and a line at 63.
const DAY_WIDTH: usize = 10;
const BASE: f64 = 63.0;
const BAR_HEIGHT_MAX: f64 = 60.0;

/// Thirty days.
pub(in crate::console) struct Days {
    /// What is said of events that were taken, and of those that were not.
    pub(in crate::console) taken_word: &'static str,
    pub(in crate::console) refused_word: &'static str,
    /// Newest first, only those on which something was done.
    pub(in crate::console) lines: Vec<DayLine>,
    /// Events that were taken, as an SVG path.
    pub(in crate::console) taken: String,
    /// Events that were refused, on top of them.
    pub(in crate::console) refused: String,
    /// All of it in a sentence.
    pub(in crate::console) description: String,
    pub(in crate::console) first: String,
    pub(in crate::console) last: String,
    /// The most events of a day.
    pub(in crate::console) peak: String,
}

impl Days {
    /// Whether an event was taken or refused.
    pub(in crate::console) fn has_bars(&self) -> bool {
        !(self.taken.is_empty() && self.refused.is_empty())
    }
}

/// What was done on a day.
pub(in crate::console) struct DayLine {
    pub(in crate::console) day: String,
    pub(in crate::console) events: String,
    pub(in crate::console) retries: String,
    pub(in crate::console) refused: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Day {
    events: u64,
    retries: u64,
    refused: u64,
}

/// When the days that are shown begin.
pub(in crate::console) fn first_day(now: Timestamp) -> Timestamp {
    let today = now.as_seconds().div_euclid(DAY_SECS);
    Timestamp::from_seconds((today - DAYS as i64 + 1) * DAY_SECS)
}

/// The days of these hours, which may be in any order.
pub(in crate::console) fn days_of(hours: &[ConnectorHour], direction: Direction, now: Timestamp) -> Days {
    let first = first_day(now);
    let days = by_day(hours, first);
    let peak = days.iter().map(|day| day.events + day.refused).max().unwrap_or(0);
    let sum = |of: fn(&Day) -> u64| days.iter().map(of).sum();
    let sums =
        DaySums { events: sum(|day| day.events), retries: sum(|day| day.retries), refused: sum(|day| day.refused) };
    let done = days.iter().enumerate().rev().filter(|(_, day)| **day != Day::default());
    let (taken_word, refused_word) = say::fates(direction);
    Days {
        taken_word,
        refused_word,
        lines: done.map(|(index, day)| line(day, &date_of(first, index))).collect(),
        taken: bars(&days, |day| (0, day.events), peak),
        refused: bars(&days, |day| (day.events, day.events + day.refused), peak),
        description: say::days(direction, DAYS, sums),
        first: date_of(first, 0),
        last: date_of(first, DAYS - 1),
        peak: grouped(peak),
    }
}

fn by_day(hours: &[ConnectorHour], first: Timestamp) -> [Day; DAYS] {
    let mut days = [Day::default(); DAYS];
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    for hour in hours {
        let index = (hour.begins_at.as_seconds() - first.as_seconds()).div_euclid(DAY_SECS);
        let Some(day) = usize::try_from(index).ok().and_then(|index| days.get_mut(index)) else { continue };
        day.events += count(hour.events);
        day.retries += count(hour.retries);
        day.refused += count(hour.rejected);
    }
    days
}

/// `2026-11-23`
fn date_of(first: Timestamp, index: usize) -> String {
    let day = first.plus(Duration::from_secs(index as u64 * DAY_SECS.unsigned_abs()));
    day.to_string().chars().take(10).collect()
}

fn line(day: &Day, date: &str) -> DayLine {
    DayLine {
        day: date.to_owned(),
        events: grouped(day.events),
        retries: grouped(day.retries),
        refused: grouped(day.refused),
    }
}

/// Bars from one count to another, of the days on which there is something between the two.
fn bars(days: &[Day; DAYS], part: fn(&Day) -> (u64, u64), peak: u64) -> String {
    let height = |count: u64| BAR_HEIGHT_MAX * count as f64 / peak.max(1) as f64;
    let bar = |(index, day): (usize, &Day)| {
        let (from, to) = part(day);
        let x = index * DAY_WIDTH + DAY_WIDTH / 2;
        // What is there at all is seen.
        let (low, high) = (height(from), height(to).max(height(from) + 1.5));
        (to > from).then(|| format!("M{x} {:.1}V{:.1}", BASE - low, BASE - high))
    };
    days.iter().enumerate().filter_map(bar).collect()
}

#[cfg(test)]
mod tests {
    use daybook_events::ConnectorId;

    use super::*;

    fn hour(time: &str, events: i64, rejected: i64) -> ConnectorHour {
        ConnectorHour {
            connector_id: ConnectorId::random(),
            begins_at: Timestamp::parse_strict(time).unwrap(),
            events,
            bytes: 0,
            batches: 1,
            retries: 2,
            rejected,
            repeated: 0,
            busy_ms: 0,
        }
    }

    #[test]
    fn hours_add_up_to_days_and_what_is_older_is_left_out() {
        let now = Timestamp::parse_strict("2026-11-28T10:00:00Z").unwrap();
        let hours = [
            hour("2026-11-28T00:00:00Z", 10, 0),
            hour("2026-11-28T09:00:00Z", 20, 10),
            hour("2026-10-30T00:00:00Z", 5, 0),
            hour("2026-10-29T23:00:00Z", 1000, 0),
        ];
        let days = days_of(&hours, Direction::Destination, now);
        assert_eq!((days.first.as_str(), days.last.as_str(), days.peak.as_str()), ("2026-10-30", "2026-11-28", "40"));
        let lines: Vec<_> =
            days.lines.iter().map(|it| (it.day.as_str(), it.events.as_str(), it.refused.as_str())).collect();
        assert_eq!(lines, [("2026-11-28", "30", "10"), ("2026-10-30", "5", "0")]);
        assert_eq!((days.taken.as_str(), days.refused.as_str()), ("M5 63.0V55.5M295 63.0V18.0", "M295 18.0V3.0"));
    }

    #[test]
    fn nothing_done_has_no_bars() {
        let days = days_of(&[], Direction::Source, Timestamp::from_seconds(1_772_600_400));
        assert!(days.lines.is_empty() && days.taken.is_empty() && days.refused.is_empty());
    }
}
