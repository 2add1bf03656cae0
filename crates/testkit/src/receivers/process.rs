//! A receiver's process: started on free ports, waited for, killed; and waiting for what it writes.

use std::{
    env,
    fmt::{self, Debug},
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

const VARIABLE: &str = "DAYBOOK_TEST_RECEIVERS";
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// Between choosing free ports and listening on them, another process may take one.
const START_COUNT_MAX: usize = 3;
const PROBE_TIME_MAX: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
const LOG_BYTES_SHOWN: usize = 4_000;

/// A running receiver, with a directory of its own; dropping it kills the process and removes the directory.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    directory: TempDir,
    left_elsewhere: Option<PathBuf>,
}

/// The path of a program that `make test` installs.
pub(super) fn program(name: &str) -> PathBuf {
    let folder = env::var_os(VARIABLE).unwrap_or_else(|| {
        panic!("{VARIABLE} is not set: run the tests with `make test`, which installs the receivers")
    });
    let link = Path::new(&folder).join(name);
    // Followed here, and once only, because programs look for their other files beside the name by which they are started.
    fs::read_link(&link).unwrap_or_else(|error| panic!("{}: {error}: run `make test` again", link.display()))
}

/// The path of a program that a Debian package brings.
pub(super) fn debian_program(path: &str, packages: &str) -> PathBuf {
    assert!(Path::new(path).is_file(), "{path} is missing: install it, on Debian with `apt-get install {packages}`");
    path.into()
}

impl Process {
    /// Starts what `command` makes of an empty directory and free ports, and returns when `is_ready`.
    pub(super) fn start<const N: usize>(
        name: &'static str,
        command: impl Fn(&Path, [u16; N]) -> Command,
        is_ready: impl Fn([u16; N]) -> bool,
    ) -> (Self, [u16; N]) {
        for attempt in 1.. {
            let ports = free_ports();
            let mut process = Self::spawn(name, |directory| command(directory, ports));
            match process.wait_until(|| is_ready(ports)) {
                Ok(()) => return (process, ports),
                Err(reason) if attempt == START_COUNT_MAX || process.is_running() => {
                    panic!("{name} {reason}:\n{}", process.log_end());
                }
                Err(_) => {}
            }
        }
        unreachable!("the loop returns or panics")
    }

    fn spawn(name: &'static str, command: impl FnOnce(&Path) -> Command) -> Self {
        let directory = TempDir::new().unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        let mut command = command(directory.path());
        command.current_dir(directory.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        Self { name, child, directory, left_elsewhere: None }
    }

    fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<(), String> {
        let started = Instant::now();
        while started.elapsed() < START_TIME_MAX {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(format!("ended with {status} before it was ready"));
            }
            if is_ready() {
                return Ok(());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Err(format!("was not ready within {START_TIME_MAX:?}"))
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The directory that is the process's own.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Removes a file that the program leaves outside of its directory, too.
    pub(super) fn remove_when_dropped(&mut self, path: PathBuf) {
        self.left_elsewhere = Some(path);
    }

    /// What it has written to its output.
    pub(super) fn log(&self) -> String {
        let bytes = fs::read(self.directory().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_end(&self) -> String {
        let log = self.log();
        let start = (log.len().saturating_sub(LOG_BYTES_SHOWN)..).find(|&at| log.is_char_boundary(at));
        log[start.unwrap_or_default()..].to_owned()
    }

    /// Waits until `read` gives `n` things, and returns all it gives then.
    ///
    /// # Panics
    ///
    /// They did not come in time; the message shows those that did, and the end of the log.
    pub(super) async fn wait_for<T: Debug>(&self, n: usize, time: Duration, read: impl AsyncFn() -> Vec<T>) -> Vec<T> {
        let started = Instant::now();
        loop {
            let there = read().await;
            if there.len() >= n {
                return there;
            }
            if started.elapsed() >= time {
                panic!("{} has not {n} within {time:?} but {there:#?}\n{}", self.name, self.log_end());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(path) = &self.left_elsewhere {
            let _ = fs::remove_file(path);
        }
    }
}

/// The JSON documents of a file that has one a line; none where there is no file yet. A last line without its end is still
/// being written.
pub(super) fn read_ndjson(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}"));
    whole.lines().map(parse).collect()
}

/// Whether somebody listens.
pub(super) fn accepts(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The status that a plain HTTP server gives to a `GET`, if it gives one.
pub(super) fn http_status(port: u16, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(PROBE_TIME_MAX)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut start = [0_u8; 12];
    stream.read_exact(&mut start).ok()?;
    str::from_utf8(&start).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

/// Ports of 127.0.0.1 that nobody listened on a moment ago.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Runs a command to its end and returns what it printed.
///
/// # Panics
///
/// It fails; the message shows what it said.
pub(super) fn run(command: &mut Command) -> String {
    try_run(command).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a command to its end and returns what it printed.
///
/// # Errors
///
/// It fails; the text shows what it said.
pub(super) fn try_run(command: &mut Command) -> Result<String, impl fmt::Display + use<>> {
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{:?} failed with {}: {said}", command.get_program(), output.status))
}
