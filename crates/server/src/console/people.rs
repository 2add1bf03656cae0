//! The people of an account: who they are, and who is invited. What is done to one of them is in [`super::person`].

use std::time::Duration;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{Kind, Kinded, Role, Timestamp};
use daybook_store::{Link, LinkPurpose, Member as MemberRow, MemberState, StoreError};
use serde::Deserialize;

use super::{
    error::PageError,
    flash::{done, failed},
    form::{Errors, Form, Nothing},
    links::fresh_link,
    page::{Section, Shell, go, page, page_again},
    query::{Query, query_of},
    times::{When, counted},
    visit::{Administrator, Member},
    words::{self, people as said},
};
use crate::{manage::check_email, request::Path, state::App};

const PEOPLE_A_PAGE: usize = 50;
/// From so many people on, one looks for them by name.
const SEARCH_FROM: usize = 20;

#[derive(Template)]
#[template(path = "console/people.html")]
struct PeoplePage {
    shell: Shell,
    base: String,
    people: Vec<PersonRow>,
    /// How many there are in all.
    count: String,
    has_search: bool,
    search: String,
    earlier: String,
    later: String,
    invitations: Vec<InvitationRow>,
    account_path: String,
    roles: Vec<RoleChoice>,
    email: String,
    invitation_days: u64,
    errors: Errors,
}

struct PersonRow {
    path: String,
    name: String,
    email: String,
    role: &'static str,
    is_own: bool,
    state: &'static str,
    is_suspended: bool,
    signed_in: Option<When>,
    means: String,
}

struct InvitationRow {
    id: String,
    email: String,
    role: &'static str,
    invited_by: String,
    invited: When,
    expires: When,
    has_ended: bool,
    is_above: bool,
}

/// A role to choose, with what it may do.
pub(super) struct RoleChoice {
    pub(super) value: &'static str,
    pub(super) name: &'static str,
    pub(super) may_do: &'static str,
    pub(super) is_chosen: bool,
}

#[derive(Template)]
#[template(path = "console/invite-link.html")]
struct InviteLinkPage {
    shell: Shell,
    base: String,
    email: String,
    role: String,
    link: String,
    expires: When,
    replaces: bool,
}

/// Which people to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PeopleQuery {
    q: String,
    page: usize,
}

/// Whom to invite, and as what.
#[derive(Debug, Deserialize)]
pub(super) struct InviteForm {
    email: String,
    role: String,
}

impl PersonRow {
    fn of(member: &Member<Administrator>, row: &MemberRow, now: Timestamp) -> Self {
        Self {
            path: member.path(&format!("people/{}", row.person_id)),
            name: row.name.clone(),
            email: row.email.clone(),
            role: words::role(row.role),
            is_own: member.is(row),
            state: said::state(row.state),
            is_suspended: row.state == MemberState::Suspended,
            signed_in: row.signed_in_at.map(|time| When::of(time, now)),
            means: means_of(row),
        }
    }
}

impl InvitationRow {
    fn of(link: &Link, by: Role, now: Timestamp) -> Self {
        Self {
            id: link.link_id.clone(),
            email: link.email.clone(),
            role: words::role(link.role),
            invited_by: link.created_by.clone(),
            invited: When::of(link.created_at, now),
            expires: When::of(link.expires_at, now),
            has_ended: link.expires_at <= now,
            is_above: !by.may_manage(link.role),
        }
    }
}

impl PeoplePage {
    async fn read(app: &App, member: &Member<Administrator>, query: PeopleQuery) -> Result<Self, PageError> {
        let now = app.clock.now();
        let all = app.catalog.list_members(&member.grant).await?;
        let search = query.q.trim().to_lowercase();
        let is_sought = |row: &&MemberRow| row.name.to_lowercase().contains(&search) || row.email.contains(&search);
        let found: Vec<&MemberRow> = all.iter().filter(is_sought).collect();
        let first = query.page.saturating_mul(PEOPLE_A_PAGE);
        let shown = found.iter().skip(first).take(PEOPLE_A_PAGE);
        let page_path = |page: usize| {
            let page = if page == 0 { String::new() } else { page.to_string() };
            let query = query_of(&[("q", query.q.trim()), ("page", &page)]);
            format!("{}{query}", member.path("people"))
        };
        let has_more = found.len() > first.saturating_add(PEOPLE_A_PAGE);
        let invitations = app.catalog.list_invitations(&member.grant).await?;
        Ok(Self {
            shell: Shell::of(member, Section::People, words::NAV_PEOPLE),
            base: member.path("people"),
            people: shown.map(|row| PersonRow::of(member, row, now)).collect(),
            count: counted(u64::try_from(found.len()).unwrap_or(u64::MAX), said::PERSON),
            has_search: all.len() >= SEARCH_FROM,
            earlier: if query.page == 0 { String::new() } else { page_path(query.page - 1) },
            later: if has_more { page_path(query.page + 1) } else { String::new() },
            invitations: invitations.iter().map(|link| InvitationRow::of(link, member.role(), now)).collect(),
            account_path: member.path(""),
            roles: roles_for(member.role(), Some(Role::Viewer)),
            email: String::new(),
            invitation_days: app.config.console.invitation_days,
            errors: Errors::default(),
            search: query.q,
        })
    }
}

