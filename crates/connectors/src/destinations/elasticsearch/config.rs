//! The options of Elasticsearch.

use reqwest::Url;

use super::{
    credentials::Credentials,
    target::{Naming, Shape},
};
use crate::{
    Settings, SettingsError,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::{Compression, HttpSender},
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Elasticsearch, OpenSearch",
    summary: "Creates a document an event in data streams, for the Elastic integration 1Password or in a schema of choice.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "5000", kib: "4096", wait_ms: "1000" },
    settings: &[
        Setting::new("url", Form::Url, "The cluster, such as https://es.acme.example:9200.").required(),
        Setting::new("api_key", Form::Secret, "An API key, encoded or as id:key."),
        Setting::new("username", Form::Text, "A user, in place of an API key."),
        Setting::new("password", Form::Secret, "The user's password."),
        Setting::new(
            "auth",
            Form::Choice(&["cluster", "aws"]),
            "Who lets requests in: the cluster, by API key or user, or AWS, by an access key that signs them.",
        )
        .or("cluster"),
        Setting::new("region", Form::Text, "With auth=aws, the region of the domain, such as eu-central-1."),
        Setting::new("access_key_id", Form::Text, "With auth=aws, the id of the access key."),
        Setting::new("secret_access_key", Form::Secret, "With auth=aws, the access key's secret."),
        Setting::new("session_token", Form::Secret, "With auth=aws, the token of temporary credentials."),
        Setting::new("namespace", Form::Text, "The last part of the data streams' names.").or("default"),
        Setting::new(
            "index",
            Form::Text,
            "A data stream or index in place of logs-DATASET-NAMESPACE; {feature} stands for the events' kind.",
        ),
        Setting::new(
            "install_template",
            Form::Switch,
            "Whether to put an index template there first, for data streams in the formats ecs and ocsf.",
        )
        .or("false"),
        Compression::SETTING,
    ],
};

/// Options of the connector.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) url: Url,
    pub(super) credentials: Credentials,
    pub(super) shape: Shape,
    pub(super) naming: Naming,
    pub(super) installs_template: bool,
    pub(super) compression: Compression,
}

impl Config {
    pub(super) fn of(settings: &Settings, http: &HttpSender) -> Result<Self, SettingsError> {
        let shape = match settings.text("format") {
            "ecs" => Shape::Ecs,
            it if it.starts_with("ocsf") => Shape::Ocsf,
            _ => Shape::Message,
        };
        let installs_template = settings.is_on("install_template");
        if installs_template && shape == Shape::Message {
            let reason = "is for the formats ecs and ocsf; raw is for the templates of the Elastic integration";
            return Err(SettingsError::of("install_template", reason));
        }
        let url = http.url(settings, "url")?;
        Ok(Self {
            credentials: Credentials::of(settings, &url)?,
            url,
            shape,
            naming: naming(settings)?,
            installs_template,
            compression: Compression::of(settings),
        })
    }
}

fn naming(settings: &Settings) -> Result<Naming, SettingsError> {
    if let Some(name) = settings.optional("index") {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let rest = name.replace("{feature}", "feature");
        let is_name = rest.len() <= 180 && rest.bytes().all(is_plain) && !rest.starts_with(['-', '_', '.']);
        return is_name.then(|| Naming::Given(name.to_owned())).ok_or_else(|| {
            SettingsError::of(
                "index",
                "must be of a-z 0-9 - _ . and {feature}, begin with a letter or digit, and be short",
            )
        });
    }
    let namespace = settings.text("namespace");
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte);
    if namespace.len() > 100 || !namespace.bytes().all(is_plain) {
        return Err(SettingsError::of("namespace", "must be at most 100 characters of a-z 0-9 _ ."));
    }
    Ok(Naming::DataStreams { namespace: namespace.to_owned() })
}
