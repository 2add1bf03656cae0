//! Cursors that are to move together do so in one transaction: a hundred streams cost no more than one.

use std::sync::Arc;

use daybook_events::Position;
use daybook_store::{CursorStore, Lease, StoreError};
use tokio::sync::{mpsc, oneshot};

/// Moves in one transaction, at the most.
const MOVES_MAX: usize = 256;

/// Moves cursors, many at a time. Clones share the queue.
#[derive(Debug, Clone)]
pub(super) struct Committer(mpsc::Sender<Move>);

#[derive(Debug)]
struct Move {
    lease: Lease,
    position: Position,
    answer: oneshot::Sender<Result<(), CommitError>>,
}

/// A cursor that has not moved.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub(super) struct CommitError(pub(super) Arc<StoreError>);

impl Committer {
    /// A committer, at work until its last clone is gone.
    pub(super) fn start(cursors: CursorStore) -> Self {
        let (moves, waiting) = mpsc::channel(MOVES_MAX);
        tokio::spawn(run(cursors, waiting));
        Self(moves)
    }

    /// Moves a cursor, after its effect is done.
    ///
    /// # Errors
    ///
    /// What the store says: `Conflict` when the lease is lost.
    pub(super) async fn commit(&self, lease: &Lease, position: Position) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        let closed = || CommitError(Arc::new(StoreError::Closed));
        let sent = self.0.send(Move { lease: lease.clone(), position, answer }).await;
        sent.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

async fn run(cursors: CursorStore, mut waiting: mpsc::Receiver<Move>) {
    let mut moves = Vec::new();
    while waiting.recv_many(&mut moves, MOVES_MAX).await > 0 {
        let asked: Vec<(Lease, Position)> = moves.iter().map(|it| (it.lease.clone(), it.position)).collect();
        match cursors.commit_all(&asked).await {
            Ok(outcomes) => {
                for (it, outcome) in moves.drain(..).zip(outcomes) {
                    // Whoever asked may have been stopped.
                    let _ = it.answer.send(outcome.map_err(|error| CommitError(Arc::new(error))));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for it in moves.drain(..) {
                    let _ = it.answer.send(Err(CommitError(Arc::clone(&error))));
                }
            }
        }
    }
}
