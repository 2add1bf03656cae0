//! The options of an OTLP receiver.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    Batch, Settings, SettingsError,
    description::{BatchBounds, Description, Form, Setting, Transport},
    http::Compression,
};

/// Most gRPC servers take 4 MiB; a record's attributes are about half as long as its event.
pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "OpenTelemetry (OTLP)",
    summary: "Sends each event as a log record to an OpenTelemetry collector, or to what speaks its protocol.",
    transport: Transport::Http,
    formats: &["raw", "ecs", "ocsf"],
    batch: BatchBounds { events: "2000", kib: "1536", wait_ms: "1000" },
    settings: &[
        Setting::new(
            "url",
            Form::Url,
            "Where the receiver is, such as https://otel.acme.example:4318; over HTTP, /v1/logs is added.",
        )
        .required(),
        Setting::new(
            "protocol",
            Form::Choice(&["http", "grpc"]),
            "HTTP with protobuf (port 4318), or gRPC (port 4317).",
        )
        .or("http"),
        Setting::new(
            "headers",
            Form::Secret,
            "Headers that sign in, a line each, such as `authorization: Bearer …` or `api-key: …`.",
        ),
        Setting::new(
            "service_name",
            Form::Text,
            "The resource's service.name. Empty: 1password-events, or another service's name.",
        ),
        Compression::SETTING,
    ],
};

/// What an OTLP destination is made of besides its URL.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) is_grpc: bool,
    pub(super) headers: HeaderMap,
    pub(super) compression: Compression,
    pub(super) timeout_secs: u64,
    service_name: Option<String>,
}

impl Config {
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let headers = headers(settings.text("headers")).map_err(|reason| SettingsError::of("headers", reason))?;
        Ok(Self {
            is_grpc: settings.text("protocol") == "grpc",
            headers,
            compression: Compression::of(settings),
            timeout_secs: settings.number("timeout_secs").max(1),
            service_name: settings.optional("service_name").map(ToOwned::to_owned),
        })
    }

    /// `service.name` of a batch's resource.
    pub(super) fn service_name<'a>(&'a self, batch: &'a Batch) -> &'a str {
        let own = batch.feature.as_str().split('.').next().unwrap_or_default();
        let usual = if batch.feature.is_wire() { "1password-events" } else { own };
        self.service_name.as_deref().unwrap_or(usual)
    }
}

/// What is wrong with a line is told by its number: the line is a secret.
fn headers(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let parsed = line.split_once(':').and_then(|(name, value)| {
            let name: HeaderName = name.trim().to_ascii_lowercase().parse().ok()?;
            let mut value = HeaderValue::from_str(value.trim()).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        });
        let (name, value) = parsed.ok_or_else(|| format!("line {} must be a name, a colon and a value", index + 1))?;
        headers.insert(name, value);
    }
    Ok(headers)
}
