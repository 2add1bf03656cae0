//! How a source stands: how far each feature is, when it catches up, and what is about to be lost.

use std::time::Duration;

use daybook_connectors::{Phase, Source};
use daybook_events::{Feature, Grant, Timestamp};
use daybook_store::{Connector, ConnectorHealth, HealthStatus, SourceState};

use super::{open_source, standing::status_of, status_in_words};
use crate::{error::ApiError, state::App};

const DAY_SECS: u64 = 24 * 3600;
/// People are warned of a loss, and of credentials that end, so many days before.
const LOSS_WARN_DAYS: u64 = 30;
const EXPIRY_WARN_DAYS: u64 = 14;

/// How a source stands.
#[derive(Debug)]
pub(crate) struct SourceStanding {
    /// `paused`, `starting`, `ok`, `retrying` or `stopped`: the worst of its features.
    pub(crate) status: &'static str,
    pub(crate) features: Vec<FeatureStanding>,
    /// When its credentials end.
    pub(crate) expires_at: Option<Timestamp>,
    /// What a person should know, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// How one feature of it stands.
#[derive(Debug)]
pub(crate) struct FeatureStanding {
    pub(crate) feature: Feature,
    pub(crate) place: Option<SourceState>,
    pub(crate) phase: Option<Phase>,
    pub(crate) health: Option<ConnectorHealth>,
    pub(crate) now: Timestamp,
}

/// How far a source is in the past that it catches up with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    /// The part of the window that is here, from 0 to 1.
    pub(crate) part: f64,
    pub(crate) events_per_second: f64,
    /// How long the rest takes at that rate.
    pub(crate) remaining: Option<Duration>,
}

impl FeatureStanding {
    /// How far it is; `None` when there is nothing to catch up with, or nothing has come yet.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let (place, Phase::CatchingUp { since, began_at }) = (self.place.as_ref()?, self.phase?) else { return None };
        Some(progress_of((since, place.last_time?), (began_at, place.updated_at), place.events, self.now))
    }
}

/// The time covered, over the window; the pace so far, over the rest.
fn progress_of(
    (since, reached): (Timestamp, Timestamp),
    (began_at, updated_at): (Timestamp, Timestamp),
    events: i64,
    now: Timestamp,
) -> Progress {
    let window = now.since(since).as_secs_f64();
    let part = if window > 0.0 { (reached.since(since).as_secs_f64() / window).clamp(0.0, 1.0) } else { 1.0 };
    let took = updated_at.since(began_at).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let events_per_second = if took > 0.0 { events as f64 / took } else { 0.0 };
    let remaining = (part > 0.0 && took > 0.0).then(|| Duration::from_secs_f64(took * (1.0 - part) / part));
    Progress { part, events_per_second, remaining }
}

/// How a source stands by now.
///
/// # Errors
///
/// The store does not answer.
pub(crate) async fn source_standing_of(
    app: &App,
    grant: &Grant,
    connector: &Connector,
) -> Result<SourceStanding, ApiError> {
    let (id, now) = (&connector.connector_id, app.clock.now());
    let health = app.catalog.connector_health(grant, id).await?;
    let places = app.cursors.list_source_cursors(grant, id).await?;
    // One that cannot be opened reads nothing; what its worker said of it stands all the same.
    let source = open_source(app, connector).ok();
    // Before a source has begun, its features are a guess: one of which nothing came is left out once others are known.
    let health: Vec<ConnectorHealth> = health
        .into_iter()
        .filter(|it| places.is_empty() || it.status != HealthStatus::Starting || has_place(&places, &it.feature))
        .collect();
    let mut names: Vec<Feature> = health.iter().map(|health| health.feature.clone()).collect();
    names.extend(places.iter().map(|place| place.feature.clone()));
    names.sort();
    names.dedup();
    let features: Vec<FeatureStanding> = names
        .into_iter()
        .map(|feature| {
            let place = places.iter().find(|place| place.feature == feature).cloned();
            let phase = source.as_ref().zip(place.as_ref()).map(|(source, place)| source.phase(&place.cursor));
            let health = health.iter().find(|health| health.feature == feature).cloned();
            FeatureStanding { feature, place, phase, health, now }
        })
        .collect();
    let terms = source.as_ref().map(Source::terms);
    let expires_at = terms.as_ref().and_then(|terms| terms.expires_at);
    let window = terms.and_then(|terms| terms.window);
    let said: Vec<HealthStatus> = health.iter().map(status_in_words).collect();
    let warnings = features
        .iter()
        .filter_map(|feature| loss_in_words(feature, window?))
        .chain(expires_at.and_then(|expires_at| expiry_in_words(now, expires_at)))
        .collect();
    Ok(SourceStanding { status: status_of(connector.state, &said), features, expires_at, warnings })
}

fn has_place(places: &[SourceState], feature: &Feature) -> bool {
    places.iter().any(|place| place.feature == *feature)
}

/// Whole days until an upstream that was last read then drops what was not read; 0: it has begun to.
pub(crate) fn days_until_loss(now: Timestamp, last_read: Timestamp, window: Duration) -> u64 {
    window.saturating_sub(now.since(last_read)).as_secs() / DAY_SECS
}

fn loss_in_words(standing: &FeatureStanding, window: Duration) -> Option<String> {
    let last_read = standing.health.as_ref()?.last_acknowledged_at?;
    let feature = &standing.feature;
    match days_until_loss(standing.now, last_read, window) {
        0 => Some(format!("{feature} was last read at {last_read}: the upstream drops events that are not here")),
        days if days < LOSS_WARN_DAYS => {
            Some(format!("{feature} was last read at {last_read}: in {days} days, the upstream drops events unread"))
        }
        _ => None,
    }
}

fn expiry_in_words(now: Timestamp, expires_at: Timestamp) -> Option<String> {
    if expires_at <= now {
        return Some(format!("the token expired at {expires_at}"));
    }
    let days = expires_at.since(now).as_secs() / DAY_SECS;
    (days < EXPIRY_WARN_DAYS).then(|| format!("the token expires at {expires_at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(DAY_SECS);

    #[test]
    fn progress_is_the_time_covered_and_the_rest_takes_as_long() {
        let now = Timestamp::from_seconds(1_772_600_767);
        let since = now.minus(DAY * 100);
        let began_at = now.minus(Duration::from_secs(60));
        let progress = progress_of((since, since.plus(DAY * 25)), (began_at, now), 6000, now);
        assert!((progress.part - 0.25).abs() < 1e-9 && (progress.events_per_second - 100.0).abs() < 1e-9);
        assert_eq!(progress.remaining, Some(Duration::from_secs(180)));
        let begun = progress_of((since, since), (now, now), 0, now);
        assert_eq!((begun.part, begun.remaining), (0.0, None));
    }

    #[test]
    fn the_loss_is_counted_down() {
        let now = Timestamp::from_seconds(1_772_600_767);
        let left = |days: u32| days_until_loss(now, now.minus(DAY * days), DAY * 120);
        assert_eq!((left(0), left(90), left(119), left(120), left(400)), (120, 30, 1, 0, 0));
    }
}
