//! Bearer tokens of an account: issue, list, rename, revoke.

use axum::{Json, extract::State, http::StatusCode};
use daybook_events::Timestamp;
use daybook_store::{TokenRights, TokenRow};

use super::{
    administrator::{Administrator, Body, check_name},
    integrations::find_integration,
    types::{IssuedToken, NewTokenRequest, TokenChange, TokenUseView, TokenView},
};
use crate::{
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
    tokens::{Issue, check_features, expires_after, find_token, issue},
};

/// Issue a token. The answer is the only time that it is shown.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/integrations/{integration}/tokens", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("integration" = String, Path, description = "The integration's id"),
    ),
    request_body = NewTokenRequest,
    responses(
        (status = 201, body = IssuedToken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn issue_token(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, integration)): Path<(String, String)>,
    Body(request): Body<NewTokenRequest>,
) -> Result<(StatusCode, Json<IssuedToken>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let integration = find_integration(&app, &grant, &integration).await?;
    let name = check_name(&request.name)?;
    let rights = TokenRights {
        features: check_features(&request.features, integration.kind)?,
        expires_at: expires_after(app.clock.now(), request.expires_in_secs)?,
        ..TokenRights::default()
    };
    let order = Issue { integration: &integration, name, rights, replaces: None };
    let (token, row) = issue(&app, &grant, &administrator.actor, order).await?;
    let now = row.issued_at;
    Ok((StatusCode::CREATED, Json(IssuedToken { token, details: view(row, now) })))
}

/// The tokens of an account with how they were used, newest first.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/tokens", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    responses((status = 200, body = Vec<TokenView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_tokens(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
) -> Result<Json<Vec<TokenView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let now = app.clock.now();
    Ok(Json(app.catalog.list_tokens(&grant).await?.into_iter().map(|row| view(row, now)).collect()))
}

/// Rename a token.
#[utoipa::path(
    patch, path = "/manage/v1/accounts/{account}/tokens/{token}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("token" = String, Path, description = "The token's id"),
    ),
    request_body = TokenChange,
    responses(
        (status = 200, body = TokenView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn rename_token(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, token)): Path<(String, String)>,
    Body(change): Body<TokenChange>,
) -> Result<Json<TokenView>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let name = check_name(&change.name)?;
    let row = find_token(&app, &grant, &token).await?;
    app.catalog.rename_token(&grant, &administrator.actor, &row, name).await?;
    Ok(Json(view(find_token(&app, &grant, &token).await?, app.clock.now())))
}

/// Revoke a token. Its next request is refused; on other nodes within a second.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/tokens/{token}/revoke", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("token" = String, Path, description = "The token's id"),
    ),
    responses((status = 200, body = TokenView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn revoke_token(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, token)): Path<(String, String)>,
) -> Result<Json<TokenView>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let row = find_token(&app, &grant, &token).await?;
    app.catalog.revoke_token(&grant, &administrator.actor, &row).await?;
    app.authenticator.forget();
    Ok(Json(view(find_token(&app, &grant, &token).await?, app.clock.now())))
}

fn view(row: TokenRow, now: Timestamp) -> TokenView {
    let state = match (row.revoked_at, row.rights.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(expires_at)) if expires_at <= now => "expired",
        _ => "active",
    };
    TokenView {
        uuid: row.token_id.to_string(),
        name: row.name,
        integration_uuid: row.integration_id.to_string(),
        integration: row.integration_name,
        kind: row.kind.to_string(),
        state: state.to_owned(),
        features: row.rights.features.iter().map(ToString::to_string).collect(),
        issued_at: row.issued_at.to_string(),
        expires_at: row.rights.expires_at.map(|time| time.to_string()),
        revoked_at: row.revoked_at.map(|time| time.to_string()),
        uses: row
            .uses
            .into_iter()
            .map(|used| TokenUseView {
                feature: used.feature,
                last_used_at: used.last_used_at.to_string(),
                address: used.address,
                user_agent: used.user_agent,
                requests: used.requests,
                events: used.events,
            })
            .collect(),
    }
}
