//! Renaming a token, and revoking it: first what will stop, then the end.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::{Integration, TokenRow};

use super::{find_live, integration_path};
use crate::{
    console::{
        error::PageError,
        flash::done,
        form::{Errors, Form, Nothing},
        integrations::{client_name, features_line},
        page::{Section, Shell, go, page, page_again},
        reading::activities_of,
        rename::{NameForm, RenamePage},
        times::When,
        visit::{Administrator, Member},
        words::tokens as say,
    },
    manage::check_name,
    request::Path,
    state::App,
};

#[derive(Template)]
#[template(path = "console/token-revoke.html")]
struct RevokePage {
    shell: Shell,
    base: String,
    path: String,
    integration: String,
    token: String,
    features: String,
    last_use: Option<(When, String)>,
    /// Another live token of the integration that is in use; empty when there is none.
    other: String,
}

type Ids = Path<(String, String, String)>;

/// `GET /accounts/{account}/integrations/{integration}/tokens/{token}/rename`
pub(in crate::console) async fn ask_to_rename_token(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
) -> Result<Response, PageError> {
    let (integration, token) = find_live(&app, &member, &integration, &token).await?;
    let rename = rename_page(&member, (&integration, &token), token.name.clone(), Errors::default());
    page(&rename.shell, &rename)
}

/// `POST /accounts/{account}/integrations/{integration}/tokens/{token}/rename`
pub(in crate::console) async fn rename_token(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
    Form(form): Form<NameForm>,
) -> Result<Response, PageError> {
    let (integration, token) = find_live(&app, &member, &integration, &token).await?;
    let mut errors = Errors::default();
    if let Some(name) = errors.take("name", check_name(&form.name).map(str::to_owned)) {
        let renamed = app.catalog.rename_token(&member.grant, &member.actor(), &token, &name).await;
        if errors.take_conflict("name", renamed)?.is_some() {
            return Ok(go(&integration_path(&member, &integration), Some(&done(say::renamed(&token.name, &name)))));
        }
    }
    let rename = rename_page(&member, (&integration, &token), form.name, errors);
    page_again(&rename.shell, &rename)
}

fn rename_page(
    member: &Member<Administrator>,
    (integration, token): (&Integration, &TokenRow),
    name: String,
    errors: Errors,
) -> RenamePage {
    let base = integration_path(member, integration);
    RenamePage {
        shell: Shell::of(member, Section::Integrations, say::rename(&token.name)),
        action: format!("{base}/tokens/{}/rename", token.token_id),
        back: (base, integration.name.clone()),
        label: say::TOKEN_NAME,
        named: token.name.clone(),
        name,
        errors,
    }
}

/// `GET /accounts/{account}/integrations/{integration}/tokens/{token}/revoke`
pub(in crate::console) async fn ask_to_revoke(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
) -> Result<Response, PageError> {
    let (integration, token) = find_live(&app, &member, &integration, &token).await?;
    let now = app.clock.now();
    let activities = activities_of(&app, &member.grant, &integration).await?;
    let own = |id| activities.iter().find(|it| it.token.token_id == id);
    let used = own(token.token_id.clone()).and_then(|it| it.last_use());
    let other =
        activities.iter().find(|it| it.token.token_id != token.token_id && it.is_live(now) && it.last_read().is_some());
    let base = integration_path(&member, &integration);
    let revoke = RevokePage {
        shell: Shell::of(&member, Section::Integrations, say::revoke(&token.name)),
        path: format!("{base}/tokens/{}", token.token_id),
        base,
        integration: integration.name.clone(),
        features: features_line(token.rights.features.iter()),
        last_use: used
            .map(|used| (When::of(used.last_used_at, now), say::from(&used.address, &client_name(&used.user_agent)))),
        other: other.map(|it| it.token.name.clone()).unwrap_or_default(),
        token: token.name,
    };
    page(&revoke.shell, &revoke)
}

/// `POST /accounts/{account}/integrations/{integration}/tokens/{token}/revoke`
pub(in crate::console) async fn revoke_token(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
    _form: Form<Nothing>,
) -> Result<Response, PageError> {
    let (integration, token) = find_live(&app, &member, &integration, &token).await?;
    app.catalog.revoke_token(&member.grant, &member.actor(), &token).await?;
    app.authenticator.forget();
    Ok(go(&integration_path(&member, &integration), Some(&done(say::revoked(&token.name)))))
}
