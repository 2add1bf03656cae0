//! Identifiers: 26 characters of base32 (`A-Z2-7`), 128 random bits, in the case that real data uses for each kind.
//!
//! Ids are opaque and compared byte for byte. Ids of events come from producers and stay plain strings; the newtypes
//! here are for what Daybook itself creates.

use std::{fmt, str::FromStr};

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};

const ID_LENGTH: usize = 26;

/// A text that is not an id of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} id {text:?} is not 26 characters of A-Z and 2-7")]
pub struct IdError {
    kind: &'static str,
    text: String,
}

/// A fresh id of 26 upper-case base32 characters, as events, people, sessions and integrations have.
#[must_use]
pub fn random_upper_id() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    BASE32_NOPAD.encode(&bytes)
}

/// A fresh id of 26 lower-case base32 characters, as vaults, items, groups, devices and keys have.
#[must_use]
pub fn random_lower_id() -> String {
    random_upper_id().to_ascii_lowercase()
}

fn is_base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)
}

macro_rules! id {
    ($name:ident, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A fresh, random id.
            #[must_use]
            pub fn random() -> Self {
                Self(random_upper_id())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() == ID_LENGTH && text.bytes().all(is_base32) {
                    return Ok(Self(text.to_owned()));
                }
                Err(IdError { kind: $kind, text: text.chars().take(64).collect() })
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

id!(AccountId, "account", "The tenant whose events these are.");
id!(IntegrationId, "integration", "A registered reader or producer; owns bearer tokens.");
id!(ConnectorId, "connector", "A source that brings events in, or a destination that they are delivered to.");
id!(ReplayId, "replay", "One delivery of past events to a destination, asked for by a person.");
id!(TokenId, "token", "One bearer token (`jti`).");
id!(PersonId, "person", "Somebody who signs in to the console.");
id!(SessionId, "session", "One sign-in of a person; not the secret that proves it.");
id!(KeyId, "signing key", "One token-signing key (`kid`).");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_parse_and_differ() {
        let (first, second) = (AccountId::random(), AccountId::random());
        assert_ne!(first, second);
        assert_eq!(first.as_str().parse::<AccountId>().unwrap(), first);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "short", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXY1", "É"] {
            assert!(text.parse::<TokenId>().is_err(), "{text}");
        }
    }
}
