//! The options of Loki.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use reqwest::header::HeaderValue;

use crate::{
    Batch, Settings, SettingsError,
    description::{BatchBounds, Description, Form, Setting, Transport},
    http::Compression,
};

/// Loki takes 4 MB at once, and 3 MB a second of a stream unless told.
pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Grafana Loki",
    summary: "Pushes each event as a log line to Grafana Loki or Grafana Cloud Logs.",
    transport: Transport::Http,
    formats: &["raw", "ecs", "ocsf"],
    batch: BatchBounds { events: "2000", kib: "1024", wait_ms: "1000" },
    settings: &[
        Setting::new(
            "url",
            Form::Url,
            "Where Loki is, such as https://logs-prod-012.grafana.net; /loki/api/v1/push is added.",
        )
        .required(),
        Setting::new("tenant", Form::Text, "The tenant (X-Scope-OrgID), where Loki has several."),
        Setting::new("username", Form::Text, "Who signs in; for Grafana Cloud the number of the user."),
        Setting::new(
            "password",
            Form::Secret,
            "The password of that user; for Grafana Cloud an access policy's token.",
        ),
        Setting::new(
            "labels",
            Form::Text,
            "More labels, name=value between commas, such as env=production; there are job, event_type and account.",
        ),
        Setting::new(
            "structured_metadata",
            Form::Switch,
            "Whether ids, people and addresses go beside the line; Loki before 3.0 must be set up for it.",
        )
        .or("true"),
        Compression::SETTING,
    ],
};

/// Loki refuses more than 15; three are ours.
const MORE_LABELS_MAX: usize = 12;
const OWN_LABELS: [&str; 3] = ["job", "event_type", "account"];

/// What a Loki destination is made of besides its URL.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) tenant: Option<HeaderValue>,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) has_metadata: bool,
    pub(super) compression: Compression,
    labels: BTreeMap<String, String>,
}

impl Config {
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let tenant = settings.optional("tenant").map(tenant).transpose()?;
        let labels = labels(settings.text("labels")).map_err(|reason| SettingsError::of("labels", reason))?;
        let authorization = match (settings.optional("username"), settings.optional("password")) {
            (Some(username), Some(password)) => Some(basic(username, password)),
            (None, None) => None,
            (Some(_), None) => return Err(SettingsError::of("password", "is missing: it signs in")),
            (None, Some(_)) => return Err(SettingsError::of("username", "is missing: it signs in")),
        };
        let has_metadata = settings.is_on("structured_metadata");
        Ok(Self { tenant, authorization, has_metadata, compression: Compression::of(settings), labels })
    }

    /// The labels of a batch's stream: what hardly varies, since each combination is a stream of its own.
    pub(super) fn labels_of(&self, batch: &Batch) -> BTreeMap<String, String> {
        let own = batch.feature.as_str().split('.').next().unwrap_or_default();
        let job = if batch.feature.is_wire() { "1password" } else { own };
        let values = [job.to_owned(), batch.event_type(), batch.account.to_string()];
        let own = OWN_LABELS.map(ToOwned::to_owned).into_iter().zip(values);
        own.chain(self.labels.clone()).collect()
    }
}

fn tenant(text: &str) -> Result<HeaderValue, SettingsError> {
    let value = HeaderValue::from_str(text).ok().filter(|_| text.is_ascii());
    value.ok_or_else(|| SettingsError::of("tenant", "must be of ASCII characters"))
}

fn basic(username: &str, password: &str) -> HeaderValue {
    let encoded = BASE64.encode(format!("{username}:{password}").as_bytes());
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).expect("base64 fits a header");
    value.set_sensitive(true);
    value
}

fn labels(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut labels = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let pair = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        let is_name = |name: &str| {
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            is_plain && !name.starts_with("__") && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        };
        let (name, value) = pair
            .filter(|(name, value)| is_name(name) && !value.is_empty())
            .ok_or_else(|| format!("{part:?} must be name=value, the name of letters, digits and underscores"))?;
        if OWN_LABELS.contains(&name) || labels.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("{name} is there twice"));
        }
    }
    if labels.len() > MORE_LABELS_MAX {
        return Err(format!("must be at most {MORE_LABELS_MAX}: Loki refuses streams of more than 15 labels"));
    }
    Ok(labels)
}
