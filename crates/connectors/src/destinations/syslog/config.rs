//! The options of syslog.

use std::{sync::Arc, time::Duration};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use super::encode::{Framing, Layout, Oversize};
use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, Setting, Transport},
    tls::tls_of,
};

const HOSTNAME_BYTES_MAX: usize = 255;
const APP_NAME_BYTES_MAX: usize = 48;

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Syslog",
    summary: "Sends each event as an RFC 5424 message over TLS or TCP, as JSON, CEF or LEEF.",
    transport: Transport::Connection,
    formats: &["raw", "ecs", "ocsf", "cef", "leef"],
    batch: BatchBounds { events: "1000", kib: "1024", wait_ms: "200" },
    settings: &[
        Setting::new("host", Form::Text, "The receiver: a name or an address.").required(),
        Setting::new("port", Form::Number { min: 1, max: 65_535 }, "The receiver's port.").or("6514"),
        Setting::new(
            "transport",
            Form::Choice(&["tls", "tcp"]),
            "tls, or tcp: without TLS everybody on the way can read and change the events, and pose as the receiver.",
        )
        .or("tls"),
        Setting::new(
            "framing",
            Form::Choice(&["octet-counting", "newline"]),
            "How messages are told apart: by their length, which every current receiver takes, or by line ends.",
        )
        .or("octet-counting"),
        Setting::new(
            "confirm",
            Form::Choice(&["queue", "close"]),
            "What counts as delivered: queue, when the receiver's machine has acknowledged every byte; close, when the \
             receiver has ended the connection after reading it, which costs a connection a batch.",
        )
        .or("queue"),
        Setting::new(
            "resend_after_reconnect",
            Form::Number { min: 0, max: 10_000 },
            "Events that are sent once more after a connection broke, since nobody knows whether they were read.",
        )
        .or("100"),
        Setting::new("facility", Form::Number { min: 0, max: 23 }, "The facility; 13 is log audit, 16 to 23 are local0 to local7.")
            .or("13"),
        Setting::new(
            "hostname",
            Form::Text,
            "HOSTNAME of the messages, by which QRadar and others know the source; empty: the hub's.",
        ),
        Setting::new("app_name", Form::Text, "APP-NAME of the messages.").or("daybook"),
        Setting::new(
            "enterprise_number",
            Form::Number { min: 1, max: 4_294_967_295 },
            "Your IANA enterprise number; with it, the messages carry uuid, account and position as structured data.",
        ),
        Setting::new("bom", Form::Switch, "Whether a byte order mark goes before the event, as RFC 5424 wants and many parsers do not.")
            .or("false"),
        Setting::new(
            "message_bytes_max",
            Form::Number { min: 2048, max: 1_048_576 },
            "Bytes that the receiver takes as one message: 4096 for QRadar, 8192 for rsyslog, unless set otherwise there.",
        )
        .or("8192"),
        Setting::new(
            "oversize",
            Form::Choice(&["reject", "truncate"]),
            "What becomes of an event whose message is longer: a dead letter, or a message that is cut off.",
        )
        .or("reject"),
        Setting::new("timeout_secs", Form::Number { min: 1, max: 600 }, "Seconds in which a batch must be delivered.")
            .or("30"),
    ],
};

/// What counts as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confirm {
    /// The peer's TCP has acknowledged every byte.
    Queue,
    /// The receiver has ended the connection after we did.
    Close,
}

/// Where to, how, and what counts.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    pub(super) confirm: Confirm,
    pub(super) resend_count: usize,
    pub(super) timeout: Duration,
    pub(super) layout: Layout,
}

impl Config {
    pub(super) fn of(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let host = settings.text("host");
        context.guard.check_literal(host).map_err(|error| SettingsError::of("host", error.to_string()))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare).map_err(|_| SettingsError::of("host", "must be a name or an address"))?;
        let tls = Arc::new(tls_of(settings)?);
        Ok(Self {
            host: host.to_owned(),
            port: u16::try_from(settings.number("port")).unwrap_or(u16::MAX),
            tls: (settings.text("transport") == "tls").then_some((tls, name)),
            confirm: if settings.text("confirm") == "close" { Confirm::Close } else { Confirm::Queue },
            resend_count: usize::try_from(settings.number("resend_after_reconnect")).unwrap_or(usize::MAX),
            timeout: Duration::from_secs(settings.number("timeout_secs").max(1)),
            layout: layout_of(settings, context)?,
        })
    }
}

fn layout_of(settings: &Settings, context: &Context) -> Result<Layout, SettingsError> {
    let hub = context.hub_host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    let hub = hub.map_or(context.hub_host.as_str(), |(host, _)| host);
    Ok(Layout {
        facility: u8::try_from(settings.number("facility")).unwrap_or_default(),
        hostname: name_of("hostname", settings.optional("hostname").unwrap_or(hub), HOSTNAME_BYTES_MAX)?,
        app_name: name_of("app_name", settings.text("app_name"), APP_NAME_BYTES_MAX)?,
        enterprise: settings.optional("enterprise_number").map(str::to_owned),
        has_bom: settings.is_on("bom"),
        bytes_max: usize::try_from(settings.number("message_bytes_max")).unwrap_or(usize::MAX),
        oversize: if settings.text("oversize") == "truncate" { Oversize::Truncate } else { Oversize::Reject },
        framing: if settings.text("framing") == "newline" { Framing::Newline } else { Framing::OctetCounting },
    })
}

/// A header field of RFC 5424: printable ASCII without spaces.
fn name_of(setting: &str, value: &str, bytes_max: usize) -> Result<String, SettingsError> {
    if value.len() > bytes_max || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = format!("must be at most {bytes_max} printable ASCII characters without spaces");
        return Err(SettingsError::of(setting, reason));
    }
    Ok(value.to_owned())
}
