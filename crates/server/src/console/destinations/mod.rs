//! Destinations: the systems that an account's events are pushed to. Administrators add and change them; viewers see how
//! they fare, and nothing of their settings.

mod details;
mod letters;
mod remove;
mod replays;
mod standing;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::{Connector, Direction};

use super::{
    connectors::{list_path, may_change, rate, rate_since, title_of},
    error::PageError,
    integrations::Condition,
    page::{Section, Shell, page},
    times::{When, counted, grouped, span},
    visit::{Member, Viewer},
    words::{self, connectors as say},
};
use crate::{connectors::standing_of, state::App};

pub(super) use details::show_destination;
pub(super) use letters::{ask_to_discard, discard_dead_letters, redrive_dead_letters, show_dead_letters};
pub(super) use remove::ask_to_remove_destination;
pub(super) use replays::{ask_to_replay, cancel_replay, replay_events};
use standing::{condition_of, last_acknowledged, oldest_waiting, total_behind};

/// Which way the events go.
const OUT: Direction = Direction::Destination;

#[derive(Template)]
#[template(path = "console/destinations.html")]
struct DestinationsPage {
    shell: Shell,
    base: String,
    may_change: bool,
    rows: Vec<Row>,
}

/// A destination in a list.
struct Row {
    id: String,
    name: String,
    kind: &'static str,
    condition: Condition,
    /// Empty when it is up to date.
    behind: String,
    waiting: String,
    acknowledged: Option<When>,
    /// Empty when there are none.
    letters: String,
    rate: String,
}

/// `GET /accounts/{account}/destinations`
pub(super) async fn list_destinations(State(app): State<App>, member: Member<Viewer>) -> Result<Response, PageError> {
    let mut rows = Vec::new();
    for connector in app.catalog.list_connectors(&member.grant, OUT).await? {
        rows.push(row(&app, &member, connector).await?);
    }
    let list = DestinationsPage {
        shell: Shell::of(&member, Section::Destinations, words::NAV_DESTINATIONS),
        base: list_path(&member, OUT),
        may_change: may_change(&member),
        rows,
    };
    page(&list.shell, &list)
}

async fn row(app: &App, member: &Member<Viewer>, connector: Connector) -> Result<Row, PageError> {
    let now = app.clock.now();
    let standing = standing_of(app, &member.grant, &connector).await?;
    let hours = app.catalog.connector_hours(&member.grant, &connector.connector_id, rate_since(now)).await?;
    let behind = total_behind(&standing);
    let letters = u64::try_from(standing.dead_letters).unwrap_or(0);
    Ok(Row {
        id: connector.connector_id.to_string(),
        kind: title_of(&connector),
        condition: condition_of(&standing),
        behind: if behind == 0 { String::new() } else { counted(behind, words::EVENT) },
        waiting: oldest_waiting(&standing).map(span).unwrap_or_default(),
        acknowledged: last_acknowledged(&standing).map(|time| When::of(time, now)),
        letters: if letters == 0 { String::new() } else { grouped(letters) },
        rate: say::an_hour(rate(&hours, connector.created_at, now)),
        name: connector.name,
    })
}
