//! Object stores that anybody may read and only a signed request may write; with one bucket, `events`.

pub mod azure;
mod gcs;
pub mod s3;

use std::time::Duration;

use super::process::Process;
use crate::TestHttp;

/// The bucket or container that every store has.
const BUCKET: &str = "events";

/// A store with an empty bucket.
#[derive(Debug)]
pub struct ObjectStore {
    process: Process,
    url: String,
    protocol: Protocol,
}

#[derive(Debug, Clone, Copy)]
enum Protocol {
    S3,
    Gcs,
    Azure,
}

impl ObjectStore {
    /// S3, as SeaweedFS does it, with [`s3::ACCESS_KEY`], [`s3::SECRET_KEY`] and [`s3::REGION`]; path-style addresses. A
    /// `PUT` with `If-None-Match: *` is refused with 412 where there is such an object.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    pub async fn s3() -> Self {
        s3::start().await
    }

    /// Google Cloud Storage, as fake-gcs-server does it. It asks for no credentials; `ifGenerationMatch=0` is honoured for
    /// multipart uploads, and ignored for simple ones.
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    pub async fn gcs() -> Self {
        gcs::start().await
    }

    /// Azure Blob Storage, as Microsoft's Azurite does it, with [`azure::ACCOUNT`] and [`azure::KEY`].
    ///
    /// # Panics
    ///
    /// It is not installed, or does not start.
    pub async fn azure() -> Self {
        azure::start().await
    }

    /// Its address, without a slash at the end; that of Azure ends with the account.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The bucket or container.
    #[must_use]
    pub fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// The keys of the bucket's objects, in their order, at most a thousand.
    ///
    /// # Panics
    ///
    /// It does not answer as it should.
    pub async fn keys(&self) -> Vec<String> {
        let url = match self.protocol {
            Protocol::S3 => format!("{}/{BUCKET}?list-type=2", self.url),
            Protocol::Gcs => format!("{}/storage/v1/b/{BUCKET}/o", self.url),
            Protocol::Azure => format!("{}/{BUCKET}?restype=container&comp=list", self.url),
        };
        let answer = TestHttp::new(None).get(&url, None).await.expect_status(200);
        let mut keys = match self.protocol {
            Protocol::S3 => elements(&answer.text, "Key"),
            Protocol::Azure => elements(&answer.text, "Name"),
            Protocol::Gcs => {
                let list = answer.json();
                let items = list["items"].as_array().into_iter().flatten();
                items.map(|item| item["name"].as_str().expect("an object has a name").to_owned()).collect()
            }
        };
        keys.sort();
        keys
    }

    /// An object's bytes.
    ///
    /// # Panics
    ///
    /// There is no such object.
    pub async fn object(&self, key: &str) -> Vec<u8> {
        let url = match self.protocol {
            Protocol::S3 | Protocol::Azure => format!("{}/{BUCKET}/{key}", self.url),
            Protocol::Gcs => format!("{}/storage/v1/b/{BUCKET}/o/{}?alt=media", self.url, key.replace('/', "%2F")),
        };
        let request = TestHttp::new(None).client().get(&url);
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        response.unwrap_or_else(|error| panic!("no object {key}: {error}")).bytes().await.unwrap().to_vec()
    }

    /// Waits for the `n`-th object and returns all keys there are by then.
    ///
    /// # Panics
    ///
    /// It did not come in time; the message shows those that did.
    pub async fn wait_for(&self, n: usize, time: Duration) -> Vec<String> {
        self.process.wait_for(n, time, async || self.keys().await).await
    }
}

/// The texts of the XML elements of this name. The stores write them without attributes.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&start).skip(1).filter_map(|rest| rest.split(&end).next()).map(str::to_owned).collect()
}
