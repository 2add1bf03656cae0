//! Destinations: the systems that an account's events are pushed to. Administrators add and change them; viewers see how
//! they fare, and nothing of their settings.

mod add;
mod change;
mod details;
mod letters;
mod replays;
mod standing;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use daybook_connectors::DestinationKind;
use daybook_events::{Role, Timestamp};
use daybook_store::{Connector, ConnectorHour, Direction};

use super::{
    error::PageError,
    integrations::Condition,
    page::{Section, Shell, page},
    times::{When, counted, grouped, span},
    visit::{Member, Viewer},
    words::{self, connectors as say},
};
use crate::{
    connectors::{Locality, find_destination, standing_of},
    state::App,
};

pub(super) use add::{add_destination, new_destination, test_new_destination};
pub(super) use change::{
    ask_to_remove_destination, change_destination, pause_destination, remove_destination, resume_destination,
    retry_destination, show_settings, test_destination,
};
pub(super) use details::show_destination;
pub(super) use letters::{ask_to_discard, discard_dead_letters, redrive_dead_letters, show_dead_letters};
pub(super) use replays::{ask_to_replay, cancel_replay, replay_events};
use standing::{condition_of, last_acknowledged, oldest_waiting, total_behind};

/// The time that the rate is taken of.
const RATE_HOURS: u64 = 24;

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
    for connector in app.catalog.list_connectors(&member.grant, Direction::Destination).await? {
        rows.push(row(&app, &member, connector).await?);
    }
    let list = DestinationsPage {
        shell: Shell::of(&member, Section::Destinations, words::NAV_DESTINATIONS),
        base: member.path("destinations"),
        may_change: may_change(&member),
        rows,
    };
    page(&list.shell, &list)
}

async fn row(app: &App, member: &Member<Viewer>, connector: Connector) -> Result<Row, PageError> {
    let now = app.clock.now();
    let standing = standing_of(app, &member.grant, &connector).await?;
    let since = now.minus(std::time::Duration::from_secs(RATE_HOURS * 3600));
    let hours = app.catalog.connector_hours(&member.grant, &connector.connector_id, since).await?;
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
        rate: say::an_hour(rate(&hours, &connector, now)),
        name: connector.name,
    })
}

/// Events an hour, of the last day or of the time since it was added.
fn rate(hours: &[ConnectorHour], connector: &Connector, now: Timestamp) -> u64 {
    let events: i64 = hours.iter().map(|hour| hour.events).sum();
    let life_hours = now.since(connector.created_at).as_secs().div_ceil(3600);
    u64::try_from(events).unwrap_or(0).div_ceil(life_hours.clamp(1, RATE_HOURS))
}

/// A destination of the member's account that is not removed.
async fn find<R>(app: &App, member: &Member<R>, id: &str) -> Result<Connector, PageError> {
    find_destination(app, &member.grant, id).await.map_err(|error| match error.status() {
        // What is missing may be another account's: it says no more than that.
        StatusCode::NOT_FOUND => PageError::not_found(),
        _ => error.into(),
    })
}

/// The product's name.
fn title_of(connector: &Connector) -> &'static str {
    connector.kind.parse::<DestinationKind>().map_or("", |kind| kind.description().title)
}

fn may_change<R>(member: &Member<R>) -> bool {
    member.role() >= Role::Administrator
}

/// Files and processes of the hub's own machine are for those who run it.
fn locality_of<R>(member: &Member<R>) -> Locality {
    if member.signed_in.person.runs_hub { Locality::AnyKind } else { Locality::RemoteOnly }
}

/// `/accounts/ID/destinations/ID`
fn own_path<R>(member: &Member<R>, id: &str) -> String {
    member.path(&format!("destinations/{id}"))
}
