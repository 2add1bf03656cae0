//! Adding an integration: the directory of systems, then a name. The token comes next.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::IntegrationKind;
use serde::Deserialize;

use crate::{
    console::{
        directory::{self, Mode, Place, Siem},
        error::PageError,
        form::{Errors, Form},
        page::{Section, Shell, go, page, page_again},
        query::Query,
        visit::{Administrator, Member},
        words::integrations as say,
    },
    manage::check_name,
    state::App,
};

#[derive(Template)]
#[template(path = "console/directory.html")]
struct DirectoryPage {
    shell: Shell,
    base: String,
    query: String,
    tiles: Vec<Tile>,
}

struct Tile {
    name: &'static str,
    monogram: &'static str,
    /// Which of the style sheet's twelve tints.
    tint: u16,
    mode: &'static str,
    summary: &'static str,
    words: String,
    /// Where it is connected.
    path: String,
    /// Where a destination that pushes to it is added, if it pulls as well; empty otherwise.
    push_path: String,
}

#[derive(Template)]
#[template(path = "console/integration-new.html")]
struct NewIntegrationPage {
    shell: Shell,
    base: String,
    kind: &'static str,
    siem: &'static Siem,
    notes: Vec<String>,
    mode: &'static str,
    /// Where a destination that pushes to it is added; empty when there is none.
    push_path: String,
    name: String,
    errors: Errors,
}

/// What to look for in the directory.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct Search {
    q: String,
}

/// Which system, and a name for it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct NewForm {
    kind: String,
    name: String,
}

/// `GET /accounts/{account}/integrations/directory`
pub(in crate::console) async fn show_directory(
    member: Member<Administrator>,
    Query(search): Query<Search>,
) -> Result<Response, PageError> {
    let tiles = directory::search(&search.q).into_iter().map(|siem| tile(&member, siem)).collect();
    let shell = Shell::of(&member, Section::Integrations, say::DIRECTORY);
    let list = DirectoryPage { shell, base: member.path("integrations"), query: search.q, tiles };
    page(&list.shell, &list)
}

/// `GET /accounts/{account}/integrations/new?kind=splunk`
pub(in crate::console) async fn new_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Query(form): Query<NewForm>,
) -> Result<Response, PageError> {
    let Ok(kind) = kind_of(&form) else { return Ok(go(&member.path("integrations/directory"), None)) };
    let siem = directory::find(kind);
    let name = if form.name.is_empty() { free_name(&app, &member, &siem.default_name).await? } else { form.name };
    let new = NewIntegrationPage::of((&app, &member), kind, name, Errors::default());
    page(&new.shell, &new)
}

/// `POST /accounts/{account}/integrations/new`
pub(in crate::console) async fn add_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Form(form): Form<NewForm>,
) -> Result<Response, PageError> {
    let kind = kind_of(&form)?;
    let mut errors = Errors::default();
    if let Some(name) = errors.take("name", check_name(&form.name).map(str::to_owned)) {
        let added = app.catalog.add_integration(&member.grant, &member.actor(), kind, &name).await;
        if let Some(integration) = errors.take_conflict("name", added)? {
            let path = format!("integrations/{}/tokens/new?wizard=yes", integration.integration_id);
            return Ok(go(&member.path(&path), None));
        }
    }
    let new = NewIntegrationPage::of((&app, &member), kind, form.name, errors);
    page_again(&new.shell, &new)
}

impl NewIntegrationPage {
    fn of((app, member): (&App, &Member<Administrator>), kind: IntegrationKind, name: String, errors: Errors) -> Self {
        let siem = directory::find(kind);
        Self {
            shell: Shell::of(member, Section::Integrations, say::connect(&siem.name)),
            base: member.path("integrations"),
            kind: kind.as_str(),
            mode: mode_word(siem.mode),
            push_path: push_path(member, siem),
            notes: siem.filled(&Place::of(app)).notes,
            siem,
            name,
            errors,
        }
    }
}

fn kind_of(form: &NewForm) -> Result<IntegrationKind, PageError> {
    form.kind.parse().map_err(|_| PageError::not_found())
}

/// The name, or the name with a number if it is taken.
async fn free_name(app: &App, member: &Member<Administrator>, name: &str) -> Result<String, PageError> {
    let taken = app.catalog.list_integrations(&member.grant).await?;
    let is_free = |name: &str| !taken.iter().any(|integration| integration.name == name);
    let numbered = (2..100).map(|number| format!("{name} {number}"));
    Ok(std::iter::once(name.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default())
}

fn tile(member: &Member<Administrator>, siem: &'static Siem) -> Tile {
    let push_path = push_path(member, siem);
    let is_pushed = siem.mode == Mode::Pushed && !push_path.is_empty();
    let path = member.path(&format!("integrations/new?kind={}", siem.kind));
    Tile {
        path: if is_pushed { push_path.clone() } else { path },
        push_path: if is_pushed { String::new() } else { push_path },
        name: &siem.name,
        monogram: &siem.monogram,
        tint: siem.hue % 360 / 30,
        mode: mode_word(siem.mode),
        summary: &siem.summary,
        words: format!("{} {} {}", siem.name, siem.summary, siem.keywords.join(" ")),
    }
}

fn push_path(member: &Member<Administrator>, siem: &Siem) -> String {
    siem.push.as_ref().map(|push| member.path(&push.path())).unwrap_or_default()
}

pub(super) fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Pulls => say::PULLS,
        Mode::Pushed => say::PUSHED,
        Mode::Both => say::BOTH,
        Mode::Sends => say::SENDS,
    }
}
