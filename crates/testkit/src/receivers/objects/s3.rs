//! S3 by SeaweedFS: a master, a volume server, a filer and an S3 gateway in one process.

use std::{fs, path::Path, process::Command};

use reqwest::Method;
use serde_json::json;

use super::{BUCKET, ObjectStore, Protocol};
use crate::{
    TestHttp,
    receivers::process::{Process, http_status, program},
};

/// Who may write.
pub const ACCESS_KEY: &str = "AKIADAYBOOKTEST";
/// With which secret.
pub const SECRET_KEY: &str = "daybook-test-secret";
/// The region to sign for; it takes any.
pub const REGION: &str = "us-east-1";

/// The ports of each part, first HTTP, then gRPC.
const PORTS: [&str; 8] = [
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
];

pub(super) async fn start() -> ObjectStore {
    let is_ready = |[.., port, _]: [u16; 8]| http_status(port, "/healthz") == Some(200);
    let (mut process, [.., filer_port, filer_grpc_port, port, _]) = Process::start("weed", command, is_ready);
    process.remove_when_dropped(format!("/tmp/seaweedfs-filer-grpc-{filer_grpc_port}.sock").into());
    // A bucket is a folder of the filer, which asks for no signature.
    let folder = format!("http://127.0.0.1:{filer_port}/buckets/{BUCKET}/");
    TestHttp::new(None).send(Method::POST, &folder, None, &[], Vec::new()).await.expect_status(201);
    ObjectStore { process, url: format!("http://127.0.0.1:{port}"), protocol: Protocol::S3 }
}

fn command(directory: &Path, ports: [u16; 8]) -> Command {
    let identities = json!({ "identities": [
        { "name": "anonymous", "actions": ["Read", "List"] },
        {
            "name": "daybook",
            "credentials": [{ "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY }],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
    ] });
    fs::write(directory.join("s3.json"), identities.to_string()).unwrap();
    let mut command = Command::new(program("weed"));
    command.args(["-logtostderr=true", "server", "-dir=.", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]);
    command.args(["-s3.config=s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]);
    command.args(["-master.volumeSizeLimitMB=64", "-volume.max=8"]);
    command.args(["-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock"]);
    command.args(PORTS.iter().zip(ports).map(|(name, port)| format!("-{name}={port}")));
    command
}
