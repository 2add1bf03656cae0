//! An OpenTelemetry collector (rotel) that prints the log records it takes over HTTP and gRPC.

use std::{path::Path, process::Command, time::Duration};

use super::process::{Process, accepts, program};

const RECORD: &str = "LogRecord #";

/// A collector of logs.
#[derive(Debug)]
pub struct OtlpCollector {
    process: Process,
    http_port: u16,
    grpc_port: u16,
}

impl OtlpCollector {
    /// A collector that keeps nothing but its print-out.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let command = |directory: &Path, [http, grpc]: [u16; 2]| {
            let mut command = Command::new(program("rotel-agent"));
            command.args(["start", "--exporter", "blackhole", "--debug-log", "logs"]);
            command.args(["--debug-log-verbosity", "detailed", "--pid-file"]).arg(directory.join("pid"));
            command.arg("--log-file").arg(directory.join("unused.log"));
            command.args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")]);
            command.args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")]);
            command
        };
        let is_ready = |[http, grpc]: [u16; 2]| accepts(http) && accepts(grpc);
        let (process, [http_port, grpc_port]) = Process::start("rotel", command, is_ready);
        Self { process, http_port, grpc_port }
    }

    /// The address of OTLP over HTTP, without a path; logs go to `/v1/logs` there.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// The address of OTLP over gRPC.
    #[must_use]
    pub fn grpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc_port)
    }

    /// All it has printed, with the resources and scopes of the records.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The records as it prints them: lines such as `Body: Str(…)` and `-> name: Str(…)`.
    #[must_use]
    pub fn records(&self) -> Vec<String> {
        self.log().split(RECORD).skip(1).map(str::to_owned).collect()
    }

    /// Waits for the `n`-th record and returns all there are by then. The last one may still be being printed.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message shows those that did.
    pub async fn wait_for(&self, n: usize, time: Duration) -> Vec<String> {
        self.process.wait_for(n, time, async || self.records()).await
    }
}
