//! The options of a file.

use std::path::PathBuf;

use daybook_events::Feature;

use crate::{
    Context, Settings, SettingsError,
    description::{Description, Form, Setting, Transport},
};

pub(in crate::sources) const DESCRIPTION: Description = Description::source(
    "File",
    "Follows a file on the hub's machine, a JSON object a line, across its rotation.",
    Transport::Local,
    &[
        Setting::new(
            "path",
            Form::Text,
            "The file, in a directory that the hub's configuration lets files be in; it need not be there yet.",
        )
        .required(),
        Setting::new(
            "feature",
            Form::Text,
            "What its events are: auditevents, or another service's such as okta.system.",
        )
        .required(),
        Setting::new(
            "from",
            Form::Choice(&["beginning", "end"]),
            "Where a new source begins: with what the file holds, or with what is to come.",
        )
        .or("beginning"),
        Setting::new(
            "line_kib_max",
            Form::Number { min: 1, max: 8192 },
            "KiB of the longest line that is an event; longer ones are passed over.",
        )
        .or("1024"),
    ],
);

/// What to follow, and from where.
#[derive(Debug, Clone)]
pub(super) struct Config {
    path: String,
    context: Context,
    pub(super) feature: Feature,
    pub(super) begins_at_end: bool,
    pub(super) line_bytes_max: usize,
}

impl Config {
    pub(super) fn of(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let feature = settings.text("feature").parse::<Feature>();
        let config = Self {
            path: settings.text("path").to_owned(),
            context: context.clone(),
            feature: feature.map_err(|error| SettingsError::of("feature", error.to_string()))?,
            begins_at_end: settings.text("from") == "end",
            line_bytes_max: usize::try_from(settings.number("line_kib_max") << 10).unwrap_or(usize::MAX),
        };
        // Whoever opens it does not wait for a file server that is gone.
        context.files.check(&config.path).map_err(|reason| SettingsError::of("path", reason))?;
        Ok(config)
    }

    /// The file. Asked at every page: a link may have been put into the way since.
    pub(super) fn path(&self) -> Result<PathBuf, String> {
        self.context.files.resolve(&self.path)
    }
}
