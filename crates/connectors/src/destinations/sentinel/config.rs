//! The options of Microsoft Sentinel.

use daybook_events::Timestamp;
use reqwest::Url;

use crate::{
    DeliveryError, Settings, SettingsError,
    description::{BatchBounds, Description, Form, Setting, Transport},
    http::{Compression, Grant, HttpSender, TokenSource},
};

const API_VERSION: &str = "2023-01-01";

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Microsoft Sentinel",
    summary: "Sends events to a table of a Log Analytics workspace by the Logs Ingestion API.",
    transport: Transport::Http,
    formats: &["raw"],
    batch: BatchBounds { events: "2000", kib: "850", wait_ms: "1000" },
    settings: &[
        Setting::new("tenant_id", Form::Text, "The directory (tenant) of the app registration.").required(),
        Setting::new("client_id", Form::Text, "The application (client) of the app registration.").required(),
        Setting::new("client_secret", Form::Secret, "A client secret of the app registration: its value, not its id.")
            .required(),
        Setting::new(
            "url",
            Form::Url,
            "The logs ingestion endpoint of the data collection rule, or of a data collection endpoint.",
        )
        .required(),
        Setting::new("dcr_id", Form::Text, "The immutable id of the data collection rule: dcr- and 32 characters.")
            .required(),
        Setting::new("stream", Form::Text, "The stream of the rule.").or("Custom-OnePasswordEventLogs_CL"),
        Setting::new("cloud", Form::Choice(&["public", "us-government", "china"]), "Which of Microsoft's clouds.")
            .or("public"),
        Setting::new("authority_url", Form::Url, "Where tokens come from; empty for the cloud's own."),
        Compression::SETTING,
    ],
};

/// What requests need.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) url: Url,
    pub(super) tokens: TokenSource<ClientSecret>,
    pub(super) compression: Compression,
}

/// An app registration (RFC 6749, section 4.4).
pub(super) struct ClientSecret {
    client_id: String,
    client_secret: String,
    scope: &'static str,
}

impl Grant for ClientSecret {
    const FIX: &'static str =
        "check tenant_id and client_id, and that client_secret is a secret's value and not expired";

    fn fields(&self, _: Timestamp) -> Result<Vec<(&'static str, String)>, DeliveryError> {
        Ok(vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", self.client_id.clone()),
            ("client_secret", self.client_secret.clone()),
            ("scope", self.scope.to_owned()),
        ])
    }
}

impl Config {
    pub(super) fn of(settings: &Settings, http: &HttpSender) -> Result<Self, SettingsError> {
        let (authority, scope) = match settings.text("cloud") {
            "us-government" => ("https://login.microsoftonline.us", "https://monitor.azure.us/.default"),
            "china" => ("https://login.chinacloudapi.cn", "https://monitor.azure.cn/.default"),
            _ => ("https://login.microsoftonline.com", "https://monitor.azure.com/.default"),
        };
        let authority = settings.optional("authority_url").unwrap_or(authority);
        let authority = http.parse_url("authority_url", authority)?;
        let authority = with_path(authority, &[settings.text("tenant_id"), "oauth2", "v2.0", "token"]);
        let dcr_id = settings.text("dcr_id");
        if !dcr_id.starts_with("dcr-") {
            return Err(SettingsError::of(
                "dcr_id",
                "must begin with dcr-: it is the rule's immutable id, not its name",
            ));
        }
        let url = http.url(settings, "url")?;
        let mut url = with_path(url, &["dataCollectionRules", dcr_id, "streams", settings.text("stream")]);
        url.query_pairs_mut().append_pair("api-version", API_VERSION);
        let grant = ClientSecret {
            client_id: settings.text("client_id").to_owned(),
            client_secret: settings.text("client_secret").to_owned(),
            scope,
        };
        let tokens = TokenSource::new(authority, grant);
        Ok(Self { url, tokens, compression: Compression::of(settings) })
    }
}

fn with_path(mut url: Url, segments: &[&str]) -> Url {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
