//! How a source stands: how far each feature is, when it catches up, and what is about to be lost.

use std::{fmt, time::Duration};

use daybook_connectors::{Phase, Source};
use daybook_events::{Feature, Grant, Timestamp};
use daybook_store::{Connector, ConnectorHealth, ConnectorHour, HealthStatus, SourceState};

use super::{open_source, standing::status_of, status_in_words};
use crate::{error::ApiError, state::App};

const HOUR_SECS: i64 = 3600;
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
    /// What it has asked for; `None` where nobody counts.
    pub(crate) requests: Option<Requests>,
    /// What its system has, and does not give to its credentials; nobody has asked for it by name.
    pub(crate) withheld: Vec<Feature>,
    pub(crate) warnings: Vec<Warning>,
}

/// Requests of a source in the hour that has begun, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requests {
    /// Its own, failed ones too.
    pub(crate) this_hour: u64,
    /// What all sources of its account may make in an hour.
    pub(crate) hour_max: u32,
}

/// What a person should know about a source that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Warning {
    /// Its system drops events that were not read.
    Loss {
        feature: Feature,
        last_read: Timestamp,
        /// Whole days until then; 0: it has begun to.
        days: u64,
    },
    /// Its credentials end, or have ended.
    Expiry { expires_at: Timestamp, is_over: bool },
    /// Its credentials may not read all that there is.
    Withheld(Vec<Feature>),
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loss { feature, last_read, days: 0 } => {
                write!(formatter, "{feature} was last read at {last_read}: the upstream drops events that are not here")
            }
            Self::Loss { feature, last_read, days } => {
                write!(
                    formatter,
                    "{feature} was last read at {last_read}: in {days} days, the upstream drops events unread"
                )
            }
            Self::Withheld(features) => {
                let names: Vec<&str> = features.iter().map(Feature::as_str).collect();
                write!(
                    formatter,
                    "the token may not read {}: give the source one that may, or name the wanted ones in `features`",
                    names.join(" and ")
                )
            }
            Self::Expiry { expires_at, is_over: true } => write!(formatter, "the token expired at {expires_at}"),
            Self::Expiry { expires_at, is_over: false } => write!(formatter, "the token expires at {expires_at}"),
        }
    }
}

/// How one feature of it stands.
#[derive(Debug)]
pub(crate) struct FeatureStanding {
    pub(crate) feature: Feature,
    pub(crate) place: Option<SourceState>,
    pub(crate) phase: Option<Phase>,
    pub(crate) health: Option<ConnectorHealth>,
    /// When its system begins to drop what is not read; `None` where it drops nothing, or was not read yet.
    pub(crate) loss_at: Option<Timestamp>,
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
        Some(progress_of((since, place.last_time?), began_at, place.events, self.now))
    }
}

/// The time covered, over the window; the pace so far, over the rest.
fn progress_of((since, reached): (Timestamp, Timestamp), began_at: Timestamp, events: i64, now: Timestamp) -> Progress {
    let window = now.since(since).as_secs_f64();
    let part = if window > 0.0 { (reached.since(since).as_secs_f64() / window).clamp(0.0, 1.0) } else { 1.0 };
    // Up to now: the wait for the next page is part of the pace.
    let took = now.since(began_at).as_secs_f64();
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
    let terms = source.as_ref().map(Source::terms);
    let wanted = terms.as_ref().and_then(|terms| terms.wanted.as_ref());
    let is_wanted = |feature: &Feature| wanted.is_none_or(|wanted| wanted.contains(feature));
    let (withheld, health): (Vec<_>, Vec<_>) =
        health.into_iter().filter(|it| is_wanted(&it.feature)).partition(is_withheld);
    let withheld: Vec<Feature> = withheld.into_iter().map(|health| health.feature).collect();
    // Before a source has begun, its features are a guess: one of which nothing came is left out once others are known.
    let health: Vec<ConnectorHealth> = health
        .into_iter()
        .filter(|it| places.is_empty() || it.status != HealthStatus::Starting || has_place(&places, &it.feature))
        .collect();
    let mut names: Vec<Feature> = health.iter().map(|health| health.feature.clone()).collect();
    names.extend(places.iter().map(|place| place.feature.clone()).filter(is_wanted));
    names.sort();
    names.dedup();
    let window = terms.as_ref().and_then(|terms| terms.window);
    let features: Vec<FeatureStanding> = names
        .into_iter()
        .map(|feature| {
            let place = places.iter().find(|place| place.feature == feature).cloned();
            let phase = source.as_ref().zip(place.as_ref()).map(|(source, place)| source.phase(&place.cursor));
            let health = health.iter().find(|health| health.feature == feature).cloned();
            let last_read = health.as_ref().and_then(|health| health.last_acknowledged_at);
            let loss_at = last_read.zip(window).map(|(last_read, window)| last_read.plus(window));
            FeatureStanding { feature, place, phase, health, loss_at, now }
        })
        .collect();
    let mut requests = None;
    if let Some(budget) = terms.as_ref().and_then(|terms| terms.budget.as_ref()) {
        let hours = app.catalog.connector_hours(grant, id, begin_of_hour(now)).await?;
        requests = Some(Requests { this_hour: requests_in(&hours), hour_max: budget.per_hour });
    }
    let expires_at = terms.and_then(|terms| terms.expires_at);
    let said: Vec<HealthStatus> = health.iter().map(status_in_words).collect();
    let warnings = features
        .iter()
        .filter_map(|feature| loss_warning(feature, window?))
        .chain(expires_at.and_then(|expires_at| expiry_warning(now, expires_at)))
        .chain((!withheld.is_empty()).then(|| Warning::Withheld(withheld.clone())))
        .collect();
    let status = status_of(connector.state, &said);
    Ok(SourceStanding { status, features, expires_at, requests, withheld, warnings })
}

