//! Tenzir, an independent pipeline of security events, as a Splunk collector, an HTTP server, or whatever it is told.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use data_encoding::BASE64;
use serde_json::Value;

use super::process::{Process, accepts, http_status, program, read_ndjson};

/// What the messages of a syslog carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogPayload {
    /// Anything: `message` is text.
    Text,
    /// Common Event Format: `message` is an object with `name`, `severity`, `extension` and others.
    Cef,
    /// Log Event Extended Format: `message` is an object with `event_class_id`, `attributes` and others.
    Leef,
}

/// A pipeline from a port to a file.
#[derive(Debug)]
pub struct Tenzir {
    process: Process,
    port: u16,
}

impl Tenzir {
    /// A Splunk HTTP Event Collector that wants this token. One bad event makes it refuse the whole request; it has neither
    /// acknowledgements nor `invalid-event-number`.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn splunk(token: &str) -> Self {
        let pipeline = |port| format!("accept_splunk \"127.0.0.1:{port}\", hec_token=\"{token}\"");
        Self::start(pipeline, |port| http_status(port, "/services/collector/health") == Some(200))
    }

    /// An HTTP server that gives a status and a JSON body for each of these paths, and 200 for all others. What it writes of
    /// a request has `method`, `path`, `query`, `headers`, and the `body` in Base64: see [`Tenzir::body_of`].
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn http(answers: &[(&str, u16, &str)]) -> Self {
        let answer = |(path, code, body): &(&str, u16, &str)| {
            format!("{path:?}: {{code: {code}, content_type: \"application/json\", body: {body:?}}}")
        };
        let responses = answers.iter().map(answer).collect::<Vec<_>>().join(", ");
        let pipeline = |port| {
            format!(
                "accept_http \"127.0.0.1:{port}\", responses={{{responses}}} {{\n  read_all binary=true\n  \
                 this = {{...$request, body: data}}\n}}"
            )
        };
        Self::start(pipeline, accepts)
    }

    /// A syslog server on TCP for RFC 5424 with octet counting, which writes `facility`, `severity`, `timestamp`, `hostname`,
    /// `app_name`, `process_id`, `message_id`, `structured_data` and `message`.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn syslog(payload: SyslogPayload) -> Self {
        let parse = match payload {
            SyslogPayload::Text => "",
            SyslogPayload::Cef => "message = message.parse_cef()",
            SyslogPayload::Leef => "message = message.parse_leef()",
        };
        let pipeline =
            |port| format!("accept_tcp \"127.0.0.1:{port}\" {{\n  read_syslog octet_counting=true\n}}\n{parse}");
        Self::start(pipeline, accepts)
    }

    /// Any pipeline without its end, such as `accept_tcp …`, on the port that it is given.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start, or ends before `is_ready`.
    #[must_use]
    pub fn start(pipeline: impl Fn(u16) -> String, is_ready: impl Fn(u16) -> bool) -> Self {
        let command = |directory: &std::path::Path, [port]: [u16; 1]| {
            let output = directory.join("events.ndjson");
            let text = format!("{}\nto_file {output:?} {{ write_ndjson }}\n", pipeline(port));
            fs::write(directory.join("pipeline.tql"), text).unwrap();
            let mut command = Command::new(program("tenzir"));
            command.args(["--file", "pipeline.tql"]).env("TENZIR_CACHE_DIRECTORY", directory.join("cache"));
            command.env("TENZIR_STATE_DIRECTORY", directory.join("state"));
            command
        };
        let (process, [port]) = Process::start("tenzir", command, |[port]| is_ready(port));
        Self { process, port }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The events it has written, in order.
    ///
    /// # Panics
    ///
    /// It has written something that is not JSON.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        read_ndjson(&self.output())
    }

    /// Waits for the `n`-th event and returns all there are by then.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message shows those that did.
    pub async fn wait_for(&self, n: usize, time: Duration) -> Vec<Value> {
        self.process.wait_for(n, time, async || self.events()).await
    }

    /// The body of a request that `Tenzir::http` wrote.
    ///
    /// # Panics
    ///
    /// This is not such a request.
    #[must_use]
    pub fn body_of(request: &Value) -> Vec<u8> {
        BASE64.decode(request["body"].as_str().expect("a request has a body").as_bytes()).unwrap()
    }

    fn output(&self) -> PathBuf {
        self.process.directory().join("events.ndjson")
    }
}
