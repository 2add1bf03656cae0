//! The first start: a one-time link, with which the first person makes themself the owner.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::HubGrant;
use daybook_store::{LinkPurpose, NewPerson, SignInMethod, StoreError};
use serde::Deserialize;

use super::{LINK_LIFE, find_link, fresh_link};
use crate::{
    console::{
        credentials::strength::About,
        error::PageError,
        form::{Errors, Form},
        page::{Shell, go, page, page_again},
        sign_in::begin_session,
        visit::{Visit, address_or_loopback},
        words::sign_in as say,
    },
    error::ApiError,
    manage::{check_email, check_name},
    state::App,
};

const HUB: HubGrant = HubGrant::of_the_hub_itself();

#[derive(Template)]
#[template(path = "console/setup.html")]
struct SetupPage {
    shell: Shell,
    form: SetupForm,
    /// Whether there is no account yet, so that this makes one.
    asks_account: bool,
    errors: Errors,
}

/// The first owner.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct SetupForm {
    code: String,
    name: String,
    email: String,
    password: String,
    account_name: String,
}

/// Makes a link when nobody can sign in yet, and leaves it in the data directory; takes an old one away otherwise.
///
/// # Errors
///
/// The store or the data directory cannot be written.
pub(crate) async fn ensure_setup_link(app: &App) -> anyhow::Result<Option<String>> {
    if app.catalog.has_people().await? {
        app.setup_link_file.remove();
        return Ok(None);
    }
    make_setup_link(app).await.map(Some)
}

/// Makes a link in place of earlier ones, and leaves it in the data directory.
///
/// # Errors
///
/// The store or the data directory cannot be written.
pub(crate) async fn make_setup_link(app: &App) -> anyhow::Result<String> {
    let (link, url) = fresh_link(app, LinkPurpose::Setup, LINK_LIFE);
    app.catalog.add_setup_link(HUB, &link).await?;
    app.setup_link_file.write(&url)?;
    Ok(url)
}

/// `GET /setup`
pub(in crate::console) async fn show_setup(State(app): State<App>, visit: Visit) -> Result<Response, PageError> {
    if app.catalog.has_people().await? {
        return Ok(go("/sign-in", None));
    }
    let setup = SetupPage::of(&app, &visit, SetupForm::default(), Errors::default()).await?;
    page(&setup.shell, &setup)
}

/// `POST /setup`
pub(in crate::console) async fn create_owner(
    State(app): State<App>,
    visit: Visit,
    Form(form): Form<SetupForm>,
) -> Result<Response, PageError> {
    app.doors.count_question(&visit.address)?;
    let mut errors = Errors::default();
    let setup = SetupPage::of(&app, &visit, form, Errors::default()).await?;
    let form = &setup.form;
    let name = errors.take("name", check_name(&form.name).map(str::to_owned));
    let email = errors.take("email", check_email(&form.email));
    let account = if setup.asks_account { form.account_name.as_str() } else { "Daybook" };
    let account = errors.take("account_name", check_name(account).map(str::to_owned));
    let found = find_link(&app, &form.code, LinkPurpose::Setup).await?;
    if found.is_none() {
        errors.add("code", say::SETUP_CODE);
    }
    if let (Some((_, digest)), Some(name), Some(email), Some(account)) = (found, name, email, account) {
        let about = About { name: &name, email: &email, account_name: &account };
        let hashed = app.doors.hash_new(&form.password, &about).await.map_err(ApiError::from)?;
        if let Some(password_hash) = errors.take("password", hashed) {
            let new = NewPerson { email, name, password_hash };
            let address = address_or_loopback(&visit.address);
            match app.catalog.create_owner(&digest, &new, &account, &address).await {
                Ok(person) => {
                    app.setup_link_file.remove();
                    tracing::info!("the hub has its first owner");
                    return begin_session(&app, &visit, &person, SignInMethod::Link, go("/me?welcome=yes", None)).await;
                }
                Err(StoreError::Missing { .. }) => errors.add("code", say::SETUP_CODE),
                Err(error) => return Err(error.into()),
            }
        }
    }
    let setup = SetupPage { errors, ..setup };
    page_again(&setup.shell, &setup)
}

impl SetupPage {
    async fn of(app: &App, visit: &Visit, form: SetupForm, errors: Errors) -> Result<Self, PageError> {
        let shell = Shell::public(visit, say::SETUP_TITLE).with_scripts(&["setup-code.js"]);
        let asks_account = app.catalog.list_accounts(HUB).await?.is_empty();
        Ok(Self { shell, form, asks_account, errors })
    }
}
