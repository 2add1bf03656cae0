//! Bearer tokens: ES256 JWTs that the official clients accept, issued here and verified here.
//!
//! A token is believed when its signature verifies with a key of ours, and the digest of that signature is registered.
//! What it may do is what the catalog says now, not what the token says: revoking, disabling and expiring take effect on
//! the next request, and on other nodes within a second.

mod authenticate;
mod hub_key;
mod issue;
mod jwt;
mod keyring;
mod seal;

pub(crate) use authenticate::{Authenticator, Refused, TokenFault};
pub(crate) use hub_key::hub_key;
pub(crate) use issue::{Issue, check_features, expires_after, find_token, issue};
pub(crate) use jwt::Jwk;
pub(crate) use jwt::{digest_of, signature_digest_of};
pub(crate) use keyring::Keyring;
pub(crate) use seal::{SealError, SecretSealer};

/// Takes a token apart, for the fuzz target.
pub(crate) fn parse_and_drop(token: &str) {
    drop(jwt::parse(token));
}
