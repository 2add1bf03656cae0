//! Home: are events arriving, who reads them, what needs attention.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{Feature, Role, Timestamp, WIRE_FEATURES};
use daybook_store::{ArrivalRun, IntegrationKind};

use super::{
    error::PageError,
    integrations::{self, Row},
    page::{Section, Shell, page},
    reading::{SPAN, TokenActivity, activities},
    sources::{Glance, glances},
    times::{When, counted, span},
    visit::{Member, Viewer},
    words::{self, home as say},
};
use crate::{error::ApiError, state::App};

/// Bars of a graph: an hour each.
const BARS: usize = 24;
const HOUR: Duration = Duration::from_secs(3600);
/// The graph's height, of which a bar takes at most 36 above the line at 39.
const BAR_HEIGHT_MAX: f64 = 36.0;
/// A token whose end is nearer than this needs attention.
const END_NEAR: Duration = Duration::from_secs(14 * 86_400);
/// A stream in which events came in most hours, and which is quiet for longer than this, needs a look.
const QUIET_MAX: Duration = Duration::from_secs(2 * 3600);

#[derive(Template)]
#[template(path = "console/home.html")]
struct HomePage {
    shell: Shell,
    base: String,
    is_empty: bool,
    may_set_up: bool,
    attention: Vec<Attention>,
    figures: Vec<Figure>,
    readers: Vec<Row>,
    sources: Vec<SourceLine>,
}

/// Something to look at, with the way to fix it.
struct Attention {
    tone: &'static str,
    title: String,
    text: String,
    href: String,
    link: &'static str,
}

/// A stream.
struct Figure {
    feature: String,
    name: String,
    tone: &'static str,
    word: String,
    last: Option<When>,
    in_a_day: String,
    path: String,
    description: String,
}

/// Something that events come from: a source, or an integration that sends them.
struct SourceLine {
    name: String,
    href: String,
    feature: String,
    last: When,
}

/// `GET /accounts/{account}`
pub(super) async fn show_home(State(app): State<App>, member: Member<Viewer>) -> Result<Response, PageError> {
    let may_set_up = member.role() >= Role::Administrator;
    let now = app.clock.now();
    let mut figures = Vec::new();
    for feature in WIRE_FEATURES {
        figures.push(figure(&app, &member, feature, now).await?);
    }
    // Viewers see events, and nothing of tokens: neither who reads nor what is wrong with them.
    let (mut readers, mut tokens, mut read) = (Vec::new(), Vec::new(), Vec::new());
    if may_set_up {
        read = glances(&app, &member).await?;
        tokens = activities(&app, &member.grant).await?;
        readers = integrations::rows(&app, &member.grant, &tokens).await?;
    }
    let base = member.path("");
    let home = HomePage {
        shell: Shell::of(&member, Section::Home, words::NAV_HOME),
        is_empty: readers.is_empty() && read.is_empty() && figures.iter().all(|figure| figure.last.is_none()),
        attention: attention(&base, (&tokens, &read), &readers, now),
        sources: sources(&base, (&tokens, &read), now),
        base,
        may_set_up,
        figures,
        readers,
    };
    page(&home.shell, &home)
}

async fn figure(app: &App, member: &Member<Viewer>, feature: Feature, now: Timestamp) -> Result<Figure, PageError> {
    let stream = member.grant.to_read(&feature).map_err(ApiError::from)?;
    let state = app.log.stream(&stream).await?;
    let since = now.minus(SPAN);
    let runs = app.log.arrivals_since(&stream, since).await?;
    let hours = by_hour(&runs, since);
    let total: f64 = hours.iter().sum();
    let last = state.as_ref().map(|state| state.last_arrival);
    let (tone, word) = condition(last, &hours, now);
    let name = words::feature(&feature);
    let in_a_day = counted(rounded(total), words::EVENT);
    let peak = hours.iter().copied().fold(0.0, f64::max);
    Ok(Figure {
        description: say::graph(&name, &in_a_day, rounded(peak), rounded(hours[BARS - 1])),
        path: bars(&hours, peak),
        feature: feature.to_string(),
        last: last.map(|last| When::of(last, now)),
        name,
        tone,
        word,
        in_a_day,
    })
}

