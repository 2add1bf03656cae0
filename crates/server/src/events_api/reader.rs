//! Who reads: the bearer of a token that may read what the handler's signature says.

use std::{marker::PhantomData, net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use daybook_events::{AUDIT_EVENTS, Feature, Grant, ITEM_USAGES, Read, SIGN_IN_ATTEMPTS, StreamKey, Timestamp};
use daybook_store::{FeatureUse, IntegrationKind, TokenUse, TokenVerdict};

use super::{header_text, limits::Allowance};
use crate::{error::ApiError, state::App, tokens::TokenFault};

/// A feature as a type, for handlers' signatures.
pub(crate) trait ReadableFeature {
    const FEATURE: Feature;
}

pub(crate) enum SignInAttempts {}
pub(crate) enum ItemUsages {}
pub(crate) enum AuditEvents {}

impl ReadableFeature for SignInAttempts {
    const FEATURE: Feature = SIGN_IN_ATTEMPTS;
}

impl ReadableFeature for ItemUsages {
    const FEATURE: Feature = ITEM_USAGES;
}

impl ReadableFeature for AuditEvents {
    const FEATURE: Feature = AUDIT_EVENTS;
}

/// A client, as far as it shows.
#[derive(Debug, Clone)]
pub(crate) struct ClientInfo {
    pub(crate) address: String,
    pub(crate) user_agent: String,
}

/// The bearer of any token that reads, within the rate limit of its account.
pub(crate) struct Bearer {
    pub(crate) verdict: Arc<TokenVerdict>,
    allowance: Option<Allowance>,
    client: ClientInfo,
}

/// The bearer of a token that may read the feature `F`.
pub(crate) struct Reader<F> {
    pub(crate) bearer: Bearer,
    pub(crate) stream: StreamKey<Read>,
    feature: PhantomData<F>,
}

impl Bearer {
    /// An answer with the headers of the rate limit.
    pub(crate) fn answer(&self, answer: impl IntoResponse) -> Response {
        let mut response = answer.into_response();
        if let Some(allowance) = self.allowance {
            allowance.write(response.headers_mut());
        }
        response
    }

    /// Notes that the token was used.
    pub(crate) fn note_use(&self, app: &App, feature: &str, now: Timestamp, events: usize) {
        app.token_uses.note(TokenUse {
            token_id: self.verdict.token_id.clone(),
            used: FeatureUse {
                feature: feature.to_owned(),
                last_used_at: now,
                address: self.client.address.clone(),
                user_agent: self.client.user_agent.clone(),
                requests: 1,
                events: i64::try_from(events).unwrap_or(i64::MAX),
            },
        });
    }
}

impl FromRequestParts<App> for Bearer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let refused = |fault: TokenFault| ApiError::from(fault).into_response();
        let token = bearer_token(&parts.headers).ok_or_else(|| refused(TokenFault::Missing))?;
        let verdict = app.authenticator.authenticate(token).await.map_err(refused)?;
        if verdict.kind == IntegrationKind::Source {
            return Err(refused(TokenFault::WrongUse(
                "this token belongs to a source and can only ingest; read with the token of another integration",
            )));
        }
        let allowance = app.rate_limits.count(&verdict.account_id).map_err(|refused| *refused)?;
        Ok(Self { verdict, allowance, client: client_of(parts) })
    }
}

impl<F: ReadableFeature> FromRequestParts<App> for Reader<F> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let bearer = <Bearer as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let features = &bearer.verdict.features;
        let grant = Grant::reader(bearer.verdict.account_id.clone(), features.clone());
        let stream = grant.to_read(&F::FEATURE).map_err(|_| {
            let has = features.iter().map(Feature::as_str).collect::<Vec<_>>().join(", ");
            let fault = TokenFault::Feature { right: "read", feature: F::FEATURE.to_string(), has };
            bearer.answer(ApiError::from(fault))
        })?;
        Ok(Self { bearer, stream, feature: PhantomData })
    }
}

/// The token in the `Authorization` header.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = header_text(headers, header::AUTHORIZATION.as_str())?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

/// What shows of a client.
pub(crate) fn client_of(parts: &Parts) -> ClientInfo {
    let address =
        parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_string());
    let user_agent = header_text(&parts.headers, header::USER_AGENT.as_str()).unwrap_or_default();
    ClientInfo {
        address: address.unwrap_or_default(),
        user_agent: user_agent.chars().filter(|character| !character.is_control()).take(200).collect(),
    }
}
