//! Replacing a token: issue a successor with the same rights, watch which of the two is used, revoke the old one.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use daybook_events::Timestamp;
use daybook_store::{Integration, TokenRights, TokenRow};

use super::{
    fields::{ExpiryChoice, TokenForm},
    find_live, integration_path,
    saving::{Saved, save_page},
};
use crate::{
    console::{
        error::PageError,
        form::{Errors, Form},
        integrations::{client_name, features_line},
        page::{Section, Shell, page, page_again},
        reading::{TokenActivity, activities_of},
        times::{When, counted, span},
        visit::{Administrator, Member},
        words::{self, tokens as say},
    },
    manage::check_name,
    request::Path,
    state::App,
    tokens::{Issue, issue},
};

/// Without a request for so long while its successor is used, a token counts as quiet: longer than most systems wait
/// between two polls.
const QUIET: Duration = Duration::from_secs(15 * 60);

#[derive(Template)]
#[template(path = "console/token-replace.html")]
struct ReplacePage {
    shell: Shell,
    base: String,
    path: String,
    integration: String,
    token: String,
    features: String,
    name: String,
    choices: Vec<ExpiryChoice>,
    expires_on: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "console/token-handover.html")]
struct HandoverPage {
    shell: Shell,
    base: String,
    old_path: String,
    integration: String,
    old: Side,
    new: Side,
    /// `waiting` or `ok`, and what to do.
    tone: &'static str,
    icon: &'static str,
    title: &'static str,
    text: String,
    may_revoke: bool,
}

/// One of the two tokens.
struct Side {
    name: String,
    last_use: Option<When>,
    from: String,
    counts: String,
    expires_at: Option<When>,
}

type Ids = Path<(String, String, String)>;

/// `GET /accounts/{account}/integrations/{integration}/tokens/{token}/replace`: the form, or how the handover goes.
pub(in crate::console) async fn ask_to_replace(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
) -> Result<Response, PageError> {
    let (integration, token) = find_live(&app, &member, &integration, &token).await?;
    let activities = activities_of(&app, &member.grant, &integration).await?;
    let now = app.clock.now();
    let successor = activities.iter().find(|it| it.token.replaces.as_ref() == Some(&token.token_id) && it.is_live(now));
    let old = activities.iter().find(|it| it.token.token_id == token.token_id);
    if let (Some(old), Some(new)) = (old, successor) {
        let handover = handover(&member, &integration, (old, new), now);
        return page(&handover.shell, &handover);
    }
    let form = TokenForm {
        name: say::successor_name(&token.name),
        expires: match lifetime_days(&token) {
            None => "never",
            Some(..=30) => "30",
            Some(31..=90) => "90",
            Some(_) => "180",
        }
        .to_owned(),
        ..TokenForm::default()
    };
    let replace = ReplacePage::of(&member, (&integration, &token), form, Errors::default());
    page(&replace.shell, &replace)
}

/// `POST /accounts/{account}/integrations/{integration}/tokens/{token}/replace`
pub(in crate::console) async fn replace_token(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, token)): Ids,
    Form(form): Form<TokenForm>,
) -> Result<Response, PageError> {
    let (integration, old) = find_live(&app, &member, &integration, &token).await?;
    let mut errors = Errors::default();
    let name = errors.take("name", check_name(&form.name).map(str::to_owned));
    let expires_at = form.expires_at(app.clock.now(), &mut errors);
    if let (Some(name), Some(expires_at)) = (name, expires_at) {
        let rights = TokenRights { expires_at, ..old.rights.clone() };
        let order = Issue { integration: &integration, name: &name, rights, replaces: Some(old.token_id.clone()) };
        match issue(&app, &member.grant, &member.actor(), order).await {
            Ok((token, row)) => {
                let saved = Saved { integration, token, row, is_wizard: false, replaced: Some(old) };
                return save_page(&app, &member, saved);
            }
            Err(error) if error.status() == StatusCode::CONFLICT => errors.add("name", say::name_taken(&name)),
            Err(error) => return Err(error.into()),
        }
    }
    let replace = ReplacePage::of(&member, (&integration, &old), form, errors);
    page_again(&replace.shell, &replace)
}

/// For how many days a token was issued; `None` for ever.
fn lifetime_days(token: &TokenRow) -> Option<u64> {
    token.claimed_expires_at.map(|end| end.since(token.issued_at).as_secs() / 86_400)
}

impl ReplacePage {
    fn of(
        member: &Member<Administrator>,
        (integration, token): (&Integration, &TokenRow),
        form: TokenForm,
        errors: Errors,
    ) -> Self {
        let base = integration_path(member, integration);
        Self {
            shell: Shell::of(member, Section::Integrations, say::replace(&token.name)),
            path: format!("{base}/tokens/{}", token.token_id),
            base,
            integration: integration.name.clone(),
            token: token.name.clone(),
            features: features_line(token.rights.features.iter()),
            choices: form.choices(false),
            name: form.name,
            expires_on: form.expires_on,
            errors,
        }
    }
}

/// How it goes: which of the two is used.
fn handover(
    member: &Member<Administrator>,
    integration: &Integration,
    (old, new): (&TokenActivity, &TokenActivity),
    now: Timestamp,
) -> HandoverPage {
    let base = integration_path(member, integration);
    let last = |it: &TokenActivity| it.last_use().map(|used| used.last_used_at);
    let (tone, icon, title, text, may_revoke) = match (last(old), last(new)) {
        (_, None) => ("waiting", "clock", say::HANDOVER_WAITING, say::handover_waiting(&new.token.name), false),
        (Some(old_at), Some(_)) if now.since(old_at) < QUIET => {
            let left = span(QUIET.saturating_sub(now.since(old_at)));
            ("waiting", "clock", say::HANDOVER_BOTH, say::handover_both(&old.token.name, &left), false)
        }
        _ => ("ok", "ok", say::HANDOVER_DONE, say::handover_done(&old.token.name), true),
    };
    HandoverPage {
        shell: Shell::of(member, Section::Integrations, say::replace(&old.token.name)),
        old_path: format!("{base}/tokens/{}", old.token.token_id),
        base,
        integration: integration.name.clone(),
        old: side(old, now),
        new: side(new, now),
        tone,
        icon,
        title,
        text,
        may_revoke,
    }
}

fn side(activity: &TokenActivity, now: Timestamp) -> Side {
    let last = activity.last_use();
    Side {
        name: activity.token.name.clone(),
        last_use: last.map(|used| When::of(used.last_used_at, now)),
        from: last.map(|used| say::from(&used.address, &client_name(&used.user_agent))).unwrap_or_default(),
        counts: format!("{}, {}", counted(activity.requests, words::REQUEST), counted(activity.events, words::EVENT)),
        expires_at: activity.token.rights.expires_at.map(|time| When::of(time, now)),
    }
}
