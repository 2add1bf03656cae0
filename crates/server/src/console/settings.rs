//! Settings of an account: its name, and how long its events are kept. For owners.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{
    error::PageError,
    flash::done,
    form::{Errors, Form},
    page::{Section, Shell, go, page, page_again},
    rename::NameForm,
    visit::{Member, Owner},
    words,
};
use crate::{
    manage::{check_name, check_retention},
    state::App,
};

#[derive(Template)]
#[template(path = "console/settings.html")]
struct SettingsPage {
    shell: Shell,
    base: String,
    name: String,
    /// Empty for ever.
    retention_days: String,
    errors: Errors,
}

/// How long an account's events are kept: empty for ever.
#[derive(Debug, Deserialize)]
pub(super) struct RetentionForm {
    retention_days: String,
}

impl SettingsPage {
    fn of(member: &Member<Owner>) -> Self {
        let account = &member.membership.account;
        Self {
            shell: Shell::of(member, Section::Settings, words::NAV_SETTINGS),
            base: member.path("settings"),
            name: account.name.clone(),
            retention_days: account.retention_days.map(|days| days.to_string()).unwrap_or_default(),
            errors: Errors::default(),
        }
    }
}

/// `GET /accounts/{account}/settings`
pub(super) async fn show_settings(member: Member<Owner>) -> Result<Response, PageError> {
    let settings = SettingsPage::of(&member);
    page(&settings.shell, &settings)
}

/// `POST /accounts/{account}/settings/name`
pub(super) async fn rename_account(
    State(app): State<App>,
    member: Member<Owner>,
    Form(form): Form<NameForm>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    if let Some(name) = errors.take("name", check_name(&form.name).map(str::to_owned)) {
        let renamed = app.catalog.rename_account(&member.grant, &member.actor(), &name).await;
        if errors.take_conflict("name", renamed)?.is_some() {
            return Ok(go(&member.path("settings"), Some(&done(words::account_renamed(&name)))));
        }
    }
    let settings = SettingsPage { name: form.name, errors, ..SettingsPage::of(&member) };
    page_again(&settings.shell, &settings)
}

/// `POST /accounts/{account}/settings/retention`
pub(super) async fn change_retention(
    State(app): State<App>,
    member: Member<Owner>,
    Form(form): Form<RetentionForm>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    let days = match form.retention_days.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| words::RETENTION_IS_A_NUMBER.to_owned()),
    };
    let days = days.and_then(|days| check_retention(days).map(|()| days).map_err(|error| error.to_string()));
    if let Some(days) = errors.take("retention_days", days) {
        app.catalog.set_account_retention(&member.grant, &member.actor(), days).await?;
        app.authenticator.forget();
        return Ok(go(&member.path("settings"), Some(&done(words::retention_changed(days)))));
    }
    let settings = SettingsPage { retention_days: form.retention_days, errors, ..SettingsPage::of(&member) };
    page_again(&settings.shell, &settings)
}
