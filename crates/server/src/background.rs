//! Work that gives way to what answers requests, on threads of a lower priority.
//!
//! What is appended is acknowledged at once and can be delivered at any time after, since the log is the buffer. So
//! while there is more to append than the machine can, appends come first, and what is on its way to destinations gets
//! less of everything that the two share: of the processors, by the priority of threads; of the store and the disk, by
//! turns. On a machine that is not busy neither holds anything back.
//!
//! Nothing that holds a lock of the store belongs on these threads: whoever waits for the lock would wait at their
//! priority.

use std::{
    future::Future,
    io,
    num::NonZero,
    panic::resume_unwind,
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{Mutex, OwnedMutexGuard, Semaphore},
    task::JoinSet,
};

use crate::pressure::Pressure;

/// While appends press, all turns together take one part of the time, and leave so many to the appends.
const REST_PARTS: u32 = 9;
/// The longest rest after a turn: one that was held up itself costs the others no more than this.
const REST_MAX: Duration = Duration::from_millis(500);

/// The threads. They end with it.
#[derive(Debug)]
pub(crate) struct Background {
    /// `None` only while it ends.
    runtime: Option<Runtime>,
    /// One for each computation that may run at once.
    room: Arc<Semaphore>,
    pressure: Pressure,
    gate: Arc<Mutex<()>>,
}

/// A turn at the store and the disk; over when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    began: Instant,
    /// Closed to others, and for the rest after; `None` while nothing presses.
    gate: Option<OwnedMutexGuard<()>>,
    handle: Handle,
}

impl Background {
    /// A thread for each processor, and as many for computations, each that much nicer than the thread that asks. On
    /// systems other than Linux niceness belongs to processes: there they are threads like all others.
    ///
    /// # Errors
    ///
    /// The system has no threads left.
    pub(crate) fn start(niceness: u8, pressure: Pressure) -> io::Result<Self> {
        let threads = available_parallelism().map_or(1, NonZero::get);
        let priority = priority() + i32::from(niceness);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("daybook-behind")
            .on_thread_start(move || give_way(priority))
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime), room: Arc::new(Semaphore::new(threads)), pressure, gate: Arc::default() })
    }

    /// Runs what mostly waits. It is broken off when nobody waits for it any more; its panic is the caller's.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        // Which aborts when it is dropped.
        let mut tasks = JoinSet::new();
        tasks.spawn_on(work, self.runtime().handle());
        result_of(&mut tasks).await
    }

    /// Runs what computes, after those that came before. Once begun it goes to its end; its panic is the caller's.
    pub(crate) async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let room = Arc::clone(&self.room).acquire_owned().await.expect("the semaphore is never closed");
        let mut tasks = JoinSet::new();
        let with_room = move || {
            let result = work();
            drop(room);
            result
        };
        tasks.spawn_blocking_on(with_room, self.runtime().handle());
        result_of(&mut tasks).await
    }

    /// Waits for a turn: at once as a rule, and one after the other with rests in between while appends press. The order is
    /// that of asking, so nobody waits for ever.
    pub(crate) async fn turn(&self) -> Turn {
        let gate = if self.pressure.is_high() { Some(Arc::clone(&self.gate).lock_owned().await) } else { None };
        Turn { began: Instant::now(), gate, handle: self.runtime().handle().clone() }
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is taken only when this is dropped")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            let rest = (self.began.elapsed() * REST_PARTS).min(REST_MAX);
            self.handle.spawn(async move {
                tokio::time::sleep(rest).await;
                drop(gate);
            });
        }
    }
}

impl Drop for Background {
    /// Waits for nothing: what is still running was told to stop before.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn result_of<T: 'static>(tasks: &mut JoinSet<T>) -> T {
    match tasks.join_next().await.expect("a task was spawned") {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The process is ending, and whoever waits for this with it.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// The priority of the calling thread.
#[cfg(target_os = "linux")]
fn priority() -> i32 {
    // It can be asked of oneself in any case.
    rustix::process::getpriority_process(None).unwrap_or(0)
}

/// Sets that of the calling thread. What a thread starts inherits it, so it is not relative.
#[cfg(target_os = "linux")]
fn give_way(priority: i32) {
    // Of this thread alone: on Linux a process number names a thread here.
    if let Err(error) = rustix::process::setpriority_process(None, priority) {
        tracing::warn!(%error, "threads in the background have the priority of all others");
    }
}

#[cfg(not(target_os = "linux"))]
fn priority() -> i32 {
    0
}

#[cfg(not(target_os = "linux"))]
fn give_way(_priority: i32) {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn background() -> Background {
        Background::start(7, Pressure::new()).unwrap()
    }

    #[tokio::test]
    async fn what_runs_behind_is_nicer_and_its_caller_is_not() {
        let before = priority();
        let background = background();
        // Threads that start threads make them no nicer than they are.
        let nested = background.run(async { tokio::task::spawn_blocking(priority).await.unwrap() });
        assert_eq!(nested.await, before + 7);
        assert_eq!(background.run(async { priority() }).await, before + 7);
        assert_eq!(background.compute(priority).await, before + 7);
        assert_eq!(priority(), before);
    }

    #[tokio::test]
    async fn a_panic_is_the_callers() {
        let background = Arc::new(background());
        for way in ["run", "compute"] {
            let behind = Arc::clone(&background);
            let caller = tokio::spawn(async move {
                match way {
                    "run" => behind.run(async { panic!("on purpose") }).await,
                    _ => behind.compute(|| panic!("on purpose")).await,
                }
            });
            assert!(caller.await.unwrap_err().is_panic(), "{way}");
        }
        assert_eq!(background.compute(|| 1).await, 1, "a panic gives its room back");
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_broken_off() {
        let background = background();
        let (held, mut gone) = tokio::sync::mpsc::channel::<()>(1);
        let never = background.run(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        assert!(tokio::time::timeout(Duration::from_millis(10), never).await.is_err());
        assert_eq!(gone.recv().await, None);
    }

    #[tokio::test]
    async fn turns_are_taken_one_by_one_only_while_appends_press() {
        let pressure = Pressure::new();
        let background = Background::start(1, pressure.clone()).unwrap();
        let (_first, _second) = (background.turn().await, background.turn().await);

        let bodies: Vec<_> = (0..1000).map(|_| pressure.begin()).collect();
        while !pressure.is_high() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let turn = background.turn().await;
        let next = tokio::time::timeout(Duration::from_millis(20), background.turn()).await;
        assert!(next.is_err(), "two turns at once");
        drop(turn);
        // After a rest.
        let turn = background.turn().await;
        drop((turn, bodies));
        background.turn().await;
    }
}
