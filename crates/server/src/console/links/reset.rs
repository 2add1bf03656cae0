//! A new password by a link that whoever runs the hub has made.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::{LinkPurpose, SignInMethod, StoreError};
use serde::Deserialize;

use super::find_link;
use crate::{
    console::{
        credentials::strength::About,
        error::PageError,
        flash::done,
        form::{Errors, Form},
        page::{Shell, go, page, page_again},
        sign_in::begin_session,
        visit::{Visit, address_or_loopback},
        words::sign_in as say,
    },
    error::ApiError,
    state::App,
};

#[derive(Template)]
#[template(path = "console/reset.html")]
struct ResetPage {
    shell: Shell,
    code: String,
    errors: Errors,
}

/// A code and a new password.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct ResetForm {
    code: String,
    password: String,
    keeps_passkeys: String,
}

/// `GET /reset`
pub(in crate::console) async fn show_reset(visit: Visit) -> Result<Response, PageError> {
    let reset = ResetPage::of(&visit, String::new(), Errors::default());
    page(&reset.shell, &reset)
}

/// `POST /reset`
pub(in crate::console) async fn reset_password(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<ResetForm>,
) -> Result<Response, PageError> {
    app.doors.count_question(&visit.address)?;
    let mut errors = Errors::default();
    let found = find_link(&app, &form.code, LinkPurpose::Reset).await?;
    let found = found.and_then(|(link, digest)| Some((link.person_id?, link.email, digest)));
    let Some((person_id, email, digest)) = found else {
        errors.add("code", say::RESET_CODE);
        let again = ResetPage::of(&visit, form.code, errors);
        return page_again(&again.shell, &again);
    };
    let name = app.catalog.find_person(&person_id).await?.name;
    let about = About { name: &name, email: &email, account_name: "" };
    let hashed = app.doors.hash_new(&form.password, &about).await.map_err(ApiError::from)?;
    if let Some(hash) = errors.take("password", hashed) {
        let removes_passkeys = form.keeps_passkeys.is_empty();
        let address = address_or_loopback(&visit.address);
        match app.catalog.reset_password(&digest, &person_id, (&hash, removes_passkeys), &address).await {
            Ok(person) => {
                let response = go("/", Some(&done(say::PASSWORD_RESET)));
                return begin_session(&app, &visit, &person, SignInMethod::Link, response).await;
            }
            Err(StoreError::Missing { .. }) => errors.add("code", say::RESET_CODE),
            Err(error) => return Err(error.into()),
        }
    }
    let again = ResetPage::of(&visit, form.code, errors);
    page_again(&again.shell, &again)
}

impl ResetPage {
    fn of(visit: &Visit, code: String, errors: Errors) -> Self {
        Self { shell: Shell::public(visit, say::RESET_TITLE).with_scripts(&["setup-code.js"]), code, errors }
    }
}
