//! Who ingests: the bearer of a source's token that may append to the feature in the path.

use std::{collections::BTreeSet, sync::Arc};

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

/// The bearer of a source's token, from where it may be used.
pub(super) struct Source {
    pub(super) verdict: Arc<TokenVerdict>,
    client: ClientInfo,
}

/// The bearer of a token that may append to the stream in the path.
pub(super) struct Producer {
    pub(super) source: Source,
    pub(super) stream: StreamKey<Append>,
}

impl Source {
    /// Whoever brings this token, if it may be used for appending.
    pub(super) async fn admit(token: Option<&str>, client: ClientInfo, app: &App) -> Result<Self, TokenFault> {
        match verdict_over(token, &client, app).await {
            Ok(verdict) => Ok(Self { verdict, client }),
            Err(refused) => {
                app.token_uses.note_refusal(&refused, "", &client, app.clock.now());
                Err(refused.fault)
            }
        }
    }

    /// What the token may append to.
    pub(super) fn features(&self) -> &BTreeSet<Feature> {
        &self.verdict.rights.features
    }

    /// The stream of a feature, if the token may append to it; that it may not is noted.
    pub(super) fn stream(&self, app: &App, feature: &Feature) -> Result<StreamKey<Append>, TokenFault> {
        let grant = Grant::producer(self.verdict.account_id.clone(), self.features().clone());
        grant.to_append(feature).map_err(|_| {
            let has = self.features().iter().map(Feature::as_str).collect::<Vec<_>>().join(", ");
            let fault = TokenFault::Feature { right: "append to", feature: feature.to_string(), has };
            let refused = Refused { fault, verdict: Some(Arc::clone(&self.verdict)) };
            app.token_uses.note_refusal(&refused, feature.as_str(), &self.client, app.clock.now());
            refused.fault
        })
    }

    pub(super) fn note_use(&self, app: &App, feature: &Feature, now: Timestamp, events: usize) {
        app.token_uses.note(TokenUse {
            token_id: self.verdict.token_id.clone(),
            used: FeatureUse {
                feature: feature.to_string(),
                last_used_at: now,
                address: self.client.address.clone(),
                user_agent: self.client.user_agent.clone(),
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
        let source = Source::admit(bearer_token(&parts.headers), client, app).await?;
        let Path(name) = <Path<String> as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let feature: Feature =
            name.parse().map_err(|error| ApiError::new(StatusCode::NOT_FOUND, format!("{error}")))?;
        let forbidden = |fault: TokenFault| ApiError::new(StatusCode::FORBIDDEN, fault.to_string());
        let stream = source.stream(app, &feature).map_err(forbidden)?;
        Ok(Self { source, stream })
    }
}

/// The verdict over a token that may be used for appending, from where it is used.
async fn verdict_over(token: Option<&str>, client: &ClientInfo, app: &App) -> Result<Arc<TokenVerdict>, Refused> {
    let verdict = app.authenticator.authenticate(token.ok_or(TokenFault::Missing)?).await?;
    if verdict.kind != IntegrationKind::Source {
        let fault = TokenFault::WrongUse(
            "this token reads; ingest with the token of an integration of kind source (`daybook integration add NAME \
             --kind source`)",
        );
        return Err(Refused { fault, verdict: Some(verdict) });
    }
    check_network(verdict, client)
}
