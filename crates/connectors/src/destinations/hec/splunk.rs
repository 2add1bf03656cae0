//! Splunk Enterprise and Splunk Cloud.

use super::config::{INDEXED_UUID, Metadata, Product, Scheme};
use crate::{
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::Compression,
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Splunk",
    summary: "Sends events to an HTTP Event Collector, as the 1Password add-on names them, so that its dashboards fill.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "5000", kib: "1024", wait_ms: "1000" },
    settings: &[
        Setting::new(
            "url",
            Form::Url,
            "The collector: https://HOST:8088, or a whole URL, which is taken as it is if it has a path.",
        )
        .required(),
        Setting::new("token", Form::Secret, "The token of the HTTP Event Collector.").required(),
        Setting::new("index", Form::Text, "The index; empty for the token's default."),
        Setting::new(
            "indexes",
            Form::Text,
            "Indexes of single features, between commas, such as signinattempts=op_signin, okta.system=okta.",
        ),
        Setting::new(
            "sourcetype",
            Form::Text,
            "The source type of other services' events; {feature} stands for theirs, such as okta.system.",
        )
        .or("daybook:{feature}"),
        Setting::new("source", Form::Text, "The source of the events.").or("daybook"),
        Setting::new("host", Form::Text, "The host of the events; empty for the hub's own name."),
        INDEXED_UUID,
        Setting::new(
            "acknowledge",
            Form::Choice(&["auto", "on", "off"]),
            "Whether to wait until events are indexed: where the token has indexer acknowledgement, always, or never.",
        )
        .or("auto"),
        Setting::new(
            "acknowledge_timeout_secs",
            Form::Number { min: 1, max: 3600 },
            "Seconds in which events must be indexed, or they are sent again.",
        )
        .or("180"),
        Compression::SETTING,
    ],
};

/// Splunk.
#[derive(Debug)]
pub(crate) struct Splunk;

/// A collector of Splunk's.
pub(in crate::destinations) type Connector = super::Connector<Splunk>;

impl Product for Splunk {
    const PATH: Option<&'static str> = Some("/services/collector/event");
    const HAS_ACKNOWLEDGEMENT: bool = true;
    const SAYS_CODE: bool = true;
    const METADATA: Metadata = Metadata::AddOn;

    fn scheme(_: &crate::Settings) -> Scheme {
        Scheme::Splunk
    }
}
