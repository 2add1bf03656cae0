//! The accounts of a person: to choose one, to add one, and the address under which an integration is added from
//! elsewhere, which knows no account.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{HubGrant, Role};
use daybook_store::{MemberState, Membership};
use serde::Deserialize;

use super::{
    error::PageError,
    flash::done,
    form::{Errors, Form},
    page::{Shell, go, page, page_again},
    query::{Query, query_of},
    visit::SignedIn,
    words::{self, accounts as said},
};
use crate::{manage::check_name, state::App};

/// What comes with a link from elsewhere is cut after so many characters.
const LINK_CHARACTERS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "console/accounts.html")]
struct AccountsPage {
    shell: Shell,
    accounts: Vec<AccountRow>,
    /// Whether an account is chosen to add an integration to.
    is_for_integration: bool,
    is_any_fit: bool,
}

struct AccountRow {
    name: String,
    role: &'static str,
    /// Empty where the person may not go.
    path: String,
    /// Empty where they cannot leave from here.
    leave_path: String,
    is_suspended: bool,
}

#[derive(Template)]
#[template(path = "console/account-new.html")]
struct NewAccountPage {
    shell: Shell,
    name: String,
    errors: Errors,
}

/// What somebody chooses an account for; nothing to enter it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Purpose {
    /// The kind of integration to add.
    kind: String,
    /// Its name.
    name: String,
}

/// The query of a link from elsewhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CreateQuery {
    #[serde(rename = "type")]
    kind: String,
    name: String,
}

/// A name for a new account.
#[derive(Debug, Deserialize)]
pub(super) struct NewAccountForm {
    name: String,
}

impl AccountRow {
    fn of(membership: &Membership, purpose: &Purpose) -> Self {
        let account = &membership.account;
        let is_suspended = membership.state == MemberState::Suspended;
        let is_for_integration = !purpose.kind.is_empty();
        let is_open = !is_suspended && (!is_for_integration || membership.role >= Role::Administrator);
        let path = match (is_open, is_for_integration) {
            (false, _) => String::new(),
            (true, true) => wizard_path(account.account_id.as_str(), purpose),
            (true, false) => format!("/accounts/{}", account.account_id),
        };
        let may_leave = !is_suspended && !is_for_integration;
        Self {
            name: account.name.clone(),
            role: words::role(membership.role),
            path,
            leave_path: if may_leave { format!("/accounts/{}/leave", account.account_id) } else { String::new() },
            is_suspended,
        }
    }
}

/// `GET /accounts`
pub(super) async fn choose_account(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(purpose): Query<Purpose>,
) -> Result<Response, PageError> {
    let memberships = app.catalog.list_memberships(&signed_in.person.person_id).await?;
    let accounts: Vec<AccountRow> = memberships.iter().map(|it| AccountRow::of(it, &purpose)).collect();
    let accounts = AccountsPage {
        shell: Shell::signed_in(&signed_in, said::TITLE),
        is_for_integration: !purpose.kind.is_empty(),
        is_any_fit: accounts.iter().any(|account| !account.path.is_empty()),
        accounts,
    };
    page(&accounts.shell, &accounts)
}

/// `GET /accounts/new`
pub(super) async fn show_new_account(signed_in: SignedIn) -> Result<Response, PageError> {
    must_run_hub(&signed_in)?;
    let shell = Shell::signed_in(&signed_in, said::NEW_TITLE);
    let new = NewAccountPage { shell, name: String::new(), errors: Errors::default() };
    page(&new.shell, &new)
}

/// `POST /accounts/new`
pub(super) async fn add_account(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<NewAccountForm>,
) -> Result<Response, PageError> {
    let grant = must_run_hub(&signed_in)?;
    let mut errors = Errors::default();
    if let Some(name) = errors.take("name", check_name(&form.name).map(str::to_owned)) {
        let added = app.catalog.add_owned_account(grant, &signed_in.actor(), &signed_in.person, &name).await;
        if let Some(account) = errors.take_conflict("name", added)? {
            let path = format!("/accounts/{}", account.account_id);
            return Ok(go(&path, Some(&done(said::account_added(&name)))));
        }
    }
    let new = NewAccountPage { shell: Shell::signed_in(&signed_in, said::NEW_TITLE), name: form.name, errors };
    page_again(&new.shell, &new)
}

/// `GET /integrations/events_reporting/create?type=KIND&name=NAME`, which other products link to.
pub(super) async fn create_by_link(
    signed_in: SignedIn,
    Query(query): Query<CreateQuery>,
) -> Result<Response, PageError> {
    let cut = |text: String| text.chars().take(LINK_CHARACTERS_MAX).collect::<String>();
    let kind = if query.kind.trim().is_empty() { "other".to_owned() } else { query.kind };
    let purpose = Purpose { kind: cut(kind), name: cut(query.name) };
    let fit: Vec<&Membership> =
        signed_in.memberships.iter().filter(|membership| membership.role >= Role::Administrator).collect();
    let path = match fit.as_slice() {
        [only] => wizard_path(only.account.account_id.as_str(), &purpose),
        _ => format!("/accounts{}", query_of(&[("kind", &purpose.kind), ("name", &purpose.name)])),
    };
    Ok(go(&path, None))
}

fn wizard_path(account: &str, purpose: &Purpose) -> String {
    let query = query_of(&[("kind", &purpose.kind), ("name", &purpose.name)]);
    format!("/accounts/{account}/integrations/new{query}")
}

/// The right to add accounts, of whoever looks after the hub.
fn must_run_hub(signed_in: &SignedIn) -> Result<HubGrant, PageError> {
    if signed_in.person.runs_hub {
        return Ok(HubGrant::of_the_hub_itself());
    }
    Err(PageError::Said { status: axum::http::StatusCode::FORBIDDEN, text: said::ONLY_WHO_RUNS_THE_HUB.to_owned() })
}
