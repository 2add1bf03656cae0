//! CrowdStrike Falcon LogScale and Falcon Next-Gen SIEM. Its `sourcetype` is the name of the parser.

use super::config::{INDEXED_UUID, Metadata, Product, Scheme};
use crate::{
    Settings,
    description::{BatchBounds, Description, Form, JSON_FORMATS, Setting, Transport},
    http::Compression,
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "CrowdStrike Falcon",
    summary: "Sends events to Falcon LogScale, or to an HEC connector of Falcon Next-Gen SIEM.",
    transport: Transport::Http,
    formats: JSON_FORMATS,
    batch: BatchBounds { events: "5000", kib: "1024", wait_ms: "1000" },
    settings: &[
        Setting::new(
            "url",
            Form::Url,
            "LogScale's address, or the whole URL that the Next-Gen SIEM connector shows, which is taken as it is.",
        )
        .required(),
        Setting::new("token", Form::Secret, "The ingest token, or the connector's API key.").required(),
        Setting::new("parser", Form::Text, "The parser; empty for the one of the token or of the connector."),
        Setting::new("repository", Form::Text, "The repository, where the token may choose it."),
        Setting::new("source", Form::Text, "The events' @source.").or("daybook"),
        Setting::new("host", Form::Text, "The events' @host; empty for the hub's own name."),
        INDEXED_UUID,
        Compression::SETTING,
    ],
};

/// CrowdStrike.
#[derive(Debug)]
pub(crate) struct CrowdStrike;

/// A collector of CrowdStrike's.
pub(in crate::destinations) type Connector = super::Connector<CrowdStrike>;

impl Product for CrowdStrike {
    const PATH: Option<&'static str> = Some("/api/v1/ingest/hec");
    const HAS_ACKNOWLEDGEMENT: bool = false;
    const SAYS_CODE: bool = false;
    const METADATA: Metadata = Metadata::Parser;

    fn scheme(_: &Settings) -> Scheme {
        Scheme::Bearer
    }
}
