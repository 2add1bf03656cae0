//! What of a stream a destination gets, and in which form: the settings `features`, `filter`, `redact` and `format`, in this
//! order.

use std::{collections::BTreeSet, sync::Arc};

use daybook_events::{AccountId, Feature, StoredEvent};

use crate::{
    Context, OutgoingEvent, Settings, SettingsError,
    format::{EventParts, Format, HubFacts, encode},
    selection::{Filter, Redaction, RedactionKey},
};

/// The shortest key of hashed fields.
const KEY_CHARS_MIN: usize = 16;

/// Turns stored events into outgoing ones.
#[derive(Debug)]
pub struct Shape {
    features: Option<BTreeSet<Feature>>,
    filter: Filter,
    redaction: Redaction,
    redaction_key: RedactionKey,
    format: Format,
    hub: HubFacts,
}

impl Shape {
    /// What the settings say. Without a key of their own, fields are hashed with `own_key`, which no other destination has.
    ///
    /// # Errors
    ///
    /// One of them cannot be read.
    pub fn of(settings: &Settings, context: &Context, own_key: [u8; 32]) -> Result<Self, SettingsError> {
        let wrong = |name: &str, reason: String| SettingsError::of(name, reason);
        let features = settings.optional("features").map(parse_features).transpose();
        let filter = Filter::parse(settings.text("filter"));
        let redaction = Redaction::parse(settings.text("redact"));
        let redaction_key = match settings.optional("redact_key") {
            None => own_key,
            Some(text) if text.chars().count() >= KEY_CHARS_MIN => digest(text),
            Some(_) => return Err(wrong("redact_key", format!("must have {KEY_CHARS_MIN} characters or more"))),
        };
        Ok(Self {
            features: features.map_err(|reason| wrong("features", reason))?,
            filter: filter.map_err(|error| wrong("filter", error.to_string()))?,
            redaction: redaction.map_err(|error| wrong("redact", error.to_string()))?,
            redaction_key: RedactionKey::new(redaction_key),
            format: settings.text("format").parse().map_err(|error| wrong("format", format!("{error}")))?,
            hub: HubFacts {
                name: "Daybook".to_owned(),
                version: context.hub_version.clone(),
                host: context.hub_host.clone(),
            },
        })
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
    pub fn prepare(&self, account: &AccountId, feature: &Feature, event: &StoredEvent<'_>) -> Option<OutgoingEvent> {
        if !self.filter.is_empty() && !self.filter.matches(feature, event.payload) {
            return None;
        }
        Some(self.prepare_all_the_same(account, feature, event))
    }

    /// An event as it leaves, whatever the filter says.
    #[must_use]
    pub fn prepare_all_the_same(
        &self,
        account: &AccountId,
        feature: &Feature,
        event: &StoredEvent<'_>,
    ) -> OutgoingEvent {
        let mut outgoing = OutgoingEvent::raw(feature, event.position, (event.time, event.arrival), event.payload);
        // An event without an id of its own is known by its place, which other accounts have too.
        if outgoing.uuid.starts_with(feature.as_str()) {
            outgoing.uuid = format!("{account}-{}", outgoing.uuid).into();
        }
        if !self.redaction.is_empty() {
            outgoing.payload = match self.redaction.apply(event.payload, &self.redaction_key) {
                Ok(redacted) => Arc::from(&*redacted),
                // What cannot be read cannot be redacted: its identity alone leaves.
                Err(_) => withheld(&outgoing).into(),
            };
            outgoing.text = Arc::clone(&outgoing.payload);
        }
        if self.format != Format::Raw {
            let parts = EventParts {
                position: event.position.get(),
                time: event.time,
                arrival: event.arrival,
                payload: &outgoing.payload,
                account,
                hub: &self.hub,
            };
            outgoing.text = Arc::from(&*encode(self.format, feature, &parts));
        }
        outgoing
    }
}

fn withheld(event: &OutgoingEvent) -> String {
    let uuid = serde_json::Value::from(&*event.uuid);
    format!(
        r#"{{"uuid":{uuid},"timestamp":"{}","withheld":"the event cannot be read, and some of it must not leave"}}"#,
        event.time
    )
}

fn digest(text: &str) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().try_into().expect("a SHA-256 has 32 bytes")
}

fn parse_features(text: &str) -> Result<BTreeSet<Feature>, String> {
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    names.map(|name| name.parse::<Feature>().map_err(|error| error.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use daybook_events::{Position, SIGN_IN_ATTEMPTS, Timestamp};

    use super::*;
    use crate::{DestinationKind, testing};

    const EVENT: &str = r#"{"uuid":"A","timestamp":"2026-03-04T05:06:07Z","category":"success","target_user":{"email":"r@acme.example"}}"#;

    fn prepare(given: &[(&str, &str)]) -> Result<Option<OutgoingEvent>, String> {
        let given: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Settings::check(DestinationKind::Stdout.description(), &given).unwrap();
        let context = testing::context(&std::env::temp_dir());
        let shape = Shape::of(&settings, &context, [1; 32]).map_err(|error| error.to_string())?;
        let time = Timestamp::from_seconds(testing::NOW_SECS);
        let event = StoredEvent { position: Position::new(1), time, arrival: time, payload: EVENT };
        Ok(shape.prepare(&"A".repeat(26).parse().unwrap(), &SIGN_IN_ATTEMPTS, &event))
    }

    #[test]
    fn without_settings_events_leave_byte_for_byte() {
        let event = prepare(&[]).unwrap().unwrap();
        assert_eq!((&*event.text, &*event.payload, &*event.stored), (EVENT, EVENT, EVENT));
    }

    #[test]
    fn redaction_comes_before_the_format_and_the_log_keeps_all() {
        let settings = [("redact", "drop: target_user.email"), ("format", "ecs")];
        let event = prepare(&settings).unwrap().unwrap();
        assert!(!event.text.contains("r@acme") && !event.payload.contains("r@acme"), "{}", event.text);
        assert!(event.text.contains("ecs") && &*event.stored == EVENT);
    }

    #[test]
    fn hashes_are_a_destinations_own_unless_it_has_a_key() {
        let hash = |key: &[(&str, &str)]| {
            let settings = [&[("redact", "hash: target_user.email")], key].concat();
            prepare(&settings).unwrap().unwrap().payload.to_string()
        };
        assert_eq!(hash(&[]), hash(&[]));
        assert_ne!(hash(&[]), hash(&[("redact_key", "a key of 16 characters")]));
        assert!(prepare(&[("redact_key", "short")]).unwrap_err().contains("16 characters"));
    }

    #[test]
    fn filters_and_features_are_checked() {
        assert!(prepare(&[("filter", "category!=success")]).unwrap().is_none());
        assert!(prepare(&[("filter", "category=success")]).unwrap().is_some());
        for (name, value) in [("filter", "???"), ("features", "Okta"), ("redact", "burn: x")] {
            let error = prepare(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
