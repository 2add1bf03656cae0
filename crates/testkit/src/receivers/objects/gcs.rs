//! Google Cloud Storage by fake-gcs-server.

use std::{path::Path, process::Command};

use serde_json::json;

use super::{BUCKET, ObjectStore, Protocol};
use crate::{
    TestHttp,
    receivers::process::{Process, http_status, program},
};

pub(super) async fn start() -> ObjectStore {
    let command = |_: &Path, [port]: [u16; 1]| {
        let mut command = Command::new(program("fake-gcs-server"));
        command.args(["-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", &port.to_string()]);
        command.args(["-public-host", &format!("127.0.0.1:{port}")]);
        command.args(["-external-url", &format!("http://127.0.0.1:{port}")]);
        command
    };
    let is_ready = |[port]: [u16; 1]| http_status(port, "/_internal/healthcheck") == Some(200);
    let (process, [port]) = Process::start("fake-gcs-server", command, is_ready);
    let url = format!("http://127.0.0.1:{port}");
    let bucket = json!({ "name": BUCKET });
    let made = TestHttp::new(None).post_json(&format!("{url}/storage/v1/b?project=test"), None, &bucket).await;
    made.expect_status(200);
    ObjectStore { process, url, protocol: Protocol::Gcs }
}
