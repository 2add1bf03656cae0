//! The options of a file.

use std::{path::PathBuf, time::Duration};

use daybook_events::Feature;

use crate::{
    Context, Settings, SettingsError,
    description::{BatchBounds, Description, Form, LINE_FORMATS, Setting, Transport},
    destinations::lane::TIMEOUT,
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "File",
    summary: "Appends each event as a line to a file on the hub's machine, and rotates it.",
    transport: Transport::Local,
    formats: LINE_FORMATS,
    batch: BatchBounds { events: "5000", kib: "4096", wait_ms: "200" },
    settings: &[
        Setting::new("path", Form::Text, "The file, in a directory that the hub's configuration lets files be in; {feature} stands for the events' kind.")
            .or("{feature}.ndjson"),
        Setting::new("rotate_mib", Form::Number { min: 1, max: 1_048_576 }, "MiB after which a new file is begun.").or("100"),
        Setting::new("rotate_hours", Form::Number { min: 0, max: 8760 }, "Hours after which a new file is begun; 0: never.").or("24"),
        Setting::new("keep_files", Form::Number { min: 1, max: 100_000 }, "Files that are kept besides the one written to; older ones are removed.")
            .or("30"),
        TIMEOUT,
    ],
};

/// Where to write, and when to begin anew.
#[derive(Debug)]
pub(super) struct Config {
    path: String,
    context: Context,
    pub(super) rotate_bytes: u64,
    pub(super) rotate_after: Option<Duration>,
    pub(super) keep_files: usize,
    pub(super) timeout: Duration,
}

impl Config {
    pub(super) fn of(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let hours = settings.number("rotate_hours");
        let config = Self {
            path: settings.text("path").to_owned(),
            context: context.clone(),
            rotate_bytes: settings.number("rotate_mib") << 20,
            rotate_after: (hours > 0).then(|| Duration::from_secs(hours * 3600)),
            keep_files: usize::try_from(settings.number("keep_files")).unwrap_or(usize::MAX),
            timeout: Duration::from_secs(settings.number(TIMEOUT.name).max(1)),
        };
        // Whoever opens it does not wait for a file server that is gone.
        let path = config.path.replace("{feature}", daybook_events::AUDIT_EVENTS.as_str());
        context.files.check(&path).map_err(|reason| SettingsError::of("path", reason))?;
        Ok(config)
    }

    /// The file of a feature. Asked at every batch: a link may have been put into the way since.
    pub(super) fn path_for(&self, feature: &Feature) -> Result<PathBuf, String> {
        self.context.files.resolve(&self.path.replace("{feature}", feature.as_str()))
    }
}
