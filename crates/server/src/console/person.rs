//! One of the people of an account: their role, whether they may come in, and their leaving.
//!
//! Administrators look after everybody but owners, and the last active owner stays: the store holds to both, and what it
//! refuses is said on the page where it was tried.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{PersonId, Role};
use daybook_store::{Member as MemberRow, MemberState, StoreError};
use serde::Deserialize;

use super::{
    error::PageError,
    flash::done,
    form::{Errors, Form, Nothing},
    page::{Section, Shell, go, page, page_again},
    people::{RoleChoice, check_role, means_of, roles_for},
    times::When,
    visit::{Administrator, Member, Viewer},
    words::{self, people as said},
};
use crate::{request::Path, state::App};

#[derive(Template)]
#[template(path = "console/person.html")]
struct PersonPage {
    shell: Shell,
    people_path: String,
    /// Where the person's forms go.
    base: String,
    audit_path: String,
    leave_path: String,
    name: String,
    email: String,
    role: &'static str,
    state: &'static str,
    is_suspended: bool,
    is_own: bool,
    /// Whether their role is above that of whoever looks.
    is_above: bool,
    since: When,
    signed_in: Option<When>,
    means: String,
    roles: Vec<RoleChoice>,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "console/person-remove.html")]
struct RemovePage {
    shell: Shell,
    /// Where the form goes.
    action: String,
    /// Where it does not happen.
    back: String,
    name: String,
    email: String,
    account: String,
    is_own: bool,
    errors: Errors,
}

/// A new role.
#[derive(Debug, Deserialize)]
pub(super) struct RoleForm {
    role: String,
}

impl PersonPage {
    fn of(app: &App, member: &Member<Administrator>, row: &MemberRow) -> Self {
        let now = app.clock.now();
        Self {
            shell: Shell::of(member, Section::People, said::title(&row.name)),
            people_path: member.path("people"),
            base: person_path(member, row),
            audit_path: member.path(&format!("audit?object={}", row.person_id)),
            leave_path: member.path("leave"),
            name: row.name.clone(),
            email: row.email.clone(),
            role: words::role(row.role),
            state: said::state(row.state),
            is_suspended: row.state == MemberState::Suspended,
            is_own: member.is(row),
            is_above: !member.role().may_manage(row.role),
            since: When::of(row.since, now),
            signed_in: row.signed_in_at.map(|time| When::of(time, now)),
            means: means_of(row),
            roles: roles_for(member.role(), Some(row.role)),
            errors: Errors::default(),
        }
    }
}

/// `GET /accounts/{account}/people/{person}`
pub(super) async fn show_person(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, person)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let row = find(&app, &member, &person).await?;
    let person = PersonPage::of(&app, &member, &row);
    page(&person.shell, &person)
}

/// `POST /accounts/{account}/people/{person}/role`
pub(super) async fn change_role(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, person)): Path<(String, String)>,
    Form(form): Form<RoleForm>,
) -> Result<Response, PageError> {
    let row = find(&app, &member, &person).await?;
    let mut errors = Errors::default();
    if let Some(role) = errors.take("role", check_role(member.role(), &form.role)) {
        let by = (&member.actor(), member.role());
        let changed = app.catalog.set_member_role(&member.grant, by, &row.person_id, role).await;
        if take_refusal(&mut errors, "role", member.role(), changed)? {
            // Somebody who has stepped down may not see this page any more.
            let is_still_here = !member.is(&row) || role >= Role::Administrator;
            let path = if is_still_here { person_path(&member, &row) } else { member.path("") };
            return Ok(go(&path, Some(&done(said::role_changed(&row.name, role)))));
        }
    }
    let roles = roles_for(member.role(), form.role.parse().ok());
    let person = PersonPage { roles, errors, ..PersonPage::of(&app, &member, &row) };
    page_again(&person.shell, &person)
}

/// `POST /accounts/{account}/people/{person}/suspend`
pub(super) async fn suspend_person(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, person)): Path<(String, String)>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let row = find(&app, &member, &person).await?;
    if member.is(&row) {
        let mut errors = Errors::default();
        errors.add("state", said::NOT_YOURSELF);
        let person = PersonPage { errors, ..PersonPage::of(&app, &member, &row) };
        return page_again(&person.shell, &person);
    }
    change_state(&app, &member, &row, MemberState::Suspended).await
}

/// `POST /accounts/{account}/people/{person}/reinstate`
pub(super) async fn reinstate_person(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, person)): Path<(String, String)>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let row = find(&app, &member, &person).await?;
    change_state(&app, &member, &row, MemberState::Active).await
}

