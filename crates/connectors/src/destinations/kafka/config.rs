//! The options of a Kafka cluster.

use std::time::Duration;

use super::sasl::{Credentials, Mechanism};
use crate::{
    Batch, Settings, SettingsError,
    description::{BatchBounds, Description, Form, Setting, Transport},
};

/// Brokers measure a batch after packing, against 1 MiB unless told; events, their headers and keys are below it before.
pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Apache Kafka",
    summary: "Appends each event as a record to a topic, acknowledged by all replicas in sync.",
    transport: Transport::Connection,
    formats: &["raw", "ecs", "ocsf"],
    batch: BatchBounds { events: "2000", kib: "640", wait_ms: "500" },
    settings: &[
        Setting::new("brokers", Form::Text, "Brokers to begin with, host:port each, between commas.").required(),
        Setting::new(
            "topic",
            Form::Text,
            "Where to append; {feature} stands for the events' feature. Empty: 1password.{feature} for 1Password's, \
             {feature} for others.",
        ),
        Setting::new(
            "key",
            Form::Choice(&["account", "uuid"]),
            "The records' key: account keeps the order of events, uuid spreads them over all partitions and lets \
             compaction drop repeats.",
        )
        .or("account"),
        Setting::new(
            "encryption",
            Form::Choice(&["tls", "none"]),
            "With none, everybody on the way can read and change the events.",
        )
        .or("tls"),
        Setting::new(
            "sasl_mechanism",
            Form::Choice(&["none", "plain", "scram-sha-256", "scram-sha-512"]),
            "How to sign in to the brokers.",
        )
        .or("none"),
        Setting::new("username", Form::Text, "Who signs in; $ConnectionString for Azure Event Hubs."),
        Setting::new("password", Form::Secret, "The password of that user, or the connection string."),
        Setting::new(
            "compression",
            Form::Choice(&["zstd", "lz4", "gzip", "none"]),
            "How record batches are packed; consumers must know how to unpack them.",
        )
        .or("zstd"),
        Setting::new(
            "idempotent",
            Form::Switch,
            "Whether brokers drop what is sent again after a lost answer; old clusters demand IDEMPOTENT_WRITE for it.",
        )
        .or("true"),
        Setting::new("create_topic", Form::Switch, "Whether to create a topic that is not there.").or("false"),
        Setting::new(
            "timeout_secs",
            Form::Number { min: 2, max: 600 },
            "Seconds in which a batch must have been acknowledged.",
        )
        .or("30"),
    ],
};

const BROKERS_MAX: usize = 20;
const TOPIC_CHARS_MAX: usize = 249;

/// How a record batch is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None = 0,
    Gzip = 1,
    Lz4 = 3,
    Zstd = 4,
}

/// What decides over the partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyOf {
    Account,
    Uuid,
}

/// What a Kafka destination is made of besides its TLS.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) brokers: Vec<(String, u16)>,
    topic: Option<String>,
    pub(super) key: KeyOf,
    pub(super) credentials: Option<Credentials>,
    pub(super) is_encrypted: bool,
    pub(super) packing: Packing,
    pub(super) is_idempotent: bool,
    pub(super) creates_topic: bool,
    pub(super) timeout: Duration,
    format: String,
}

impl Config {
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let brokers = brokers(settings.text("brokers")).map_err(|reason| SettingsError::of("brokers", reason))?;
        let topic = settings.optional("topic").map(ToOwned::to_owned);
        if let Some(reason) = topic.as_deref().and_then(topic_fault) {
            return Err(SettingsError::of("topic", reason));
        }
        let packing = match settings.text("compression") {
            "none" => Packing::None,
            "gzip" => Packing::Gzip,
            "lz4" => Packing::Lz4,
            _ => Packing::Zstd,
        };
        Ok(Self {
            brokers,
            topic,
            key: if settings.text("key") == "uuid" { KeyOf::Uuid } else { KeyOf::Account },
            credentials: credentials(settings)?,
            is_encrypted: settings.text("encryption") == "tls",
            packing,
            is_idempotent: settings.is_on("idempotent"),
            creates_topic: settings.is_on("create_topic"),
            timeout: Duration::from_secs(settings.number("timeout_secs").max(2)),
            format: settings.text("format").to_owned(),
        })
    }

    /// The topic of a batch.
    pub(super) fn topic_of(&self, batch: &Batch) -> String {
        let template =
            self.topic.as_deref().unwrap_or(if batch.feature.is_wire() { "1password.{feature}" } else { "{feature}" });
        template.replace("{feature}", batch.feature.as_str())
    }

    /// The name of what the values are.
    pub(super) fn schema_of(&self, batch: &Batch) -> &str {
        if self.format == "raw" && batch.feature.is_wire() { "onepassword.v2" } else { &self.format }
    }

    /// How long a broker may wait for its replicas: it must answer before we give up.
    pub(super) fn broker_timeout_ms(&self) -> i32 {
        i32::try_from((self.timeout - Duration::from_secs(1)).as_millis()).unwrap_or(i32::MAX)
    }
}

fn brokers(text: &str) -> Result<Vec<(String, u16)>, String> {
    let one = |part: &str| {
        let (host, port) = part.rsplit_once(':')?;
        let is_whole = !host.is_empty() && (!host.contains(':') || host.starts_with('[') && host.ends_with(']'));
        Some((host.to_owned(), port.parse().ok()?)).filter(|_| is_whole)
    };
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > BROKERS_MAX {
        return Err(format!("must be 1 to {BROKERS_MAX} of host:port, between commas"));
    }
    parts
        .iter()
        .map(|part| one(part).ok_or(format!("{part:?} must be host:port, such as kafka.acme.example:9093")))
        .collect()
}

fn topic_fault(template: &str) -> Option<String> {
    let plain = template.replace("{feature}", "x");
    let is_plain = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let fits = is_plain && plain.len() <= TOPIC_CHARS_MAX && !matches!(plain.as_str(), "." | "..");
    (!fits).then(|| {
        "must be 1 to 249 letters, digits, dots, hyphens and underscores, with {feature} in it or not".to_owned()
    })
}

fn credentials(settings: &Settings) -> Result<Option<Credentials>, SettingsError> {
    let mechanism = match settings.text("sasl_mechanism") {
        "plain" => Mechanism::Plain,
        "scram-sha-256" => Mechanism::ScramSha256,
        "scram-sha-512" => Mechanism::ScramSha512,
        _ if settings.optional("username").or(settings.optional("password")).is_some() => {
            return Err(SettingsError::of(
                "sasl_mechanism",
                "is missing: it says how to sign in with user and password",
            ));
        }
        _ => return Ok(None),
    };
    let needed = |name| settings.optional(name).ok_or_else(|| SettingsError::of(name, "is missing: it signs in"));
    Ok(Some(Credentials::new(mechanism, needed("username")?, needed("password")?)))
}
