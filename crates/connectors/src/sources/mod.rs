//! Where events are brought in from, a folder each with the same files: `config` (its options), `fetch` (one page), tests.
//!
//! A source holds nothing that a restart would lose: it is asked with the cursor that its last page gave, and whoever
//! asks keeps that cursor in the transaction of the page's events.

mod check;
mod file;
mod upstream;

use std::{fmt, future::Future, str::FromStr, time::Duration};

use daybook_events::{Feature, Timestamp};

pub use check::check_source;
pub use file::FileSource;
pub use upstream::UpstreamSource;

use crate::{Context, Description, Endpoint, Settings, SettingsError, discretion::Discretion};

/// A system that events are brought in from.
pub trait Source: Send + Sync {
    /// Where it connects to, for a test of the way there; `None` where there is no way, such as a file.
    fn endpoint(&self) -> Option<Endpoint>;

    /// What its system asks of whoever reads it.
    fn terms(&self) -> Terms;

    /// What it can bring in, by the word of the system itself.
    ///
    /// # Errors
    ///
    /// The system does not say; the error says what to do.
    fn begin(&self) -> impl Future<Output = Result<Begun, SourceError>> + Send;

    /// One page of a feature: what comes after a place, whose cursor is empty at first. An empty page is no end.
    ///
    /// # Errors
    ///
    /// There is no page now; the error says what to do.
    fn fetch(
        &self,
        feature: &Feature,
        after: After<'_>,
    ) -> impl Future<Output = Result<SourcePage, SourceError>> + Send;

    /// What reading is about at a cursor.
    fn phase(&self, cursor: &str) -> Phase;
}

/// Where a page begins.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// What the last page gave; empty before the first.
    pub cursor: &'a str,
    /// When the newest event happened that was brought in.
    pub last_time: Option<Timestamp>,
}

/// What a source can bring in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Begun {
    /// Kinds of events; each has a cursor of its own.
    pub features: Vec<Feature>,
    /// Kinds that are wanted by name and do not come.
    pub missing: Vec<Feature>,
    /// Kinds that the system has and does not give to these credentials, where all that they may read is wanted.
    pub withheld: Vec<Feature>,
    /// The account at the system, where it says.
    pub account: Option<String>,
}

/// How often a system may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The wait after a page that brought something and is the last.
    pub poll_min: Duration,
    /// The longest wait, after many pages that brought nothing.
    pub poll_max: Duration,
    /// Requests that may be made; `None` where nobody counts.
    pub budget: Option<Budget>,
    /// How far back the system lets anybody read; `None` for ever.
    pub window: Option<Duration>,
    /// When its credentials end, as far as they say.
    pub expires_at: Option<Timestamp>,
    /// What it brings in as far as the settings tell, for words about it before it has begun.
    pub expected: Vec<Feature>,
    /// What the settings name; `None`: all that there is.
    pub wanted: Option<Vec<Feature>>,
}

/// Requests that all readers of one account share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Which account of which system: sources with the same one share it.
    pub account: String,
    /// Requests a minute while there is a past to catch up with.
    pub catching_up_per_minute: u32,
    /// The same an hour.
    pub catching_up_per_hour: u32,
    /// Requests a minute in all.
    pub per_minute: u32,
    /// The same an hour.
    pub per_hour: u32,
}

/// What reading is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The past comes first.
    CatchingUp {
        /// Where it began, in the time of events.
        since: Timestamp,
        /// When that was.
        began_at: Timestamp,
    },
    /// Everything up to the last page is here.
    Following,
    /// The system has forgotten where we were; what may be here already is dropped.
    Again {
        /// Where it began, in the time of events.
        since: Timestamp,
    },
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
    /// Events that happened since then may be here already; they have the same `uuid`.
    pub known_since: Option<Timestamp>,
    /// What is odd, for people; empty if nothing is.
    pub notice: String,
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

        #[derive(Debug)]
        enum Connector {
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
                let connector = match self {
                    $(Self::$variant => Connector::$variant(Box::new($folder::$source::open(settings, context)?)),)+
                };
                Ok(AnySource { connector, discretion: Discretion::about(self.description(), settings) })
            }
        }

        impl Source for Connector {
            fn endpoint(&self) -> Option<Endpoint> {
                match self { $(Self::$variant(source) => source.endpoint()),+ }
            }

            fn terms(&self) -> Terms {
                match self { $(Self::$variant(source) => source.terms()),+ }
            }

            async fn begin(&self) -> Result<Begun, SourceError> {
                match self { $(Self::$variant(source) => Box::pin(source.begin()).await),+ }
            }

            async fn fetch(&self, feature: &Feature, after: After<'_>) -> Result<SourcePage, SourceError> {
                match self { $(Self::$variant(source) => Box::pin(Source::fetch(&**source, feature, after)).await),+ }
            }

            fn phase(&self, cursor: &str) -> Phase {
                match self { $(Self::$variant(source) => source.phase(cursor)),+ }
            }
        }
    };
}

sources! {
    /// The Events API of 1Password, or of another Daybook.
    Upstream = "upstream" in upstream::UpstreamSource;
    /// Lines of a file on the hub's machine.
    File = "file" in file::FileSource;
}

/// A source of any kind. What it tells of answers is without its secrets.
#[derive(Debug)]
pub struct AnySource {
    connector: Connector,
    discretion: Discretion,
}

impl Source for AnySource {
    fn endpoint(&self) -> Option<Endpoint> {
        self.connector.endpoint()
    }

    fn terms(&self) -> Terms {
        self.connector.terms()
    }

    async fn begin(&self) -> Result<Begun, SourceError> {
        self.connector.begin().await.map_err(|error| self.discretion.source_error(error))
    }

    async fn fetch(&self, feature: &Feature, after: After<'_>) -> Result<SourcePage, SourceError> {
        self.connector.fetch(feature, after).await.map_err(|error| self.discretion.source_error(error))
    }

    fn phase(&self, cursor: &str) -> Phase {
        self.connector.phase(cursor)
    }
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
            for of_others in ["format", "redact", "client_certificate_pem", "client_key_pem"] {
                assert!(!names.is_empty() && !names.contains(&of_others), "{kind}: {names:?}");
            }
        }
        assert!("ftp".parse::<SourceKind>().unwrap_err().contains("there are upstream, file"));
    }
}
