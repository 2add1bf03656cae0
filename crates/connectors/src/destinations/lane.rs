//! Writes on the hub's own machine, one after the other, each on a thread of its own that is waited for only so long.
//!
//! A system call that hangs (a file server that is gone, a pipe that nobody reads) cannot be broken off. Its thread is left
//! behind and goes on; until it has ended, no other write begins, so that there is never more than one, and none of two
//! halves. A write that ended late and well is not repeated.
//!
//! ```text
//!  attempt 1 ──▶ thread ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ done
//!           └─ time is up: retry                            │
//!  attempt 2 of the same batch ──────── waits for it ───────┴─▶ taken, without another write
//! ```

use std::{io, time::Duration};

use tokio::{
    sync::{Mutex, oneshot},
    time::timeout,
};

use crate::{DeliveryError, Setting, description::Form};

/// How long a batch may take.
pub(super) const TIMEOUT: Setting =
    Setting::new("timeout_secs", Form::Number { min: 1, max: 600 }, "Seconds in which a batch must be written.")
        .or("30");

/// The writes of one connector. `T` is what comes of one.
#[derive(Debug)]
pub(super) struct Lane<T>(Mutex<Option<Pending<T>>>);

/// A write that has begun.
#[derive(Debug)]
struct Pending<T> {
    /// Of which batch.
    batch_id: String,
    came: oneshot::Receiver<T>,
}

/// Why nothing came of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It had not ended in time, or an earlier one had not.
    Late,
    /// Its thread could not be started, or ended in a panic.
    Thread,
}

impl Lost {
    /// What to do about it: it may pass.
    pub(super) fn error(&self, place: &str, time_max: Duration) -> DeliveryError {
        DeliveryError::retry(match self {
            Self::Late => format!(
                "writing to {place} had not ended after {} s; look at its disk, its file server, or what reads it",
                time_max.as_secs()
            ),
            Self::Thread => format!("writing to {place} did not end as it should; the hub's log says why"),
        })
    }
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Send + 'static> Lane<T> {
    /// Does a batch's write, or takes what came of the same one's earlier write if that `is_good`.
    ///
    /// # Errors
    ///
    /// It is not known whether it was written.
    pub(super) async fn run(
        &self,
        batch_id: String,
        time_max: Duration,
        write: impl FnOnce() -> T + Send + 'static,
        is_good: impl Fn(&T) -> bool,
    ) -> Result<T, Lost> {
        let whole = async {
            let mut pending = self.0.lock().await;
            if let Some(earlier) = &mut *pending {
                let came = (&mut earlier.came).await;
                let earlier = pending.take();
                match came {
                    Ok(came) if is_good(&came) && earlier.is_some_and(|it| it.batch_id == batch_id) => return Ok(came),
                    _ => {}
                }
            }
            let begun = pending.insert(Pending { batch_id, came: begin(write).map_err(|_| Lost::Thread)? });
            let came = (&mut begun.came).await;
            *pending = None;
            came.map_err(|_| Lost::Thread)
        };
        timeout(time_max, whole).await.unwrap_or(Err(Lost::Late))
    }
}

/// A thread outside of the runtime, which does not wait for it when the hub ends.
fn begin<T: Send + 'static>(write: impl FnOnce() -> T + Send + 'static) -> io::Result<oneshot::Receiver<T>> {
    let (tell, came) = oneshot::channel();
    std::thread::Builder::new().name("write".to_owned()).spawn(move || {
        // Nobody may be left who wants to know.
        let _ = tell.send(write());
    })?;
    Ok(came)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(60);

    /// A write that counts itself and hangs until it is let go.
    fn hanging(writes: &Arc<AtomicUsize>) -> (mpsc::Sender<()>, impl FnOnce() -> bool + use<>) {
        let (let_go, hangs) = mpsc::channel::<()>();
        let writes = Arc::clone(writes);
        let write = move || {
            writes.fetch_add(1, Ordering::SeqCst);
            hangs.recv().is_ok()
        };
        (let_go, write)
    }

    fn counted(writes: &Arc<AtomicUsize>) -> impl FnOnce() -> bool + use<> {
        let writes = Arc::clone(writes);
        move || {
            writes.fetch_add(1, Ordering::SeqCst);
            true
        }
    }

    #[tokio::test]
    async fn a_write_that_hangs_is_given_up_and_none_begins_beside_it() {
        let (lane, writes) = (Lane::default(), Arc::new(AtomicUsize::new(0)));
        let (_let_go, write) = hanging(&writes);
        assert_eq!(lane.run("1".into(), SHORT, write, |good| *good).await, Err(Lost::Late));
        for batch_id in ["1", "2"] {
            let again = lane.run(batch_id.into(), SHORT, counted(&writes), |good| *good).await;
            assert_eq!(again, Err(Lost::Late));
        }
        assert_eq!(writes.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_ended_late_and_well_is_not_written_twice() {
        let (lane, writes) = (Lane::default(), Arc::new(AtomicUsize::new(0)));
        let (let_go, write) = hanging(&writes);
        assert_eq!(lane.run("1".into(), SHORT, write, |good| *good).await, Err(Lost::Late));
        let_go.send(()).unwrap();
        assert_eq!(lane.run("1".into(), LONG, counted(&writes), |good| *good).await, Ok(true));
        assert_eq!(writes.load(Ordering::SeqCst), 1);
        assert_eq!(lane.run("1".into(), LONG, counted(&writes), |good| *good).await, Ok(true));
        assert_eq!(writes.load(Ordering::SeqCst), 2, "another attempt at it is another write");
    }

    #[tokio::test]
    async fn what_ended_late_is_written_again_if_it_failed_or_was_another() {
        for (batch_id, is_let_go) in [("1", false), ("2", true)] {
            let (lane, writes) = (Lane::default(), Arc::new(AtomicUsize::new(0)));
            let (let_go, write) = hanging(&writes);
            assert_eq!(lane.run("1".into(), SHORT, write, |good| *good).await, Err(Lost::Late));
            if is_let_go {
                let_go.send(()).unwrap();
            }
            drop(let_go);
            assert_eq!(lane.run(batch_id.into(), LONG, counted(&writes), |good| *good).await, Ok(true));
            assert_eq!(writes.load(Ordering::SeqCst), 2, "{batch_id}");
        }
    }

    #[tokio::test]
    async fn a_thread_that_panics_is_told() {
        let lane = Lane::<bool>::default();
        let came = lane.run("1".into(), LONG, || panic!("a fault of ours, as told in this test"), |good| *good).await;
        assert_eq!(came, Err(Lost::Thread));
        assert_eq!(lane.run("1".into(), LONG, || true, |good| *good).await, Ok(true));
    }
}
