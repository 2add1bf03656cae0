//! Where events of a feature go, and in which shape.

use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The event as text in `message`, which the Elastic integration's pipeline takes apart.
    Message,
    /// What the format ECS made.
    Ecs,
    /// What the format OCSF made.
    Ocsf,
}

/// How data streams are named.
#[derive(Debug)]
pub(super) enum Naming {
    /// `logs-DATASET-NAMESPACE`.
    DataStreams {
        /// The last part.
        namespace: String,
    },
    /// As a person wants it, with `{feature}` for the feature.
    Given(String),
}

/// Where the events of one feature go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// A data stream or an index.
    pub(super) name: String,
    /// Dataset and namespace, where the name has been made of them.
    pub(super) data_stream: Option<(String, String)>,
    /// What the Elastic integration tags its events with.
    pub(super) tag: String,
}

impl Target {
    pub(super) fn of(feature: &Feature, naming: &Naming, shape: Shape) -> Self {
        let known = match feature {
            it if *it == SIGN_IN_ATTEMPTS => Some("signin_attempts"),
            it if *it == ITEM_USAGES => Some("item_usages"),
            it if *it == AUDIT_EVENTS => Some("audit_events"),
            _ => None,
        };
        let tag = known.map_or_else(|| feature.to_string(), |name| format!("1password-{name}"));
        match naming {
            Naming::Given(name) => Self { name: name.replace("{feature}", feature.as_str()), data_stream: None, tag },
            Naming::DataStreams { namespace } => {
                // The hyphen separates the parts of the name.
                let base = known.map_or_else(|| feature.as_str().replace('-', "_"), |name| format!("1password.{name}"));
                // Fields of the same name have other types in OCSF: it has data streams of its own.
                let dataset = if shape == Shape::Ocsf { format!("{base}.ocsf") } else { base };
                let name = format!("logs-{dataset}-{namespace}");
                Self { name, data_stream: Some((dataset, namespace.clone())), tag }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_streams_are_those_of_the_integration() {
        let naming = Naming::DataStreams { namespace: "default".to_owned() };
        for (feature, shape, name) in [
            ("signinattempts", Shape::Message, "logs-1password.signin_attempts-default"),
            ("itemusages", Shape::Ecs, "logs-1password.item_usages-default"),
            ("auditevents", Shape::Ocsf, "logs-1password.audit_events.ocsf-default"),
            ("git-hub.audit", Shape::Message, "logs-git_hub.audit-default"),
        ] {
            assert_eq!(Target::of(&feature.parse().unwrap(), &naming, shape).name, name);
        }
        let given = Naming::Given("daybook-{feature}".to_owned());
        let target = Target::of(&AUDIT_EVENTS, &given, Shape::Ecs);
        assert_eq!((target.name.as_str(), target.data_stream), ("daybook-auditevents", None));
    }
}
