//! How a destination stands: each stream's place, how far behind it is, and what its worker last said.

use std::time::Duration;

use daybook_events::{Feature, Grant, Kind, Kinded, Position};
use daybook_store::{Connector, ConnectorHealth, ConnectorState, CursorName, HealthStatus, ReadFilter};

use crate::{connectors::opening::open_shape, error::ApiError, state::App};

/// How a destination stands.
#[derive(Debug)]
pub(crate) struct Standing {
    /// `paused`, `starting`, `ok`, `retrying` or `stopped`: the worst of its streams.
    pub(crate) status: &'static str,
    pub(crate) streams: Vec<StreamStanding>,
    pub(crate) dead_letters: i64,
}

/// How one stream of it stands.
#[derive(Debug, Clone)]
pub(crate) struct StreamStanding {
    pub(crate) feature: Feature,
    /// The last event that is settled.
    pub(crate) position: Position,
    /// The last event there is.
    pub(crate) head: Position,
    /// How long the oldest event that is not settled has waited.
    pub(crate) waiting: Option<Duration>,
    pub(crate) health: Option<ConnectorHealth>,
}

impl StreamStanding {
    /// Events that are not settled.
    pub(crate) fn behind(&self) -> i64 {
        (self.head.get() - self.position.get()).max(0)
    }
}

/// How a destination stands by now.
///
/// # Errors
///
/// The store does not answer.
pub(crate) async fn standing_of(app: &App, grant: &Grant, connector: &Connector) -> Result<Standing, ApiError> {
    let id = &connector.connector_id;
    let health = app.catalog.connector_health(grant, id).await?;
    let cursors = app.cursors.positions_of(grant, &CursorName::of_destination(id)).await?;
    // One that cannot be opened gets nothing; what its worker said of it stands all the same.
    let opened = open_shape(app, connector).ok();
    let mut streams = Vec::new();
    for state in app.log.streams(super::opening::HUB, Some(grant.account())).await? {
        let known = health.iter().find(|health| health.feature == state.feature).cloned();
        let is_wanted = opened.as_ref().is_some_and(|(shape, _)| shape.wants_feature(&state.feature));
        if !is_wanted && known.is_none() {
            continue;
        }
        let cursor = cursors.iter().find(|cursor| cursor.feature == state.feature);
        let mut position = cursor.map_or(Position::START, |cursor| cursor.position);
        let key = grant.to_read(&state.feature)?;
        if position == Position::START && opened.as_ref().is_some_and(|(_, is_from_beginning)| !is_from_beginning) {
            position = app.log.position_at_arrival(&key, connector.created_at).await?;
        }
        let mut waiting = None;
        if position < state.head {
            waiting = match app.log.read_after(&key, position, 1, &ReadFilter::default()).await {
                Ok(next) => next.iter().next().map(|event| app.clock.now().since(event.arrival)),
                // It is damaged: what its worker said of it matters more.
                Err(error) if error.kind() == Kind::Internal => None,
                Err(error) => return Err(error.into()),
            };
        }
        streams.push(StreamStanding { feature: state.feature, position, head: state.head, waiting, health: known });
    }
    let dead_letters = app.catalog.count_dead_letters(grant, id).await?;
    let said: Vec<HealthStatus> = health.iter().map(status_in_words).collect();
    Ok(Standing { status: status_of(connector.state, &said), streams, dead_letters })
}

/// What a stream's worker said last. One that has just begun is as good as the receiver's last word.
pub(crate) fn status_in_words(health: &ConnectorHealth) -> HealthStatus {
    match health.status {
        HealthStatus::Starting if health.last_acknowledged_at.is_some() => HealthStatus::Ok,
        status => status,
    }
}

pub(super) fn status_of(state: ConnectorState, said: &[HealthStatus]) -> &'static str {
    let order = [HealthStatus::Stopped, HealthStatus::Retrying, HealthStatus::Ok];
    match state {
        ConnectorState::Paused => "paused",
        ConnectorState::Removed => "removed",
        ConnectorState::Active => {
            order.into_iter().find(|status| said.contains(status)).unwrap_or(HealthStatus::Starting).as_str()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_stream_speaks_for_the_destination() {
        use HealthStatus::{Ok, Retrying, Starting, Stopped};
        let status = |said: &[HealthStatus]| status_of(ConnectorState::Active, said);
        assert_eq!(status(&[Ok, Retrying, Stopped]), "stopped");
        assert_eq!(status(&[Ok, Retrying]), "retrying");
        assert_eq!(status(&[Starting, Ok]), "ok");
        assert_eq!((status(&[]), status_of(ConnectorState::Paused, &[Ok])), ("starting", "paused"));
    }
}
