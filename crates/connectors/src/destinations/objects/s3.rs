//! Amazon S3, and stores that speak like it: requests signed with Signature Version 4, a SHA-256 of each object's bytes.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, Checksum};

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
    title: "Amazon S3",
    summary: "Writes batches as objects to a bucket of S3, or of a store that speaks like it.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BATCH,
    settings: &[
        Setting::new("bucket", Form::Text, "The bucket's name.").required(),
        Setting::new("region", Form::Text, "The bucket's region, such as eu-central-1.").or("us-east-1"),
        Setting::new("url", Form::Url, "The address of a store other than Amazon's, without the bucket."),
        Setting::new(
            "addressing",
            Form::Choice(&["auto", "host", "path"]),
            "Where a request names the bucket: in the host or in the path; auto is the host at Amazon and the path elsewhere.",
        )
        .or("auto"),
        PREFIX,
        Setting::new("access_key_id", Form::Text, "The id of the access key.").required(),
        Setting::new("secret_access_key", Form::Secret, "The access key's secret.").required(),
        Setting::new("session_token", Form::Secret, "The token of temporary credentials."),
        Setting::new(
            "server_side_encryption",
            Form::Choice(&["none", "AES256", "aws:kms"]),
            "With what the store is told to encrypt objects; none leaves it to the bucket's own rule.",
        )
        .or("none"),
        Setting::new("kms_key_id", Form::Text, "The key of aws:kms; empty: the account's own for S3."),
        FILE_FORMAT,
        PARTITION_BY,
        CREATE_ONLY,
    ],
};

/// Amazon S3.
#[derive(Debug)]
pub(crate) enum S3 {}

/// A bucket of it.
pub(in crate::destinations) type Connector = send::Connector<S3>;

impl Connector {
    /// One of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        Self::opened_by(place_of, settings, context)
    }
}

fn place_of(settings: &Settings, http: &HttpSender) -> Result<Place, SettingsError> {
    let bucket = name_of(settings, "bucket")?;
    let region = region_of(settings)?;
    let (endpoint, is_in_host) = endpoint_of(settings, &bucket, &region);
    let url = http.parse_url("url", &endpoint)?;
    let mut builder = AmazonS3Builder::new()
        .with_http_connector(Connections(http.clone()))
        .with_retry(no_retries())
        .with_allow_http(url.scheme() == "http")
        .with_bucket_name(bucket)
        .with_region(region)
        .with_endpoint(endpoint)
        .with_virtual_hosted_style_request(is_in_host)
        .with_checksum_algorithm(Checksum::SHA256)
        .with_access_key_id(settings.text("access_key_id"))
        .with_secret_access_key(settings.text("secret_access_key"));
    if let Some(token) = settings.optional("session_token") {
        builder = builder.with_token(token);
    }
    builder = encrypted(builder, settings)?;
    let store = builder.build().map_err(|_| SettingsError::of("access_key_id", "S3 cannot be set up with these"))?;
    Ok(Place { store: Arc::new(store), url })
}

fn region_of(settings: &Settings) -> Result<String, SettingsError> {
    let region = settings.text("region");
    let is_region = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_region { Ok(region.to_owned()) } else { Err(SettingsError::of("region", "must be such as eu-central-1")) }
}

/// Where requests go, and whether that names the bucket already. A bucket with a dot is in the path: the certificate of
/// Amazon's hosts holds for one name more, not for two.
fn endpoint_of(settings: &Settings, bucket: &str, region: &str) -> (String, bool) {
    let given = settings.optional("url").map(|url| url.trim_end_matches('/').to_owned());
    let is_in_host = match settings.text("addressing") {
        "host" => true,
        "path" => false,
        _ => given.is_none() && !bucket.contains('.'),
    };
    let endpoint = given.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    match endpoint.split_once("://") {
        Some((scheme, rest)) if is_in_host => (format!("{scheme}://{bucket}.{rest}"), true),
        _ => (endpoint, false),
    }
}

fn encrypted(builder: AmazonS3Builder, settings: &Settings) -> Result<AmazonS3Builder, SettingsError> {
    let key_id = settings.optional("kms_key_id");
    match (settings.text("server_side_encryption"), key_id) {
        ("aws:kms", Some(key_id)) => Ok(builder.with_sse_kms_encryption(key_id)),
        (_, Some(_)) => Err(SettingsError::of("kms_key_id", "is for server_side_encryption=aws:kms")),
        ("none", None) => Ok(builder),
        (named, None) => {
            let option = "aws_server_side_encryption".parse().expect("S3 has this option");
            Ok(builder.with_config(option, named))
        }
    }
}
