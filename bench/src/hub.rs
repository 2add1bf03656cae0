//! The `daybook` program as a child process: started on a data directory, stopped, and never left behind.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use hyper::Uri;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::client::{Call, Server};

const START_TIME_MAX: Duration = Duration::from_secs(30);
const STOP_TIME_MAX: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// What differs from the defaults: receivers on this machine, and a quiet log.
const CONFIG: &str = "[connectors]\nallow_networks = \"127.0.0.0/8\"\n\
                      [logs]\nlevel = \"warn\"\n";
/// Without rate limits, which would be all that is measured.
const WITHOUT_LIMITS: &str = "[events_api]\nrequests_per_minute = 0\nrequests_per_hour = 0\n";

/// How to start a hub.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) binary: PathBuf,
    pub(crate) data_dir: PathBuf,
    /// A PostgreSQL, or SQLite in the data directory.
    pub(crate) store_url: Option<String>,
    /// With the rate limits of the Events API as they are shipped.
    pub(crate) has_limits: bool,
}

/// A running hub; dropping it kills it.
pub(crate) struct Hub {
    launch: Launch,
    child: Child,
    pub(crate) server: Server,
    /// From the start of the process to its first answer over HTTPS.
    pub(crate) first_answer: Duration,
}

impl Hub {
    /// Starts a hub, and returns when it has answered `GET /healthz`.
    pub(crate) async fn start(launch: Launch) -> Result<Self> {
        fs::create_dir_all(&launch.data_dir).with_context(|| format!("make {}", launch.data_dir.display()))?;
        let config = launch.data_dir.with_extension("toml");
        let limits = if launch.has_limits { "" } else { WITHOUT_LIMITS };
        fs::write(&config, [CONFIG, limits].concat()).with_context(|| format!("write {}", config.display()))?;
        let log = File::create(launch.log_file()).context("make the hub's log file")?;
        let mut command = Command::new(&launch.binary);
        command.arg("serve").arg("--data-dir").arg(&launch.data_dir).args(["--listen", "127.0.0.1:0"]);
        command.arg("--config").arg(&config).args(launch.store_url.iter().flat_map(|url| ["--store", url.as_str()]));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("start {}", launch.binary.display()))?;
        let mut starting = Starting { child: Some(child) };
        let server = starting.wait_for_answer(&launch, started).await?;
        let first_answer = started.elapsed();
        let child = starting.child.take().context("the hub has just answered")?;
        Ok(Self { launch, child, server, first_answer })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.launch.data_dir
    }

    /// Where it is, and the authority of its certificate, for another hub.
    pub(crate) fn address(&self) -> Result<(String, String)> {
        word_of(&self.launch.data_dir, self.pid()).context("a running hub has left word of itself")
    }

    /// Stops it as an operator does, and returns how it was started.
    pub(crate) async fn stop(mut self) -> Result<Launch> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("ask the hub to stop")?;
        let asked = Instant::now();
        while self.child.try_wait().context("watch the hub")?.is_none() {
            ensure!(asked.elapsed() < STOP_TIME_MAX, "the hub did not stop within {STOP_TIME_MAX:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(self.launch.clone())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Launch {
    fn log_file(&self) -> PathBuf {
        self.data_dir.with_extension("log")
    }
}

/// A hub that may still fail to start.
struct Starting {
    child: Option<Child>,
}

impl Starting {
    async fn wait_for_answer(&mut self, launch: &Launch, started: Instant) -> Result<Server> {
        loop {
            let child = self.child.as_mut().context("the hub is being started")?;
            if let Some(status) = child.try_wait().context("watch the hub")? {
                let log = fs::read_to_string(launch.log_file()).unwrap_or_default();
                bail!("the hub ended with {status} before it answered:\n{log}");
            }
            let pid = child.id();
            if let Some(server) = announced(&launch.data_dir, pid)
                && is_healthy(&server).await
            {
                return Ok(server);
            }
            ensure!(started.elapsed() < START_TIME_MAX, "the hub did not answer within {START_TIME_MAX:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            end(child);
        }
    }
}

/// The server that the process left word of; a file of an earlier process is passed over.
fn announced(data_dir: &Path, pid: u32) -> Option<Server> {
    let (url, ca) = word_of(data_dir, pid)?;
    let address: SocketAddr = url.strip_prefix("https://")?.parse().ok()?;
    Server::at(address, ca.as_bytes()).ok()
}

/// The URL of the process and its certificate's authority, as PEM.
fn word_of(data_dir: &Path, pid: u32) -> Option<(String, String)> {
    let file: Value = serde_json::from_slice(&fs::read(data_dir.join("server.json")).ok()?).ok()?;
    let ca = fs::read_to_string(file["ca"].as_str()?).ok()?;
    (file["pid"].as_u64() == Some(u64::from(pid))).then_some((file["url"].as_str()?.to_owned(), ca))
}

async fn is_healthy(server: &Server) -> bool {
    let Ok(mut connection) = server.connect().await else { return false };
    connection.send(Call::get(Uri::from_static("/healthz"))).await.is_ok_and(|answer| answer.status == 200)
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
