//! One's own passkeys: add, rename, remove.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use daybook_store::{Passkey, StoreError};
use serde::Deserialize;
use serde_json::json;

use super::again;
use crate::{
    console::{
        cookies,
        credentials::passkeys::Holder,
        doors::Registering,
        error::PageError,
        flash::done,
        form::{Errors, Form, ScriptJson},
        page::{go, with_cookie},
        sign_in::{no_passkeys, options_with},
        visit::SignedIn,
        words::sign_in as say,
    },
    error::ApiError,
    manage::check_name,
    state::App,
};

const PASSKEYS_MAX: usize = 20;

/// What the form beside the button says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewPasskey {
    name: String,
}

/// Which passkey, and a name for it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct PasskeyForm {
    passkey: String,
    name: String,
}

/// `POST /me/passkeys/start`: the options for the browser, as JSON.
pub(in crate::console) async fn start_passkey(
    State(app): State<App>,
    signed_in: SignedIn,
    ScriptJson(body): ScriptJson,
) -> Result<Response, ApiError> {
    let party = app.doors.relying_party.as_ref().ok_or_else(no_passkeys)?;
    let person = &signed_in.person;
    app.doors.count_question(&signed_in.visit.address)?;
    if !signed_in.is_fresh(&app) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, say::NOT_FRESH));
    }
    let known = app.catalog.list_passkeys(&person.person_id).await?;
    if known.len() >= PASSKEYS_MAX {
        return Err(ApiError::new(StatusCode::CONFLICT, say::PASSKEYS_MAX));
    }
    let known: Vec<String> = known.into_iter().map(|passkey| passkey.credential_id).collect();
    let holder = Holder { person_id: &person.person_id, email: &person.email, name: &person.name };
    let (options, challenge) = party.start_registration(&holder, &known)?;
    let NewPasskey { name } = serde_json::from_str(&body).unwrap_or_default();
    let registering = Registering {
        person_id: person.person_id.clone(),
        session_id: signed_in.session.session_id.clone(),
        name,
        challenge,
    };
    let id = app.doors.registrations.keep(registering, app.clock.now());
    Ok(options_with(options, id))
}

/// `POST /me/passkeys/finish`: what the authenticator said, as JSON; the answer is where to go.
pub(in crate::console) async fn finish_passkey(
    State(app): State<App>,
    signed_in: SignedIn,
    headers: HeaderMap,
    ScriptJson(body): ScriptJson,
) -> Result<Response, ApiError> {
    let party = app.doors.relying_party.as_ref().ok_or_else(no_passkeys)?;
    let id = cookies::find(&headers, cookies::CHALLENGE).unwrap_or_default();
    let registering = app.doors.registrations.take(id, app.clock.now()).filter(|registering| {
        registering.person_id == signed_in.person.person_id && registering.session_id == signed_in.session.session_id
    });
    let registering = registering.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, say::PASSKEY_LATE))?;
    let finished = party.finish_registration(&registering.challenge, &registering.person_id, &body);
    let (passkey, guess) = finished.map_err(|error| {
        let reason = format!("{:#}", anyhow::Error::new(error));
        tracing::warn!(reason, "a new passkey was refused");
        ApiError::new(StatusCode::BAD_REQUEST, say::PASSKEY_REFUSED)
    })?;
    let name = check_name(&registering.name).unwrap_or(guess);
    let credential = (passkey.credential_id.as_str(), passkey.data.as_str());
    match app.catalog.add_passkey(&signed_in.actor(), &signed_in.person, credential, name).await {
        Err(StoreError::Exists { .. }) => Err(ApiError::new(StatusCode::CONFLICT, say::PASSKEY_TWICE)),
        added => {
            added?;
            let flash = done(say::passkey_added(name)).to_cookie();
            let answer = Json(json!({"location": "/me"})).into_response();
            Ok(with_cookie(answer, cookies::set(cookies::FLASH, flash, Some(60))))
        }
    }
}

/// `POST /me/passkeys/rename`
pub(in crate::console) async fn rename_passkey(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<PasskeyForm>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    let passkey = find(&app, &signed_in, &form.passkey).await?;
    if let Some(name) = errors.take("passkeys", check_name(&form.name).map(str::to_owned)) {
        app.catalog.rename_passkey(&signed_in.person, &passkey.credential_id, &name).await?;
        return Ok(go("/me", Some(&done(say::passkey_renamed(&name)))));
    }
    again(&app, &signed_in, errors).await
}

/// `POST /me/passkeys/remove`
pub(in crate::console) async fn remove_passkey(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<PasskeyForm>,
) -> Result<Response, PageError> {
    let passkey = find(&app, &signed_in, &form.passkey).await?;
    match app.catalog.remove_passkey(&signed_in.actor(), &signed_in.person, &passkey).await {
        Err(StoreError::LastWayIn) => {
            let mut errors = Errors::default();
            errors.add("passkeys", say::LAST_WAY_IN);
            return again(&app, &signed_in, errors).await;
        }
        removed => removed?,
    }
    Ok(go("/me", Some(&done(say::passkey_removed(&passkey.name)))))
}

async fn find(app: &App, signed_in: &SignedIn, id: &str) -> Result<Passkey, PageError> {
    let passkeys = app.catalog.list_passkeys(&signed_in.person.person_id).await?;
    passkeys.into_iter().find(|passkey| passkey.credential_id == id).ok_or_else(PageError::not_found)
}
