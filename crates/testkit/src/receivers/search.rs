//! Servers of the `_bulk` protocol: noida-db in the place of Elasticsearch 8, osmem in that of OpenSearch 3.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use super::process::{Process, http_status, program};
use crate::TestHttp;

const DOCUMENTS_MAX: u32 = 10_000;

/// A server with no index yet; an index is made by its first document. Neither of the two knows data streams: noida-db
/// takes the name for an index, osmem refuses it where a template says that it is a data stream.
#[derive(Debug)]
pub struct SearchServer {
    process: Process,
    url: String,
}

impl SearchServer {
    /// Elasticsearch 8, as noida-db does it.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn elasticsearch() -> Self {
        Self::start("noida-db", |command, port| {
            command.args(["start", "--only", "elasticsearch", "--data-dir", "data"]);
            command.args(["--elasticsearch-port", &port.to_string()]);
        })
    }

    /// OpenSearch 3, as osmem does it.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    #[must_use]
    pub fn opensearch() -> Self {
        Self::start("osmem-server", |command, port| {
            // Without its Japanese dictionary it starts in a tenth of the time.
            command.args(["-no-ja", "-no-stdin-watch", "-addr", &format!("127.0.0.1:{port}")]);
        })
    }

    fn start(name: &'static str, arguments: impl Fn(&mut Command, u16)) -> Self {
        let command = |_: &std::path::Path, [port]: [u16; 1]| {
            let mut command = Command::new(program(name));
            arguments(&mut command, port);
            command
        };
        let (process, [port]) = Process::start(name, command, |[port]| http_status(port, "/") == Some(200));
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The hits of an index (`{"_id", "_source", …}`), by `_id`, at most 10,000; none where there is no such index.
    ///
    /// # Panics
    ///
    /// It does not answer as it should.
    pub async fn documents(&self, index: &str) -> Vec<Value> {
        let http = TestHttp::new(None);
        let url = format!("{}/{index}", self.url);
        let refreshed = http.post_json(&format!("{url}/_refresh"), None, &json!({})).await;
        if refreshed.status == 404 {
            return Vec::new();
        }
        refreshed.expect_status(200);
        let all = json!({ "query": { "match_all": {} }, "size": DOCUMENTS_MAX });
        let found = http.post_json(&format!("{url}/_search"), None, &all).await.expect_status(200).json();
        let mut hits = found["hits"]["hits"].as_array().expect("a search has hits").clone();
        hits.sort_by_key(|hit| hit["_id"].as_str().map(str::to_owned));
        hits
    }

    /// Waits for the `n`-th document of an index and returns all it has by then.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message shows those that did.
    pub async fn wait_for(&self, index: &str, n: usize, time: Duration) -> Vec<Value> {
        self.process.wait_for(n, time, async || self.documents(index).await).await
    }
}
