//! The hub's own readers: each is a loop that wakes, takes leases, does its work, commits its cursor.

mod backoff;
mod board;
mod delivery;
mod packer;
mod retention;
mod sources;
mod token_ends;
mod token_uses;

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};

pub(crate) use board::Board;
pub(crate) use token_uses::TokenUses;

use crate::state::App;

const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// The running workers, and the word that ends them.
#[derive(Debug)]
pub(crate) struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts every worker.
    pub(crate) fn start(app: &App) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(packer::run(app.clone(), Pause(stopped.clone()))),
            tokio::spawn(retention::run(app.clone(), Pause(stopped.clone()))),
            tokio::spawn(token_uses::run(app.clone(), Pause(stopped.clone()))),
            tokio::spawn(token_ends::run(app.clone(), Pause(stopped.clone()))),
            tokio::spawn(sources::run(app.clone(), Pause(stopped.clone()))),
            tokio::spawn(delivery::run(app.clone(), Pause(stopped.clone()))),
            tokio::spawn(keep_metrics_small(app.clone(), Pause(stopped))),
        ];
        Self { stop, tasks }
    }

    /// Lets every worker finish what it is at, and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            // A panic in a worker has been reported where it happened.
            let _ = task.await;
        }
    }
}

/// Folds what was measured into sums: without it, measurements would pile up until somebody asks for them.
async fn keep_metrics_small(app: App, mut pause: Pause) {
    while pause.take(METRICS_UPKEEP).await {
        app.metrics.run_upkeep();
    }
}

/// The pause between two rounds of a worker.
pub(crate) struct Pause(watch::Receiver<bool>);

impl Pause {
    /// Waits; false when the worker is to end.
    async fn take(&mut self, duration: Duration) -> bool {
        let stopped = tokio::time::timeout(duration, self.0.wait_for(|stop| *stop)).await;
        stopped.is_err()
    }

    /// Waits, or until there is a signal that this worker has not seen; false when the worker is to end.
    async fn take_until(&mut self, duration: Duration, signal: &mut watch::Receiver<()>) -> bool {
        tokio::select! {
            goes_on = self.take(duration) => goes_on,
            // Who gives signals is there for as long as the workers.
            _ = signal.changed() => true,
        }
    }

    fn is_over(&self) -> bool {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AN_HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_signal_reaches_every_worker_and_one_that_was_busy_too() {
        let (stop, stopped) = watch::channel(false);
        let signal = watch::Sender::new(());
        let (mut waiting, mut busy) = (Pause(stopped.clone()), Pause(stopped));
        let (mut seen_by_waiting, mut seen_by_busy) = (signal.subscribe(), signal.subscribe());
        let told = tokio::spawn(async move {
            let goes_on = waiting.take_until(AN_HOUR, &mut seen_by_waiting).await;
            (waiting, seen_by_waiting, goes_on)
        });
        tokio::task::yield_now().await;
        signal.send_replace(());
        let (mut waiting, mut seen_by_waiting, goes_on) = told.await.unwrap();
        assert!(goes_on && busy.take_until(AN_HOUR, &mut seen_by_busy).await);
        // Once seen, it is over.
        assert!(waiting.take_until(Duration::from_millis(1), &mut seen_by_waiting).await);
        assert!(!seen_by_waiting.has_changed().unwrap());
        stop.send_replace(true);
        assert!(!waiting.take_until(AN_HOUR, &mut seen_by_waiting).await);
    }
}
