//! What is left to do of a batch, attempt by attempt. Pure: the loop around it sends, waits and commits.
//!
//! ```text
//!  todo: [1–500]  ── 413 ──▶ [1–250] [251–500]  ── taken ──▶ [251–500]  ── 400 ──▶ [251–375] [376–500] …  [300] ── 400 ──▶ refused
//! ```
//!
//! Parts are attempted in position order, so that everything before the first part that is left is settled.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use daybook_connectors::{Batch, Delivered, DeliveryError};
use daybook_events::Position;
use daybook_store::NewDeadLetter;

use super::memory::Held;

/// Events refused in a row, with none taken in between, after which it is not the events that are wrong.
const REFUSED_IN_A_ROW_MAX: usize = 1000;

/// A batch on its way.
#[derive(Debug)]
pub(super) struct Work {
    todo: VecDeque<Arc<Batch>>,
    refused: BTreeMap<Position, NewDeadLetter>,
    end: Position,
    /// What its events take, until all of it is settled.
    _held: Held,
}

/// How many events the receiver has refused in a row.
#[derive(Debug, Default)]
pub(super) struct Streak(usize);

/// What an attempt came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Events that were taken.
    pub(super) taken: usize,
    /// Of them, known to have been there already.
    pub(super) repeated: usize,
    /// Events that were refused for good, those that nobody names among them.
    pub(super) refused: usize,
    /// What the refusal, or the wait, was for.
    pub(super) reason: String,
    /// Why to wait before the next attempt.
    pub(super) wait: Option<DeliveryError>,
}

impl Work {
    /// A batch, and the position up to which it speaks for its stream: behind its last event there may be some that the
    /// filter kept.
    pub(super) fn new(batch: Batch, end: Position, held: Held) -> Self {
        let todo = if batch.events.is_empty() { VecDeque::new() } else { VecDeque::from([Arc::new(batch)]) };
        Self { todo, refused: BTreeMap::new(), end, _held: held }
    }

    /// What to attempt next.
    pub(super) fn next(&self) -> Option<Arc<Batch>> {
        self.todo.front().cloned()
    }

    /// Breaks off the first event of what is next, for an attempt that may well fail.
    pub(super) fn split_off_one(&mut self) {
        let Some(batch) = self.todo.pop_front() else { return };
        if batch.events.len() > 1 {
            self.todo.push_front(Arc::new(batch.slice(1..batch.events.len())));
        }
        self.todo.push_front(Arc::new(batch.slice(0..1)));
    }

    /// The last position before which everything is taken or refused.
    pub(super) fn settled(&self) -> Position {
        let first_left = self.todo.iter().map(|batch| batch.first()).min();
        first_left.map_or(self.end, |first| Position::new(first.get() - 1))
    }

    /// The refused events up to there.
    pub(super) fn take_refused(&mut self) -> Vec<NewDeadLetter> {
        let later = self.refused.split_off(&self.settled().next());
        std::mem::replace(&mut self.refused, later).into_values().collect()
    }

    /// Takes what came of an attempt at [`next`](Self::next).
    pub(super) fn settle(&mut self, came: Result<Delivered, DeliveryError>, streak: &mut Streak) -> Outcome {
        let Some(batch) = self.todo.pop_front() else { return Outcome::default() };
        match came {
            Ok(delivered) => self.settle_delivered(&batch, delivered, streak),
            Err(error) => self.settle_error(batch, error, streak),
        }
    }

    fn settle_delivered(&mut self, batch: &Batch, delivered: Delivered, streak: &mut Streak) -> Outcome {
        let left = delivered.unsettled.as_ref().map_or(0, |unsettled| unsettled.indices.len());
        let refused = delivered.rejected.len();
        let unnamed = delivered.refused_unnamed.as_ref().map_or(0, |unnamed| unnamed.count);
        let taken = batch.events.len().saturating_sub(left + refused + unnamed);
        let mut outcome = Outcome { taken, repeated: delivered.repeated, ..Outcome::default() };
        if taken > 0 {
            streak.0 = 0;
        }
        let room = REFUSED_IN_A_ROW_MAX.saturating_sub(streak.0);
        if taken == 0 && refused > room {
            streak.0 = REFUSED_IN_A_ROW_MAX;
            return self.refuse_as_many(batch, delivered, room);
        }
        streak.0 = (streak.0 + refused).min(REFUSED_IN_A_ROW_MAX);
        outcome.refused = refused + unnamed;
        outcome.reason = delivered.refused_unnamed.map(|unnamed| unnamed.reason).unwrap_or_default();
        for rejected in delivered.rejected {
            outcome.reason.clone_from(&rejected.reason);
            self.refuse(batch, rejected.index, rejected.reason);
        }
        let Some(unsettled) = delivered.unsettled else { return outcome };
        let rest = Arc::new(batch.pick(&unsettled.indices));
        if rest.events.is_empty() {
            return outcome;
        }
        let after = self.settle_error(rest, unsettled.error, streak);
        Outcome { refused: outcome.refused + after.refused, wait: after.wait, reason: after.reason, ..outcome }
    }

