//! Google Cloud Storage, by its XML API, with tokens that a service account's key signs.

use std::sync::Arc;

use object_store::gcp::GoogleCloudStorageBuilder;

use super::{
    client::{Connections, no_retries},
    config::{BATCH, CREATE_ONLY, FILE_FORMAT, PARTITION_BY, PREFIX, name_of},
    send::{self, Place},
};
use crate::{
    Context, Description, Setting, Settings, SettingsError,
    description::{Form, JSON_FORMATS, Transport},
    http::HttpSender,
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Google Cloud Storage",
    summary: "Writes batches as objects to a bucket of Google Cloud Storage.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BATCH,
    settings: &[
        Setting::new("bucket", Form::Text, "The bucket's name.").required(),
        PREFIX,
        Setting::new("service_account_json", Form::Secret, "The key of a service account, the JSON that Google gives.")
            .required(),
        Setting::new("url", Form::Url, "Another address of the service, such as one of Private Service Connect.")
            .or("https://storage.googleapis.com"),
        FILE_FORMAT,
        PARTITION_BY,
        CREATE_ONLY,
    ],
};

/// Google Cloud Storage.
#[derive(Debug)]
pub(crate) enum Gcs {}

/// A bucket of it.
pub(in crate::destinations) type Connector = send::Connector<Gcs>;

impl Connector {
    /// One of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        Self::opened_by(place_of, settings, context)
    }
}

fn place_of(settings: &Settings, http: &HttpSender) -> Result<Place, SettingsError> {
    let bucket = name_of(settings, "bucket")?;
    let url = http.url(settings, "url")?;
    let builder = GoogleCloudStorageBuilder::new()
        .with_http_connector(Connections(http.clone()))
        .with_retry(no_retries())
        .with_bucket_name(bucket)
        .with_base_url(settings.text("url").trim_end_matches('/'))
        .with_service_account_key(settings.text("service_account_json"));
    // What exactly is wrong with a key is not told: the text might quote it.
    let refused = |_| SettingsError::of("service_account_json", "is no key of a service account, such as Google gives");
    Ok(Place { store: Arc::new(builder.build().map_err(refused)?), url })
}
