//! Following an invitation: first the code, then who invites to what; somebody new gives a name and a password.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::{Link, LinkPurpose, NewPerson, SignInMethod, StoreError};
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
        times::When,
        visit::{SignedIn, Visit, address_or_loopback},
        words::{self, sign_in as say},
    },
    error::ApiError,
    manage::{BEARER, check_name},
    state::App,
};

#[derive(Template)]
#[template(path = "console/join.html")]
struct CodePage {
    shell: Shell,
    code: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "console/join-accept.html")]
struct AcceptPage {
    shell: Shell,
    code: String,
    account: String,
    role: &'static str,
    created_by: String,
    email: String,
    ends: When,
    who: Who,
    name: String,
    errors: Errors,
}

/// Who has the invitation in their hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Nobody has the email yet.
    New,
    /// It is theirs, and they are signed in.
    SignedIn,
    /// It is somebody's who has to sign in first.
    MustSignIn,
    /// Somebody else is signed in.
    SomebodyElse,
}

/// The code of an invitation.
#[derive(Deserialize)]
pub(in crate::console) struct CodeForm {
    code: String,
}

/// What somebody new brings along.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct AcceptForm {
    code: String,
    name: String,
    password: String,
}

/// `GET /join`
pub(in crate::console) async fn show_join(visit: Visit) -> Result<Response, PageError> {
    let code = CodePage::of(&visit, String::new(), Errors::default());
    page(&code.shell, &code)
}

/// `POST /join`
pub(in crate::console) async fn follow_invitation(
    State(app): State<App>,
    visit: Visit,
    signed_in: Option<SignedIn>,
    Form(form): Form<CodeForm>,
) -> Result<Response, PageError> {
    let Some((link, _)) = find_link(&app, &form.code, LinkPurpose::Invitation).await? else {
        return ended(&visit, form.code);
    };
    let who = who(&app, &link, signed_in.as_ref()).await?;
    let accept = AcceptPage::of(&app, (&visit, signed_in.as_ref()), (&link, form.code), who);
    page(&accept.shell, &accept)
}

/// `POST /join/accept`
pub(in crate::console) async fn accept_invitation(
    State(app): State<App>,
    visit: Visit,
    signed_in: Option<SignedIn>,
    Form(form): Form<AcceptForm>,
) -> Result<Response, PageError> {
    let Some((link, digest)) = find_link(&app, &form.code, LinkPurpose::Invitation).await? else {
        return ended(&visit, form.code);
    };
    let path = format!("/accounts/{}", link.account_id.as_ref().map(ToString::to_string).unwrap_or_default());
    let flash = done(say::joined(&link.account_name, words::role(link.role)));
    let who = who(&app, &link, signed_in.as_ref()).await?;
    let mut errors = Errors::default();
    match (who, &signed_in) {
        (Who::SignedIn, Some(signed_in)) => {
            match app.catalog.accept_invitation(&digest, &link, &signed_in.actor(), &signed_in.person).await {
                Ok(()) => return Ok(go(&path, Some(&flash))),
                // They belong to it already, as what they are: this has changed nothing.
                Err(StoreError::Exists { .. }) => return Ok(go(&path, None)),
                Err(StoreError::Missing { .. }) => return ended(&visit, form.code),
                Err(error) => return Err(error.into()),
            }
        }
        (Who::New, _) => {
            app.doors.count_question(&visit.address)?;
            let name = errors.take("name", check_name(&form.name).map(str::to_owned));
            let about = About { name: &form.name, email: &link.email, account_name: &link.account_name };
            let password_hash = match &name {
                Some(_) => {
                    let hashed = app.doors.hash_new(&form.password, &about).await.map_err(ApiError::from)?;
                    errors.take("password", hashed)
                }
                None => None,
            };
            if let (Some(password_hash), Some(name)) = (password_hash, name) {
                let new = NewPerson { email: link.email.clone(), name, password_hash };
                let address = address_or_loopback(&visit.address);
                match app.catalog.accept_invitation_as_new(&digest, &link, &new, &address).await {
                    Ok(person) => {
                        let response = go("/me?welcome=yes", Some(&flash));
                        return begin_session(&app, &visit, &person, SignInMethod::Link, response).await;
                    }
                    Err(StoreError::Missing { .. }) => return ended(&visit, form.code),
                    Err(error) => return Err(error.into()),
                }
            }
        }
        _ => {}
    }
    let accept = AcceptPage::of(&app, (&visit, signed_in.as_ref()), (&link, form.code), who);
    let accept = AcceptPage { name: form.name, errors, ..accept };
    page_again(&accept.shell, &accept)
}

fn ended(visit: &Visit, code: String) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    errors.add("code", say::JOIN_CODE);
    let again = CodePage::of(visit, code, errors);
    page_again(&again.shell, &again)
}

async fn who(app: &App, link: &Link, signed_in: Option<&SignedIn>) -> Result<Who, PageError> {
    if let Some(signed_in) = signed_in {
        return Ok(if signed_in.person.email == link.email { Who::SignedIn } else { Who::SomebodyElse });
    }
    let known = app.catalog.find_person_by_email(&link.email).await?;
    Ok(if known.is_some() { Who::MustSignIn } else { Who::New })
}

/// Who invites, for people outside.
fn inviter(created_by: &str) -> &str {
    if created_by == BEARER { say::WHO_RUNS_THE_HUB } else { created_by }
}

impl CodePage {
    fn of(visit: &Visit, code: String, errors: Errors) -> Self {
        Self { shell: Shell::public(visit, say::JOIN_TITLE).with_scripts(&["setup-code.js"]), code, errors }
    }
}

impl AcceptPage {
    fn of(app: &App, (visit, signed_in): (&Visit, Option<&SignedIn>), (link, code): (&Link, String), who: Who) -> Self {
        let title = say::join(&link.account_name);
        let shell = signed_in.map_or_else(|| Shell::public(visit, &title), |it| Shell::signed_in(it, &title));
        Self {
            shell,
            code,
            account: link.account_name.clone(),
            role: words::role(link.role),
            created_by: inviter(&link.created_by).to_owned(),
            email: link.email.clone(),
            ends: When::of(link.expires_at, app.clock.now()),
            who,
            name: String::new(),
            errors: Errors::default(),
        }
    }
}