    /// Keeps as many of a batch's refused events as dead letters as may be, so that each time somebody resumes the
    /// destination it gets further, and puts everything else back.
    fn refuse_as_many(&mut self, batch: &Batch, mut delivered: Delivered, room: usize) -> Outcome {
        delivered.rejected.sort_by_key(|rejected| rejected.index);
        let back = delivered.rejected.split_off(room.min(delivered.rejected.len()));
        let reason = back.first().map(|rejected| rejected.reason.clone()).unwrap_or_default();
        let left = delivered.unsettled.map(|unsettled| unsettled.indices).unwrap_or_default();
        let mut rest: Vec<usize> = back.iter().map(|rejected| rejected.index).chain(left).collect();
        rest.sort_unstable();
        self.todo.push_front(Arc::new(batch.pick(&rest)));
        let refused = delivered.rejected.len();
        for rejected in delivered.rejected {
            self.refuse(batch, rejected.index, rejected.reason);
        }
        Outcome { refused, ..Outcome::default() }.waiting(refuses_everything(&reason))
    }

    fn settle_error(&mut self, batch: Arc<Batch>, error: DeliveryError, streak: &mut Streak) -> Outcome {
        match error {
            DeliveryError::Retry { .. } | DeliveryError::Stop { .. } => {
                self.todo.push_front(batch);
                Outcome::default().waiting(error)
            }
            DeliveryError::TooLarge { reason } | DeliveryError::Refused { reason } if batch.events.len() == 1 => {
                if streak.0 >= REFUSED_IN_A_ROW_MAX {
                    self.todo.push_front(batch);
                    return Outcome::default().waiting(refuses_everything(&reason));
                }
                streak.0 += 1;
                self.refuse(&batch, 0, reason.clone());
                Outcome { refused: 1, reason, ..Outcome::default() }
            }
            DeliveryError::TooLarge { reason } | DeliveryError::Refused { reason } => {
                let middle = batch.events.len() / 2;
                self.todo.push_front(Arc::new(batch.slice(middle..batch.events.len())));
                self.todo.push_front(Arc::new(batch.slice(0..middle)));
                Outcome { reason, ..Outcome::default() }
            }
        }
    }

    fn refuse(&mut self, batch: &Batch, index: usize, reason: String) {
        let Some(event) = batch.events.get(index) else { return };
        let letter = NewDeadLetter {
            position: event.position,
            event_time: event.time,
            reason,
            payload: event.stored.to_string(),
        };
        self.refused.insert(event.position, letter);
    }
}

impl Outcome {
    fn waiting(self, error: DeliveryError) -> Self {
        Self { reason: error.to_string(), wait: Some(error), ..self }
    }
}

fn refuses_everything(reason: &str) -> DeliveryError {
    DeliveryError::stop(
        format!("{REFUSED_IN_A_ROW_MAX} events in a row were refused, the last one with: {reason}"),
        "it is not the events: check format, index, table or parser at the receiver; resume the destination to go on",
    )
}

#[cfg(test)]
mod tests {
    use daybook_connectors::{OutgoingEvent, RefusedUnnamed, Rejected, Unsettled};
    use daybook_events::{AUDIT_EVENTS, Timestamp};

    use super::{super::memory::Memory, *};

    fn work(count: i64) -> Work {
        let time = Timestamp::from_seconds(0);
        let event = |n| OutgoingEvent::raw(&AUDIT_EVENTS, Position::new(n), (time, time), "{}");
        let events = (1..=count).map(event).collect();
        let account = "A".repeat(26).parse().unwrap();
        let batch = Batch { account, feature: AUDIT_EVENTS, events };
        Work::new(batch, Position::new(count + 5), Memory::of_mib(1).hold(0))
    }

    /// A receiver that refuses these positions, alone or with others.
    fn deliver_to_picky(work: &mut Work, bad: &[i64]) -> usize {
        let (mut attempts, mut streak) = (0, Streak::default());
        while let Some(batch) = work.next() {
            attempts += 1;
            let is_bad = batch.events.iter().any(|event| bad.contains(&event.position.get()));
            let came = if is_bad { Err(DeliveryError::refused("bad")) } else { Ok(Delivered::all()) };
            assert_eq!(work.settle(came, &mut streak).wait, None);
        }
        attempts
    }

    #[test]
    fn one_poison_event_in_a_thousand_is_found_and_the_rest_taken() {
        let mut work = work(1000);
        let attempts = deliver_to_picky(&mut work, &[317]);
        assert!(attempts <= 2 * 10 + 1, "{attempts}");
        assert_eq!(work.settled(), Position::new(1005));
        let refused: Vec<i64> = work.take_refused().iter().map(|letter| letter.position.get()).collect();
        assert_eq!(refused, [317]);
    }

