//! The real `daybook` binary as a child process: started, watched, killed and started again.
//!
//! ```text
//!   builder ── start ──▶ running ── terminate_and_wait, kill9 ──▶ stopped
//!                           ▲                                        │
//!                           └─────────────── restart ◀───────────────┘
//! ```

mod builder;
mod cli;
mod log;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

pub use builder::DaybookBuilder;
use log::Log;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::TestHttp;

const START_TIME_MAX: Duration = Duration::from_secs(20);
const STOP_TIME_MAX: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A `daybook serve` and its data directory; dropping it kills the process.
#[derive(Debug)]
pub struct Daybook {
    setup: DaybookBuilder,
    data_dir: PathBuf,
    log: Log,
    child: Option<Child>,
    ready: Ready,
}

/// What the server wrote into `server.json` when it began to answer.
#[derive(Debug, Clone)]
struct Ready {
    url: String,
    ca_path: Option<PathBuf>,
}

impl Daybook {
    /// A server of this binary, to be configured; in tests of the server, `env!("CARGO_BIN_EXE_daybook")`.
    #[must_use]
    pub fn builder(binary: impl Into<PathBuf>) -> DaybookBuilder {
        DaybookBuilder::new(binary.into())
    }

    fn start(setup: DaybookBuilder) -> Self {
        let data_dir = setup.data_dir().to_owned();
        let log = Log::new(&data_dir);
        let ready = Ready { url: String::new(), ca_path: None };
        let mut daybook = Self { setup, data_dir, log, child: None, ready };
        let listen = daybook.setup.listen().to_owned();
        daybook.spawn(&listen);
        daybook
    }

    /// The address it serves, such as `https://127.0.0.1:40123`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.ready.url
    }

    /// The address of a path: `/api/v2/auth/introspect` on this server.
    #[must_use]
    pub fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.ready.url)
    }

    /// The certificate of the authority that signed the server's own, where it made one itself.
    #[must_use]
    pub fn ca_path(&self) -> Option<&Path> {
        self.ready.ca_path.as_deref()
    }

    /// A client that trusts this server.
    #[must_use]
    pub fn http(&self) -> TestHttp {
        TestHttp::new(self.ca_path())
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// What it has written to its standard error, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The process id.
    ///
    /// # Panics
    ///
    /// It does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Whether the process runs.
    ///
    /// # Panics
    ///
    /// Never, where the operating system answers.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// Ends it as a power cut does: no clean-up, nothing flushed by the process.
    ///
    /// # Panics
    ///
    /// It does not run.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop (`SIGTERM`) and waits until it has.
    ///
    /// # Panics
    ///
    /// It does not run, or has not stopped within 15 s.
    pub fn terminate_and_wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the server runs");
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let Some(status) = wait_at_most(&mut child, STOP_TIME_MAX) else {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the server did not stop within {STOP_TIME_MAX:?} of SIGTERM:\n{}", self.log());
        };
        status
    }

    /// Starts it on the same data directory and port, stopping it first where it still runs.
    ///
    /// # Panics
    ///
    /// It does not stop, or does not start.
    pub fn restart(&mut self) {
        if self.is_running() {
            self.terminate_and_wait();
        }
        let listen = address_of(&self.ready.url).map_or_else(|| self.setup.listen().to_owned(), |it| it.to_string());
        self.spawn(&listen);
    }

    fn spawn(&mut self, listen: &str) {
        let mut command = Command::new(self.setup.binary());
        command.arg("serve").arg("--data-dir").arg(&self.data_dir).args(["--listen", listen]);
        command.args(self.setup.serve_arguments()).envs(self.setup.variables());
        command.stdin(Stdio::null()).stdout(self.log.file()).stderr(self.log.file());
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        self.ready = self.wait_until_ready(child);
    }

    fn wait_until_ready(&mut self, child: Child) -> Ready {
        let child = self.child.insert(child);
        let started = Instant::now();
        while started.elapsed() < START_TIME_MAX {
            if let Some(ready) = read_ready(&self.data_dir.join("server.json"), child.id()) {
                return ready;
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended with {status} before it was ready:\n{}", self.log.text());
            }
            thread::sleep(POLL_INTERVAL);
        }
        panic!("the server was not ready within {START_TIME_MAX:?}:\n{}", self.log.text());
    }
}

impl Drop for Daybook {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            self.log.print();
        }
    }
}

/// Reads `server.json`; one of another process (an earlier start) is as good as none, and so is a half-written one.
fn read_ready(path: &Path, pid: u32) -> Option<Ready> {
    let file: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    if file["pid"].as_u64() != Some(u64::from(pid)) {
        return None;
    }
    let url = file["url"].as_str()?.trim_end_matches('/').to_owned();
    Some(Ready { url, ca_path: file["ca"].as_str().map(PathBuf::from) })
}

/// The address of a URL whose host is an IP address.
fn address_of(url: &str) -> Option<SocketAddr> {
    url.split_once("://")?.1.parse().ok()
}

fn wait_at_most(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if started.elapsed() >= time {
            return None;
        }
        thread::sleep(POLL_INTERVAL);
    }
}