async fn change_state(
    app: &App,
    member: &Member<Administrator>,
    row: &MemberRow,
    state: MemberState,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    let by = (&member.actor(), member.role());
    let changed = match row.state == state {
        // Done already, perhaps by a second click: nothing to write down.
        true => Ok(()),
        false => app.catalog.set_member_state(&member.grant, by, &row.person_id, state).await,
    };
    let path = person_path(member, row);
    if take_refusal(&mut errors, "state", member.role(), changed)? {
        let flash = match state {
            MemberState::Suspended => done(said::suspended(&row.name)).with_undo(format!("{path}/reinstate")),
            MemberState::Active => done(said::reinstated(&row.name)),
        };
        return Ok(go(&path, Some(&flash)));
    }
    let person = PersonPage { errors, ..PersonPage::of(app, member, row) };
    page_again(&person.shell, &person)
}

/// `GET /accounts/{account}/people/{person}/remove`
pub(super) async fn confirm_removal(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, person)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let row = find(&app, &member, &person).await?;
    if member.is(&row) {
        return Ok(go(&member.path("leave"), None));
    }
    let removal = removal_of(&member, &row, Errors::default());
    page(&removal.shell, &removal)
}

/// `POST /accounts/{account}/people/{person}/remove`
pub(super) async fn remove_person(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, person)): Path<(String, String)>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let row = find(&app, &member, &person).await?;
    if member.is(&row) {
        return Ok(go(&member.path("leave"), None));
    }
    let mut errors = Errors::default();
    let by = (&member.actor(), member.role());
    let removed = app.catalog.remove_member(&member.grant, by, &row.person_id).await;
    if take_refusal(&mut errors, "remove", member.role(), removed)? {
        return Ok(go(&member.path("people"), Some(&done(said::removed(&row.name)))));
    }
    let removal = removal_of(&member, &row, errors);
    page_again(&removal.shell, &removal)
}

/// `GET /accounts/{account}/leave`
pub(super) async fn confirm_leaving(member: Member<Viewer>) -> Result<Response, PageError> {
    let leaving = leaving_of(&member, Errors::default());
    page(&leaving.shell, &leaving)
}

/// `POST /accounts/{account}/leave`
pub(super) async fn leave_account(
    State(app): State<App>,
    member: Member<Viewer>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    // Everybody may act on themself, viewers too.
    let by = member.role().max(Role::Administrator);
    let person_id = &member.signed_in.person.person_id;
    let left = app.catalog.remove_member(&member.grant, (&member.actor(), by), person_id).await;
    if take_refusal(&mut errors, "remove", by, left)? {
        return Ok(go("/accounts", Some(&done(said::left(&member.membership.account.name)))));
    }
    let leaving = leaving_of(&member, errors);
    page_again(&leaving.shell, &leaving)
}

fn removal_of(member: &Member<Administrator>, row: &MemberRow, errors: Errors) -> RemovePage {
    let path = person_path(member, row);
    RemovePage {
        shell: Shell::of(member, Section::People, said::remove_title(&row.name)),
        action: format!("{path}/remove"),
        back: path,
        name: row.name.clone(),
        email: row.email.clone(),
        account: member.membership.account.name.clone(),
        is_own: false,
        errors,
    }
}

fn leaving_of(member: &Member<Viewer>, errors: Errors) -> RemovePage {
    let person = &member.signed_in.person;
    RemovePage {
        shell: Shell::of(member, Section::Home, said::LEAVE_TITLE),
        action: member.path("leave"),
        back: "/accounts".to_owned(),
        name: person.name.clone(),
        email: person.email.clone(),
        account: member.membership.account.name.clone(),
        is_own: true,
        errors,
    }
}

/// A person of the account; somebody of another account does not exist here.
async fn find(app: &App, member: &Member<Administrator>, person: &str) -> Result<MemberRow, PageError> {
    let person: PersonId = person.parse().map_err(|_| PageError::not_found())?;
    let members = app.catalog.list_members(&member.grant).await?;
    members.into_iter().find(|row| row.person_id == person).ok_or_else(PageError::not_found)
}

fn person_path(member: &Member<Administrator>, row: &MemberRow) -> String {
    member.path(&format!("people/{}", row.person_id))
}

/// Whether it was done; a refusal for the sake of roles is said in the form.
fn take_refusal(
    errors: &mut Errors,
    field: &'static str,
    by: Role,
    outcome: Result<(), StoreError>,
) -> Result<bool, PageError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(StoreError::LastOwner) => {
            errors.add(field, said::LAST_OWNER);
            Ok(false)
        }
        Err(StoreError::AboveRole { .. }) => {
            errors.add(field, said::role_above(by));
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
