//! What a bearer token says of itself. Reading it proves nothing: only the hub that issued a token can verify it.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The claims of a bearer token of the Events API, under the names that the official clients read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The Events API host, `host[:port]` without a scheme; exactly one.
    pub aud: Vec<String>,
    /// The features it may read (or, for a source, append to).
    #[serde(rename = "1password.com/fts")]
    pub features: Vec<String>,
    /// The account; absent from tokens of early days.
    #[serde(rename = "1password.com/auuid", default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Seconds since 1970 at issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Seconds since 1970 at expiry; absent for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// The token's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// A text that is no bearer token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// Not three parts.
    #[error("a bearer token has three parts joined by dots, this has {0}; was it copied whole?")]
    Parts(usize),
    /// The middle part is not base64url, or was cut.
    #[error("the middle part of the token is not base64url; was it copied whole?")]
    Encoding,
    /// The middle part is not the claims of an Events API token.
    #[error("the token's claims are not those of an Events API token: {0}")]
    Claims(String),
    /// There is no host to ask.
    #[error("the token names {0} hosts in \"aud\" instead of one")]
    Audience(usize),
}

impl Claims {
    /// When it expires; `None` for never.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.exp.map(Timestamp::from_seconds)
    }

    /// The Events API host, `host[:port]`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.aud.first().map_or("", String::as_str)
    }
}

/// The claims of a token, without verifying anything.
///
/// # Errors
///
/// All `Invalid`: see [`ClaimsError`].
pub fn decode_unverified(token: &str) -> Result<Claims, ClaimsError> {
    let parts: Vec<&str> = token.trim().split('.').collect();
    let [_, payload, _] = parts[..] else { return Err(ClaimsError::Parts(parts.len())) };
    let json = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| ClaimsError::Encoding)?;
    let claims: Claims = serde_json::from_slice(&json).map_err(|error| ClaimsError::Claims(error.to_string()))?;
    if claims.aud.len() != 1 {
        return Err(ClaimsError::Audience(claims.aud.len()));
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(payload.as_bytes()))
    }

    #[test]
    fn claims_of_a_token_are_read_by_their_wire_names() {
        let claims = decode_unverified(&token(
            r#"{"aud":["events.acme.example:8443"],"1password.com/fts":["auditevents"],"1password.com/auuid":"A","exp":60}"#,
        ))
        .unwrap();
        assert_eq!(claims.host(), "events.acme.example:8443");
        assert_eq!(claims.features, ["auditevents"]);
        assert_eq!(claims.account.as_deref(), Some("A"));
        assert_eq!(claims.expires_at(), Some(Timestamp::from_seconds(60)));
    }

    #[test]
    fn a_broken_copy_is_told_apart() {
        assert_eq!(decode_unverified("abc"), Err(ClaimsError::Parts(1)));
        assert_eq!(decode_unverified("a.b!.c"), Err(ClaimsError::Encoding));
        assert_eq!(decode_unverified(&token("{}")).unwrap_err().to_string(), {
            "the token's claims are not those of an Events API token: missing field `aud` at line 1 column 2"
        });
        assert_eq!(decode_unverified(&token(r#"{"aud":[],"1password.com/fts":[]}"#)), Err(ClaimsError::Audience(0)));
    }
}
