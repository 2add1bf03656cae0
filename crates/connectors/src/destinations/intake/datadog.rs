//! Datadog: the Logs intake, version 2.

use super::{
    encode::{Body, Container, EventForm, Members, Text, TimeForm},
    plan::{Plan, Success, Vendor},
};
use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::{Compression, HttpSender},
};

/// What every event is tagged with besides the tags of the settings.
const TAGS: &str = "event_type:{feature},account:{account}";

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Datadog",
    summary: "Sends each event as the message of a log to Datadog's Logs intake.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "1000", kib: "3072", wait_ms: "1000" },
    settings: &[
        Setting::new("api_key", Form::Secret, "An API key of the organisation.").required(),
        Setting::new("site", Form::Text, "The organisation's site, such as datadoghq.eu or us3.datadoghq.com.")
            .or("datadoghq.com"),
        Setting::new("url", Form::Url, "The whole URL of another intake, such as an Observability Pipelines Worker's."),
        Setting::new("source", Form::Text, "The logs' ddsource, which chooses a pipeline.").or("1password"),
        Setting::new("service", Form::Text, "The logs' service.").or("1password"),
        Setting::new("host", Form::Text, "The logs' hostname; empty for the hub's own name."),
        Setting::new("tags", Form::Text, "More tags, such as env:prod,team:security."),
        Compression::SETTING,
    ],
};

/// Datadog.
#[derive(Debug)]
pub(crate) enum Datadog {}

/// An intake of Datadog's.
pub(in crate::destinations) type Connector = super::Connector<Datadog>;

const VENDOR: Vendor = Vendor {
    body_bytes_max: 5_000_000,
    fixes: &[
        (401, "check the API key, and that it is one of this site"),
        (403, "check the API key, and that it is one of this site"),
        (404, "check the site"),
    ],
    success: Success::NoPage,
    plan,
};

impl Connector {
    /// One of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        Self::opened_by(&VENDOR, settings, context)
    }
}

fn plan(settings: &Settings, context: &Context, http: &HttpSender) -> Result<Plan, SettingsError> {
    let url = match settings.optional("url") {
        Some(url) => http.parse_url("url", url)?,
        None => {
            let site = settings.text("site");
            if !site.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')) {
                return Err(SettingsError::of("site", "must be a name such as datadoghq.eu"));
            }
            http.parse_url("site", &format!("https://http-intake.logs.{site}/api/v2/logs"))?
        }
    };
    let tags = settings.optional("tags").map_or_else(|| TAGS.to_owned(), |more| format!("{TAGS},{more}"));
    let host = settings.optional("host").unwrap_or(&context.hub_host);
    let members = Members {
        texts: vec![
            ("ddsource", Text::Template(settings.text("source").to_owned())),
            ("ddtags", Text::Template(tags)),
            ("hostname", Text::Template(host.to_owned())),
            ("service", Text::Template(settings.text("service").to_owned())),
        ],
        time: ("timestamp", TimeForm::Millis),
    };
    let body = Body { container: Container::Array, form: EventForm::Message(members) };
    let plan = Plan { compression: Compression::of(settings), ..Plan::new(url, body) };
    plan.with_key("dd-api-key", settings, "api_key")
}
