//! Signing in with a password or a passkey, and out again.
//!
//! Every failure is answered with one sentence, in the same time, whether the person exists or not.

use std::{net::IpAddr, time::Duration};

use askama::Template;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use daybook_events::PersonId;
use daybook_store::{NewSession, Person, SignInMethod};
use serde::Deserialize;
use serde_json::json;

use super::{
    cookies,
    credentials::{
        challenges::CHALLENGE_LIFETIME,
        devices::DEVICE_LIFETIME,
        passkeys::{Assertion, Refusal, StoredPasskey},
        passwords::{Password, Verdict},
        throttle::Attempt,
    },
    error::PageError,
    flash::done,
    form::{Form, Nothing, ScriptJson},
    page::{Shell, go, page, page_with_status, with_cookie},
    query::Query,
    visit::{SignedIn, Visit, random_secret},
    words::sign_in as say,
};
use crate::{error::ApiError, state::App, tokens::digest_of};

#[derive(Template)]
#[template(path = "console/sign-in.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    next: String,
    has_passkeys: bool,
    problem: String,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Next {
    next: String,
}

/// Who somebody says they are.
#[derive(Deserialize)]
pub(super) struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /`: to the set-up of a new hub, to sign in, to the only account, or to choose one.
pub(super) async fn start(State(app): State<App>, signed_in: Option<SignedIn>) -> Result<Response, PageError> {
    let Some(signed_in) = signed_in else {
        let path = if app.catalog.has_people().await? { "/sign-in" } else { "/setup" };
        return Ok(go(path, None));
    };
    let flash = signed_in.visit.flash.as_ref();
    match &signed_in.memberships[..] {
        [only] => Ok(go(&format!("/accounts/{}", only.account.account_id), flash)),
        _ => Ok(go("/accounts", flash)),
    }
}

/// `GET /sign-in`
pub(super) async fn show_sign_in(
    State(app): State<App>,
    visit: Visit,
    signed_in: Option<SignedIn>,
    Query(next): Query<Next>,
) -> Result<Response, PageError> {
    if signed_in.is_some() {
        return Ok(go(local_path(&next.next), None));
    }
    if !app.catalog.has_people().await? {
        return Ok(go("/setup", None));
    }
    let sign_in = SignInPage::of(&app, &visit, (String::new(), next.next), String::new());
    page(&sign_in.shell, &sign_in)
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, PageError> {
    let email = form.email.trim().to_lowercase();
    let again = |status, problem: String| {
        let sign_in = SignInPage::of(&app, &visit, (form.email.clone(), form.next.clone()), problem);
        page_with_status(status, &sign_in.shell, &sign_in)
    };
    let now = app.clock.now();
    let device = cookies::find(&headers, cookies::DEVICE);
    let device = device.and_then(|cookie| app.doors.devices.recognise(cookie, &email, now));
    let address = visit.address.parse().unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let attempt = Attempt { email: &email, address, device };
    if let Err(wait) = app.doors.throttle.admit(&attempt, now) {
        tracing::warn!(client.address = visit.address, wait.secs, "a sign-in was put off: too many attempts");
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, say::wait(wait.secs))?;
        response.headers_mut().insert(header::RETRY_AFTER, wait.secs.into());
        return Ok(response);
    }
    let person = app.catalog.find_person_by_email(&email).await?;
    let stored = person.as_ref().and_then(|person| person.password_hash.clone());
    let password = Password::new(&form.password);
    let verdict = match app.doors.hasher.verify(password, stored).await {
        Ok(verdict) => verdict,
        Err(error) => {
            app.doors.throttle.withdrawn(&attempt);
            return Err(ApiError::from(error).into());
        }
    };
    let Some(person) = person.filter(|_| verdict != Verdict::Wrong) else {
        tracing::info!(client.address = visit.address, "somebody was not signed in: email and password do not match");
        return again(StatusCode::UNPROCESSABLE_ENTITY, say::WRONG.to_owned());
    };
    app.doors.throttle.succeeded(&attempt);
    let response =
        begin_session(&app, &visit, &person, SignInMethod::Password, go(local_path(&form.next), None)).await?;
    // The password may have been changed while it was verified: its sessions had ended before this one began.
    if app.catalog.find_person(&person.person_id).await?.password_hash != person.password_hash {
        app.catalog.end_sessions(&person.person_id).await?;
        return again(StatusCode::UNPROCESSABLE_ENTITY, say::WRONG.to_owned());
    }
    if verdict == Verdict::RightButOld {
        let hash = app.doors.hasher.hash(Password::new(&form.password)).await.map_err(ApiError::from)?;
        app.catalog.rehash_password(&person, &hash).await?;
    }
    Ok(response)
}

/// `POST /sign-in/passkey/start`: the options for the browser, as JSON.
pub(super) async fn start_passkey(
    State(app): State<App>,
    visit: Visit,
    ScriptJson(_): ScriptJson,
) -> Result<Response, ApiError> {
    let party = app.doors.relying_party.as_ref().ok_or_else(no_passkeys)?;
    app.doors.count_question(&visit.address)?;
    let (options, challenge) = party.start_authentication()?;
    let id = app.doors.authentications.keep(challenge, app.clock.now());
    Ok(options_with(options, id))
}

/// `POST /sign-in/passkey/finish`: what the authenticator said, as JSON; the answer is where to go.
pub(super) async fn finish_passkey(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    ScriptJson(body): ScriptJson,
) -> Result<Response, ApiError> {
    let party = app.doors.relying_party.as_ref().ok_or_else(no_passkeys)?;
    let id = cookies::find(&headers, cookies::CHALLENGE).unwrap_or_default();
    let challenge = app.doors.authentications.take(id, app.clock.now());
    let challenge = challenge.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, say::PASSKEY_LATE))?;
    let refused = || ApiError::new(StatusCode::UNAUTHORIZED, say::PASSKEY_REFUSED);
    let assertion = Assertion::parse(&body).map_err(|_| refused())?;
    let passkey = app.catalog.find_passkey(&assertion.credential_id()).await?;
    let passkey = passkey.filter(|passkey| &passkey.person_id == assertion.person_id()).ok_or_else(|| {
        tracing::warn!(client.address = visit.address, "a passkey that nobody has was refused");
        refused()
    })?;
    let stored = StoredPasskey {
        credential_id: passkey.credential_id.clone(),
        person_id: passkey.person_id.clone(),
        data: passkey.credential.clone(),
    };
    let data = party.finish_authentication(&challenge, &assertion, &stored).map_err(|error| {
        let is_copy = error.refusal() == Some(Refusal::Cloned);
        let reason = format!("{:#}", anyhow::Error::new(error));
        tracing::warn!(client.address = visit.address, reason, is_copy, "a passkey was refused");
        refused()
    })?;
    app.catalog.record_passkey_use(&passkey, &data).await?;
    let person = find_person(&app, &passkey.person_id).await?;
    let answer = Json(json!({"location": "/"})).into_response();
    begin_session(&app, &visit, &person, SignInMethod::Passkey, answer)
        .await
        .map_err(|_| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, say::TRY_AGAIN))
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(app): State<App>,
    signed_in: SignedIn,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    app.catalog.end_session(&signed_in.person.person_id, signed_in.session.session_id.as_str()).await?;
    tracing::info!(person = %signed_in.person.person_id, "somebody has signed out");
    Ok(with_cookie(go("/sign-in", Some(&done(say::SIGNED_OUT))), cookies::forget(cookies::SESSION)))
}

/// `POST /sign-out/everywhere`
pub(super) async fn sign_out_everywhere(
    State(app): State<App>,
    signed_in: SignedIn,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    app.catalog.end_sessions(&signed_in.person.person_id).await?;
    Ok(with_cookie(go("/sign-in", Some(&done(say::SIGNED_OUT_EVERYWHERE))), cookies::forget(cookies::SESSION)))
}

/// Begins a session of a person on this browser, with a secret that nobody has seen, and marks the device as known.
pub(super) async fn begin_session(
    app: &App,
    visit: &Visit,
    person: &Person,
    method: SignInMethod,
    response: Response,
) -> Result<Response, PageError> {
    let secret = random_secret();
    let now = app.clock.now();
    let life_secs = app.config.console.session_hours * 3600;
    let session = NewSession {
        person_id: person.person_id.clone(),
        secret_digest: digest_of(&secret),
        method,
        expires_at: now.plus(Duration::from_secs(life_secs)),
        address: visit.address.clone(),
        user_agent: visit.user_agent.clone(),
    };
    app.catalog.add_session(&session).await?;
    let person_id = person.person_id.to_string();
    tracing::info!(person = person_id, client.address = visit.address, method = %method, "somebody has signed in");
    let device = app.doors.devices.issue(&person.email, now);
    let response = with_cookie(response, cookies::set(cookies::SESSION, secret, Some(life_secs)));
    let response = with_cookie(response, cookies::set(cookies::DEVICE, device, Some(DEVICE_LIFETIME.as_secs())));
    Ok(with_cookie(response, cookies::forget(cookies::VISIT)))
}

async fn find_person(app: &App, person_id: &PersonId) -> Result<Person, ApiError> {
    Ok(app.catalog.find_person(person_id).await?)
}

pub(super) fn no_passkeys() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, say::NO_PASSKEYS)
}

/// Options for the browser, and the id of their challenge in a cookie.
pub(super) fn options_with(options: String, id: String) -> Response {
    let response = ([(header::CONTENT_TYPE, "application/json")], options).into_response();
    with_cookie(response, cookies::set(cookies::CHALLENGE, id, Some(CHALLENGE_LIFETIME.as_secs())))
}

impl SignInPage {
    fn of(app: &App, visit: &Visit, (email, next): (String, String), problem: String) -> Self {
        Self {
            shell: Shell::public(visit, say::TITLE).with_scripts(&["passkeys.js"]),
            email,
            next,
            has_passkeys: app.doors.relying_party.is_some(),
            problem,
        }
    }
}

/// A path of ours, or the start: never another site.
fn local_path(next: &str) -> &str {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && next.len() <= 1000;
    if is_local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for path in ["/accounts/A?x=1", "/me"] {
            assert_eq!(local_path(path), path);
        }
        for path in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nSet-Cookie: x", "evil"] {
            assert_eq!(local_path(path), "/", "{path}");
        }
    }
}
