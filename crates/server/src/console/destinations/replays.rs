//! Replays: a window of the past delivered once more.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{ReplayId, Timestamp};
use serde::Deserialize;

use super::OUT;
use crate::{
    console::{
        connectors::{find, own_path},
        error::PageError,
        flash::done,
        form::{Errors, Form, Nothing},
        page::{Section, Shell, go, page, page_again},
        visit::{Administrator, Member},
        words::connectors as say,
    },
    request::Path,
    state::App,
};

#[derive(Template)]
#[template(path = "console/destination-replay.html")]
struct ReplayPage {
    shell: Shell,
    base: String,
    name: String,
    since: String,
    until: String,
    errors: Errors,
}

/// From when until when, as a browser's field of date and time gives it, UTC; an empty end is now.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct ReplayForm {
    since: String,
    until: String,
}

/// `GET /accounts/{account}/destinations/{destination}/replay`
pub(in crate::console) async fn ask_to_replay(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let replay = replay_page(&member, (&id, connector.name), (ReplayForm::default(), Errors::default()));
    page(&replay.shell, &replay)
}

/// `POST /accounts/{account}/destinations/{destination}/replay`
pub(in crate::console) async fn replay_events(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
    Form(form): Form<ReplayForm>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let mut errors = Errors::default();
    if let Some(window) = window_of(&form, app.clock.now(), &mut errors) {
        app.catalog.add_replay(&member.grant, &member.actor(), &connector.connector_id, window).await?;
        let path = format!("{}#replays", own_path(&member, OUT, &id));
        return Ok(go(&path, Some(&done(say::replaying(&connector.name)))));
    }
    let replay = replay_page(&member, (&id, connector.name), (form, errors));
    page_again(&replay.shell, &replay)
}

/// `POST /accounts/{account}/destinations/{destination}/replays/{replay}/cancel`
pub(in crate::console) async fn cancel_replay(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id, replay)): Path<(String, String, String)>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let connector = find(&app, &member, OUT, &id).await?;
    let replay: ReplayId = replay.parse().map_err(|_| PageError::not_found())?;
    let own = app.catalog.list_replays(&member.grant, &connector.connector_id).await?;
    own.iter().find(|own| own.replay_id == replay).ok_or_else(PageError::not_found)?;
    app.catalog.cancel_replay(&member.grant, &member.actor(), &replay).await?;
    Ok(go(&own_path(&member, OUT, &id), Some(&done(say::replay_stopped(&connector.name)))))
}

fn replay_page(
    member: &Member<Administrator>,
    (id, name): (&str, String),
    (form, errors): (ReplayForm, Errors),
) -> ReplayPage {
    ReplayPage {
        shell: Shell::of(member, Section::Destinations, say::replay(&name)),
        base: own_path(member, OUT, id),
        name,
        since: form.since,
        until: form.until,
        errors,
    }
}

fn window_of(form: &ReplayForm, now: Timestamp, errors: &mut Errors) -> Option<(Timestamp, Timestamp)> {
    let since = errors.take("since", time_of(&form.since));
    let until = match form.until.trim() {
        "" => Some(now),
        until => errors.take("until", time_of(until)),
    };
    let (since, until) = since.zip(until)?;
    if since >= now {
        errors.add("since", say::IN_THE_FUTURE);
    } else if since >= until {
        errors.add("until", say::TIMES_SWAPPED);
    }
    errors.is_empty().then_some((since, until))
}

/// `2026-11-23T09:00`, with seconds or without, UTC.
fn time_of(text: &str) -> Result<Timestamp, &'static str> {
    let text = text.trim();
    let seconds = if text.len() == "2026-11-23T09:00".len() { ":00" } else { "" };
    Timestamp::parse_strict(&format!("{text}{seconds}Z")).map_err(|_| say::NO_SUCH_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields_wrong(since: &str, until: &str) -> Vec<&'static str> {
        let (now, mut errors) = (Timestamp::parse_strict("2026-11-28T10:00:00Z").unwrap(), Errors::default());
        let form = ReplayForm { since: since.to_owned(), until: until.to_owned() };
        assert_eq!(window_of(&form, now, &mut errors).is_some(), errors.is_empty());
        errors.all().iter().map(|(field, _)| *field).collect()
    }

    #[test]
    fn windows_are_in_the_past_and_have_a_length() {
        assert!(fields_wrong("2026-11-28T09:00", "").is_empty());
        assert!(fields_wrong("2026-11-28T09:00:30", "2026-11-28T09:01").is_empty());
        assert_eq!(fields_wrong("2026-11-28T11:00", ""), ["since"]);
        assert_eq!(fields_wrong("2026-11-28T09:00", "2026-11-28T09:00"), ["until"]);
        assert_eq!(fields_wrong("yesterday", "2026-13-28T09:00"), ["since", "until"]);
        assert_eq!(fields_wrong("", ""), ["since"]);
    }
}
