//! The events of an account, newest first: a look at what comes in. Searching them is for the systems that read them.

mod read;
pub(super) mod summary;

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{Feature, HubGrant, Position, SIGN_IN_ATTEMPTS, Timestamp, WIRE_FEATURES};
use serde::Deserialize;

use super::{
    error::PageError,
    page::{Section, Shell, page},
    query::{Query, query_of},
    times::{When, grouped},
    visit::{Member, Viewer},
    words,
};
use crate::state::{App, days_long};

/// Features shown beside those of the wire.
const OTHER_FEATURES_MAX: usize = 40;

#[derive(Template)]
#[template(path = "console/events.html")]
struct EventsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    feature: String,
    feature_code: String,
    rows: Vec<EventRow>,
    /// Empty when there is nothing older.
    older: String,
    /// Empty on the newest page.
    newest: String,
    retention_days: Option<u32>,
    is_administrator: bool,
    integrations_path: String,
    ingest_url: String,
}

struct Tab {
    name: String,
    path: String,
    is_current: bool,
}

struct EventRow {
    /// For script to find its JSON.
    id: String,
    position: String,
    happened: When,
    arrived: When,
    who: String,
    what: String,
    whence: String,
    json: String,
    is_cut: bool,
}

/// Which events.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EventsQuery {
    feature: String,
    /// Only events before this position.
    before: Option<i64>,
}

impl EventRow {
    fn of(feature: &Feature, event: &read::Shown, now: Timestamp) -> Self {
        let summary::Summary { who, what, whence } = summary::summarize(feature, &event.payload);
        let (json, is_cut) = summary::indent(&event.payload);
        Self {
            id: format!("event-{}", event.position),
            position: grouped(event.position.get().cast_unsigned()),
            happened: When::of(event.time, now),
            arrived: When::of(event.arrival, now),
            who,
            what,
            whence,
            json,
            is_cut,
        }
    }
}

/// `GET /accounts/{account}/events?feature=…&before=POSITION`
pub(super) async fn show_events(
    State(app): State<App>,
    member: Member<Viewer>,
    Query(query): Query<EventsQuery>,
) -> Result<Response, PageError> {
    let feature = match query.feature.as_str() {
        "" => SIGN_IN_ATTEMPTS,
        text => text.parse().map_err(|_| PageError::not_found())?,
    };
    let stream = member.grant.to_read(&feature).map_err(|_| PageError::not_found())?;
    let now = app.clock.now();
    let retention_days = member.membership.account.retention_days;
    // As in the Events API, but without its window, which is for tokens.
    let not_before = retention_days.map(|days| now.minus(days_long(days)));
    let found = read::read_before(&app.log, &stream, query.before.map(Position::new), not_before).await?;
    let base = member.path("events");
    let path = |before: &str| format!("{base}{}", query_of(&[("feature", feature.as_str()), ("before", before)]));
    let events = EventsPage {
        shell: Shell::of(&member, Section::Events, words::NAV_EVENTS),
        tabs: tabs(&app, &member, &feature).await?,
        feature: words::feature(&feature),
        feature_code: feature.to_string(),
        rows: found.events.iter().map(|event| EventRow::of(&feature, event, now)).collect(),
        older: found.older.map(|position| path(&position.to_string())).unwrap_or_default(),
        newest: if query.before.is_some() { path("") } else { String::new() },
        retention_days,
        is_administrator: member.role() >= daybook_events::Role::Administrator,
        integrations_path: member.path("integrations"),
        ingest_url: format!("{}/ingest/v1/{feature}", app.public_url()),
    };
    page(&events.shell, &events)
}

/// The features of the wire, then the others that have events here.
async fn tabs(app: &App, member: &Member<Viewer>, current: &Feature) -> Result<Vec<Tab>, PageError> {
    let streams = app.log.streams(HubGrant::of_the_hub_itself(), Some(member.account())).await?;
    let others: BTreeSet<Feature> = streams.into_iter().map(|it| it.feature).chain([current.clone()]).collect();
    let others = others.into_iter().filter(|feature| !feature.is_wire()).take(OTHER_FEATURES_MAX);
    let base = member.path("events");
    let tab = |feature: Feature| Tab {
        name: words::feature(&feature),
        path: format!("{base}{}", query_of(&[("feature", feature.as_str())])),
        is_current: feature == *current,
    };
    Ok(WIRE_FEATURES.into_iter().rev().chain(others).map(tab).collect())
}
