//! Bearer tokens of an account: issue, list, rename, revoke.

use std::{collections::BTreeSet, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use daybook_events::{Claims, Feature, Grant, Timestamp, TokenId};
use daybook_store::{IntegrationKind, NewToken, TokenRow};

use super::{
    administrator::{Administrator, Body, check_name},
    integrations::find_integration,
    types::{IssuedToken, NewTokenRequest, TokenChange, TokenUseView, TokenView},
};
use crate::{
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

const FEATURES_MAX: usize = 32;
/// A hundred years: further ahead, a client's clock may overflow.
const EXPIRY_SECS_MAX: u64 = 100 * 365 * 24 * 3600;

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
    let features = parse_features(&request.features, integration.kind)?;
    let now = Timestamp::from_seconds(app.clock.now().as_seconds());
    let expires_at = expiry(now, request.expires_in_secs)?;
    let token_id = TokenId::random();
    let claims = Claims {
        aud: vec![app.public_host.clone()],
        features: features.iter().map(ToString::to_string).collect(),
        account: Some(grant.account().to_string()),
        sub: Some(integration.integration_id.to_string()),
        iss: Some("daybook".to_owned()),
        iat: Some(now.as_seconds()),
        exp: expires_at.map(Timestamp::as_seconds),
        jti: Some(token_id.to_string()),
    };
    // Another node may have rotated the key that this one knows as active, and revoked it since.
    app.keyring.refresh(administrator.grant).await?;
    let (token, signature_digest, key_id) = app.keyring.sign(&claims).map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "a token could not be signed");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "a fault of ours; it is in the log")
    })?;
    let new = NewToken {
        token_id: token_id.clone(),
        integration_id: integration.integration_id,
        name: name.to_owned(),
        features,
        signature_digest,
        key_id,
        issued_at: now,
        expires_at,
    };
    app.catalog.add_token(&grant, &administrator.actor, &new).await?;
    let row = find_token(&app, &grant, token_id.as_str()).await?;
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

fn parse_features(names: &[String], kind: IntegrationKind) -> Result<BTreeSet<Feature>, ApiError> {
    if names.is_empty() || names.len() > FEATURES_MAX {
        return Err(ApiError::invalid(format!("features: name 1 to {FEATURES_MAX}")));
    }
    let parse = |name: &String| {
        let feature = name.parse::<Feature>().map_err(|error| ApiError::invalid(format!("features: {error}")))?;
        if kind != IntegrationKind::Source && !feature.is_wire() {
            return Err(ApiError::invalid(format!(
                "features: {feature} is not served by the Events API; readers have signinattempts, itemusages and auditevents"
            )));
        }
        Ok(feature)
    };
    names.iter().map(parse).collect()
}

fn expiry(now: Timestamp, secs: Option<u64>) -> Result<Option<Timestamp>, ApiError> {
    match secs {
        None => Ok(None),
        Some(secs) if (1..=EXPIRY_SECS_MAX).contains(&secs) => Ok(Some(now.plus(Duration::from_secs(secs)))),
        Some(_) => Err(ApiError::invalid("expires_in_secs: must be 1 second to 100 years, or left out for never")),
    }
}

async fn find_token(app: &App, grant: &Grant, id: &str) -> Result<TokenRow, ApiError> {
    let found = app.catalog.list_tokens(grant).await?.into_iter().find(|token| token.token_id.as_str() == id);
    found.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, format!("no token {id:?} in this account")))
}

fn view(row: TokenRow, now: Timestamp) -> TokenView {
    let state = match (row.revoked_at, row.expires_at) {
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
        features: row.features.iter().map(ToString::to_string).collect(),
        issued_at: row.issued_at.to_string(),
        expires_at: row.expires_at.map(|time| time.to_string()),
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
