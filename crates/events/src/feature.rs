//! Features: the named kinds of events. Three have a wire schema; other services' features are open-schema.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Attempts to sign in, successful or not.
pub const SIGN_IN_ATTEMPTS: Feature = Feature(Cow::Borrowed("signinattempts"));
/// Uses of items in shared vaults.
pub const ITEM_USAGES: Feature = Feature(Cow::Borrowed("itemusages"));
/// Actions of people in the account.
pub const AUDIT_EVENTS: Feature = Feature(Cow::Borrowed("auditevents"));
/// The features that the Events API serves, in the order in which they are listed.
pub const WIRE_FEATURES: [Feature; 3] = [AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS];

const NAME_LENGTH_MAX: usize = 64;

/// A named kind of events that a token may read: `signinattempts`, `itemusages`, `auditevents`, or the name of another
/// service's events such as `okta.system`: lower-case words of `a-z 0-9 _ -` joined by dots, at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Feature(Cow<'static, str>);

/// A text that cannot name a feature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a feature: use signinattempts, itemusages or auditevents, or name another service's events \
     vendor.kind, such as okta.system (a-z, 0-9, '_' and '-', at most 64 characters)"
)]
pub struct FeatureError(String);

impl Feature {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is one of the three features of the Events API, whose events have a schema.
    #[must_use]
    pub fn is_wire(&self) -> bool {
        WIRE_FEATURES.contains(self)
    }
}

impl FromStr for Feature {
    type Err = FeatureError;

    fn from_str(text: &str) -> Result<Self, FeatureError> {
        if let Some(feature) = WIRE_FEATURES.into_iter().find(|feature| feature.as_str() == text) {
            return Ok(feature);
        }
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
        };
        if text.len() <= NAME_LENGTH_MAX && text.contains('.') && text.split('.').all(is_word) {
            return Ok(Self(Cow::Owned(text.to_owned())));
        }
        Err(FeatureError(text.chars().take(NAME_LENGTH_MAX).collect()))
    }
}

impl TryFrom<String> for Feature {
    type Error = FeatureError;

    fn try_from(text: String) -> Result<Self, FeatureError> {
        text.parse()
    }
}

impl From<Feature> for String {
    fn from(feature: Feature) -> Self {
        feature.0.into_owned()
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_features_and_dotted_names_parse() {
        for text in ["signinattempts", "itemusages", "auditevents", "okta.system", "git-hub.audit_log.v2"] {
            assert_eq!(text.parse::<Feature>().unwrap().as_str(), text);
        }
        assert!(AUDIT_EVENTS.is_wire());
        assert!(!"okta.system".parse::<Feature>().unwrap().is_wire());
    }

    #[test]
    fn other_names_are_refused() {
        let long = format!("a.{}", "b".repeat(63));
        for text in ["", "okta", "alerts", "Okta.system", "okta.", ".system", "okta..system", "o/k.t", "1.2", &long] {
            assert!(text.parse::<Feature>().is_err(), "{text}");
        }
    }
}
