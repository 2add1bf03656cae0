//! What came of a batch of which each event is a request of its own.

use std::{ops::ControlFlow, time::Duration};

use daybook_events::{Clock, Timestamp};

use crate::{Batch, Delivered, DeliveryError, Rejected, Unsettled};

/// How long one attempt goes on from event to event. What is taken by then is settled, so that it gets committed; the
/// request that is under way has its own timeout beyond this.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);

/// The outcomes of a batch's events, in order, up to the first that does not get through, or to the end of the time.
#[derive(Debug)]
pub(super) struct OneByOne<'a> {
    clock: &'a dyn Clock,
    /// When the last event began; the clock may step back, and the time spent does not.
    noted_at: Timestamp,
    spent: Duration,
    event_count: usize,
    settled_count: usize,
    rejected: Vec<Rejected>,
}

impl<'a> OneByOne<'a> {
    /// None of a batch yet; the time begins.
    pub(super) fn of(batch: &Batch, clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            noted_at: clock.now(),
            spent: Duration::ZERO,
            event_count: batch.events.len(),
            settled_count: 0,
            rejected: Vec::new(),
        }
    }

    /// Notes the outcome of the next event. A break is what came of the batch: the others have to wait.
    pub(super) fn note(&mut self, outcome: Result<(), DeliveryError>) -> ControlFlow<Result<Delivered, DeliveryError>> {
        let index = self.settled_count;
        match outcome {
            Ok(()) => {}
            Err(DeliveryError::Refused { reason } | DeliveryError::TooLarge { reason }) => {
                self.rejected.push(Rejected { index, reason });
            }
            Err(error) if index == 0 => return ControlFlow::Break(Err(error)),
            Err(error) => return ControlFlow::Break(Ok(self.broken_off(error))),
        }
        self.settled_count += 1;
        let now = self.clock.now();
        self.spent += now.since(self.noted_at);
        self.noted_at = now;
        if self.spent >= ATTEMPT_MAX && self.settled_count < self.event_count {
            let error = self.slow();
            return ControlFlow::Break(Ok(self.broken_off(error)));
        }
        ControlFlow::Continue(())
    }

    /// What came of the batch: all its events were tried.
    pub(super) fn end(self) -> Delivered {
        Delivered { rejected: self.rejected, ..Delivered::default() }
    }

    /// What is settled so far, and the others for another attempt.
    fn broken_off(&mut self, error: DeliveryError) -> Delivered {
        let unsettled = Some(Unsettled { indices: (self.settled_count..self.event_count).collect(), error });
        Delivered { rejected: std::mem::take(&mut self.rejected), unsettled, ..Delivered::default() }
    }

    /// Nothing is wrong with the receiver but its pace: the rest follows at once.
    fn slow(&self) -> DeliveryError {
        let (settled, all, secs) = (self.settled_count, self.event_count, self.spent.as_secs());
        let reason =
            format!("the receiver took {settled} of {all} events in {secs} s, a request each; the rest follows");
        DeliveryError::Retry { reason, after: Some(Duration::ZERO) }
    }
}

#[cfg(test)]
mod tests {
    use daybook_events::FixedClock;

    use super::*;
    use crate::testing;

    fn indices(flow: ControlFlow<Result<Delivered, DeliveryError>>) -> Vec<usize> {
        match flow {
            ControlFlow::Break(Ok(Delivered { unsettled: Some(unsettled), .. })) => unsettled.indices,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_attempt_ends_when_its_time_is_up_with_what_is_settled_by_then() {
        let (clock, batch) = (FixedClock::at(Timestamp::from_seconds(1000)), testing::batch("auditevents", 4));
        let mut outcomes = OneByOne::of(&batch, &clock);
        clock.advance(ATTEMPT_MAX / 2);
        assert!(outcomes.note(Err(DeliveryError::refused("bad"))).is_continue());
        clock.advance(ATTEMPT_MAX / 2);
        let ControlFlow::Break(Ok(delivered)) = outcomes.note(Ok(())) else { panic!("the time is up") };
        assert_eq!(delivered.rejected, [Rejected { index: 0, reason: "bad".to_owned() }]);
        let unsettled = delivered.unsettled.unwrap();
        assert_eq!(unsettled.indices, [2, 3]);
        let at_once = Some(Duration::ZERO);
        assert!(matches!(&unsettled.error, DeliveryError::Retry { after, .. } if *after == at_once), "{unsettled:?}");
    }

    #[test]
    fn the_last_event_ends_a_batch_however_late() {
        let (clock, batch) = (FixedClock::at(Timestamp::from_seconds(1000)), testing::batch("auditevents", 1));
        let mut outcomes = OneByOne::of(&batch, &clock);
        clock.advance(ATTEMPT_MAX * 9);
        assert!(outcomes.note(Ok(())).is_continue());
        assert_eq!(outcomes.end(), Delivered::all());
    }

    #[test]
    fn a_clock_that_steps_back_gives_no_more_time() {
        let (clock, batch) = (FixedClock::at(Timestamp::from_seconds(1000)), testing::batch("auditevents", 4));
        let mut outcomes = OneByOne::of(&batch, &clock);
        clock.advance(ATTEMPT_MAX / 2);
        assert!(outcomes.note(Ok(())).is_continue());
        clock.set(Timestamp::from_seconds(0));
        assert!(outcomes.note(Ok(())).is_continue());
        clock.advance(ATTEMPT_MAX / 2);
        assert_eq!(indices(outcomes.note(Ok(()))), [3]);
    }

    #[test]
    fn the_first_failure_leaves_the_rest_for_later() {
        let (clock, batch) = (FixedClock::at(Timestamp::from_seconds(1000)), testing::batch("auditevents", 3));
        let mut outcomes = OneByOne::of(&batch, &clock);
        let busy = || DeliveryError::retry("busy");
        assert_eq!(OneByOne::of(&batch, &clock).note(Err(busy())), ControlFlow::Break(Err(busy())));
        assert!(outcomes.note(Ok(())).is_continue());
        assert_eq!(indices(outcomes.note(Err(busy()))), [1, 2]);
    }
}