/// Events by hour since a time; those of a block are spread evenly over the time in which they arrived.
fn by_hour(runs: &[ArrivalRun], since: Timestamp) -> [f64; BARS] {
    let mut hours = [0.0; BARS];
    let place = |time: Timestamp| (time.as_nanos() - since.as_nanos()) as f64 / HOUR.as_nanos() as f64;
    for run in runs {
        let (first, last) = (place(run.first), place(run.last));
        let length = (last - first).max(1e-9);
        for (index, hour) in hours.iter_mut().enumerate() {
            let (from, to) = (index as f64, index as f64 + 1.0);
            let covered = (last.min(to) - first.max(from)).max(0.0) / length;
            let is_moment = last - first < 1e-9 && (from..to).contains(&last.min(BARS as f64 - 0.5));
            *hour += run.events as f64 * if is_moment { 1.0 } else { covered };
        }
    }
    hours
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, rounded")]
fn rounded(count: f64) -> u64 {
    count.round() as u64
}

/// The bars as one SVG path in a box of 200 by 40.
fn bars(hours: &[f64; BARS], peak: f64) -> String {
    let bar = |(index, count): (usize, &f64)| {
        let x = 4.0 + 192.0 * index as f64 / (BARS - 1) as f64;
        // What is there at all is seen.
        let height = (BAR_HEIGHT_MAX * count / peak).max(1.2);
        (*count > 0.0).then(|| format!("M{x:.1} 39V{:.1}", 39.0 - height))
    };
    hours.iter().enumerate().filter_map(bar).collect()
}

/// Whether events of a stream are arriving, in a word.
fn condition(last: Option<Timestamp>, hours: &[f64; BARS], now: Timestamp) -> (&'static str, String) {
    let Some(last) = last else { return ("off", say::NOTHING_YET.to_owned()) };
    let quiet = now.since(last);
    let busy = hours.iter().filter(|count| **count > 0.0).count();
    if busy >= BARS / 2 && quiet > QUIET_MAX {
        return ("warn", say::quiet(&span(quiet)));
    }
    if quiet < SPAN { ("ok", say::ARRIVING.to_owned()) } else { ("info", say::quiet(&span(quiet))) }
}

fn attention(
    base: &str,
    (activities, read): (&[TokenActivity], &[Glance]),
    readers: &[Row],
    now: Timestamp,
) -> Vec<Attention> {
    let of_source = |source: &Glance| {
        let href = source.href.clone();
        let told = source.troubles.iter().map(move |it| Attention {
            tone: it.tone,
            title: it.title.clone(),
            text: it.text.clone(),
            href: href.clone(),
            link: say::LOOK,
        });
        told.collect::<Vec<_>>()
    };
    let mut all: Vec<Attention> = read.iter().flat_map(of_source).collect();
    for activity in activities {
        let token = &activity.token;
        let Some(end) = token.rights.expires_at.filter(|_| token.revoked_at.is_none()) else { continue };
        let is_over = end <= now;
        let is_used = activity.last_use().is_some_and(|used| now.since(used.last_used_at) < SPAN * 7);
        if (!is_over && end.since(now) > END_NEAR) || (is_over && !is_used) || is_replaced(token, activities) {
            continue;
        }
        let distance = if is_over { span(now.since(end)) } else { span(end.since(now)) };
        all.push(Attention {
            tone: if is_over || end.since(now) < END_NEAR / 2 { "error" } else { "warn" },
            title: say::token_end(&token.name, &token.integration_name, &distance, is_over),
            text: say::TOKEN_END.to_owned(),
            href: format!("{base}/integrations/{}/tokens/{}/replace", token.integration_id, token.token_id),
            link: say::REPLACE,
        });
    }
    for row in readers.iter().filter(|row| row.state.tone == "warn") {
        let text = if row.lag.is_empty() { say::NO_TOKEN.to_owned() } else { say::behind(&row.behind, &row.lag) };
        all.push(Attention {
            tone: "warn",
            title: say::needs_look(&row.name, row.state.word),
            text,
            href: format!("{base}/integrations/{}", row.id),
            link: say::LOOK,
        });
    }
    all
}

/// Whether a token has a successor that is in use.
fn is_replaced(token: &daybook_store::TokenRow, activities: &[TokenActivity]) -> bool {
    activities.iter().any(|it| it.token.replaces.as_ref() == Some(&token.token_id) && it.last_read().is_some())
}

/// Where events come from, what brought in the newest first.
fn sources(base: &str, (activities, read): (&[TokenActivity], &[Glance]), now: Timestamp) -> Vec<SourceLine> {
    let of_integrations = activities.iter().filter(|it| it.token.kind == IntegrationKind::Source);
    let uses = of_integrations.flat_map(|it| it.token.uses.iter().map(move |used| (it, used)));
    let sent = uses.map(|(it, used)| {
        let feature = used.feature.parse().map(|feature| words::feature(&feature));
        let feature = feature.unwrap_or_else(|_| used.feature.clone());
        let href = format!("{base}/integrations/{}", it.token.integration_id);
        (used.last_used_at, it.token.integration_name.clone(), href, feature)
    });
    let read = read.iter().flat_map(|source| {
        source.newest.iter().map(|(feature, last)| (*last, source.name.clone(), source.href.clone(), feature.clone()))
    });
    let mut lines: Vec<_> = sent.chain(read).collect();
    lines.sort_by_key(|(last, ..)| std::cmp::Reverse(*last));
    lines.truncate(20);
    let line = |(last, name, href, feature)| SourceLine { name, href, feature, last: When::of(last, now) };
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use daybook_events::Position;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_772_600_400);

    fn run(events: u64, first_secs: u64, last_secs: u64) -> ArrivalRun {
        let at = |secs| START.plus(Duration::from_secs(secs));
        ArrivalRun { events, first: at(first_secs), last: at(last_secs), position: Position::START }
    }

    #[test]
    fn events_are_spread_over_the_hours_in_which_they_arrived() {
        let hours = by_hour(&[run(100, 0, 7200), run(7, 10_000, 10_000)], START);
        assert_eq!(hours[..4].iter().map(|count| count.round()).collect::<Vec<_>>(), [50.0, 50.0, 7.0, 0.0]);
        assert!((hours.iter().sum::<f64>() - 107.0).abs() < 1e-6);
    }

    #[test]
    fn a_stream_that_was_busy_and_stopped_is_told() {
        let now = START.plus(SPAN);
        let busy = [10.0; BARS];
        let ago = |hours| Some(now.minus(HOUR * hours));
        assert_eq!(condition(ago(3), &busy, now).0, "warn");
        assert_eq!(condition(ago(0), &busy, now).0, "ok");
        assert_eq!(condition(ago(3), &[0.0; BARS], now).0, "ok");
        assert_eq!(condition(ago(30), &[0.0; BARS], now).0, "info");
        assert_eq!(condition(None, &[0.0; BARS], now).0, "off");
        assert_eq!(bars(&[0.0; BARS], 0.0), "");
    }
}