/// `GET /accounts/{account}/people`
pub(super) async fn list_people(
    State(app): State<App>,
    member: Member<Administrator>,
    Query(query): Query<PeopleQuery>,
) -> Result<Response, PageError> {
    let people = PeoplePage::read(&app, &member, query).await?;
    page(&people.shell, &people)
}

/// `POST /accounts/{account}/people/invite`: the answer shows the link, and nothing shows it again.
pub(super) async fn invite_person(
    State(app): State<App>,
    member: Member<Administrator>,
    Form(form): Form<InviteForm>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    let email = errors.take("email", check_email(&form.email));
    let role = errors.take("role", check_role(member.role(), &form.role));
    if let (Some(email), Some(role)) = (&email, role) {
        match invite(&app, &member, email, role).await {
            Ok(invited) => return page(&invited.shell, &invited),
            Err(StoreError::Exists { .. }) => errors.add("email", said::already_here(email)),
            Err(StoreError::AboveRole { .. }) => errors.add("email", said::INVITED_ABOVE),
            Err(error) => return Err(error.into()),
        }
    }
    let roles = roles_for(member.role(), form.role.parse().ok());
    let people = PeoplePage::read(&app, &member, PeopleQuery::default()).await?;
    let people = PeoplePage { email: form.email, roles, errors, ..people };
    page_again(&people.shell, &people)
}

/// Invites somebody; an earlier invitation of theirs is void, so that there is one link to be careful with.
async fn invite(
    app: &App,
    member: &Member<Administrator>,
    email: &str,
    role: Role,
) -> Result<InviteLinkPage, StoreError> {
    let earlier = app.catalog.list_invitations(&member.grant).await?;
    let earlier: Vec<&Link> = earlier.iter().filter(|link| link.email == email.to_lowercase()).collect();
    if earlier.iter().any(|link| !member.role().may_manage(link.role)) {
        return Err(StoreError::AboveRole { role: member.role() });
    }
    let now = app.clock.now();
    let life = Duration::from_secs(app.config.console.invitation_days * 24 * 3600);
    let (new, link) = fresh_link(app, LinkPurpose::Invitation, life);
    let invited = app.catalog.invite(&member.grant, (&member.actor(), member.role()), (email, role), &new).await?;
    let mut replaces = false;
    for earlier in earlier {
        match app.catalog.withdraw_invitation(&member.grant, &member.actor(), earlier).await {
            // Somebody else was faster.
            Err(error) if error.kind() == Kind::NotFound => {}
            outcome => outcome?,
        }
        replaces |= earlier.expires_at > now;
    }
    Ok(InviteLinkPage {
        shell: Shell::of(member, Section::People, said::INVITED_TITLE),
        base: member.path("people"),
        email: invited.email,
        role: words::role_in(invited.role, &member.membership.account.name),
        link,
        expires: When::of(new.expires_at, now),
        replaces,
    })
}

/// `POST /accounts/{account}/invitations/{invitation}/withdraw`
pub(super) async fn withdraw_invitation(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, invitation)): Path<(String, String)>,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let invitations = app.catalog.list_invitations(&member.grant).await?;
    let found = invitations.iter().find(|link| link.link_id == invitation);
    let flash = match found {
        None => failed(said::INVITATION_GONE),
        Some(link) if !member.role().may_manage(link.role) => failed(said::INVITED_ABOVE),
        Some(link) => match app.catalog.withdraw_invitation(&member.grant, &member.actor(), link).await {
            Ok(()) => done(said::withdrawn(&link.email)),
            Err(error) if error.kind() == Kind::NotFound => failed(said::INVITATION_GONE),
            Err(error) => return Err(error.into()),
        },
    };
    Ok(go(&member.path("people"), Some(&flash)))
}

/// The roles that somebody may give.
pub(super) fn roles_for(by: Role, chosen: Option<Role>) -> Vec<RoleChoice> {
    let given = Role::ALL.into_iter().filter(|role| by.may_manage(*role));
    given
        .map(|role| RoleChoice {
            value: role.as_str(),
            name: words::role(role),
            may_do: said::may_do(role),
            is_chosen: chosen == Some(role),
        })
        .collect()
}

/// A role that somebody may give, from a form.
pub(super) fn check_role(by: Role, text: &str) -> Result<Role, String> {
    let role: Role = text.parse().map_err(|_| said::NOT_A_ROLE.to_owned())?;
    if by.may_manage(role) { Ok(role) } else { Err(said::role_above(by)) }
}

/// With what somebody signs in, for people.
pub(super) fn means_of(row: &MemberRow) -> String {
    let password = if row.has_password { said::PASSWORD } else { said::NO_PASSWORD };
    match u64::try_from(row.passkeys).unwrap_or(0) {
        0 => password.to_owned(),
        passkeys => format!("{password}, {}", counted(passkeys, said::PASSKEY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_a_role_above_their_own() {
        let roles = |by| roles_for(by, None).iter().map(|role| role.value).collect::<Vec<_>>();
        assert_eq!(roles(Role::Owner), ["viewer", "administrator", "owner"]);
        assert_eq!(roles(Role::Administrator), ["viewer", "administrator"]);
        assert!(check_role(Role::Administrator, "owner").is_err());
        assert!(check_role(Role::Owner, "king").is_err());
    }
}
