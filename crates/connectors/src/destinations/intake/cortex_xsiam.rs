//! Cortex XSIAM: a custom HTTP log collector.

use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS};

use super::{
    encode::{Body, Container, EventForm, Members, Text, TimeForm},
    plan::{Plan, Success, Vendor},
};
use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::{Compression, HttpSender},
};

const PATH: &str = "/logs/v1/event";

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Cortex XSIAM",
    summary: "Sends events as lines of JSON to a custom HTTP collector, with what the 1Password modelling rules look for.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "10000", kib: "8192", wait_ms: "1000" },
    settings: &[
        Setting::new("url", Form::Url, "The collector: https://api-TENANT, or a whole URL, which is taken as it is.")
            .required(),
        Setting::new("api_key", Form::Secret, "The token that the collector shows.").required(),
        Compression::SETTING,
    ],
};

/// Cortex XSIAM.
#[derive(Debug)]
pub(crate) enum CortexXsiam {}

/// A collector of Cortex XSIAM's.
pub(in crate::destinations) type Connector = super::Connector<CortexXsiam>;

const VENDOR: Vendor = Vendor {
    body_bytes_max: 25_000_000,
    fixes: &[
        (401, "check the token; it belongs to this collector alone"),
        (403, "check the token; it belongs to this collector alone"),
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
    let mut url = http.url(settings, "url")?;
    if url.path() == "/" {
        url.set_path(PATH);
    }
    let members =
        Members { texts: vec![("SOURCE_LOG_TYPE", Text::OfFeature(log_type))], time: ("_time", TimeForm::Seconds) };
    let body = Body { container: Container::Lines, form: EventForm::Spliced(members) };
    let plan = Plan {
        compression: Compression::of(settings),
        content_type: "application/json".to_owned(),
        ..Plan::new(url, body)
    };
    plan.with_key("authorization", settings, "api_key")
}

/// The names by which the 1Password pack tells its events apart.
fn log_type(feature: &Feature) -> String {
    match feature {
        it if *it == SIGN_IN_ATTEMPTS => "SIGN IN ATTEMPTS".to_owned(),
        it if *it == ITEM_USAGES => "ITEM USAGE ACTIONS".to_owned(),
        it if *it == AUDIT_EVENTS => "AUDIT EVENTS".to_owned(),
        other => other.as_str().to_uppercase(),
    }
}
