//! Who reads what, and how far behind: what is known of the use of an account's tokens, put together for pages.

use std::{collections::HashMap, time::Duration};

use daybook_events::{Feature, Grant, Position, Timestamp, WIRE_FEATURES};
use daybook_store::{FeatureUse, Integration, IntegrationKind, ReadFilter, TokenHour, TokenRow};

use super::error::PageError;
use crate::state::App;

/// The time that counts are shown for.
pub(super) const SPAN: Duration = Duration::from_secs(24 * 3600);

/// A token with what it has done.
#[derive(Debug, Clone)]
pub(super) struct TokenActivity {
    pub(super) token: TokenRow,
    /// Requests within [`SPAN`].
    pub(super) requests: u64,
    /// Events read or appended within [`SPAN`].
    pub(super) events: u64,
    /// How far behind each feature that it has asked for is.
    pub(super) behind: Vec<Behind>,
}

/// How far behind a token is with one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Behind {
    pub(super) feature: Feature,
    /// Events that it has not got yet.
    pub(super) events: u64,
    /// For how long the oldest of them has been waiting.
    pub(super) lag: Duration,
}

impl TokenActivity {
    /// Its last use, of any kind.
    pub(super) fn last_use(&self) -> Option<&FeatureUse> {
        self.token.uses.iter().max_by_key(|used| used.last_used_at)
    }

    /// The last time that it got a page of events, or appended some.
    pub(super) fn last_read(&self) -> Option<&FeatureUse> {
        last_read(&self.token)
    }

    /// The feature that it is furthest behind with.
    pub(super) fn furthest_behind(&self) -> Option<&Behind> {
        self.behind.iter().max_by_key(|behind| (behind.lag, behind.events))
    }

    /// Whether its bearer is let in.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        is_live(&self.token, now)
    }
}

/// What stands for introspection among the features of uses.
pub(super) const INTROSPECTION: &str = "introspect";

/// Whether the bearer of a token is let in, as far as the token goes.
pub(super) fn is_live(token: &TokenRow, now: Timestamp) -> bool {
    token.revoked_at.is_none() && token.rights.expires_at.is_none_or(|expires_at| expires_at > now)
}

/// The last time that a token got a page of events, or appended some.
pub(super) fn last_read(token: &TokenRow) -> Option<&FeatureUse> {
    let reads = token.uses.iter().filter(|used| used.feature != INTROSPECTION);
    reads.max_by_key(|used| used.last_used_at)
}

/// The tokens of an account with what they have done, newest first.
pub(super) async fn activities(app: &App, grant: &Grant) -> Result<Vec<TokenActivity>, PageError> {
    let tokens = app.catalog.list_tokens(grant).await?;
    activities_among(app, grant, tokens).await
}

/// The tokens of an integration with what they have done, newest first.
pub(super) async fn activities_of(
    app: &App,
    grant: &Grant,
    integration: &Integration,
) -> Result<Vec<TokenActivity>, PageError> {
    let tokens = tokens_of(app, grant, integration).await?;
    activities_among(app, grant, tokens).await
}

/// The tokens of an integration, newest first.
pub(super) async fn tokens_of(app: &App, grant: &Grant, integration: &Integration) -> Result<Vec<TokenRow>, PageError> {
    let mut tokens = app.catalog.list_tokens(grant).await?;
    tokens.retain(|token| token.integration_id == integration.integration_id);
    Ok(tokens)
}

async fn activities_among(app: &App, grant: &Grant, tokens: Vec<TokenRow>) -> Result<Vec<TokenActivity>, PageError> {
    let now = app.clock.now();
    let hours = app.catalog.list_token_hours(grant, now.minus(SPAN)).await?;
    let heads = heads(app, grant).await?;
    let mut activities = Vec::with_capacity(tokens.len());
    for token in tokens {
        let of_token = |hour: &&TokenHour| hour.token_id == token.token_id;
        let sum = |count: fn(&TokenHour) -> i64| {
            hours.iter().filter(of_token).map(|hour| u64::try_from(count(hour)).unwrap_or(0)).sum()
        };
        let (requests, events) = (sum(|hour| hour.requests), sum(|hour| hour.events));
        let behind = if is_live(&token, now) { behind(app, grant, &token, &heads).await? } else { Vec::new() };
        activities.push(TokenActivity { token, requests, events, behind });
    }
    Ok(activities)
}

async fn heads(app: &App, grant: &Grant) -> Result<HashMap<Feature, Position>, PageError> {
    let mut heads = HashMap::new();
    for feature in WIRE_FEATURES {
        let stream = grant.to_read(&feature).map_err(crate::error::ApiError::from)?;
        if let Some(state) = app.log.stream(&stream).await? {
            heads.insert(feature, state.head);
        }
    }
    Ok(heads)
}

async fn behind(
    app: &App,
    grant: &Grant,
    token: &TokenRow,
    heads: &HashMap<Feature, Position>,
) -> Result<Vec<Behind>, PageError> {
    if token.kind == IntegrationKind::Source {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for used in &token.uses {
        let Ok(feature) = used.feature.parse::<Feature>() else { continue };
        let Some(head) = heads.get(&feature).filter(|_| token.rights.features.contains(&feature)) else { continue };
        let events = u64::try_from(head.get() - used.position.get()).unwrap_or(0);
        let lag = if events == 0 { Duration::ZERO } else { waiting(app, grant, &feature, used.position).await? };
        all.push(Behind { feature, events, lag });
    }
    Ok(all)
}

/// For how long the first event after a position has been there.
async fn waiting(app: &App, grant: &Grant, feature: &Feature, after: Position) -> Result<Duration, PageError> {
    let stream = grant.to_read(feature).map_err(crate::error::ApiError::from)?;
    let events = app.log.read_after(&stream, after, 1, &ReadFilter::default()).await?;
    let arrival = events.iter().next().map(|event| event.arrival);
    Ok(arrival.map_or(Duration::ZERO, |arrival| app.clock.now().since(arrival)))
}
