//! Who reads: the bearer of a token that may read what the handler's signature says.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use daybook_events::{
    AUDIT_EVENTS, Feature, Grant, ITEM_USAGES, Position, Read, SIGN_IN_ATTEMPTS, StreamKey, Timestamp,
};
use daybook_store::{FeatureUse, IntegrationKind, TokenUse, TokenVerdict};

use super::{header_text, limits::Allowance};
use crate::{
    error::ApiError,
    request::client_address,
    state::App,
    tokens::{Refused, TokenFault},
};

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
    pub(crate) fn note_use(&self, app: &App, feature: &str, now: Timestamp, (events, position): (usize, Position)) {
        app.token_uses.note(TokenUse {
            token_id: self.verdict.token_id.clone(),
            used: FeatureUse {
                feature: feature.to_owned(),
                last_used_at: now,
                address: self.client.address.clone(),
                user_agent: self.client.user_agent.clone(),
                requests: 1,
                events: i64::try_from(events).unwrap_or(i64::MAX),
                position,
            },
        });
    }
}

impl FromRequestParts<App> for Bearer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let client = client_of(parts, app);
        let verdict = admit(parts, app, &client).await.map_err(|refused| {
            app.token_uses.note_refusal(&refused, "", &client, app.clock.now());
            ApiError::from(refused.fault).into_response()
        })?;
        let own_limit = verdict.rights.requests_per_minute;
        app.rate_limits.count_token(&verdict.token_id, own_limit).map_err(|refused| *refused)?;
        let allowance = app.rate_limits.count(&verdict.account_id).map_err(|refused| *refused)?;
        Ok(Self { verdict, allowance, client })
    }
}

impl<F: ReadableFeature> FromRequestParts<App> for Reader<F> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let bearer = <Bearer as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let features = &bearer.verdict.rights.features;
        let grant = Grant::reader(bearer.verdict.account_id.clone(), features.clone());
        let stream = grant.to_read(&F::FEATURE).map_err(|_| {
            let has = features.iter().map(Feature::as_str).collect::<Vec<_>>().join(", ");
            let fault = TokenFault::Feature { right: "read", feature: F::FEATURE.to_string(), has };
            let refused = Refused { fault, verdict: Some(Arc::clone(&bearer.verdict)) };
            app.token_uses.note_refusal(&refused, F::FEATURE.as_str(), &bearer.client, app.clock.now());
            bearer.answer(ApiError::from(refused.fault))
        })?;
        Ok(Self { bearer, stream, feature: PhantomData })
    }
}

/// The verdict over a token that may be used for reading, from where it is used.
async fn admit(parts: &Parts, app: &App, client: &ClientInfo) -> Result<Arc<TokenVerdict>, Refused> {
    let token = bearer_token(&parts.headers).ok_or(TokenFault::Missing)?;
    let verdict = app.authenticator.authenticate(token).await?;
    if verdict.kind == IntegrationKind::Source {
        let fault = TokenFault::WrongUse(
            "this token belongs to a source and can only ingest; read with the token of another integration",
        );
        return Err(Refused { fault, verdict: Some(verdict) });
    }
    check_network(verdict, client)
}

/// The verdict, if the token may be used from where the client is.
pub(crate) fn check_network(verdict: Arc<TokenVerdict>, client: &ClientInfo) -> Result<Arc<TokenVerdict>, Refused> {
    let networks = &verdict.rights.networks;
    let is_in = networks.is_everywhere() || client.address.parse().is_ok_and(|address| networks.contains(address));
    if is_in {
        return Ok(verdict);
    }
    Err(Refused { fault: TokenFault::Network(client.address.clone()), verdict: Some(verdict) })
}

/// The token in the `Authorization` header.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = header_text(headers, header::AUTHORIZATION.as_str())?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

/// What shows of a client.
pub(crate) fn client_of(parts: &Parts, app: &App) -> ClientInfo {
    let address = client_address(parts, app).map(|address| address.to_string());
    let user_agent = header_text(&parts.headers, header::USER_AGENT.as_str()).unwrap_or_default();
    ClientInfo {
        address: address.unwrap_or_default(),
        user_agent: user_agent.chars().filter(|character| !character.is_control()).take(200).collect(),
    }
}
