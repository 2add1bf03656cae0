//! Everything about one source: how far it is with each kind of events, what it did, and what it can be told to do.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::Timestamp;
use daybook_store::{Connector, ConnectorState, Origin};

use super::{
    IN, condition_of, last_answered,
    standing::{condition_of_feature, events_of},
    total_events,
};
use crate::{
    connectors::{FeatureStanding, SourceStanding, source_standing_of},
    console::{
        connectors::{
            ATTEMPTS_SHOWN, AttemptLine, Days, Trouble, attempt_line, days_of, find, first_day, may_change, own_path,
            rate, rate_since, title_of, troubles,
        },
        error::PageError,
        integrations::Condition,
        page::{Section, Shell, page},
        times::{When, grouped},
        visit::{Member, Viewer},
        words::{self, connectors as say, sources as say_source},
    },
    request::Path,
    state::App,
};

#[derive(Template)]
#[template(path = "console/source.html")]
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
    answered: Option<When>,
    events: String,
    /// Events an hour; filled in with its history.
    rate: String,
    /// Empty where nobody counts.
    requests: String,
    /// Until when its system keeps what is not read; `None` where it keeps it for ever.
    kept_until: Option<When>,
    /// When its credentials end, if they say.
    expires: Option<When>,
    warnings: Vec<WarningLine>,
    troubles: Vec<Trouble>,
    features: Vec<FeatureLine>,
    days: Days,
    attempts: Vec<AttemptLine>,
    trail: String,
}

/// Something to know about before it is a trouble.
struct WarningLine {
    tone: &'static str,
    title: String,
    text: String,
}

/// A kind of events on its way in.
struct FeatureLine {
    name: String,
    condition: Condition,
    /// In percent while it catches up.
    percent: Option<u8>,
    /// How far it is, in words; empty when there is nothing to catch up with.
    progress: String,
    events: String,
    newest: Option<When>,
    answered: Option<When>,
    /// When it is asked next; empty when it is not.
    next: String,
    failures: String,
}

/// `GET /accounts/{account}/sources/{source}`
pub(in crate::console) async fn show_source(
    State(app): State<App>,
    member: Member<Viewer>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, IN, &id).await?;
    let (connector_id, now) = (connector.connector_id.clone(), app.clock.now());
    let standing = source_standing_of(&app, &member.grant, &connector).await?;
    let hours = app.catalog.connector_hours(&member.grant, &connector_id, first_day(now)).await?;
    let attempts = app.catalog.connector_attempts(&member.grant, &connector_id, ATTEMPTS_SHOWN).await?;
    let lately: Vec<_> = hours.iter().filter(|hour| hour.begins_at >= rate_since(now)).cloned().collect();
    let details = DetailsPage {
        rate: say::an_hour(rate(&lately, connector.created_at, now)),
        days: days_of(&hours, IN, now),
        attempts: attempts.into_iter().map(|attempt| attempt_line(attempt, IN, now)).collect(),
        ..DetailsPage::of(&member, connector, &standing, now)
    };
    page(&details.shell, &details)
}

impl DetailsPage {
    /// What is known without its history.
    fn of(member: &Member<Viewer>, connector: Connector, standing: &SourceStanding, now: Timestamp) -> Self {
        let (id, condition) = (connector.connector_id.to_string(), condition_of(standing));
        let answered = last_answered(standing).map(|time| When::of(time, now));
        let ago = answered.as_ref().map(|when| when.distance.as_str());
        let is_paused = connector.state == ConnectorState::Paused;
        let health = standing.features.iter().filter_map(|feature| feature.health.as_ref());
        let requests = standing.requests.map(|it| say_source::requests(it.this_hour, it.hour_max));
        let kept_until = standing.features.iter().filter_map(|feature| feature.loss_at).min();
        Self {
            shell: Shell::of(member, Section::Sources, &connector.name),
            base: own_path(member, IN, &id),
            kind: title_of(&connector),
            sentence: say_source::status(condition.word, &connector.name, ago),
            condition,
            may_change: may_change(member),
            is_paused,
            is_configured: connector.origin == Origin::Configuration,
            created_at: When::of(connector.created_at, now),
            answered,
            events: grouped(total_events(standing)),
            rate: String::new(),
            requests: requests.unwrap_or_default(),
            kept_until: kept_until.map(|time| When::of(time, now)),
            expires: standing.expires_at.map(|time| When::of(time, now)),
            warnings: standing.warnings.iter().map(|warning| warning_line(warning, now)).collect(),
            troubles: if is_paused { Vec::new() } else { troubles(health, now) },
            features: standing.features.iter().map(|feature| feature_line(feature, is_paused)).collect(),
            days: days_of(&[], IN, now),
            attempts: Vec::new(),
            trail: member.path(&format!("audit?object={id}")),
            name: connector.name,
        }
    }
}

fn warning_line(warning: &crate::connectors::Warning, now: Timestamp) -> WarningLine {
    let (tone, title, text) = say_source::warning(warning, now);
    WarningLine { tone, title, text }
}

fn feature_line(standing: &FeatureStanding, is_paused: bool) -> FeatureLine {
    let (health, now) = (standing.health.as_ref(), standing.now);
    let when = |time: Option<Timestamp>| time.map(|time| When::of(time, now));
    // What is paused has no pace.
    let progress = standing.progress().filter(|_| !is_paused);
    let next = health.and_then(|health| health.next_attempt_at).filter(|_| !is_paused);
    let failures = health.map_or(0, |health| health.failures.unsigned_abs());
    FeatureLine {
        name: words::feature(&standing.feature),
        condition: condition_of_feature(standing, is_paused),
        percent: progress.map(|progress| percent(progress.part)),
        progress: progress
            .map(|it| say_source::progress(it.part * 100.0, it.events_per_second, it.remaining))
            .unwrap_or_default(),
        events: grouped(events_of(standing)),
        newest: when(standing.place.as_ref().and_then(|place| place.last_time)),
        answered: when(health.and_then(|health| health.last_acknowledged_at)),
        next: next.map(|time| say::next_try(time, now)).unwrap_or_default(),
        failures: if failures == 0 { String::new() } else { grouped(failures) },
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
fn percent(part: f64) -> u8 {
    (part.clamp(0.0, 1.0) * 100.0) as u8
}
