//! Issuing a bearer token: what the console, the management API and the command line do alike.

use std::{collections::BTreeSet, time::Duration};

use axum::http::StatusCode;
use daybook_events::{Actor, Claims, Feature, Grant, HubGrant, Timestamp, TokenId};
use daybook_store::{Integration, IntegrationKind, NewToken, TokenRights, TokenRow};

use crate::{error::ApiError, state::App};

const FEATURES_MAX: usize = 32;
/// A hundred years: further ahead, a client's clock may overflow.
const EXPIRY_SECS_MAX: u64 = 100 * 365 * 24 * 3600;

/// A token to issue.
pub(crate) struct Issue<'a> {
    pub(crate) integration: &'a Integration,
    pub(crate) name: &'a str,
    pub(crate) rights: TokenRights,
    /// The token that it takes the place of.
    pub(crate) replaces: Option<TokenId>,
}

/// Signs and registers a token; its text is given once.
///
/// # Errors
///
/// `Conflict`: a live token of the integration has the name. `NotFound`: the integration was removed.
pub(crate) async fn issue(
    app: &App,
    grant: &Grant,
    actor: &Actor,
    order: Issue<'_>,
) -> Result<(String, TokenRow), ApiError> {
    let now = Timestamp::from_seconds(app.clock.now().as_seconds());
    let token_id = TokenId::random();
    let claims = Claims {
        aud: vec![app.public_host.clone()],
        features: order.rights.features.iter().map(ToString::to_string).collect(),
        account: Some(grant.account().to_string()),
        sub: Some(order.integration.integration_id.to_string()),
        iss: Some("daybook".to_owned()),
        iat: Some(now.as_seconds()),
        exp: order.rights.expires_at.map(Timestamp::as_seconds),
        jti: Some(token_id.to_string()),
    };
    // Another node may have rotated the key that this one knows as active, and revoked it since.
    app.keyring.refresh(HubGrant::of_the_hub_itself()).await?;
    let (token, signature_digest, key_id) = app.keyring.sign(&claims).map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "a token could not be signed");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "a fault of ours; it is in the log")
    })?;
    let new = NewToken {
        token_id: token_id.clone(),
        integration_id: order.integration.integration_id.clone(),
        name: order.name.to_owned(),
        rights: order.rights,
        signature_digest,
        key_id,
        issued_at: now,
        replaces: order.replaces,
    };
    app.catalog.add_token(grant, actor, &new).await?;
    let row = find_token(app, grant, token_id.as_str()).await?;
    Ok((token, row))
}

/// A token of the account, by id.
pub(crate) async fn find_token(app: &App, grant: &Grant, id: &str) -> Result<TokenRow, ApiError> {
    let found = app.catalog.list_tokens(grant).await?.into_iter().find(|token| token.token_id.as_str() == id);
    found.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, format!("no token {id:?} in this account")))
}

/// The features by these names, if a token of this kind of integration can have them.
///
/// # Errors
///
/// `Invalid`, with the name that is wrong.
pub(crate) fn check_features(names: &[String], kind: IntegrationKind) -> Result<BTreeSet<Feature>, ApiError> {
    if names.is_empty() || names.len() > FEATURES_MAX {
        return Err(ApiError::invalid(format!("features: name 1 to {FEATURES_MAX}")));
    }
    let parse = |name: &String| {
        let feature = name.parse::<Feature>().map_err(|error| ApiError::invalid(format!("features: {error}")))?;
        if kind != IntegrationKind::Source && !feature.is_wire() {
            return Err(ApiError::invalid(format!(
                "features: {feature} is not served by the Events API; readers have signinattempts, itemusages and auditevents"
            )));
        }
        Ok(feature)
    };
    names.iter().map(parse).collect()
}

/// The end of a token that is good for so many seconds from now; `None` is for ever.
///
/// # Errors
///
/// `Invalid`: no second, or more than a hundred years.
pub(crate) fn expires_after(now: Timestamp, secs: Option<u64>) -> Result<Option<Timestamp>, ApiError> {
    let now = Timestamp::from_seconds(now.as_seconds());
    match secs {
        None => Ok(None),
        Some(secs) if (1..=EXPIRY_SECS_MAX).contains(&secs) => Ok(Some(now.plus(Duration::from_secs(secs)))),
        Some(_) => Err(ApiError::invalid("expires_in_secs: must be 1 second to 100 years, or left out for never")),
    }
}
