//! Who administers: the bearer of an administration token, and what goes into the audit trail about it.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
};
use daybook_events::{AccountId, Actor, Grant, HubGrant};
use serde::de::DeserializeOwned;

use crate::{
    error::ApiError,
    events_api::bearer_token,
    request::{SmallBody, client_address},
    state::App,
    tokens::digest_of,
};

/// What the audit trail calls the bearer. Where the token was made is a path of the hub's machine, and not for accounts.
pub(crate) const BEARER: &str = "Administration token";
const NAME_LENGTH_MAX: usize = 100;
/// Marks that show nothing by themselves: joiners, marks of direction, fillers.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// The longest address that mail knows (RFC 5321, path without its brackets).
const EMAIL_LENGTH_MAX: usize = 254;

/// The bearer of an administration token.
pub(crate) struct Administrator {
    pub(super) grant: HubGrant,
    pub(super) actor: Actor,
    /// SHA-256 of the token, hexadecimal.
    pub(super) digest: String,
}

impl Administrator {
    /// The grant of one account, if it exists.
    pub(super) async fn account(&self, app: &App, account: &str) -> Result<Grant, ApiError> {
        let missing = || ApiError::new(StatusCode::NOT_FOUND, format!("no account {account:?}"));
        let account_id: AccountId = account.parse().map_err(|_| missing())?;
        app.catalog.find_account(self.grant, &account_id).await?;
        Ok(self.grant.account(account_id))
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let refused = |message: &str| ApiError::new(StatusCode::UNAUTHORIZED, message);
        let token = bearer_token(&parts.headers).ok_or_else(|| {
            refused("send the administration token in the header \"Authorization: Bearer …\"; it is in admin.token in the data directory")
        })?;
        let digest = digest_of(token);
        let known = app.catalog.find_administration_token(&digest).await?;
        known.ok_or_else(|| refused("this is not an administration token of this hub"))?;
        let address = client_address(parts, app);
        let actor = Actor {
            // An id that stays the same for the token, in the shape of every other id.
            uuid: data_encoding::BASE32_NOPAD.encode(digest.as_bytes())[..26].to_owned(),
            name: BEARER.to_owned(),
            email: String::new(),
            ip: address.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string()),
            since: app.started_at,
        };
        Ok(Self { grant: HubGrant::of_the_hub_itself(), actor, digest })
    }
}

/// A JSON body, whatever its Content-Type; what is wrong with it is named.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let SmallBody(bytes) = SmallBody::from_request(request, app).await?;
        let Json(value) = Json::from_bytes(&bytes).map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
        Ok(Self(value))
    }
}

/// A name that people gave: trimmed, neither empty nor endless, without control characters.
pub(crate) fn check_name(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    let is_seen = |character: char| !character.is_whitespace() && !is_invisible(character);
    let is_good = (1..=NAME_LENGTH_MAX).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && name.chars().any(is_seen);
    is_good.then_some(name).ok_or_else(|| {
        ApiError::invalid(format!("name: must be 1 to {NAME_LENGTH_MAX} characters, none of them a control character"))
    })
}

/// An email address as people write it, in lower case. Whether it is somebody's shows when they follow their link.
pub(crate) fn check_email(email: &str) -> Result<String, ApiError> {
    let email = email.trim().to_lowercase();
    let is_plain = |text: &str| {
        !text.is_empty() && !text.chars().any(|character| character.is_whitespace() || character.is_control())
    };
    let is_email = email.split_once('@').is_some_and(|(name, domain)| {
        is_plain(name) && is_plain(domain) && !domain.contains('@') && !email.contains(['<', '>', '"', ',', ';'])
    });
    if is_email && email.chars().count() <= EMAIL_LENGTH_MAX {
        return Ok(email);
    }
    Err(ApiError::invalid(format!(
        "write an email address of at most {EMAIL_LENGTH_MAX} characters, such as robin@acme.example"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_something_to_see() {
        for name in ["\u{200b}", " \u{202e}\u{2066} ", "\u{3164}", "", "a\nb"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert_eq!(check_name(" \u{202e}דוד 🦀 ").unwrap(), "\u{202e}דוד 🦀");
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for text in ["a@b", " robin.vale+x@fabrikam.example ", "jürgen@müller.example"] {
            assert_eq!(check_email(text).unwrap(), text.trim(), "{text}");
        }
        let long = format!("{}@x.example", "a".repeat(250));
        for text in ["", "robin", "@b", "a@", "a b@c", "a@b@c", "<a@b>", "a@b, c@d", "a\u{0}@b", &long] {
            assert!(check_email(text).is_err(), "{text:?}");
        }
    }
}
