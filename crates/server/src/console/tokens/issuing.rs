//! Issuing a token: name, end and events, then the page that shows it once.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_store::{Integration, IntegrationKind, TokenRights};
use serde::Deserialize;

use super::{
    fields::{ExpiryChoice, FeatureBox, TokenForm, wire_boxes},
    integration_path,
    saving::{Saved, save_page},
};
use crate::{
    console::{
        directory,
        error::PageError,
        form::{Errors, Form},
        integrations,
        page::{Section, Shell, page, page_again},
        query::Query,
        visit::{Administrator, Member},
        words::tokens as say,
    },
    manage::check_name,
    request::Path,
    state::App,
    tokens::{Issue, issue},
};

#[derive(Template)]
#[template(path = "console/token-new.html")]
struct NewTokenPage {
    shell: Shell,
    base: String,
    integration: String,
    is_wizard: bool,
    is_source: bool,
    name: String,
    choices: Vec<ExpiryChoice>,
    expires_on: String,
    features: Vec<FeatureBox>,
    more_features: String,
    errors: Errors,
}

/// Whether the wizard is under way.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct Wizard {
    wizard: String,
}

/// `GET /accounts/{account}/integrations/{integration}/tokens/new`
pub(in crate::console) async fn new_token(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<Wizard>,
) -> Result<Response, PageError> {
    let integration = integrations::find(&app, &member.grant, &id).await?;
    let form = TokenForm {
        name: free_name(&app, &member, &integration).await?,
        expires: "never".to_owned(),
        features: wire_boxes(|_| true).into_iter().map(|it| it.feature).collect(),
        ..TokenForm::default()
    };
    let new = NewTokenPage::of(&member, &integration, form, (!query.wizard.is_empty(), Errors::default()));
    page(&new.shell, &new)
}

/// `POST /accounts/{account}/integrations/{integration}/tokens/new`: the answer is the only page that shows the token.
pub(in crate::console) async fn issue_token(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<Wizard>,
    Form(form): Form<TokenForm>,
) -> Result<Response, PageError> {
    let integration = integrations::find(&app, &member.grant, &id).await?;
    let is_wizard = !query.wizard.is_empty();
    let mut errors = Errors::default();
    let name = errors.take("name", check_name(&form.name).map(str::to_owned));
    let features = form.features(integration.kind, &mut errors);
    let expires_at = form.expires_at(app.clock.now(), &mut errors);
    if let (Some(name), Some(features), Some(expires_at)) = (name, features, expires_at) {
        let rights = TokenRights { features, expires_at, ..TokenRights::default() };
        let order = Issue { integration: &integration, name: &name, rights, replaces: None };
        match issue(&app, &member.grant, &member.actor(), order).await {
            Ok((token, row)) => {
                return save_page(&app, &member, Saved { integration, token, row, is_wizard, replaced: None });
            }
            Err(error) if error.status() == axum::http::StatusCode::CONFLICT => {
                errors.add("name", say::name_taken(&name));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let new = NewTokenPage::of(&member, &integration, form, (is_wizard, errors));
    page_again(&new.shell, &new)
}

impl NewTokenPage {
    fn of(
        member: &Member<Administrator>,
        integration: &Integration,
        form: TokenForm,
        (is_wizard, errors): (bool, Errors),
    ) -> Self {
        Self {
            shell: Shell::of(member, Section::Integrations, say::issue_for(&integration.name)),
            base: integration_path(member, integration),
            integration: integration.name.clone(),
            is_wizard,
            is_source: integration.kind == IntegrationKind::Source,
            choices: form.choices(false),
            features: wire_boxes(|feature| form.features.iter().any(|name| name == feature.as_str())),
            name: form.name,
            expires_on: form.expires_on,
            more_features: form.more_features,
            errors,
        }
    }
}

/// The name that the directory suggests, or the same with a number.
async fn free_name(app: &App, member: &Member<Administrator>, integration: &Integration) -> Result<String, PageError> {
    let tokens = app.catalog.list_tokens(&member.grant).await?;
    let is_taken = |name: &str| {
        tokens.iter().any(|token| {
            token.integration_id == integration.integration_id && token.revoked_at.is_none() && token.name == name
        })
    };
    let suggested = directory::find(integration.kind).suggested_token_name.clone();
    let numbered = (2..100).map(|number| format!("{suggested} {number}"));
    Ok(std::iter::once(suggested.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default())
}
