//! What is about to be lost, as audit events of the account: events that an upstream drops unread, and credentials that
//! end. Each is announced once for each number of days.

use std::time::Duration;

use daybook_connectors::Source;
use daybook_events::{Actor, Timestamp};
use daybook_store::{Connector, ConnectorNotice, Direction, StoreError};

use super::fleet::HUB;
use crate::{
    connectors::{days_until_loss, open_source},
    state::App,
};

const DAY_SECS: u64 = 24 * 3600;
/// Days before a loss on which it is announced, nearest first; 0: it has begun.
const LOSS_DAYS: [u64; 5] = [0, 1, 7, 14, 30];
/// The same of credentials.
const EXPIRY_DAYS: [u64; 4] = [0, 1, 7, 14];

/// Announces what has to be, over all sources, paused ones too.
pub(super) async fn announce(app: &App) -> Result<(), StoreError> {
    for connector in app.catalog.list_all_connectors(HUB).await? {
        if connector.direction == Direction::Source {
            announce_one(app, &connector).await?;
        }
    }
    Ok(())
}

async fn announce_one(app: &App, connector: &Connector) -> Result<(), StoreError> {
    // One that cannot be opened says so in its health.
    let Ok(source) = open_source(app, connector) else { return Ok(()) };
    let (terms, now) = (source.terms(), app.clock.now());
    if let Some(expires_at) = terms.expires_at
        && let Some(days) = nearest(&EXPIRY_DAYS, days_left(now, expires_at))
    {
        let notice = ConnectorNotice {
            key: format!("token {expires_at} {days}"),
            words: format!("the token of source {} {}", connector.name, ends_in_words(days)),
        };
        tell(app, connector, &notice, days).await?;
    }
    let Some(window) = terms.window else { return Ok(()) };
    let grant = HUB.account(connector.account_id.clone());
    for health in app.catalog.connector_health(&grant, &connector.connector_id).await? {
        // What is not wanted any more is not missed.
        if terms.wanted.as_ref().is_some_and(|wanted| !wanted.contains(&health.feature)) {
            continue;
        }
        let Some(last_read) = health.last_acknowledged_at else { continue };
        let Some(days) = nearest(&LOSS_DAYS, days_until_loss(now, last_read, window)) else { continue };
        let when = if days == 0 { "now".to_owned() } else { format!("within {days} days") };
        let (feature, name) = (&health.feature, &connector.name);
        let notice = ConnectorNotice {
            key: format!("loss {feature} {last_read} {days}"),
            words: format!("source {name} has not read {feature} since {last_read}: {when}, events are lost for good"),
        };
        tell(app, connector, &notice, days).await?;
    }
    Ok(())
}

async fn tell(app: &App, connector: &Connector, notice: &ConnectorNotice, days: u64) -> Result<(), StoreError> {
    if app.catalog.announce_connector(HUB, &Actor::hub(app.started_at), connector, notice).await? {
        tracing::error!(
            source.id = connector.connector_id.as_str(),
            days,
            "a source is about to lose events or its credentials; see its warnings"
        );
    }
    Ok(())
}

fn days_left(now: Timestamp, end: Timestamp) -> u64 {
    let left: Duration = end.since(now);
    left.as_secs().div_ceil(DAY_SECS)
}

/// The nearest of the days on which it is announced, if one has come.
fn nearest(days: &[u64], left: u64) -> Option<u64> {
    days.iter().copied().find(|day| left <= *day)
}

fn ends_in_words(days: u64) -> String {
    match days {
        0 => "has expired".to_owned(),
        1 => "expires within 1 day".to_owned(),
        days => format!("expires within {days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_day_is_announced() {
        let told = |left| nearest(&LOSS_DAYS, left);
        assert_eq!((told(120), told(31), told(30), told(15)), (None, None, Some(30), Some(30)));
        assert_eq!((told(14), told(7), told(2), told(1), told(0)), (Some(14), Some(7), Some(7), Some(1), Some(0)));
    }

    #[test]
    fn a_day_that_has_begun_counts() {
        let now = Timestamp::from_seconds(1_772_600_767);
        let left = |secs| days_left(now, now.plus(Duration::from_secs(secs)));
        assert_eq!((left(0), left(1), left(DAY_SECS), left(DAY_SECS + 1)), (0, 1, 1, 2));
        assert_eq!(days_left(now, now.minus(Duration::from_secs(5))), 0);
    }
}
