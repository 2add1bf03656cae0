//! A PostgreSQL of our own: made in a temporary directory, started on a free port of 127.0.0.1, gone afterwards.
//!
//! What it promises: durable commits as in production (`fsync` is on), ready when `start` returns, and no process or
//! directory left behind, not even when this process is killed: a small shell waits on a pipe that only this process
//! holds open, and stops the server when the pipe closes. What it leaves to others: databases (`TestDatabase`).
//!
//! Only `std` is used here and nothing of this crate, because `xtask` includes this file as a module of its own.

use std::{
    env, fs,
    io::{self, Error, Read, Seek, SeekFrom},
    net::TcpListener,
    os::unix::{
        fs::MetadataExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

const CONNECTIONS_MAX: u16 = 200;
const START_SECS_MAX: u16 = 60;
/// Between choosing a free port and listening on it, another process may take it.
const START_COUNT_MAX: usize = 3;
const LOG_BYTES_SHOWN: u64 = 4_000;

/// The Debian package's account; PostgreSQL refuses to run as root.
const UNPRIVILEGED_USER: &str = "postgres";

/// Arguments: the programs' directory, the server's directory.
const STOP_WHEN_THE_PIPE_CLOSES: &str = r#"
read -r _
"$1/pg_ctl" --pgdata="$2/data" --mode=fast --wait --timeout=15 stop ||
    "$1/pg_ctl" --pgdata="$2/data" --mode=immediate --wait --timeout=5 stop
rm -rf "$2"
"#;

/// A running PostgreSQL; dropping it stops the server and removes its directory.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    watcher: Child,
}

impl PostgresServer {
    /// Makes and starts a server, and returns when it answers.
    ///
    /// # Errors
    ///
    /// PostgreSQL is not installed, cannot make its directory, or does not start; the text says which, with its log.
    pub fn start() -> io::Result<Self> {
        let programs = find_programs()?;
        let directory = make_directory()?;
        let watcher = watch(&programs, &directory)?;
        let mut server = Self { programs, directory, port: 0, watcher };
        server.make_cluster()?;
        for attempt in 1.. {
            server.port = free_port()?;
            match server.start_again() {
                Err(_) if attempt < START_COUNT_MAX => {}
                result => return result.map(|()| server),
            }
        }
        unreachable!("the loop returns")
    }

    /// The URL of its first database, as a superuser: `postgres://postgres@127.0.0.1:PORT/postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it as a crash does: connections break, the next start recovers from the write-ahead log.
    ///
    /// # Errors
    ///
    /// `pg_ctl stop` fails.
    pub fn stop_at_once(&self) -> io::Result<()> {
        let mut command = self.pg_ctl();
        command.args(["--mode=immediate", "stop"]);
        run(command, "stop PostgreSQL").map(drop)
    }

    /// Starts it on the same port after `stop_at_once`.
    ///
    /// # Errors
    ///
    /// It does not start; the text has the end of its log.
    pub fn start_again(&self) -> io::Result<()> {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c max_connections={CONNECTIONS_MAX} -c fsync=on \
             -c synchronous_commit=on",
            self.port,
            self.directory.display()
        );
        let mut command = self.pg_ctl();
        command.arg(format!("--timeout={START_SECS_MAX}")).arg("--log").arg(self.log_path());
        command.arg("--options").arg(options).arg("start");
        run(command, "start PostgreSQL").map(drop).map_err(|error| Error::other(format!("{error}\n{}", self.log_end())))
    }

    fn make_cluster(&self) -> io::Result<()> {
        let mut command = unprivileged(&self.programs.join("initdb"));
        command.arg("--pgdata").arg(self.directory.join("data"));
        command.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        run(command, "make a PostgreSQL cluster").map(drop)
    }

    fn pg_ctl(&self) -> Command {
        let mut command = unprivileged(&self.programs.join("pg_ctl"));
        command.arg("--pgdata").arg(self.directory.join("data")).args(["--wait", "--silent"]);
        command
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("postgres.log")
    }

    fn log_end(&self) -> String {
        let read = || -> io::Result<String> {
            let mut file = fs::File::open(self.log_path())?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES_SHOWN)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_default()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// The directory of PostgreSQL's programs: the newest version under `/usr/lib/postgresql`, else what `PATH` has.
///
/// # Errors
///
/// There is no `initdb`.
pub fn find_programs() -> io::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").exists())
        .max_by_key(|(version, _)| *version)
        .map(|(_, programs)| programs);
    let in_path = || env::split_paths(&env::var_os("PATH")?).find(|directory| directory.join("initdb").exists());
    newest.or_else(in_path).ok_or_else(|| Error::other("PostgreSQL is not installed: no initdb was found"))
}

/// A port of 127.0.0.1 that nobody listened on a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn make_directory() -> io::Result<PathBuf> {
    let mut command = unprivileged(Path::new("mktemp"));
    command.arg("-d");
    let output = run(command, "make a directory for PostgreSQL")?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// A process group of its own keeps a Ctrl-C meant for us from ending the shell before it has stopped the server.
fn watch(programs: &Path, directory: &Path) -> io::Result<Child> {
    let mut command = unprivileged(Path::new("sh"));
    command.arg("-c").arg(STOP_WHEN_THE_PIPE_CLOSES).arg("sh").arg(programs).arg(directory);
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// The program as this user, or as PostgreSQL's own user where this one is root.
fn unprivileged(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={UNPRIVILEGED_USER}")).arg(format!("--regid={UNPRIVILEGED_USER}"));
        command.args(["--init-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn run(mut command: Command, purpose: &str) -> io::Result<Output> {
    let output = command.output().map_err(|error| Error::other(format!("cannot {purpose}: {error}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::other(format!("cannot {purpose}: {}: {}", ended(output.status), said.trim())))
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, signal) => format!("ended by signal {}", signal.unwrap_or_default()),
    }
}
