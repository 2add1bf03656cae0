//! Announces tokens that end within two weeks, a week or a day, and those that have ended: once each, as an audit event of
//! their account, so that people and their SIEM hear of it before a reader goes silent.

use std::{collections::HashSet, time::Duration};

use daybook_events::{Actor, HubGrant, Timestamp, TokenId};
use daybook_store::{EndingToken, StoreError};

use super::{Pause, packer::chain};
use crate::state::App;

const HUB: HubGrant = HubGrant::of_the_hub_itself();
const EVERY: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Days before a token's end on which it is announced, nearest first.
const DAYS_BEFORE: [u32; 3] = [1, 7, 14];
/// An end is announced for so long afterwards: the hub may have been off when it came.
const ENDED_WITHIN: Duration = DAY;
/// Lists of tokens read in one round; each has up to 1,000.
const LISTS_MAX: usize = 20;

/// An announcement: of which token, which of its ends (it may be moved), and how many days before.
type Notice = (TokenId, Timestamp, u32);

pub(super) async fn run(app: App, mut pause: Pause) {
    // Made by this node or another: what is known needs no statement to find out. It holds ends of the last day and the
    // next two weeks, so it stays small.
    let mut known: HashSet<Notice> = HashSet::new();
    while pause.take(EVERY).await {
        if let Err(error) = round(&app, &pause, &mut known).await {
            tracing::warn!(error = chain(&error), "ends of tokens were not announced; it is tried again");
        }
    }
}

async fn round(app: &App, pause: &Pause, known: &mut HashSet<Notice>) -> Result<(), StoreError> {
    let now = app.clock.now();
    let (mut from, until) = (now.minus(ENDED_WITHIN), now.plus(DAY * DAYS_BEFORE[DAYS_BEFORE.len() - 1]));
    known.retain(|(_, expires_at, _)| *expires_at > from);
    for _ in 0..LISTS_MAX {
        let tokens = app.catalog.list_ending_tokens(HUB, from, until).await?;
        for token in &tokens {
            if pause.is_over() {
                return Ok(());
            }
            announce(app, token, now, known).await?;
        }
        // The next list begins with the last end again: several tokens may have it.
        let Some(next) = tokens.last().map(|last| last.expires_at.minus(Duration::from_nanos(1))) else { break };
        if next <= from {
            break;
        }
        from = next;
    }
    Ok(())
}

async fn announce(
    app: &App,
    token: &EndingToken,
    now: Timestamp,
    known: &mut HashSet<Notice>,
) -> Result<(), StoreError> {
    let Some(days) = days_to_announce(now, token.expires_at) else { return Ok(()) };
    let notice = (token.token_id.clone(), token.expires_at, days);
    if known.contains(&notice) {
        return Ok(());
    }
    if app.catalog.announce_token_end(HUB, &Actor::hub(app.started_at), token, days).await? {
        tracing::info!(token.id = token.token_id.as_str(), days, "announced the end of a token");
    }
    known.insert(notice);
    Ok(())
}

/// What to announce of a token's end: 0 when it has come, else the nearest of the days before it.
fn days_to_announce(now: Timestamp, expires_at: Timestamp) -> Option<u32> {
    if expires_at <= now {
        return (now.since(expires_at) <= ENDED_WITHIN).then_some(0);
    }
    let left = expires_at.since(now);
    DAYS_BEFORE.into_iter().find(|days| left <= DAY * *days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_day_is_announced() {
        let now = Timestamp::parse_strict("2026-11-23T00:00:00Z").unwrap();
        let hour = Duration::from_secs(3600);
        let in_hours = |hours: u32| days_to_announce(now, now.plus(hour * hours));
        assert_eq!(in_hours(14 * 24 + 1), None);
        assert_eq!((in_hours(14 * 24), in_hours(7 * 24 + 1)), (Some(14), Some(14)));
        assert_eq!((in_hours(7 * 24), in_hours(5 * 24), in_hours(25)), (Some(7), Some(7), Some(7)));
        assert_eq!((in_hours(24), in_hours(1)), (Some(1), Some(1)));
    }

    #[test]
    fn an_end_is_announced_for_a_day() {
        let now = Timestamp::parse_strict("2026-11-23T00:00:00Z").unwrap();
        let ended = |secs: u64| days_to_announce(now, now.minus(Duration::from_secs(secs)));
        assert_eq!((ended(0), ended(86_400), ended(86_401)), (Some(0), Some(0), None));
    }
}
