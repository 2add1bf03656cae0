//! A webhook feed: lines, whose split delimiter is the line end.

use reqwest::header::HeaderName;

use super::config::needed;
use crate::{
    Context, Settings, SettingsError,
    destinations::intake::{self, Authentication, Body, Container, Plan, Success, Vendor},
    http::HttpSender,
};

/// A webhook feed.
#[derive(Debug)]
pub(super) enum Feed {}

const VENDOR: Vendor = Vendor {
    body_bytes_max: 4_000_000,
    fixes: &[
        (401, "check api_key and feed_secret"),
        (403, "check api_key, that it may use the Chronicle API, and feed_secret"),
        (404, "check url: it is the endpoint that the feed shows"),
    ],
    success: Success::NoPage,
    plan,
};

/// A feed of these settings.
pub(super) fn open(settings: &Settings, context: &Context) -> Result<intake::Connector<Feed>, SettingsError> {
    intake::Connector::opened_by(&VENDOR, settings, context)
}

fn plan(settings: &Settings, _: &Context, http: &HttpSender) -> Result<Plan, SettingsError> {
    let url = http.parse_url("url", needed(settings, "url")?)?;
    let (api_key, feed_secret) = (needed(settings, "api_key")?, needed(settings, "feed_secret")?);
    let mut plan = Plan::new(url, Body::bare(Container::Lines));
    plan.authentication = Authentication::keys(&[
        (HeaderName::from_static("x-goog-api-key"), api_key, "api_key"),
        (HeaderName::from_static("x-webhook-access-key"), feed_secret, "feed_secret"),
    ])?;
    Ok(plan)
}
