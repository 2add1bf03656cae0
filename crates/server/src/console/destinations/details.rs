//! Everything about one destination: how it stands stream by stream, what it did, and what it can be told to do.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::Timestamp;
use daybook_store::{Connector, ConnectorState, Origin, Replay, ReplayState};

use super::{OUT, condition_of, last_acknowledged, oldest_waiting, total_behind};
use crate::{
    connectors::{Standing, StreamStanding, standing_of, status_in_words},
    console::{
        connectors::{
            ATTEMPTS_SHOWN, AttemptLine, Days, Trouble, attempt_line, days_of, find, first_day, may_change, own_path,
            title_of, troubles,
        },
        error::PageError,
        integrations::Condition,
        page::{Section, Shell, page},
        times::{When, counted, grouped, span},
        visit::{Member, Viewer},
        words::{self, connectors as say},
    },
    request::Path,
    state::App,
};

/// Replays that are shown.
const REPLAYS_SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "console/destination.html")]
struct DetailsPage {
    shell: Shell,
    base: String,
    name: String,
    kind: &'static str,
    condition: Condition,
    sentence: String,
    may_change: bool,
    is_paused: bool,
    /// It is described in the configuration file.
    is_configured: bool,
    created_at: When,
    acknowledged: Option<When>,
    /// Empty when it is up to date.
    behind: String,
    waiting: String,
    /// Empty when there are none.
    letters: String,
    troubles: Vec<Trouble>,
    streams: Vec<StreamLine>,
    days: Days,
    attempts: Vec<AttemptLine>,
    replays: Vec<ReplayLine>,
    trail: String,
}

/// A stream on its way.
struct StreamLine {
    name: String,
    condition: Condition,
    acknowledged: Option<When>,
    /// When the newest event happened that was acknowledged.
    event_time: Option<When>,
    /// Empty when it is up to date.
    behind: String,
    waiting: String,
    /// When it is tried again; empty when it is not.
    next: String,
    failures: String,
}

/// A window of the past that is or was delivered once more.
struct ReplayLine {
    id: String,
    since: When,
    until: When,
    state: Condition,
    is_running: bool,
    requested_at: When,
}

/// `GET /accounts/{account}/destinations/{destination}`
pub(in crate::console) async fn show_destination(
    State(app): State<App>,
    member: Member<Viewer>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let now = app.clock.now();
    let standing = standing_of(&app, &member.grant, &connector).await?;
    let hours = app.catalog.connector_hours(&member.grant, &connector.connector_id, first_day(now)).await?;
    let attempts = app.catalog.connector_attempts(&member.grant, &connector.connector_id, ATTEMPTS_SHOWN).await?;
    let replays = app.catalog.list_replays(&member.grant, &connector.connector_id).await?;
    let details = DetailsPage {
        days: days_of(&hours, OUT, now),
        attempts: attempts.into_iter().map(|attempt| attempt_line(attempt, OUT, now)).collect(),
        replays: replays.iter().take(REPLAYS_SHOWN).map(|replay| replay_line(replay, now)).collect(),
        ..DetailsPage::of(&member, connector, &standing, now)
    };
    page(&details.shell, &details)
}

impl DetailsPage {
    /// What is known without its history.
    fn of(member: &Member<Viewer>, connector: Connector, standing: &Standing, now: Timestamp) -> Self {
        let (id, condition) = (connector.connector_id.to_string(), condition_of(standing));
        let acknowledged = last_acknowledged(standing).map(|time| When::of(time, now));
        let ago = acknowledged.as_ref().map(|when| when.distance.as_str());
        let behind = total_behind(standing);
        Self {
            shell: Shell::of(member, Section::Destinations, &connector.name),
            base: own_path(member, OUT, &id),
            kind: title_of(&connector),
            sentence: say::status(condition.word, &connector.name, ago),
            condition,
            may_change: may_change(member),
            is_paused: connector.state == ConnectorState::Paused,
            is_configured: connector.origin == Origin::Configuration,
            created_at: When::of(connector.created_at, now),
            behind: if behind == 0 { String::new() } else { counted(behind, words::EVENT) },
            waiting: oldest_waiting(standing).map(span).unwrap_or_default(),
            letters: if standing.dead_letters == 0 {
                String::new()
            } else {
                grouped(standing.dead_letters.unsigned_abs())
            },
            troubles: if connector.state == ConnectorState::Active {
                troubles(standing.streams.iter().filter_map(|stream| stream.health.as_ref()), now)
            } else {
                Vec::new()
            },
            streams: standing.streams.iter().map(|stream| stream_line(stream, &connector, now)).collect(),
            days: days_of(&[], OUT, now),
            attempts: Vec::new(),
            replays: Vec::new(),
            trail: member.path(&format!("audit?object={id}")),
            name: connector.name,
            acknowledged,
        }
    }
}

fn stream_line(stream: &StreamStanding, connector: &Connector, now: Timestamp) -> StreamLine {
    let health = stream.health.as_ref();
    let when = |time: Option<Timestamp>| time.map(|time| When::of(time, now));
    let alone = Standing {
        status: match connector.state {
            ConnectorState::Active => health.map_or("starting", |health| status_in_words(health).as_str()),
            _ => "paused",
        },
        streams: vec![stream.clone()],
        dead_letters: 0,
    };
    let behind = total_behind(&alone);
    let next = health.and_then(|health| health.next_attempt_at).filter(|_| alone.status != "paused");
    StreamLine {
        name: words::feature(&stream.feature),
        condition: condition_of(&alone),
        acknowledged: when(health.and_then(|health| health.last_acknowledged_at)),
        event_time: when(health.and_then(|health| health.last_event_time)),
        behind: if behind == 0 { String::new() } else { counted(behind, words::EVENT) },
        waiting: stream.waiting.map(span).unwrap_or_default(),
        next: next.map(|time| say::next_try(time, now)).unwrap_or_default(),
        failures: health
            .map(|health| health.failures)
            .filter(|failures| *failures > 0)
            .map_or(String::new(), |failures| grouped(failures.unsigned_abs())),
    }
}

fn replay_line(replay: &Replay, now: Timestamp) -> ReplayLine {
    let (tone, word) = match replay.state {
        ReplayState::Running => ("info", say::REPLAY_RUNNING),
        ReplayState::Done => ("ok", say::REPLAY_DONE),
        ReplayState::Cancelled => ("off", say::REPLAY_STOPPED),
    };
    ReplayLine {
        id: replay.replay_id.to_string(),
        since: When::of(replay.since, now),
        until: When::of(replay.until, now),
        state: Condition { tone, word },
        is_running: replay.state == ReplayState::Running,
        requested_at: When::of(replay.requested_at, now),
    }
}
