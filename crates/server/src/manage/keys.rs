//! Signing keys: list, rotate, revoke; and their public halves for everybody.

use axum::{Json, extract::State, http::StatusCode};
use daybook_events::KeyId;
use daybook_store::SigningKeyRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::{administrator::Administrator, types::SigningKeyView};
use crate::{
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
    tokens::Jwk,
};

/// Public keys (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JwkSet {
    keys: Vec<Jwk>,
}

/// The public keys that verify this hub's tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Events API", responses((status = 200, body = JwkSet)))]
pub(super) async fn show_public_keys(State(app): State<App>) -> Json<JwkSet> {
    app.authenticator.refresh_keys().await;
    Json(JwkSet { keys: app.keyring.public_keys() })
}

/// Every signing key, newest first.
#[utoipa::path(
    get, path = "/manage/v1/signing-keys", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<SigningKeyView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_signing_keys(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<SigningKeyView>>, ApiError> {
    app.keyring.refresh(administrator.grant).await?;
    Ok(Json(app.keyring.list().iter().map(view).collect()))
}

/// Make a new signing key the active one. Tokens signed before stay good.
#[utoipa::path(
    post, path = "/manage/v1/signing-keys", tag = "Management", security(("administration_token" = [])),
    responses((status = 201, body = SigningKeyView), (status = 401, body = ErrorBody))
)]
pub(super) async fn rotate_signing_key(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<(StatusCode, Json<SigningKeyView>), ApiError> {
    let key_id = app.keyring.rotate(administrator.grant).await?;
    find(&app, &key_id).map(|key| (StatusCode::CREATED, Json(key)))
}

/// Revoke a retained key: every token that it signed is refused.
#[utoipa::path(
    post, path = "/manage/v1/signing-keys/{key}/revoke", tag = "Management", security(("administration_token" = [])),
    params(("key" = String, Path, description = "The key's id")),
    responses((status = 200, body = SigningKeyView), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn revoke_signing_key(
    State(app): State<App>,
    administrator: Administrator,
    Path(key): Path<String>,
) -> Result<Json<SigningKeyView>, ApiError> {
    let missing = || ApiError::new(StatusCode::NOT_FOUND, format!("no signing key {key:?}"));
    let key_id: KeyId = key.to_ascii_uppercase().parse().map_err(|_| missing())?;
    app.catalog.revoke_signing_key(administrator.grant, &key_id).await?;
    app.keyring.refresh(administrator.grant).await?;
    app.authenticator.forget();
    find(&app, &key_id).map(Json)
}

fn find(app: &App, key_id: &KeyId) -> Result<SigningKeyView, ApiError> {
    let key = app.keyring.list().into_iter().find(|key| key.key_id == *key_id);
    key.as_ref().map(view).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, format!("no signing key {key_id:?}")))
}

fn view(key: &SigningKeyRow) -> SigningKeyView {
    SigningKeyView {
        uuid: key.key_id.to_string(),
        status: key.status.to_string(),
        created_at: key.created_at.to_string(),
    }
}
