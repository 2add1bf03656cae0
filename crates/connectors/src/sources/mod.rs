//! Where events are brought in from, a folder each with the same files: `config` (its options), `fetch` (one page), tests.
//!
//! A source holds nothing that a restart would lose: it is asked with the cursor that its last page gave, and whoever
//! asks keeps that cursor in the transaction of the page's events.

mod file;

use std::{fmt, future::Future, str::FromStr, time::Duration};

use daybook_events::Feature;

pub use file::FileSource;

use crate::{Context, Description, Settings, SettingsError};

/// A system that events are brought in from.
pub trait Source: Send + Sync {
    /// Which kinds of events it brings in; each has a cursor of its own.
    fn features(&self) -> &[Feature];

    /// One page of a feature: what comes after a cursor, which is empty at first. An empty page is no end.
    ///
    /// # Errors
    ///
    /// There is no page now; the error says what to do.
    fn fetch(&self, feature: &Feature, after: &str) -> impl Future<Output = Result<SourcePage, SourceError>> + Send;
}

/// Some events, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcePage {
    /// JSON objects as they came.
    pub payloads: Vec<String>,
    /// Where the next page begins, in the system's own words.
    pub cursor: String,
    /// Whether it can be asked for at once.
    pub has_more: bool,
    /// What was left out, a sentence each with its place and the reason, and without its content.
    pub skipped: Vec<String>,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A passing condition.
    #[error("{reason}")]
    Retry {
        /// What happened.
        reason: String,
        /// When the system wants to be asked again.
        after: Option<Duration>,
    },
    /// Nothing will come until a person changes something, here or there.
    #[error("{reason}")]
    Stop {
        /// What happened.
        reason: String,
        /// What to do about it.
        fix: String,
    },
}

impl SourceError {
    /// A passing condition.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }

    /// A fault that waits for a person.
    pub fn stop(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Stop { reason: reason.into(), fix: fix.into() }
    }
}

/// The kinds and their folders. A folder has a `DESCRIPTION`, and a source with `open(&Settings, &Context)`.
macro_rules! sources {
    ($($(#[$meta:meta])* $variant:ident = $name:literal in $folder:ident::$source:ident;)+) => {
        /// A kind of source.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum SourceKind {
            $($(#[$meta])* $variant),+
        }

        /// A source of any kind.
        #[derive(Debug)]
        pub enum AnySource {
            $($(#[$meta])* $variant(Box<$folder::$source>)),+
        }

        impl SourceKind {
            /// All of them, in the order in which people are shown them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it is, and its options.
            #[must_use]
            pub const fn description(self) -> &'static Description {
                match self { $(Self::$variant => &$folder::DESCRIPTION),+ }
            }

            /// A source of this kind. Nothing is read yet.
            ///
            /// # Errors
            ///
            /// The settings contradict each other, or name what may not be reached.
            pub fn open(self, settings: &Settings, context: &Context) -> Result<AnySource, SettingsError> {
                Ok(match self {
                    $(Self::$variant => AnySource::$variant(Box::new($folder::$source::open(settings, context)?)),)+
                })
            }
        }

        impl Source for AnySource {
            fn features(&self) -> &[Feature] {
                match self { $(Self::$variant(source) => source.features()),+ }
            }

            async fn fetch(&self, feature: &Feature, after: &str) -> Result<SourcePage, SourceError> {
                match self { $(Self::$variant(source) => Box::pin(Source::fetch(&**source, feature, after)).await),+ }
            }
        }
    };
}

sources! {
    /// Lines of a file on the hub's machine.
    File = "file" in file::FileSource;
}

impl fmt::Display for SourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for SourceKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("{text:?} is no kind of source; there are {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_describes_itself_without_options_of_delivery() {
        for kind in SourceKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            let names: Vec<&str> = kind.description().all_settings().map(|setting| setting.name).collect();
            assert!(!names.is_empty() && !names.contains(&"format") && !names.contains(&"redact"), "{kind}: {names:?}");
        }
        assert!("ftp".parse::<SourceKind>().unwrap_err().contains("there are file"));
    }
}
