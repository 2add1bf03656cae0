//! Integrations: the readers and producers of an account, from the directory to their details.

mod change;
mod details;
mod live_check;
mod wizard;

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::Grant;
use daybook_store::{Integration, IntegrationState};

use super::{
    directory,
    error::PageError,
    page::{Section, Shell, page},
    reading::{TokenActivity, activities},
    times::{When, counted, span},
    visit::{Administrator, Member},
    words,
};
use crate::state::App;

pub(super) use change::{
    ask_to_remove, ask_to_rename, pause_integration, remove_integration, rename_integration, restore_integration,
    resume_integration,
};
pub(super) use details::{client_name, features_line, show_integration};
pub(super) use live_check::show_live_check;
pub(super) use wizard::{add_integration, new_integration, show_directory};

/// Whoever has asked less often than this is somebody trying something out, not a reader that may be behind.
const REQUESTS_OF_A_READER: i64 = 20;
/// Behind by more than this, a reader needs a look.
const LAG_MAX: std::time::Duration = std::time::Duration::from_secs(15 * 60);

#[derive(Template)]
#[template(path = "console/integrations.html")]
struct IntegrationsPage {
    shell: Shell,
    base: String,
    rows: Vec<Row>,
}

/// An integration in a list.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) system: &'static str,
    pub(super) state: Condition,
    pub(super) live_tokens: String,
    pub(super) last_read: Option<When>,
    /// Empty when nothing is known.
    pub(super) behind: String,
    pub(super) lag: String,
}

/// How an integration does, in a word and a tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    /// A class of the style sheet.
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
}

/// `GET /accounts/{account}/integrations`
pub(super) async fn list_integrations(
    State(app): State<App>,
    member: Member<Administrator>,
) -> Result<Response, PageError> {
    let shell = Shell::of(&member, Section::Integrations, words::NAV_INTEGRATIONS);
    let rows = rows(&app, &member.grant, &activities(&app, &member.grant).await?).await?;
    let list = IntegrationsPage { shell, base: member.path("integrations"), rows };
    page(&list.shell, &list)
}

/// The integrations of an account, by name, with what its tokens have done.
pub(super) async fn rows(app: &App, grant: &Grant, activities: &[TokenActivity]) -> Result<Vec<Row>, PageError> {
    let integrations = app.catalog.list_integrations(grant).await?;
    Ok(integrations.into_iter().map(|integration| row(app, integration, activities)).collect())
}

fn row(app: &App, integration: Integration, activities: &[TokenActivity]) -> Row {
    let now = app.clock.now();
    let own: Vec<_> = activities.iter().filter(|it| it.token.integration_id == integration.integration_id).collect();
    let live = own.iter().filter(|it| it.is_live(now)).count();
    let last_read = own.iter().filter_map(|it| it.last_read()).max_by_key(|used| used.last_used_at);
    let furthest = own.iter().filter_map(|it| it.furthest_behind()).max_by_key(|behind| (behind.lag, behind.events));
    Row {
        id: integration.integration_id.to_string(),
        system: directory::find(integration.kind).name.as_str(),
        state: state_of(app, &integration, &own),
        live_tokens: counted(live as u64, words::integrations::TOKEN),
        last_read: last_read.map(|used| When::of(used.last_used_at, now)),
        behind: furthest.map(|behind| words::integrations::behind(behind.events)).unwrap_or_default(),
        lag: furthest.filter(|behind| behind.events > 0).map(|behind| span(behind.lag)).unwrap_or_default(),
        name: integration.name,
    }
}

/// How an integration does.
fn state_of(app: &App, integration: &Integration, own: &[&TokenActivity]) -> Condition {
    use words::integrations as say;
    let now = app.clock.now();
    let word = |tone, word| Condition { tone, word };
    if integration.state != IntegrationState::Active {
        return word("off", say::PAUSED);
    }
    if !own.iter().any(|it| it.is_live(now)) {
        return word("warn", say::NO_TOKEN);
    }
    if !own.iter().any(|it| it.is_live(now) && it.last_read().is_some()) {
        return word("info", say::WAITING);
    }
    let is_reader =
        |it: &TokenActivity| it.token.uses.iter().map(|used| used.requests).sum::<i64>() >= REQUESTS_OF_A_READER;
    let is_behind =
        |it: &&TokenActivity| is_reader(it) && it.behind.iter().any(|behind| behind.events > 0 && behind.lag > LAG_MAX);
    // A token whose successor reads is quiet for a good reason.
    let current = own
        .iter()
        .filter(|it| it.is_live(now) && it.last_read().is_some())
        .max_by_key(|it| it.last_read().map(|used| used.last_used_at));
    if current.is_some_and(is_behind) {
        return word("warn", say::BEHIND);
    }
    word("ok", if integration.kind == daybook_store::IntegrationKind::Source { say::SENDING } else { say::READING })
}

/// An integration of the member's account that is not removed.
pub(super) async fn find(app: &App, grant: &Grant, id: &str) -> Result<Integration, PageError> {
    let integration = app.catalog.find_integration(grant, id).await?;
    if integration.state == IntegrationState::Removed {
        return Err(PageError::not_found());
    }
    Ok(integration)
}
