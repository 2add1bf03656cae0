//! Rapid7 InsightIDR: Custom Logs by webhook, whose URL is the credential.

use super::{
    encode::{Body, Container},
    plan::{Plan, Success, Vendor},
};
use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::{Compression, HttpSender},
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Rapid7 InsightIDR",
    summary: "Sends events as lines of JSON to the webhook of an event source Custom Logs.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "1000", kib: "900", wait_ms: "1000" },
    settings: &[
        Setting::new("url", Form::Secret, "The URL that the event source shows; who knows it can send.").required(),
        Compression::SETTING.or("none"),
    ],
};

/// Rapid7 InsightIDR.
#[derive(Debug)]
pub(crate) enum Rapid7 {}

/// A webhook of Rapid7's.
pub(in crate::destinations) type Connector = super::Connector<Rapid7>;

const VENDOR: Vendor = Vendor {
    body_bytes_max: 1_000_000,
    fixes: &[
        (401, "copy the URL from the event source again"),
        (403, "copy the URL from the event source again"),
        (404, "copy the URL from the event source again; the source may have been deleted"),
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

fn plan(settings: &Settings, _: &Context, http: &HttpSender) -> Result<Plan, SettingsError> {
    let url = http.parse_url("url", settings.text("url"))?;
    let plan = Plan::new(url, Body::bare(Container::Lines));
    Ok(Plan { compression: Compression::of(settings), content_type: "application/json".to_owned(), ..plan })
}
