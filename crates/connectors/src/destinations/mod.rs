//! The systems, a folder each with the same files: `config` (its options and what they mean), `encode` (events to what
//! the protocol carries), `send` (one attempt, and the reading of its answer), tests. The names stand here once.

mod elasticsearch;
mod facts;
mod file;
mod google_secops;
mod hec;
mod intake;
mod kafka;
mod lane;
mod loki;
mod objects;
mod one_by_one;
mod otlp;
mod sentinel;
mod stdout;
mod syslog;
mod webhook;

use std::{fmt, str::FromStr};

use self::{
    hec::{crowdstrike, exabeam, splunk},
    intake::{cortex_xsiam, datadog, http, panther, rapid7, sumo_logic},
    objects::{azure_blob, gcs, s3},
};
use crate::{
    Batch, Context, Delivered, DeliveryError, Description, Destination, Endpoint, Settings, SettingsError,
    discretion::Discretion,
};

/// The kinds and their folders. A folder has a `DESCRIPTION` and a `Connector` with `open(&Settings, &Context)`.
macro_rules! destinations {
    ($($(#[$meta:meta])* $variant:ident = $name:literal in $folder:ident;)+) => {
        /// A kind of destination.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DestinationKind {
            $($(#[$meta])* $variant),+
        }

        /// What speaks to the system, of any kind.
        #[derive(Debug)]
        enum Connector {
            $($variant(Box<$folder::Connector>)),+
        }

        impl DestinationKind {
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

            /// A destination of this kind. Nothing is connected yet.
            ///
            /// # Errors
            ///
            /// The settings contradict each other, or name what may not be reached.
            pub fn open(self, settings: &Settings, context: &Context) -> Result<AnyDestination, SettingsError> {
                let connector = match self {
                    $(Self::$variant => Connector::$variant(Box::new($folder::Connector::open(settings, context)?)),)+
                };
                Ok(AnyDestination { connector, discretion: Discretion::about(self.description(), settings) })
            }
        }

        impl Destination for Connector {
            fn endpoint(&self) -> Option<Endpoint> {
                match self { $(Self::$variant(connector) => connector.endpoint()),+ }
            }

            async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
                match self { $(Self::$variant(connector) => Box::pin(connector.deliver(batch)).await),+ }
            }
        }
    };
}

destinations! {
    /// Splunk's HTTP Event Collector.
    SplunkHec = "splunk-hec" in splunk;
    /// Elasticsearch and OpenSearch.
    Elasticsearch = "elasticsearch" in elasticsearch;
    /// CrowdStrike Falcon LogScale and Next-Gen SIEM.
    CrowdStrike = "crowdstrike" in crowdstrike;
    /// Exabeam New-Scale.
    Exabeam = "exabeam" in exabeam;
    /// Datadog's Logs intake.
    Datadog = "datadog" in datadog;
    /// A Sumo Logic HTTP source.
    SumoLogic = "sumo-logic" in sumo_logic;
    /// A Panther HTTP source.
    Panther = "panther" in panther;
    /// Microsoft Sentinel, by the Logs Ingestion API.
    Sentinel = "sentinel" in sentinel;
    /// Google SecOps (Chronicle).
    GoogleSecops = "google-secops" in google_secops;
    /// A custom HTTP collector of Cortex XSIAM.
    CortexXsiam = "cortex-xsiam" in cortex_xsiam;
    /// Custom Logs of Rapid7 InsightIDR.
    Rapid7 = "rapid7" in rapid7;
    /// Any receiver of JSON over HTTP.
    Http = "http" in http;
    /// A signed webhook (Standard Webhooks).
    Webhook = "webhook" in webhook;
    /// RFC 5424 over TLS or TCP.
    Syslog = "syslog" in syslog;
    /// Amazon S3, or a store that speaks like it.
    S3 = "s3" in s3;
    /// Google Cloud Storage.
    Gcs = "gcs" in gcs;
    /// Azure Blob Storage.
    AzureBlob = "azure-blob" in azure_blob;
    /// Apache Kafka and its likes.
    Kafka = "kafka" in kafka;
    /// Grafana Loki.
    Loki = "loki" in loki;
    /// OpenTelemetry logs over HTTP or gRPC.
    Otlp = "otlp" in otlp;
    /// A file on the hub's machine.
    File = "file" in file;
    /// The hub's standard output.
    Stdout = "stdout" in stdout;
}

/// A destination of any kind. What it tells of answers is without its secrets.
#[derive(Debug)]
pub struct AnyDestination {
    connector: Connector,
    pub(crate) discretion: Discretion,
}

impl Destination for AnyDestination {
    fn endpoint(&self) -> Option<Endpoint> {
        self.connector.endpoint()
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        self.discretion.came(self.connector.deliver(batch).await)
    }
}

impl fmt::Display for DestinationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for DestinationKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("{text:?} is no kind of destination; there are {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::description::Form;

    #[test]
    fn every_kind_describes_itself_without_contradiction() {
        for kind in DestinationKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            let description = kind.description();
            let mut names = BTreeSet::new();
            for setting in description.all_settings() {
                let place = format!("{kind}: {}", setting.name);
                assert!(names.insert(setting.name), "{place} is there twice");
                assert!(setting.help.ends_with('.'), "{place}: {}", setting.help);
                let choices_hold = match setting.form {
                    Form::Choice(choices) => setting.required || choices.contains(&setting.default),
                    Form::Number { min, max } => {
                        setting.default.is_empty()
                            || setting.default.parse().is_ok_and(|it: u64| (min..=max).contains(&it))
                    }
                    _ => true,
                };
                assert!(choices_hold, "{place}: the default {:?} is not valid", setting.default);
            }
        }
    }
}
