//! Changing what a token may do, while its text stays the same.

use askama::Template;
use axum::{extract::State, response::Response};
use daybook_events::{Networks, Timestamp};
use daybook_store::{Integration, TokenRights, TokenRow};

use super::{
    fields::{ExpiryChoice, FeatureBox, TokenForm, boxes},
    find_live, integration_path,
};
use crate::{
    console::{
        directory,
        error::PageError,
        flash::done,
        form::{Errors, Form},
        integrations::features_line,
        page::{Section, Shell, go, page, page_again},
        times::When,
        visit::{Administrator, Member},
        words::tokens as say,
    },
    request::Path,
    state::App,
};

const REQUESTS_MAX: u32 = 100_000;

#[derive(Template)]
#[template(path = "console/token-rights.html")]
struct RightsPage {
    shell: Shell,
    base: String,
    path: String,
    integration: String,
    token: String,
    system: &'static str,
    reads_claims: bool,
    claimed_features: String,
    claimed_end: Option<When>,
    end: Option<When>,
    features: Vec<FeatureBox>,
    choices: Vec<ExpiryChoice>,
    form: TokenForm,
    errors: Errors,
}

type Ids = Path<(String, String, String)>;

/// `GET /accounts/{account}/integrations/{integration}/tokens/{token}/rights`
pub(in crate::console) async fn show_rights(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
) -> Result<Response, PageError> {
    let (integration, token) = find_live(&app, &member, &integration, &token).await?;
    let form = TokenForm {
        expires: "same".to_owned(),
        features: token.rights.features.iter().map(ToString::to_string).collect(),
        networks: token.rights.networks.to_string(),
        requests_per_minute: token.rights.requests_per_minute.map(|requests| requests.to_string()).unwrap_or_default(),
        ..TokenForm::default()
    };
    let rights = RightsPage::of(&app, &member, (&integration, &token), form, Errors::default());
    page(&rights.shell, &rights)
}

/// `POST /accounts/{account}/integrations/{integration}/tokens/{token}/rights`
pub(in crate::console) async fn change_rights(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
    Form(form): Form<TokenForm>,
) -> Result<Response, PageError> {
    let (integration, token) = find_live(&app, &member, &integration, &token).await?;
    let mut errors = Errors::default();
    if let Some(rights) = read(&form, &integration, &token, app.clock.now(), &mut errors) {
        app.catalog.change_token_rights(&member.grant, &member.actor(), &token, &rights).await?;
        app.authenticator.forget();
        return Ok(go(&integration_path(&member, &integration), Some(&done(say::rights_changed(&token.name)))));
    }
    let rights = RightsPage::of(&app, &member, (&integration, &token), form, errors);
    page_again(&rights.shell, &rights)
}

/// The rights that a form asks for, or what is wrong with it.
fn read(
    form: &TokenForm,
    integration: &Integration,
    token: &TokenRow,
    now: Timestamp,
    errors: &mut Errors,
) -> Option<TokenRights> {
    let features = form.features(integration.kind, errors);
    let beyond = features.iter().flatten().find(|feature| !token.claimed_features.contains(*feature));
    if let Some(feature) = beyond {
        errors.add("features", say::beyond_claims(feature.as_str()));
    }
    let expires_at = match form.expires.as_str() {
        "same" => Some(token.rights.expires_at),
        _ => form.expires_at(now, errors),
    };
    let networks = errors.take("networks", form.networks.parse::<Networks>().map_err(|error| say::networks(&error)));
    let requests = match form.requests_per_minute.trim() {
        "" => Ok(None),
        text => {
            text.parse().ok().filter(|requests| (1..=REQUESTS_MAX).contains(requests)).map(Some).ok_or(say::NO_RATE)
        }
    };
    let requests_per_minute = errors.take("requests_per_minute", requests)?;
    let rights = TokenRights { features: features?, expires_at: expires_at?, networks: networks?, requests_per_minute };
    errors.is_empty().then_some(rights)
}

impl RightsPage {
    fn of(
        app: &App,
        member: &Member<Administrator>,
        (integration, token): (&Integration, &TokenRow),
        form: TokenForm,
        errors: Errors,
    ) -> Self {
        let now = app.clock.now();
        let siem = directory::find(integration.kind);
        let base = integration_path(member, integration);
        Self {
            shell: Shell::of(member, Section::Integrations, say::rights_of(&token.name)),
            path: format!("{base}/tokens/{}", token.token_id),
            base,
            integration: integration.name.clone(),
            token: token.name.clone(),
            system: &siem.name,
            reads_claims: siem.reads_claims,
            claimed_features: features_line(token.claimed_features.iter()),
            claimed_end: token.claimed_expires_at.map(|time| When::of(time, now)),
            end: token.rights.expires_at.map(|time| When::of(time, now)),
            features: boxes(&token.claimed_features, |feature| form.features.iter().any(|it| it == feature.as_str())),
            choices: form.choices(true),
            form,
            errors,
        }
    }
}
