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

const NAME_LENGTH_MAX: usize = 100;

/// The bearer of an administration token.
pub(crate) struct Administrator {
    pub(super) grant: HubGrant,
    pub(super) actor: Actor,
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
        let name = app.catalog.find_administration_token(&digest).await?;
        let name = name.ok_or_else(|| refused("this is not an administration token of this hub"))?;
        let address = client_address(parts, app);
        let actor = Actor {
            // An id that stays the same for the token, in the shape of every other id.
            uuid: data_encoding::BASE32_NOPAD.encode(digest.as_bytes())[..26].to_owned(),
            name: format!("Administration token of {name}"),
            email: String::new(),
            ip: address.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string()),
            since: app.started_at,
        };
        Ok(Self { grant: HubGrant::of_the_hub_itself(), actor })
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
pub(super) fn check_name(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    let is_good = (1..=NAME_LENGTH_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    is_good.then_some(name).ok_or_else(|| {
        ApiError::invalid(format!("name: must be 1 to {NAME_LENGTH_MAX} characters, none of them a control character"))
    })
}
