//! What of a stream a destination gets, and in which form: the settings `features`, `filter`, `redact` and `format`.

use std::collections::BTreeSet;

use daybook_events::{Feature, StoredEvent};

use crate::{OutgoingEvent, Settings, SettingsError};

/// Turns stored events into outgoing ones.
#[derive(Debug)]
pub struct Shape {
    features: Option<BTreeSet<Feature>>,
}

impl Shape {
    /// What the settings say.
    ///
    /// # Errors
    ///
    /// One of them cannot be read.
    pub fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let features = settings.optional("features").map(parse_features).transpose();
        Ok(Self { features: features.map_err(|reason| SettingsError::of("features", reason))? })
    }

    /// Whether the destination gets events of a feature at all.
    #[must_use]
    pub fn wants_feature(&self, feature: &Feature) -> bool {
        self.features.as_ref().is_none_or(|features| features.contains(feature))
    }

    /// The features that were chosen, if any were.
    #[must_use]
    pub fn features(&self) -> Option<&BTreeSet<Feature>> {
        self.features.as_ref()
    }

    /// An event as it leaves; `None` if the filter keeps it.
    #[must_use]
    pub fn prepare(&self, feature: &Feature, event: &StoredEvent<'_>) -> Option<OutgoingEvent> {
        Some(OutgoingEvent::raw(feature, event.position, (event.time, event.arrival), event.payload))
    }
}

fn parse_features(text: &str) -> Result<BTreeSet<Feature>, String> {
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    names.map(|name| name.parse::<Feature>().map_err(|error| error.to_string())).collect()
}
