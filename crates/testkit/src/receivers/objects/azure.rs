//! Azure Blob Storage by Azurite.

use std::{path::Path, process::Command};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::Method;
use sha2::Sha256;

use super::{BUCKET, ObjectStore, Protocol};
use crate::{
    Answer, TestHttp,
    receivers::process::{Process, http_status, program},
};

/// The account.
pub const ACCOUNT: &str = "daybooktest";
/// Its key, Base64.
pub const KEY: &str = "ZGF5Ym9vay10ZXN0LWtleS1vZi1hLXN0b3JhZ2UtYWNjb3VudA==";

const VERSION: &str = "2024-11-04";
const DATE_FORMAT: &str = "%a, %d %b %Y %H:%M:%S GMT";

pub(super) async fn start() -> ObjectStore {
    let command = |_: &Path, [port]: [u16; 1]| {
        let mut command = Command::new("node");
        command.arg(program("azurite-blob.js")).args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
        command.args(["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]);
        command.env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{KEY}"));
        command
    };
    let (process, [port]) = Process::start("azurite", command, |[port]| http_status(port, "/").is_some());
    let url = format!("http://127.0.0.1:{port}/{ACCOUNT}");
    make_public_container(&url).await;
    ObjectStore { process, url, protocol: Protocol::Azure }
}

/// A container whose blobs anybody may list and read.
async fn make_public_container(url: &str) {
    let url = format!("{url}/{BUCKET}?restype=container");
    let made = put(&url, "\nrestype:container", &[("x-ms-blob-public-access", "container")], "").await;
    made.expect_status(201);
}

/// A `PUT` signed with the account's key, with more `x-ms-…` headers. The parameters of the query are given once more as they
/// are signed.
async fn put(url: &str, parameters: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let date = Timestamp::now().strftime(DATE_FORMAT).to_string();
    let mut headers = [headers, &[("x-ms-date", &date), ("x-ms-version", VERSION)]].concat();
    headers.sort_unstable();
    let signed: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let length = if body.is_empty() { String::new() } else { body.len().to_string() };
    let path = url.split(['/', '?']).skip(3).take_while(|part| !part.contains('=')).collect::<Vec<_>>().join("/");
    // The account twice: the path of this address has it too.
    let text = format!("PUT\n\n\n{length}\n\n\n\n\n\n\n\n\n{signed}/{ACCOUNT}/{path}{parameters}");
    let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64.decode(KEY.as_bytes()).unwrap()).unwrap();
    mac.update(text.as_bytes());
    let authorization = format!("SharedKey {ACCOUNT}:{}", BASE64.encode(&mac.finalize().into_bytes()));
    headers.push(("authorization", &authorization));
    TestHttp::new(None).send(Method::PUT, url, None, &headers, body.into()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_signed_blob_is_kept() {
        let store = start().await;
        let url = format!("{}/{BUCKET}/a/b", store.url());
        let headers = [("x-ms-blob-type", "BlockBlob"), ("x-ms-version", VERSION)];
        let unsigned = TestHttp::new(None).send(Method::PUT, &url, None, &headers, b"unsigned".to_vec()).await;
        assert_eq!((unsigned.status, store.keys().await), (403, Vec::new()));
        put(&url, "", &[("x-ms-blob-type", "BlockBlob")], "first").await.expect_status(201);
        assert_eq!((store.keys().await, store.object("a/b").await), (vec!["a/b".to_owned()], b"first".to_vec()));
    }
}
