//! `run`: Daybook with a demo account, until Ctrl-C or SIGTERM.
//!
//! Two children, each in a process group of its own so that a Ctrl-C reaches only this process, which then ends them in
//! order: first `daybook simulate`, which sends events, then `daybook serve`, which finishes what it has accepted.

use std::{
    env, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use crate::{web, workspace};

const SIMULATION: &[&str] = &["--days", "30", "--users", "300", "--seed", "7", "--rate", "20/s"];
const START_TIME_MAX: Duration = Duration::from_secs(30);
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Builds Daybook, runs it on this data directory, and returns when a person has stopped it.
///
/// # Errors
///
/// It does not build or does not start, or a child ends by itself.
pub(crate) fn run(data_dir: &Path) -> anyhow::Result<()> {
    let data_dir = env::current_dir()?.join(data_dir);
    let binary = build()?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    fs::create_dir_all(&data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;

    let mut server = Process::start("daybook serve", Command::new(&binary).arg("serve"), &data_dir)?;
    let Some(url) = wait_until_ready(&mut server, &data_dir, &stop)? else { return Ok(()) };
    let mut simulate = Command::new(&binary);
    simulate.arg("simulate").args(SIMULATION);
    let simulation = Process::start("daybook simulate", &mut simulate, &data_dir)?;
    eprintln!(
        "\nDaybook is ready at {url}\n{}\nData: {}\nStop it with Ctrl-C.\n",
        way_in(&data_dir, &url),
        data_dir.display()
    );
    let result = watch(&mut server, simulation, &stop);
    eprintln!("stopping Daybook");
    result
}

fn build() -> anyhow::Result<PathBuf> {
    web::install()?;
    eprintln!("building Daybook; the first time takes some minutes");
    let mut command = workspace::cargo()?;
    command.args(["build", "--release", "--package", "daybook-server", "--bin", "daybook"]);
    ensure!(command.status()?.success(), "Daybook does not build: see what cargo says above");
    Ok(workspace::target_directory()?.join("release/daybook"))
}

/// The address, or nothing when the person stopped it first.
fn wait_until_ready(server: &mut Process, data_dir: &Path, stop: &AtomicBool) -> anyhow::Result<Option<String>> {
    let started = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        if let Some(url) = read_url(&data_dir.join("server.json"), server.child.id()) {
            return Ok(Some(url));
        }
        if let Some(status) = server.ended()? {
            bail!("daybook serve ended with {status} before it was ready: see what it says above");
        }
        ensure!(started.elapsed() < START_TIME_MAX, "daybook serve was not ready within {START_TIME_MAX:?}");
        thread::sleep(POLL_INTERVAL);
    }
    Ok(None)
}

/// The link that makes the first owner, or where people sign in.
fn way_in(data_dir: &Path, url: &str) -> String {
    match fs::read_to_string(data_dir.join("setup.link")) {
        Ok(link) => format!("Create the owner (the link is good once, for 15 minutes):\n\n  {}\n", link.trim()),
        Err(_) => format!("Sign in: {url}/sign-in"),
    }
}

/// What this server wrote when it began to answer; a file of an earlier one has another process id.
fn read_url(path: &Path, pid: u32) -> Option<String> {
    let file: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    (file["pid"].as_u64() == Some(u64::from(pid))).then(|| file["public_url"].as_str().map(str::to_owned))?
}

/// Waits for a signal. A simulation that has finished is no reason to stop the server; one that failed is.
fn watch(server: &mut Process, simulation: Process, stop: &AtomicBool) -> anyhow::Result<()> {
    let mut simulation = Some(simulation);
    while !stop.load(Ordering::Relaxed) {
        if let Some(status) = server.ended()? {
            bail!("daybook serve ended with {status}: see what it says above");
        }
        match simulation.as_mut().map(Process::ended).transpose()?.flatten() {
            Some(status) if status.success() => simulation = None,
            Some(status) => bail!("daybook simulate ended with {status}: see what it says above"),
            None => thread::sleep(POLL_INTERVAL),
        }
    }
    Ok(())
}

/// A child that is asked to stop when it is dropped, and killed when it does not.
struct Process {
    name: &'static str,
    child: Child,
}

impl Process {
    fn start(name: &'static str, command: &mut Command, data_dir: &Path) -> anyhow::Result<Self> {
        command.arg("--data-dir").arg(data_dir).stdin(Stdio::null()).process_group(0);
        Ok(Self { name, child: command.spawn().with_context(|| format!("cannot start {name}"))? })
    }

    fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot watch {}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < STOP_TIME_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
        eprintln!("{} did not stop within {STOP_TIME_MAX:?} and is killed", self.name);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
