//! Sources: the systems that an account's events are brought in from. Administrators add and change them; viewers see how
//! they fare, and nothing of their settings.

mod details;
mod glance;
mod remove;
mod standing;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::{Connector, Direction};

use super::{
    connectors::{list_path, may_change, rate, rate_since, title_of},
    error::PageError,
    integrations::Condition,
    page::{Section, Shell, page},
    times::{When, grouped},
    visit::{Member, Viewer},
    words::{self, connectors as say},
};
use crate::{connectors::source_standing_of, state::App};

pub(super) use details::show_source;
pub(super) use glance::{Glance, glances};
pub(super) use remove::ask_to_remove_source;
use standing::{condition_of, last_answered, newest_event, total_events};

/// Which way the events go.
const IN: Direction = Direction::Source;

#[derive(Template)]
#[template(path = "console/sources.html")]
struct SourcesPage {
    shell: Shell,
    base: String,
    may_change: bool,
    rows: Vec<Row>,
}

/// A source in a list.
struct Row {
    id: String,
    name: String,
    kind: &'static str,
    condition: Condition,
    /// How much asks for a look; empty when nothing does.
    warnings: String,
    answered: Option<When>,
    newest: Option<When>,
    events: String,
    rate: String,
}

/// `GET /accounts/{account}/sources`
pub(super) async fn list_sources(State(app): State<App>, member: Member<Viewer>) -> Result<Response, PageError> {
    let mut rows = Vec::new();
    for connector in app.catalog.list_connectors(&member.grant, IN).await? {
        rows.push(row(&app, &member, connector).await?);
    }
    let list = SourcesPage {
        shell: Shell::of(&member, Section::Sources, words::NAV_SOURCES),
        base: list_path(&member, IN),
        may_change: may_change(&member),
        rows,
    };
    page(&list.shell, &list)
}

async fn row(app: &App, member: &Member<Viewer>, connector: Connector) -> Result<Row, PageError> {
    let now = app.clock.now();
    let standing = source_standing_of(app, &member.grant, &connector).await?;
    let hours = app.catalog.connector_hours(&member.grant, &connector.connector_id, rate_since(now)).await?;
    let warnings = standing.warnings.len() as u64;
    Ok(Row {
        id: connector.connector_id.to_string(),
        kind: title_of(&connector),
        condition: condition_of(&standing),
        warnings: if warnings == 0 { String::new() } else { grouped(warnings) },
        answered: last_answered(&standing).map(|time| When::of(time, now)),
        newest: newest_event(&standing).map(|time| When::of(time, now)),
        events: grouped(total_events(&standing)),
        rate: say::an_hour(rate(&hours, connector.created_at, now)),
        name: connector.name,
    })
}
