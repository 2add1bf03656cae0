//! What every page has around its content, and how a page becomes an answer.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use daybook_events::Role;

use super::{
    assets, cookies,
    error::PageError,
    flash::Flash,
    visit::{Member, SignedIn, Visit},
    words,
};

/// A page's frame.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    pub(super) title: String,
    pub(super) csrf: String,
    pub(super) flash: Option<Flash>,
    /// Who is signed in.
    pub(super) person: Option<PersonLine>,
    /// The accounts to choose from: id, name, whether it is the one shown.
    pub(super) accounts: Vec<(String, String, bool)>,
    pub(super) may_add_accounts: bool,
    /// The account shown, and where in it.
    pub(super) place: Option<Place>,
    /// Modules besides `console.js`.
    pub(super) scripts: &'static [&'static str],
    new_cookie: Option<String>,
    had_flash: bool,
}

/// Who is signed in, for the corner of the page.
#[derive(Debug, Clone)]
pub(super) struct PersonLine {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: String,
}

/// Where in an account a page is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `/accounts/ID`
    pub(super) base: String,
    pub(super) account: String,
    pub(super) section: Section,
    pub(super) role: Role,
}

/// The parts of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Home,
    Integrations,
    Sources,
    Destinations,
    Events,
    People,
    Audit,
    Settings,
}

impl Section {
    /// Path, icon and name of what somebody of a role sees.
    pub(super) fn of_role(role: Role) -> impl Iterator<Item = (Self, &'static str, &'static str, &'static str)> {
        let all = [
            (Self::Home, "", "home", words::NAV_HOME, Role::Viewer),
            (Self::Integrations, "/integrations", "integrations", words::NAV_INTEGRATIONS, Role::Administrator),
            (Self::Sources, "/sources", "sources", words::NAV_SOURCES, Role::Viewer),
            (Self::Destinations, "/destinations", "destinations", words::NAV_DESTINATIONS, Role::Viewer),
            (Self::Events, "/events", "events", words::NAV_EVENTS, Role::Viewer),
            (Self::People, "/people", "people", words::NAV_PEOPLE, Role::Administrator),
            (Self::Audit, "/audit", "audit", words::NAV_AUDIT, Role::Administrator),
            (Self::Settings, "/settings", "settings", words::NAV_SETTINGS, Role::Owner),
        ];
        all.into_iter()
            .filter(move |(.., least)| role >= *least)
            .map(|(section, path, icon, name, _)| (section, path, icon, name))
    }
}

impl Place {
    pub(super) fn sections(&self) -> Vec<(Section, &'static str, &'static str, &'static str)> {
        Section::of_role(self.role).collect()
    }
}

impl Shell {
    /// Without anybody, for errors.
    pub(super) fn plain(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            csrf: String::new(),
            flash: None,
            person: None,
            accounts: Vec::new(),
            may_add_accounts: false,
            place: None,
            scripts: &[],
            new_cookie: None,
            had_flash: false,
        }
    }

    /// For a page that anybody sees.
    pub(super) fn public(visit: &Visit, title: impl Into<String>) -> Self {
        Self {
            csrf: visit.csrf.clone(),
            had_flash: visit.flash.is_some(),
            flash: visit.flash.clone(),
            new_cookie: visit.new_cookie.clone(),
            ..Self::plain(title)
        }
    }

    /// For a page of somebody who is signed in, outside of any account.
    pub(super) fn signed_in(signed_in: &SignedIn, title: impl Into<String>) -> Self {
        let person = &signed_in.person;
        let line = PersonLine { name: person.name.clone(), email: person.email.clone(), role: String::new() };
        let accounts = signed_in.memberships.iter();
        Self {
            person: Some(line),
            accounts: accounts.map(|it| (it.account.account_id.to_string(), it.account.name.clone(), false)).collect(),
            may_add_accounts: person.runs_hub,
            ..Self::public(&signed_in.visit, title)
        }
    }

    /// For a page of an account.
    pub(super) fn of<R>(member: &Member<R>, section: Section, title: impl Into<String>) -> Self {
        let mut shell = Self::signed_in(&member.signed_in, title);
        let account = &member.membership.account;
        for entry in &mut shell.accounts {
            entry.2 = entry.0 == account.account_id.as_str();
        }
        if let Some(person) = &mut shell.person {
            person.role = words::role_in(member.role(), &account.name);
        }
        let place = Place { base: member.path(""), account: account.name.clone(), section, role: member.role() };
        Self { place: Some(place), ..shell }
    }

    /// With modules besides `console.js`.
    pub(super) fn with_scripts(self, scripts: &'static [&'static str]) -> Self {
        Self { scripts, ..self }
    }

    /// The address of an asset, for templates.
    pub(super) fn asset(&self, name: &str) -> String {
        assets::href(name)
    }

    /// `/accounts/ID` of the account shown.
    pub(super) fn place_base(&self) -> &str {
        self.place.as_ref().map_or("", |place| place.base.as_str())
    }

    pub(super) fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// A page as an answer.
pub(super) fn page(shell: &Shell, template: &impl Template) -> Result<Response, PageError> {
    page_with_status(StatusCode::OK, shell, template)
}

/// A form that has to be filled in again, as an answer.
pub(super) fn page_again(shell: &Shell, template: &impl Template) -> Result<Response, PageError> {
    page_with_status(StatusCode::UNPROCESSABLE_ENTITY, shell, template)
}

/// A page as an answer with another status.
pub(super) fn page_with_status(
    status: StatusCode,
    shell: &Shell,
    template: &impl Template,
) -> Result<Response, PageError> {
    let html = template
        .render()
        .map_err(|error| PageError::Said { status: StatusCode::INTERNAL_SERVER_ERROR, text: error.to_string() })?;
    let mut response = (status, Html(html)).into_response();
    if let Some(secret) = &shell.new_cookie {
        response.headers_mut().append(header::SET_COOKIE, cookies::set(cookies::VISIT, secret.clone(), None));
    }
    if shell.had_flash {
        response.headers_mut().append(header::SET_COOKIE, cookies::forget(cookies::FLASH));
    }
    Ok(response)
}

/// On to another page, which says what has been done.
pub(super) fn go(path: &str, flash: Option<&Flash>) -> Response {
    let mut response = Redirect::to(path).into_response();
    if let Some(flash) = flash {
        response.headers_mut().append(header::SET_COOKIE, cookies::set(cookies::FLASH, flash.to_cookie(), Some(60)));
    }
    response
}

/// Adds a cookie to an answer.
pub(super) fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
