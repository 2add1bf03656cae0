//! Panther: an HTTP source.

use super::{
    authentication::{Authentication, CHOICES, ENCODING, HASH, HEADER, SECRET, USERNAME},
    encode::{Body, Container},
    plan::{Plan, Success, Vendor},
};
use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::{Compression, HttpSender},
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Panther",
    summary: "Sends events as lines of JSON to an HTTP source.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "5000", kib: "900", wait_ms: "1000" },
    settings: &[
        Setting::new("url", Form::Secret, "The URL that the HTTP source shows; without auth, who knows it can send.")
            .required(),
        Setting::new("auth", Form::Choice(CHOICES), "The source's auth method.").or("header"),
        HEADER.or("x-panther-secret"),
        SECRET,
        USERNAME,
        HASH,
        ENCODING,
        Compression::SETTING,
    ],
};

/// Panther.
#[derive(Debug)]
pub(crate) enum Panther {}

/// An HTTP source of Panther's.
pub(in crate::destinations) type Connector = super::Connector<Panther>;

const VENDOR: Vendor = Vendor {
    // A request may have 1 MB with its headers.
    body_bytes_max: 990_000,
    fixes: &[
        (401, "check auth, auth_header and secret against the source's; with auth=hmac, try compression=none"),
        (403, "check auth, auth_header and secret against the source's; with auth=hmac, try compression=none"),
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
    let authentication = Authentication::of(settings)?;
    let plan = Plan::new(url, Body::bare(Container::Lines));
    Ok(Plan { compression: Compression::of(settings), authentication, ..plan })
}
