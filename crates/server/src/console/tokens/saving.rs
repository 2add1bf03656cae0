//! The page that shows a token, once, with every way to save it.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use daybook_store::{Integration, TokenRow};
use serde::Deserialize;
use serde_json::json;

use super::{find, integration_path};
use crate::{
    console::{
        error::PageError,
        form::Form,
        headers::policy_with_save_button,
        integrations::features_line,
        page::{Section, Shell, page},
        times::When,
        visit::{Administrator, Member},
        words::tokens as say,
    },
    request::Path,
    state::App,
    tokens::signature_digest_of,
};

/// A token just issued.
pub(super) struct Saved {
    pub(super) integration: Integration,
    pub(super) token: String,
    pub(super) row: TokenRow,
    pub(super) is_wizard: bool,
    /// The token whose place it takes.
    pub(super) replaced: Option<TokenRow>,
}

#[derive(Template)]
#[template(path = "console/token-save.html")]
struct SavePage {
    shell: Shell,
    base: String,
    integration: String,
    id: String,
    name: String,
    features: String,
    expires_at: Option<When>,
    token: String,
    is_wizard: bool,
    /// For the Save in 1Password button.
    save_request: String,
    op_command: String,
    /// Where the wizard goes on.
    onward: String,
    replaced: String,
}

/// A token that its own page sends back, to be made a file of.
#[derive(Deserialize)]
pub(in crate::console) struct EnvironmentForm {
    token: String,
}

/// The page.
pub(super) fn save_page(app: &App, member: &Member<Administrator>, saved: Saved) -> Result<Response, PageError> {
    let Saved { integration, token, row, is_wizard, replaced } = saved;
    let url = app.public_url();
    let title = say::item_title(&integration.name, &row.name);
    let base = integration_path(member, &integration);
    let replaced = replaced.map(|replaced| (format!("{base}/tokens/{}/replace", replaced.token_id), replaced.name));
    let (onward, replaced) = replaced.unwrap_or_else(|| (base.clone(), String::new()));
    let shell = Shell::of(member, Section::Integrations, say::SAVE_TITLE).with_scripts(&["save-token.js"]);
    let save = SavePage {
        shell,
        id: row.token_id.to_string(),
        features: features_line(row.rights.features.iter()),
        expires_at: row.rights.expires_at.map(|time| When::of(time, app.clock.now())),
        save_request: save_request(&title, &token, &url, &row),
        op_command: op_command(&title, &token, &url, &row),
        integration: integration.name,
        name: row.name,
        base,
        token,
        is_wizard,
        onward,
        replaced,
    };
    let mut response = page(&save.shell, &save)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy_with_save_button());
    Ok(response)
}

/// What the Save in 1Password button asks for: an API credential.
fn save_request(title: &str, token: &str, url: &str, row: &TokenRow) -> String {
    let expires = row.rights.expires_at.map_or_else(|| say::NEVER.to_owned(), |time| time.to_string());
    json!({
        "title": title,
        "fields": [
            {"autocomplete": "current-password", "value": token},
            {"autocomplete": "url", "value": url},
        ],
        "urls": [url],
        "notes": say::item_notes(&features_line(row.rights.features.iter()), &expires),
    })
    .to_string()
}

/// The same for 1Password's command line.
fn op_command(title: &str, token: &str, url: &str, row: &TokenRow) -> String {
    let expires = row.rights.expires_at.map(|time| time.to_string());
    let date = expires.as_deref().and_then(|time| time.split_once('T')).map(|(date, _)| date);
    let ends =
        date.map(|date| format!(" \\\n  {}", shell_quoted(&format!("expires[date]={date}")))).unwrap_or_default();
    format!(
        "op item create --category 'API Credential' --vault Private \\\n  --title {} \\\n  {} \\\n  {}{ends}",
        shell_quoted(title),
        shell_quoted(&format!("credential[password]={token}")),
        shell_quoted(&format!("hostname[text]={url}")),
    )
}

/// A text as one word of a POSIX shell, whatever is in it.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `POST /accounts/{account}/integrations/{integration}/tokens/{token}/environment`: the token as a file of variables.
pub(in crate::console) async fn download_environment(
    State(app): State<App>,
    member: Member<Administrator>,
    Path((_, integration, id)): Path<(String, String, String)>,
    Form(form): Form<EnvironmentForm>,
) -> Result<Response, PageError> {
    let (integration, row) = find(&app, &member, &integration, &id).await?;
    // Only what was issued here is written into a file under our name.
    let verdict = app.catalog.find_token(&signature_digest_of(&form.token).unwrap_or_default()).await?;
    if verdict.is_none_or(|verdict| verdict.token_id != row.token_id) {
        return Err(PageError::not_found());
    }
    let comment = say::environment_comment(&row.name, &integration.name);
    let url = app.public_url();
    let text = format!(
        "# {comment}\nDAYBOOK_EVENTS_API_URL={}\nDAYBOOK_EVENTS_API_TOKEN={}\n",
        shell_quoted(&url),
        shell_quoted(&form.token),
    );
    let disposition = HeaderValue::from_static("attachment; filename=\"daybook.env\"");
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_DISPOSITION, disposition), (header::CONTENT_TYPE, kind)], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_stays_one_word_of_the_shell() {
        assert_eq!(shell_quoted("it's $HOME `x`"), r"'it'\''s $HOME `x`'");
    }
}
