//! A person's own page: name, password, passkeys, and where they are signed in.

mod passkeys;
mod password;

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{
    error::PageError,
    flash::done,
    form::{Errors, Form},
    page::{Shell, go, page, page_again},
    query::Query,
    rename::NameForm,
    times::When,
    visit::{SignedIn, idle_since},
    words::sign_in as say,
};
use crate::{manage::check_name, state::App};

pub(super) use passkeys::{finish_passkey, remove_passkey, rename_passkey, start_passkey};
pub(super) use password::{change_password, remove_password};

#[derive(Template)]
#[template(path = "console/me.html")]
struct MePage {
    shell: Shell,
    is_welcome: bool,
    onward: String,
    name: String,
    email: String,
    has_password: bool,
    offers_passkeys: bool,
    passkeys: Vec<PasskeyLine>,
    sessions: Vec<SessionLine>,
    errors: Errors,
}

struct PasskeyLine {
    id: String,
    name: String,
    created_at: When,
    used_at: Option<When>,
}

struct SessionLine {
    id: String,
    is_this: bool,
    device: String,
    method: &'static str,
    address: String,
    began: When,
    seen: When,
}

/// Whether it is the first time.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Welcome {
    welcome: String,
}

/// Which session.
#[derive(Debug, Deserialize)]
pub(super) struct SessionForm {
    session: String,
}

/// `GET /me`
pub(super) async fn show_me(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(query): Query<Welcome>,
) -> Result<Response, PageError> {
    let me = MePage { is_welcome: !query.welcome.is_empty(), ..MePage::of(&app, &signed_in, Errors::default()).await? };
    page(&me.shell, &me)
}

/// `POST /me/name`
pub(super) async fn rename_me(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<NameForm>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    if let Some(name) = errors.take("name", check_name(&form.name).map(str::to_owned)) {
        app.catalog.rename_person(&signed_in.actor(), &signed_in.person, &name).await?;
        return Ok(go("/me", Some(&done(say::renamed(&name)))));
    }
    let me = MePage { name: form.name, ..MePage::of(&app, &signed_in, errors).await? };
    page_again(&me.shell, &me)
}

/// `POST /me/sessions/end`
pub(super) async fn end_session(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<SessionForm>,
) -> Result<Response, PageError> {
    app.catalog.end_session(&signed_in.person.person_id, &form.session).await?;
    Ok(go("/me", Some(&done(say::SESSION_ENDED))))
}

/// The page again, with what is wrong.
async fn again(app: &App, signed_in: &SignedIn, errors: Errors) -> Result<Response, PageError> {
    let me = MePage::of(app, signed_in, errors).await?;
    page_again(&me.shell, &me)
}

impl MePage {
    async fn of(app: &App, signed_in: &SignedIn, errors: Errors) -> Result<Self, PageError> {
        let now = app.clock.now();
        let person = &signed_in.person;
        let passkeys = app.catalog.list_passkeys(&person.person_id).await?.into_iter().map(|passkey| PasskeyLine {
            id: passkey.credential_id,
            name: passkey.name,
            created_at: When::of(passkey.created_at, now),
            used_at: passkey.used_at.map(|time| When::of(time, now)),
        });
        let sessions = app.catalog.list_sessions(&person.person_id, idle_since(app)).await?;
        let sessions = sessions.into_iter().map(|session| SessionLine {
            is_this: session.session_id == signed_in.session.session_id,
            id: session.session_id.to_string(),
            device: say::device(&session.user_agent),
            method: say::method(session.method.as_str()),
            address: session.address,
            began: When::of(session.created_at, now),
            seen: When::of(session.seen_at, now),
        });
        let onward = match &signed_in.memberships[..] {
            [only] => format!("/accounts/{}", only.account.account_id),
            _ => "/accounts".to_owned(),
        };
        Ok(Self {
            shell: Shell::signed_in(signed_in, say::ME_TITLE).with_scripts(&["passkeys.js"]),
            is_welcome: false,
            onward,
            name: person.name.clone(),
            email: person.email.clone(),
            has_password: person.password_hash.is_some(),
            offers_passkeys: app.doors.relying_party.is_some(),
            passkeys: passkeys.collect(),
            sessions: sessions.collect(),
            errors,
        })
    }
}
