//! Who ingests: the bearer of a source's token that may append to the feature in the path.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use daybook_events::{Append, Feature, Grant, Position, StreamKey, Timestamp};
use daybook_store::{FeatureUse, IntegrationKind, TokenUse, TokenVerdict};

use crate::{
    error::ApiError,
    events_api::{ClientInfo, bearer_token, check_network, client_of},
    request::Path,
    state::App,
    tokens::{Refused, TokenFault},
};

/// The bearer of a token that may append to a stream.
pub(super) struct Producer {
    pub(super) stream: StreamKey<Append>,
    pub(super) verdict: Arc<TokenVerdict>,
    address: String,
    user_agent: String,
}

impl Producer {
    pub(super) fn note_use(&self, app: &App, now: Timestamp, events: usize) {
        app.token_uses.note(TokenUse {
            token_id: self.verdict.token_id.clone(),
            used: FeatureUse {
                feature: self.stream.feature().to_string(),
                last_used_at: now,
                address: self.address.clone(),
                user_agent: self.user_agent.clone(),
                requests: 1,
                events: i64::try_from(events).unwrap_or(i64::MAX),
                position: Position::default(),
            },
        });
    }
}

impl FromRequestParts<App> for Producer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let client = client_of(parts, app);
        let refuse = |refused: Refused, feature: &str| {
            app.token_uses.note_refusal(&refused, feature, &client, app.clock.now());
            ApiError::from(refused.fault)
        };
        let verdict = admit(parts, app, &client).await.map_err(|refused| refuse(refused, ""))?;
        let Path(name) = <Path<String> as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let feature: Feature =
            name.parse().map_err(|error| ApiError::new(StatusCode::NOT_FOUND, format!("{error}")))?;
        let features = &verdict.rights.features;
        let grant = Grant::producer(verdict.account_id.clone(), features.clone());
        let stream = grant.to_append(&feature).map_err(|_| {
            let has = features.iter().map(Feature::as_str).collect::<Vec<_>>().join(", ");
            let fault = TokenFault::Feature { right: "append to", feature: feature.to_string(), has };
            let message = fault.to_string();
            refuse(Refused { fault, verdict: Some(Arc::clone(&verdict)) }, feature.as_str());
            ApiError::new(StatusCode::FORBIDDEN, message)
        })?;
        Ok(Self { stream, verdict, address: client.address, user_agent: client.user_agent })
    }
}

/// The verdict over a token that may be used for appending, from where it is used.
async fn admit(parts: &Parts, app: &App, client: &ClientInfo) -> Result<Arc<TokenVerdict>, Refused> {
    let token = bearer_token(&parts.headers).ok_or(TokenFault::Missing)?;
    let verdict = app.authenticator.authenticate(token).await?;
    if verdict.kind != IntegrationKind::Source {
        let fault = TokenFault::WrongUse(
            "this token reads; ingest with the token of an integration of kind source (`daybook integration add NAME \
             --kind source`)",
        );
        return Err(Refused { fault, verdict: Some(verdict) });
    }
    check_network(verdict, client)
}
