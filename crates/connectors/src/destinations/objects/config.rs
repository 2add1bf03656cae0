//! The options that all object stores share.

use crate::{
    Setting, Settings, SettingsError,
    description::{BatchBounds, Form},
};

/// One object a minute, or 64 MiB of events: small objects are what makes a lake slow and dear.
pub(super) const BATCH: BatchBounds = BatchBounds { events: "50000", kib: "65536", wait_ms: "60000" };

pub(super) const PREFIX: Setting =
    Setting::new("prefix", Form::Text, "Where in the bucket objects go, such as logs/daybook; empty: at its root.");

pub(super) const FILE_FORMAT: Setting = Setting::new(
    "file_format",
    Form::Choice(&["ndjson", "parquet"]),
    "What objects are: JSON lines packed with gzip, or Parquet packed with zstd.",
)
.or("ndjson");

pub(super) const PARTITION_BY: Setting = Setting::new(
    "partition_by",
    Form::Choice(&["arrival", "event"]),
    "Which time decides the hour in an object's name: when a batch's first event arrived, or when each event happened.",
)
.or("arrival");

pub(super) const CREATE_ONLY: Setting = Setting::new(
    "create_only",
    Form::Choice(&["auto", "on", "off"]),
    "Whether the store is asked to refuse an object that is there: auto does without where the store cannot.",
)
.or("auto");

/// The characters of a prefix besides letters and digits: those that every store and every reader takes as they are.
const PREFIX_MARKS: &str = "-_.=!*'()";
const PREFIX_BYTES_MAX: usize = 512;

/// What objects are and what they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Config {
    /// Without slashes at its ends.
    pub(super) prefix: String,
    pub(super) file_format: FileFormat,
    pub(super) is_ocsf: bool,
    pub(super) partition_by: PartitionBy,
    pub(super) create_only: CreateOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    Lines,
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartitionBy {
    Arrival,
    Event,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CreateOnly {
    Auto,
    On,
    Off,
}

impl Config {
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let file_format = match settings.text("file_format") {
            "parquet" => FileFormat::Parquet,
            _ => FileFormat::Lines,
        };
        let partition_by = match settings.text("partition_by") {
            "event" => PartitionBy::Event,
            _ => PartitionBy::Arrival,
        };
        let create_only = match settings.text("create_only") {
            "on" => CreateOnly::On,
            "off" => CreateOnly::Off,
            _ => CreateOnly::Auto,
        };
        let prefix = prefix_of(settings.text("prefix")).map_err(|reason| SettingsError::of("prefix", reason))?;
        let is_ocsf = settings.text("format").starts_with("ocsf");
        Ok(Self { prefix, file_format, is_ocsf, partition_by, create_only })
    }
}

fn prefix_of(given: &str) -> Result<String, String> {
    let prefix = given.trim_matches('/');
    let is_plain = |part: &str| {
        let taken = |character: char| character.is_ascii_alphanumeric() || PREFIX_MARKS.contains(character);
        !matches!(part, "" | "." | "..") && part.chars().all(taken)
    };
    if prefix.len() > PREFIX_BYTES_MAX {
        return Err(format!("is longer than {PREFIX_BYTES_MAX} bytes"));
    }
    if prefix.is_empty() || prefix.split('/').all(is_plain) {
        return Ok(prefix.to_owned());
    }
    Err(format!("must be names of letters, digits and {PREFIX_MARKS}, with / between them"))
}

/// A bucket's or container's name, which becomes part of a host name or of a path.
pub(super) fn name_of(settings: &Settings, setting: &str) -> Result<String, SettingsError> {
    let name = settings.text(setting);
    let taken = |character: char| character.is_ascii_alphanumeric() || "-_.$".contains(character);
    let is_name = (3..=222).contains(&name.len()) && !name.contains("..") && name.chars().all(taken);
    if is_name && name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '$') {
        return Ok(name.to_owned());
    }
    Err(SettingsError::of(setting, "must be its name alone: 3 or more letters, digits, hyphens and dots"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_paths_that_no_reader_stumbles_over() {
        for (given, taken) in [("", ""), ("/", ""), ("/logs/daybook/", "logs/daybook"), ("a=b/c.d", "a=b/c.d")] {
            assert_eq!(prefix_of(given), Ok(taken.to_owned()));
        }
        for given in ["a//b", "../a", "a/./b", "a b", "ä", "a?b", "a%2Fb", &"x".repeat(513)] {
            assert!(prefix_of(given).is_err(), "{given}");
        }
    }
}
