//! The options of Google SecOps, for both modes.

use crate::{
    Settings, SettingsError,
    description::{BatchBounds, Description, Form, LINE_FORMATS, Setting, Transport},
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Google SecOps",
    summary: "Sends raw events to a webhook feed, or to the Chronicle API with a service account.",
    transport: Transport::Http,
    formats: LINE_FORMATS,
    batch: BatchBounds { events: "5000", kib: "2048", wait_ms: "1000" },
    settings: &[
        Setting::new(
            "mode",
            Form::Choice(&["webhook", "api"]),
            "A webhook feed, which has one log type, or the Chronicle API, which has all.",
        )
        .or("webhook"),
        Setting::new(
            "url",
            Form::Url,
            "mode=webhook: the feed's endpoint; mode=api: another address of the API than the region's own.",
        ),
        Setting::new("api_key", Form::Secret, "mode=webhook: the API key of the Google Cloud project."),
        Setting::new("feed_secret", Form::Secret, "mode=webhook: the feed's secret key."),
        Setting::new(
            "service_account_json",
            Form::Secret,
            "mode=api: the key of a service account, the JSON that Google gives.",
        ),
        Setting::new("project", Form::Text, "mode=api: the Google Cloud project that is linked to the instance."),
        Setting::new("region", Form::Text, "mode=api: the instance's region, such as us or europe-west3."),
        Setting::new("instance", Form::Text, "mode=api: the instance's customer id, a UUID."),
        Setting::new(
            "log_types",
            Form::Text,
            "mode=api: log types of other features, between commas, such as okta.system=OKTA.",
        ),
        Setting::new("namespace", Form::Text, "mode=api: the environment namespace of the events' assets."),
    ],
};

/// A value that the mode cannot do without.
pub(super) fn needed<'a>(settings: &'a Settings, name: &str) -> Result<&'a str, SettingsError> {
    let missing = || SettingsError::of(name, format!("is missing: mode={} needs it", settings.text("mode")));
    settings.optional(name).ok_or_else(missing)
}