fn begin_of_hour(now: Timestamp) -> Timestamp {
    Timestamp::from_seconds(now.as_seconds().div_euclid(HOUR_SECS) * HOUR_SECS)
}

/// Each page was a request, and so was each attempt that gave none.
fn requests_in(hours: &[ConnectorHour]) -> u64 {
    hours.iter().map(|hour| u64::try_from(hour.batches + hour.retries).unwrap_or(0)).sum()
}

/// How it is kept that a kind of events does not come, and that nobody has asked for it by name: it has not begun, for a
/// reason.
pub(crate) fn withheld(starting: ConnectorHealth) -> ConnectorHealth {
    ConnectorHealth { reason: "the token may not read these events".to_owned(), ..starting }
}

fn is_withheld(health: &ConnectorHealth) -> bool {
    health.status == HealthStatus::Starting && !health.reason.is_empty()
}

fn has_place(places: &[SourceState], feature: &Feature) -> bool {
    places.iter().any(|place| place.feature == *feature)
}

/// Whole days until an upstream that was last read then drops what was not read; 0: it has begun to.
pub(crate) fn days_until_loss(now: Timestamp, last_read: Timestamp, window: Duration) -> u64 {
    window.saturating_sub(now.since(last_read)).as_secs() / DAY_SECS
}

fn loss_warning(standing: &FeatureStanding, window: Duration) -> Option<Warning> {
    let last_read = standing.health.as_ref()?.last_acknowledged_at?;
    let days = days_until_loss(standing.now, last_read, window);
    (days < LOSS_WARN_DAYS).then(|| Warning::Loss { feature: standing.feature.clone(), last_read, days })
}

fn expiry_warning(now: Timestamp, expires_at: Timestamp) -> Option<Warning> {
    let days = expires_at.since(now).as_secs() / DAY_SECS;
    (days < EXPIRY_WARN_DAYS).then(|| Warning::Expiry { expires_at, is_over: expires_at <= now })
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
        let progress = progress_of((since, since.plus(DAY * 25)), began_at, 6000, now);
        assert!((progress.part - 0.25).abs() < 1e-9 && (progress.events_per_second - 100.0).abs() < 1e-9);
        assert_eq!(progress.remaining, Some(Duration::from_secs(180)));
        let begun = progress_of((since, since), now, 0, now);
        assert_eq!((begun.part, begun.remaining), (0.0, None));
    }

    #[test]
    fn an_end_is_told_before_and_after_it() {
        let now = Timestamp::from_seconds(1_772_600_767);
        let is_over = |expires_at| match expiry_warning(now, expires_at) {
            Some(Warning::Expiry { is_over, .. }) => Some(is_over),
            _ => None,
        };
        assert_eq!((is_over(now.plus(DAY * 14)), is_over(now.plus(DAY * 13))), (None, Some(false)));
        assert_eq!((is_over(now), is_over(now.minus(DAY * 400))), (Some(true), Some(true)));
    }

    #[test]
    fn the_loss_is_counted_down() {
        let now = Timestamp::from_seconds(1_772_600_767);
        let left = |days: u32| days_until_loss(now, now.minus(DAY * days), DAY * 120);
        assert_eq!((left(0), left(90), left(119), left(120), left(400)), (120, 30, 1, 0, 0));
    }
}
