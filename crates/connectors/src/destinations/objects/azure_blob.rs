//! Azure Blob Storage: block blobs, by Shared Key or a shared access signature (SAS).

use std::sync::Arc;

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};

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
    title: "Azure Blob Storage",
    summary: "Writes batches as block blobs to a container of Azure Blob Storage.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BATCH,
    settings: &[
        Setting::new("account", Form::Text, "The storage account's name.").required(),
        Setting::new("container", Form::Text, "The container's name.").required(),
        PREFIX,
        Setting::new("account_key", Form::Secret, "A key of the storage account, base64; or else sas_token."),
        Setting::new("sas_token", Form::Secret, "A shared access signature that may create, write and list."),
        Setting::new("url", Form::Url, "Another address of the account; empty: https://ACCOUNT.blob.core.windows.net."),
        FILE_FORMAT,
        PARTITION_BY,
        CREATE_ONLY,
    ],
};

/// Azure Blob Storage.
#[derive(Debug)]
pub(crate) enum AzureBlob {}

/// A container of it.
pub(in crate::destinations) type Connector = send::Connector<AzureBlob>;

impl Connector {
    /// One of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        Self::opened_by(place_of, settings, context)
    }
}

fn place_of(settings: &Settings, http: &HttpSender) -> Result<Place, SettingsError> {
    let account = settings.text("account").to_owned();
    if !(3..=24).contains(&account.len()) || !account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(SettingsError::of("account", "must be 3 to 24 letters and digits"));
    }
    let container = name_of(settings, "container")?;
    let given = settings.optional("url").map(|url| url.trim_end_matches('/').to_owned());
    let endpoint = given.unwrap_or_else(|| format!("https://{account}.blob.core.windows.net"));
    let url = http.parse_url("url", &endpoint)?;
    let builder = MicrosoftAzureBuilder::new()
        .with_http_connector(Connections(http.clone()))
        .with_retry(no_retries())
        .with_allow_http(url.scheme() == "http")
        .with_account(account)
        .with_container_name(container)
        .with_endpoint(endpoint);
    let (builder, setting) = match (settings.optional("account_key"), settings.optional("sas_token")) {
        (Some(key), None) => (builder.with_access_key(key), "account_key"),
        (None, Some(token)) => (builder.with_config(AzureConfigKey::SasKey, token), "sas_token"),
        (None, None) => return Err(SettingsError::of("account_key", "is missing: it or sas_token must be given")),
        (Some(_), Some(_)) => return Err(SettingsError::of("sas_token", "is one too many besides account_key")),
    };
    // What exactly is wrong with a key is not told: the text might quote it.
    let refused = |_| SettingsError::of(setting, "cannot be used: enter it as Azure shows it");
    Ok(Place { store: Arc::new(builder.build().map_err(refused)?), url })
}
