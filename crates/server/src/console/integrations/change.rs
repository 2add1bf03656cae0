//! Changes of an integration: rename, pause, resume, remove, and back again.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::{Integration, IntegrationState};

use super::find;
use crate::{
    console::{
        error::PageError,
        flash::{done, failed},
        form::{Errors, Form, Nothing},
        page::{Section, Shell, go, page, page_again},
        reading::activities_of,
        rename::{NameForm, RenamePage},
        times::When,
        visit::{Administrator, Member},
        words::integrations as say,
    },
    manage::check_name,
    request::Path,
    state::App,
};

#[derive(Template)]
#[template(path = "console/integration-remove.html")]
struct RemovePage {
    shell: Shell,
    base: String,
    integration: String,
    /// Live tokens with when they were last used.
    tokens: Vec<(String, Option<When>)>,
}

type Ids = Path<(String, String)>;

fn own_path(member: &Member<Administrator>, id: &str) -> String {
    member.path(&format!("integrations/{id}"))
}

/// `GET /accounts/{account}/integrations/{integration}/rename`
pub(in crate::console) async fn ask_to_rename(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    let rename = rename_page(&member, &integration, integration.name.clone(), Errors::default());
    page(&rename.shell, &rename)
}

/// `POST /accounts/{account}/integrations/{integration}/rename`
pub(in crate::console) async fn rename_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    Form(form): Form<NameForm>,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    let mut errors = Errors::default();
    if let Some(name) = errors.take("name", check_name(&form.name).map(str::to_owned)) {
        let renamed = app.catalog.rename_integration(&member.grant, &member.actor(), &integration, &name).await;
        if errors.take_conflict("name", renamed)?.is_some() {
            return Ok(go(&own_path(&member, &id), Some(&done(say::renamed(&integration.name, &name)))));
        }
    }
    let rename = rename_page(&member, &integration, form.name, errors);
    page_again(&rename.shell, &rename)
}

fn rename_page(member: &Member<Administrator>, integration: &Integration, name: String, errors: Errors) -> RenamePage {
    let base = own_path(member, integration.integration_id.as_str());
    RenamePage {
        shell: Shell::of(member, Section::Integrations, say::rename(&integration.name)),
        action: format!("{base}/rename"),
        back: (base, integration.name.clone()),
        label: say::SYSTEM_NAME,
        named: integration.name.clone(),
        name,
        errors,
    }
}

/// `GET /accounts/{account}/integrations/{integration}/remove`
pub(in crate::console) async fn ask_to_remove(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    let now = app.clock.now();
    let activities = activities_of(&app, &member.grant, &integration).await?;
    let own = activities.iter().filter(|it| it.is_live(now));
    let tokens = own.map(|it| (it.token.name.clone(), it.last_use().map(|used| When::of(used.last_used_at, now))));
    let remove = RemovePage {
        shell: Shell::of(&member, Section::Integrations, say::remove(&integration.name)),
        base: own_path(&member, &id),
        integration: integration.name.clone(),
        tokens: tokens.collect(),
    };
    page(&remove.shell, &remove)
}

/// `POST /accounts/{account}/integrations/{integration}/remove`
pub(in crate::console) async fn remove_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    set_state(&app, &member, &integration, IntegrationState::Removed).await?;
    let flash = done(say::removed(&integration.name)).with_undo(format!("{}/restore", own_path(&member, &id)));
    Ok(go(&member.path("integrations"), Some(&flash)))
}

/// `POST /accounts/{account}/integrations/{integration}/restore`: back from removal, or from a pause, to reading.
pub(in crate::console) async fn restore_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let removed = app.catalog.find_integration(&member.grant, &id).await?;
    if removed.state == IntegrationState::Removed {
        let mut errors = Errors::default();
        let (actor, state) = (member.actor(), IntegrationState::Disabled);
        let back = app.catalog.set_integration_state(&member.grant, &actor, &removed, state).await;
        if errors.take_conflict("name", back)?.is_none() {
            return Ok(go(&member.path("integrations"), Some(&failed(say::name_taken(&removed.name)))));
        }
    }
    let paused = find(&app, &member.grant, &id).await?;
    set_state(&app, &member, &paused, IntegrationState::Active).await?;
    Ok(go(&own_path(&member, &id), Some(&done(say::restored(&paused.name)))))
}

/// `POST /accounts/{account}/integrations/{integration}/pause`
pub(in crate::console) async fn pause_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    set_state(&app, &member, &integration, IntegrationState::Disabled).await?;
    let path = own_path(&member, &id);
    Ok(go(&path, Some(&done(say::paused(&integration.name)).with_undo(format!("{path}/resume")))))
}

/// `POST /accounts/{account}/integrations/{integration}/resume`
pub(in crate::console) async fn resume_integration(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let integration = find(&app, &member.grant, &id).await?;
    set_state(&app, &member, &integration, IntegrationState::Active).await?;
    Ok(go(&own_path(&member, &id), Some(&done(say::restored(&integration.name)))))
}

async fn set_state(
    app: &App,
    member: &Member<Administrator>,
    integration: &Integration,
    state: IntegrationState,
) -> Result<(), PageError> {
    // A second click changes nothing, and the audit trail does not say that it did.
    if integration.state == state {
        return Ok(());
    }
    app.catalog.set_integration_state(&member.grant, &member.actor(), integration, state).await?;
    app.authenticator.forget();
    Ok(())
}
