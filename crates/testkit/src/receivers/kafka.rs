//! A Kafka broker (noida-db, which follows Kafka 3.8), and kcat to read from it.

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use serde_json::Value;

use super::process::{Process, accepts, debian_program, program, run};

/// A broker that makes a topic with one partition for its first record. Plain TCP only.
#[derive(Debug)]
pub struct Kafka {
    process: Process,
    address: SocketAddr,
}

impl Kafka {
    /// A broker without topics of ours.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let command = |_: &Path, [port]: [u16; 1]| {
            let mut command = Command::new(program("noida-db"));
            command.args(["start", "--only", "kafka", "--data-dir", "data", "--kafka-port", &port.to_string()]);
            command
        };
        let (process, [port]) = Process::start("noida-db", command, |[port]| accepts(port));
        Self { process, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// Where clients bootstrap.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The records of a topic as kcat prints them (`{"partition", "offset", "key", "payload", "headers", …}`, the payload as
    /// text), partition by partition; none where there is no such topic.
    ///
    /// # Panics
    ///
    /// kcat is not installed, or fails.
    #[must_use]
    pub fn records(&self, topic: &str) -> Vec<Value> {
        let known: Value = serde_json::from_str(&run(self.kcat().args(["-L", "-J"]))).unwrap();
        let topics = known["topics"].as_array().expect("a broker lists its topics");
        if !topics.iter().any(|known| known["topic"] == topic) {
            return Vec::new();
        }
        let printed = run(self.kcat().args(["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J"]));
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits for the `n`-th record of a topic and returns all it has by then.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message shows those that did.
    pub async fn wait_for(&self, topic: &str, n: usize, time: Duration) -> Vec<Value> {
        self.process.wait_for(n, time, async || self.records(topic)).await
    }

    /// kcat with this broker and a bound on its patience.
    fn kcat(&self) -> Command {
        let kcat = debian_program("/usr/bin/kcat", "kcat");
        let mut command = Command::new("timeout");
        command.arg("20").arg(kcat).args(["-b", &self.address.to_string(), "-m", "10"]);
        command
    }
}
