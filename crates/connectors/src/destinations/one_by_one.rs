//! What came of a batch of which each event is a request of its own.

use std::ops::ControlFlow;

use crate::{Batch, Delivered, DeliveryError, Rejected, Unsettled};

/// The outcomes of a batch's events, in order, up to the first that does not get through.
#[derive(Debug)]
pub(super) struct OneByOne {
    event_count: usize,
    settled_count: usize,
    rejected: Vec<Rejected>,
}

impl OneByOne {
    /// None of a batch yet.
    pub(super) fn of(batch: &Batch) -> Self {
        Self { event_count: batch.events.len(), settled_count: 0, rejected: Vec::new() }
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
            Err(error) => {
                let unsettled = Some(Unsettled { indices: (index..self.event_count).collect(), error });
                let rejected = std::mem::take(&mut self.rejected);
                return ControlFlow::Break(Ok(Delivered { rejected, unsettled, ..Delivered::default() }));
            }
        }
        self.settled_count += 1;
        ControlFlow::Continue(())
    }

    /// What came of the batch: all its events were tried.
    pub(super) fn end(self) -> Delivered {
        Delivered { rejected: self.rejected, ..Delivered::default() }
    }
}
