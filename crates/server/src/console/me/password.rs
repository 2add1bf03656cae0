//! Changing one's password, or doing without one.

use axum::{extract::State, http::StatusCode, response::Response};
use daybook_store::StoreError;
use serde::Deserialize;

use super::again;
use crate::{
    console::{
        credentials::{
            passwords::{Password, Verdict},
            strength::About,
            throttle::Attempt,
        },
        error::PageError,
        flash::done,
        form::{Errors, Form},
        page::go,
        visit::SignedIn,
        words::sign_in as say,
    },
    error::ApiError,
    state::App,
};

/// The password that holds, and the one that is to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct PasswordForm {
    current_password: String,
    new_password: String,
}

/// `POST /me/password`
pub(in crate::console) async fn change_password(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<PasswordForm>,
) -> Result<Response, PageError> {
    let person = &signed_in.person;
    app.doors.count_question(&signed_in.visit.address)?;
    let mut errors = Errors::default();
    if !knows_password(&app, &signed_in, &form.current_password).await? {
        let has_none = person.password_hash.is_none();
        let (field, text) =
            if has_none { ("new_password", say::NOT_FRESH) } else { ("current_password", say::WRONG_CURRENT) };
        errors.add(field, text);
    }
    let about = About { name: &person.name, email: &person.email, account_name: "" };
    let hashed = app.doors.hash_new(&form.new_password, &about).await.map_err(ApiError::from)?;
    if let Some(hash) = errors.take("new_password", hashed).filter(|_| errors.is_empty()) {
        let session = signed_in.session.session_id.as_str();
        app.catalog.set_password(&signed_in.actor(), person, Some(&hash), session).await?;
        return Ok(go("/me", Some(&done(say::PASSWORD_CHANGED))));
    }
    again(&app, &signed_in, errors).await
}

/// `POST /me/password/remove`
pub(in crate::console) async fn remove_password(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<PasswordForm>,
) -> Result<Response, PageError> {
    let person = &signed_in.person;
    let mut errors = Errors::default();
    if !knows_password(&app, &signed_in, &form.current_password).await? {
        errors.add("remove_password", say::WRONG_CURRENT);
    }
    if !errors.is_empty() {
        return again(&app, &signed_in, errors).await;
    }
    let session = signed_in.session.session_id.as_str();
    match app.catalog.set_password(&signed_in.actor(), person, None, session).await {
        Err(StoreError::LastWayIn) => {
            errors.add("remove_password", say::LAST_WAY_IN);
            again(&app, &signed_in, errors).await
        }
        removed => {
            removed?;
            Ok(go("/me", Some(&done(say::PASSWORD_REMOVED))))
        }
    }
}

/// Whether somebody knows the password of the person they are signed in as; whoever has none must have signed in
/// just now. Guesses are throttled as at the door.
async fn knows_password(app: &App, signed_in: &SignedIn, typed: &str) -> Result<bool, PageError> {
    let Some(stored) = signed_in.person.password_hash.clone() else { return Ok(signed_in.is_fresh(app)) };
    let address = signed_in.visit.address.parse().unwrap_or(std::net::IpAddr::from([127, 0, 0, 1]));
    let attempt = Attempt { email: &signed_in.person.email, address, device: None };
    app.doors
        .throttle
        .admit(&attempt, app.clock.now())
        .map_err(|wait| PageError::Said { status: StatusCode::TOO_MANY_REQUESTS, text: say::wait(wait.secs) })?;
    let verdict = app.doors.hasher.verify(Password::new(typed), Some(stored)).await.map_err(|error| {
        app.doors.throttle.withdrawn(&attempt);
        ApiError::from(error)
    })?;
    if verdict != Verdict::Wrong {
        app.doors.throttle.succeeded(&attempt);
    }
    Ok(verdict != Verdict::Wrong)
}
