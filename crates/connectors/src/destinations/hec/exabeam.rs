//! Exabeam New-Scale: a Webhook Cloud Collector of the format HEC.

use super::config::{Metadata, Product, Scheme};
use crate::{
    Settings,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::Compression,
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Exabeam",
    summary: "Sends events to a Webhook Cloud Collector of the format HEC.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "10000", kib: "8192", wait_ms: "1000" },
    settings: &[
        Setting::new("url", Form::Url, "The whole URL that the collector shows.").required(),
        Setting::new("token", Form::Secret, "The token that the collector shows.").required(),
        Setting::new("scheme", Form::Choice(&["bearer", "splunk", "none"]), "The word before the token.").or("bearer"),
        Setting::new("source", Form::Text, "The source of the events.").or("daybook"),
        Setting::new("host", Form::Text, "The host of the events; empty for the hub's own name."),
        Compression::SETTING,
    ],
};

/// Exabeam.
#[derive(Debug)]
pub(crate) struct Exabeam;

/// A collector of Exabeam's.
pub(in crate::destinations) type Connector = super::Connector<Exabeam>;

impl Product for Exabeam {
    const PATH: Option<&'static str> = None;
    const HAS_ACKNOWLEDGEMENT: bool = false;
    const SAYS_CODE: bool = false;
    const METADATA: Metadata = Metadata::Plain;

    fn scheme(settings: &Settings) -> Scheme {
        match settings.text("scheme") {
            "splunk" => Scheme::Splunk,
            "none" => Scheme::None,
            _ => Scheme::Bearer,
        }
    }
}
