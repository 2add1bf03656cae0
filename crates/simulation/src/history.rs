//! The history in arrival order, made a day at a time.
//!
//! A local day begins up to twelve hours before its UTC day, so once every person's day *d* is drafted, nothing can
//! arrive any more before ten o'clock of UTC day *d*: what arrives earlier is sorted and handed out, the rest waits for
//! the next day. About one and a half days of drafts are held, some hundred bytes each; events are written one by one.

use std::{mem, vec};

use crate::{
    SimulatedEvent,
    company::Company,
    day,
    draft::Draft,
    random::Purpose,
    rhythm::{DAY_NANOS, HOUR_NANOS},
};

/// How far before its UTC day a local day can begin, and some slack.
const EARLIEST_NANOS: i64 = 14 * HOUR_NANOS;

/// A draft with its number, which makes its id and decides among arrivals of the same nanosecond.
type Numbered = (u64, Draft);

/// The events of a company's history.
pub(crate) struct History<'a> {
    company: &'a Company,
    next_day: i64,
    last_day: i64,
    numbered: u64,
    pending: Vec<Numbered>,
    ready: vec::IntoIter<Numbered>,
    scratch: Vec<Draft>,
}

impl<'a> History<'a> {
    /// The history from its beginning.
    pub(crate) fn new(company: &'a Company) -> Self {
        let mut history = Self {
            company,
            next_day: company.start_nanos.div_euclid(DAY_NANOS) - 1,
            last_day: company.end_nanos.div_euclid(DAY_NANOS) + 1,
            numbered: 0,
            pending: Vec::new(),
            ready: Vec::new().into_iter(),
            scratch: company.incidents.clone(),
        };
        history.number_drafts();
        history
    }

    /// Drafts the next day and makes ready what can have no predecessor any more.
    fn draft_day(&mut self) {
        for index in 0..self.company.people.len() as u32 {
            day::write_day(self.company, index, self.next_day, &mut self.scratch);
        }
        self.number_drafts();
        self.pending.sort_unstable_by_key(|(number, draft)| (draft.arrival_nanos, *number));
        let horizon_nanos = (self.next_day + 1) * DAY_NANOS - EARLIEST_NANOS;
        let count = self.pending.partition_point(|(_, draft)| draft.arrival_nanos < horizon_nanos);
        let rest = if self.next_day == self.last_day { Vec::new() } else { self.pending.split_off(count) };
        self.ready = mem::replace(&mut self.pending, rest).into_iter();
        self.next_day += 1;
    }

    /// Numbers what happens and arrives within the history and forgets the rest.
    fn number_drafts(&mut self) {
        let (start_nanos, end_nanos) = (self.company.start_nanos, self.company.end_nanos);
        for draft in self.scratch.drain(..) {
            if draft.time_nanos >= start_nanos && draft.arrival_nanos < end_nanos {
                self.pending.push((self.numbered, draft));
                self.numbered += 1;
            }
        }
    }
}

impl Iterator for History<'_> {
    type Item = SimulatedEvent;

    fn next(&mut self) -> Option<SimulatedEvent> {
        loop {
            if let Some((number, draft)) = self.ready.next() {
                return Some(draft.write(self.company, self.company.source.id(Purpose::Event, number, 0)));
            }
            if self.next_day > self.last_day {
                return None;
            }
            self.draft_day();
        }
    }
}
