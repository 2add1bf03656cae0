//! Any receiver of JSON over HTTP.

use reqwest::header::HeaderName;

use super::{
    authentication::{Authentication, CHOICES, ENCODING, HASH, HEADER, SECRET, USERNAME},
    encode::{Body, Container},
    plan::{Headers, Plan, Success, Vendor},
};
use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, LINE_FORMATS, Setting, Transport},
    http::{Compression, HttpSender},
};

/// Headers that the connection and the body decide on.
const RESERVED: [&str; 6] =
    ["connection", "content-encoding", "content-length", "content-type", "host", "transfer-encoding"];

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "HTTP",
    summary: "Posts events to any URL: as lines, as a JSON array, or one a request, with headers of your own.",
    transport: Transport::Http,
    formats: LINE_FORMATS,
    batch: BatchBounds { events: "1000", kib: "900", wait_ms: "1000" },
    settings: &[
        Setting::new("url", Form::Secret, "Where to post to; kept sealed, because many such URLs are credentials.")
            .required(),
        Setting::new(
            "body",
            Form::Choice(&["lines", "array", "event"]),
            "What a request carries: a line an event, an array of all, or one event.",
        )
        .or("lines"),
        Setting::new(
            "content_type",
            Form::Text,
            "What the body is called; empty for application/x-ndjson or application/json.",
        ),
        Setting::new(
            "headers",
            Form::Secret,
            "More headers, `name: value`, a line each; {feature} and {account} stand for the events' own. Kept sealed, because \
             many carry keys.",
        ),
        Setting::new("auth", Form::Choice(CHOICES), "How requests show who sends them.").or("none"),
        HEADER.or("x-api-key"),
        SECRET,
        USERNAME,
        HASH,
        ENCODING,
        Compression::SETTING.or("none"),
    ],
};

/// Any receiver.
#[derive(Debug)]
pub(crate) enum AnyReceiver {}

/// A receiver.
pub(in crate::destinations) type Connector = super::Connector<AnyReceiver>;

/// Receivers of one's own answer with what their framework makes, pages too.
const VENDOR: Vendor = Vendor { body_bytes_max: usize::MAX, fixes: &[], success: Success::Any, plan };

impl Connector {
    /// One of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        Self::opened_by(&VENDOR, settings, context)
    }
}

fn plan(settings: &Settings, _: &Context, http: &HttpSender) -> Result<Plan, SettingsError> {
    let url = http.parse_url("url", settings.text("url"))?;
    let authentication = Authentication::of(settings)?;
    let container = match settings.text("body") {
        "array" => Container::Array,
        "event" => Container::Each,
        _ => Container::Lines,
    };
    if container == Container::Array && matches!(settings.text("format"), "cef" | "leef") {
        return Err(SettingsError::of("body", "must be lines or event: CEF and LEEF are no JSON"));
    }
    let mut headers = Headers::default();
    add_headers(&mut headers, settings.text("headers"))?;
    let content_type = settings.text("content_type").to_owned();
    if !content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(SettingsError::of("content_type", "must be visible ASCII characters"));
    }
    let plan = Plan::new(url, Body::bare(container));
    Ok(Plan { content_type, compression: Compression::of(settings), headers, authentication, ..plan })
}

/// A line is not told: it may be a key.
fn add_headers(headers: &mut Headers, text: &str) -> Result<(), SettingsError> {
    let lines = text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty());
    for (line, number) in lines {
        let wrong = |reason: &str| SettingsError::of("headers", format!("line {number} {reason}"));
        let (name, value) = line.split_once(':').ok_or_else(|| wrong("must be a name, a colon and a value"))?;
        let (name, value) = (name.trim(), value.trim());
        if HeaderName::try_from(name).is_err() {
            return Err(wrong("has no name of a header before its colon"));
        }
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(wrong(&format!("is of {name}, which is written by the hub")));
        }
        headers.add(name, value, "headers")?;
    }
    Ok(())
}
