//! The options of an upstream.

use std::time::Duration;

use daybook_client::{Client, RetryPolicy};
use daybook_events::{AUDIT_EVENTS, Feature, Timestamp};
use ring::digest;

use crate::{
    Budget, Context, Settings, SettingsError, Terms,
    description::{Description, Form, Setting, Transport},
};

/// How far back the Events API lets anybody read.
const WINDOW_DAYS: u64 = 120;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The longest `Retry-After` that is honoured; a longer one is asked again by then.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

pub(in crate::sources) const DESCRIPTION: Description = Description::source(
    "1Password or another Daybook",
    "Mirrors the events of a 1Password account, or of another Daybook, with one poll for everybody.",
    Transport::Http,
    &[
        Setting::new("token", Form::Secret, "The bearer token of an Events Reporting integration.").required(),
        Setting::new("url", Form::Url, "The Events API, https://host[:port]; empty: the host that the token names."),
        Setting::new("features", Form::Text, "Which events, between commas; empty: all that the token may read."),
        Setting::new(
            "backfill_days",
            Form::Number { min: 0, max: WINDOW_DAYS },
            "Days of the past that a new source begins with; the Events API gives 120.",
        )
        .or("120"),
        Setting::new(
            "poll_min_secs",
            Form::Number { min: 1, max: 3600 },
            "Seconds between requests while events come.",
        )
        .or("1"),
        Setting::new(
            "poll_max_secs",
            Form::Number { min: 1, max: 3600 },
            "Seconds between requests once nothing has come for long.",
        )
        .or("60"),
        Setting::new(
            "requests_per_minute",
            Form::Number { min: 1, max: 100_000 },
            "Requests a minute for the past, over all sources of the account; with the newest events, twice as many.",
        )
        .or("300"),
        Setting::new(
            "requests_per_hour",
            Form::Number { min: 1, max: 1_000_000 },
            "Requests an hour for the past, over all sources of the account; with the newest events, twice as many.",
        )
        .or("15000"),
        Setting::new(
            "overlap_minutes",
            Form::Number { min: 1, max: 10_080 },
            "Minutes before the newest event at which reading begins again if the cursor is not taken any more.",
        )
        .or("10"),
    ],
);

/// What to read, and how.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) client: Client,
    pub(super) backfill: Duration,
    pub(super) overlap: Duration,
    pub(super) terms: Terms,
}

impl Config {
    pub(super) fn of(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let client = client_of(settings, context)?;
        let features = settings.optional("features").map(parse_features).transpose()?;
        let secs = |name| Duration::from_secs(settings.number(name));
        let (poll_min, poll_max) = (secs("poll_min_secs"), secs("poll_max_secs"));
        if poll_min > poll_max {
            return Err(SettingsError::of("poll_max_secs", "must not be less than poll_min_secs"));
        }
        let claimed = client.claims().map(|claims| claims.features.iter().filter_map(|name| name.parse().ok()));
        let expected = features.clone().or_else(|| claimed.map(Iterator::collect)).unwrap_or_default();
        let terms = Terms {
            poll_min,
            poll_max,
            budget: Some(budget_of(settings, &client)),
            window: Some(DAY * u32::try_from(WINDOW_DAYS).unwrap_or(u32::MAX)),
            expires_at: client.claims().and_then(daybook_client::Claims::expires_at),
            expected: if expected.is_empty() { vec![AUDIT_EVENTS] } else { expected },
            wanted: features,
        };
        let backfill = DAY * u32::try_from(settings.number("backfill_days")).unwrap_or(u32::MAX);
        let overlap = Duration::from_secs(60 * settings.number("overlap_minutes"));
        Ok(Self { client, backfill, overlap, terms })
    }

    /// Where a new source begins.
    pub(super) fn begins_at(&self, now: Timestamp) -> Timestamp {
        now.minus(self.backfill)
    }
}

fn client_of(settings: &Settings, context: &Context) -> Result<Client, SettingsError> {
    let mut builder = Client::builder(settings.text("token"))
        .user_agent(format!("Daybook/{}", context.hub_version))
        .timeout(Duration::from_secs(settings.number("timeout_secs").max(1)))
        .resolver(context.guard.resolver())
        .retry(RetryPolicy { retry_after_max: RETRY_AFTER_MAX, ..RetryPolicy::never() });
    if let Some(url) = settings.optional("url") {
        builder = builder.base_url(url);
    }
    if let Some(pem) = settings.optional("ca_pem") {
        builder = builder.add_root_certificate_pem(pem);
    }
    let wrong = |error: daybook_client::ClientError| {
        use daybook_client::ClientError::{CertificateMissing, CertificatePem, Token};
        let setting = match &error {
            Token => "token",
            CertificatePem(_) | CertificateMissing => "ca_pem",
            _ => "url",
        };
        SettingsError::of(setting, error.to_string())
    };
    let client = builder.build().map_err(wrong)?;
    context.guard.check_literal(client.host()).map_err(|error| SettingsError::of("url", error.to_string()))?;
    Ok(client)
}

/// The account is the one that the token names; a token that names none is an account of its own.
fn budget_of(settings: &Settings, client: &Client) -> Budget {
    let of_token = || {
        let digest = digest::digest(&digest::SHA256, settings.text("token").as_bytes());
        data_encoding::BASE32_NOPAD.encode(&digest.as_ref()[..16])
    };
    let account = client.claims().and_then(|claims| claims.account.clone()).unwrap_or_else(of_token);
    let number = |name| u32::try_from(settings.number(name)).unwrap_or(u32::MAX);
    let (per_minute, per_hour) = (number("requests_per_minute"), number("requests_per_hour"));
    Budget {
        account: format!("{} {account}", client.base_url()),
        catching_up_per_minute: per_minute,
        catching_up_per_hour: per_hour,
        per_minute: per_minute.saturating_mul(2),
        per_hour: per_hour.saturating_mul(2),
    }
}

fn parse_features(text: &str) -> Result<Vec<Feature>, SettingsError> {
    let mut features: Vec<Feature> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let feature = name.parse().map_err(|error| SettingsError::of("features", format!("{error}")))?;
        if !features.contains(&feature) {
            features.push(feature);
        }
    }
    Ok(features)
}
