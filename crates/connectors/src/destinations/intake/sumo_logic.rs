//! Sumo Logic: an HTTP source of a hosted collector, whose URL is the credential.

use super::{
    encode::{Body, Container},
    plan::{Plan, Success, Vendor},
};
use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, LINE_FORMATS, Setting, Transport},
    http::{Compression, HttpSender},
};

/// What hands events to Cloud SIEM, and its parser to them.
const CLOUD_SIEM: &str = "_siemForward=true,_siemVendor=1Password,_siemProduct=1Password,_siemFormat=JSON,\
                          _siemParser=/Parsers/System/1Password/1Password";

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Sumo Logic",
    summary: "Sends events as lines to an HTTP source of a hosted collector.",
    transport: Transport::Http,
    formats: LINE_FORMATS,
    batch: BatchBounds { events: "5000", kib: "900", wait_ms: "1000" },
    settings: &[
        Setting::new("url", Form::Secret, "The URL that the HTTP source shows; who knows it can send.").required(),
        Setting::new("category", Form::Text, "The source category; {feature} stands for the events' kind.")
            .or("1password"),
        Setting::new("name", Form::Text, "The source name; empty for the source's own."),
        Setting::new("host", Form::Text, "The source host; empty for the hub's own name."),
        Setting::new("fields", Form::Text, "Fields of the Fields schema, such as env=prod,team=security."),
        Setting::new(
            "cloud_siem",
            Form::Switch,
            "Whether events of the Events API go to Cloud SIEM too, with its 1Password parser.",
        )
        .or("false"),
        Compression::SETTING,
    ],
};

/// Sumo Logic.
#[derive(Debug)]
pub(crate) enum SumoLogic {}

/// An HTTP source of Sumo Logic's.
pub(in crate::destinations) type Connector = super::Connector<SumoLogic>;

const VENDOR: Vendor = Vendor {
    body_bytes_max: 1_000_000,
    fixes: &[(401, "the URL is not known, or its source is disabled: copy the URL from the source again")],
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
    let url = http.parse_url("url", settings.text("url"))?;
    let mut plan = Plan::new(url, Body::bare(Container::Lines));
    plan.content_type = "text/plain; charset=utf-8".to_owned();
    plan.compression = Compression::of(settings);
    let host = settings.optional("host").unwrap_or(&context.hub_host);
    plan.headers.add("x-sumo-category", settings.text("category"), "category")?;
    plan.headers.add("x-sumo-name", settings.text("name"), "name")?;
    plan.headers.add("x-sumo-host", host, "host")?;
    let fields = settings.text("fields");
    plan.headers.add("x-sumo-fields", fields, "fields")?;
    if settings.is_on("cloud_siem") {
        let separator = if fields.is_empty() { "" } else { "," };
        plan.headers.add_for_wire("x-sumo-fields", &format!("{CLOUD_SIEM}{separator}{fields}"), "fields")?;
    }
    Ok(plan)
}