    #[test]
    fn parts_keep_their_order() {
        let mut work = work(8);
        let mut streak = Streak::default();
        let mut taken = Vec::new();
        while let Some(batch) = work.next() {
            let came = if batch.events.len() > 2 { Err(DeliveryError::too_large("413")) } else { Ok(Delivered::all()) };
            if came.is_ok() {
                taken.extend(batch.events.iter().map(|event| event.position.get()));
            }
            work.settle(came, &mut streak);
        }
        assert_eq!(taken, (1..=8).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_left_is_attempted_again_and_nothing_else() {
        let mut work = work(4);
        let mut streak = Streak::default();
        let unsettled = Unsettled { indices: vec![1, 3], error: DeliveryError::retry("429") };
        let rejected = vec![Rejected { index: 2, reason: "no".into() }];
        let outcome =
            work.settle(Ok(Delivered { rejected, unsettled: Some(unsettled), ..Delivered::default() }), &mut streak);
        assert_eq!((outcome.taken, outcome.refused), (1, 1));
        assert!(matches!(outcome.wait, Some(DeliveryError::Retry { .. })));
        assert_eq!(work.settled(), Position::new(1));
        assert!(work.take_refused().is_empty(), "the refused event stands behind one that is left");
        let left: Vec<i64> = work.next().unwrap().events.iter().map(|event| event.position.get()).collect();
        assert_eq!(left, [2, 4]);
        work.settle(Ok(Delivered::all()), &mut streak);
        assert_eq!((work.settled(), work.take_refused().len()), (Position::new(9), 1));
    }

    #[test]
    fn a_receiver_that_refuses_everything_is_stopped_before_all_is_dead() {
        let mut work = work(5000);
        let mut streak = Streak::default();
        let mut refused = 0;
        loop {
            let outcome = work.settle(Err(DeliveryError::refused("bad mapping")), &mut streak);
            refused += outcome.refused;
            if let Some(wait) = outcome.wait {
                assert!(
                    matches!(&wait, DeliveryError::Stop { reason, .. } if reason.contains("bad mapping")),
                    "{wait:?}"
                );
                break;
            }
        }
        assert_eq!(refused, REFUSED_IN_A_ROW_MAX);
        assert_eq!(work.take_refused().len(), REFUSED_IN_A_ROW_MAX);
        assert_eq!(work.settled(), Position::new(1000));
    }

    #[test]
    fn many_refused_beside_others_that_are_taken_stop_nothing() {
        let mut work = work(3000);
        let rejected: Vec<Rejected> = (0..1500).map(|index| Rejected { index, reason: "mapping".into() }).collect();
        let outcome = work.settle(Ok(Delivered { rejected, ..Delivered::default() }), &mut Streak::default());
        assert_eq!((outcome.taken, outcome.refused, outcome.wait), (1500, 1500, None));
        assert_eq!((work.settled(), work.take_refused().len()), (Position::new(3005), 1500));
    }

    #[test]
    fn refused_events_that_nobody_names_are_counted_and_are_no_dead_letters() {
        let mut work = work(10);
        let unnamed = RefusedUnnamed { count: 3, reason: "too old".into() };
        let delivered = Delivered { refused_unnamed: Some(unnamed), ..Delivered::default() };
        let outcome = work.settle(Ok(delivered), &mut Streak::default());
        assert_eq!((outcome.taken, outcome.refused, outcome.reason.as_str()), (7, 3, "too old"));
        assert_eq!((work.settled(), work.take_refused().len()), (Position::new(15), 0));
    }

    #[test]
    fn a_batch_that_is_refused_whole_gets_further_each_time_it_is_resumed() {
        let mut work = work(2500);
        let refuse_all = |work: &Work| {
            let count = work.next().unwrap().events.len();
            let rejected = (0..count).map(|index| Rejected { index, reason: "no such index".into() }).collect();
            Ok(Delivered { rejected, ..Delivered::default() })
        };
        for expected in [1000, 2000] {
            // Somebody resumes it: the streak begins anew.
            let mut streak = Streak::default();
            let came = refuse_all(&work);
            let outcome = work.settle(came, &mut streak);
            assert!(matches!(outcome.wait, Some(DeliveryError::Stop { .. })), "{outcome:?}");
            assert_eq!((outcome.refused, work.settled()), (1000, Position::new(expected)));
            let came = refuse_all(&work);
            assert_eq!(work.settle(came, &mut streak).refused, 0, "until then no further");
        }
        let came = refuse_all(&work);
        assert_eq!(work.settle(came, &mut Streak::default()).wait, None);
        assert_eq!((work.settled(), work.take_refused().len()), (Position::new(2505), 2500));
    }

    #[test]
    fn a_probe_is_one_event() {
        let mut work = work(3);
        work.split_off_one();
        assert_eq!(work.next().unwrap().events.len(), 1);
        work.settle(Ok(Delivered::all()), &mut Streak::default());
        assert_eq!((work.settled(), work.next().unwrap().events.len()), (Position::new(1), 2));
    }

    #[test]
    fn an_empty_batch_speaks_for_what_was_passed_over() {
        let work = work(0);
        assert!(work.next().is_none());
        assert_eq!(work.settled(), Position::new(5));
    }
}
