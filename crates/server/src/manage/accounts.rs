//! Accounts of the hub.

use axum::{Json, extract::State, http::StatusCode};
use daybook_store::Account;

use super::{
    administrator::{Administrator, Body, check_name},
    types::{AccountChange, AccountView, NewAccount, StreamStorage},
};
use crate::{
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

const RETENTION_DAYS_MAX: u32 = 36_500;

/// Every account, by name.
#[utoipa::path(
    get, path = "/manage/v1/accounts", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<AccountView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_accounts(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<AccountView>>, ApiError> {
    Ok(Json(app.catalog.list_accounts(administrator.grant).await?.into_iter().map(view).collect()))
}

/// Add an account.
#[utoipa::path(
    post, path = "/manage/v1/accounts", tag = "Management", security(("administration_token" = [])),
    request_body = NewAccount,
    responses(
        (status = 201, body = AccountView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn add_account(
    State(app): State<App>,
    administrator: Administrator,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<AccountView>), ApiError> {
    let name = check_name(&new.name)?;
    check_retention(new.retention_days)?;
    let account = app.catalog.add_account(administrator.grant, &administrator.actor, name, new.retention_days).await?;
    Ok((StatusCode::CREATED, Json(view(account))))
}

/// Change how long an account's events are kept.
#[utoipa::path(
    patch, path = "/manage/v1/accounts/{account}", tag = "Management", security(("administration_token" = [])),
    params(("account" = String, Path, description = "The account's id")), request_body = AccountChange,
    responses(
        (status = 200, body = AccountView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn change_account(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(change): Body<AccountChange>,
) -> Result<Json<AccountView>, ApiError> {
    check_retention(change.retention_days)?;
    let grant = administrator.account(&app, &account).await?;
    let changed = app.catalog.set_account_retention(&grant, &administrator.actor, change.retention_days).await?;
    app.authenticator.forget();
    Ok(Json(view(changed)))
}

/// What an account's streams take in storage.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/storage", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    responses((status = 200, body = Vec<StreamStorage>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn show_storage(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
) -> Result<Json<Vec<StreamStorage>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let mut storage = Vec::new();
    for stream in app.log.streams(administrator.grant, Some(grant.account())).await? {
        let size = app.log.size(administrator.grant, stream.stream_id).await?;
        storage.push(StreamStorage {
            feature: stream.feature.to_string(),
            events: size.events,
            blocks: size.blocks,
            stored_bytes: size.stored_bytes,
            raw_bytes: size.raw_bytes,
        });
    }
    Ok(Json(storage))
}

pub(crate) fn check_retention(days: Option<u32>) -> Result<(), ApiError> {
    if days.is_none_or(|days| (1..=RETENTION_DAYS_MAX).contains(&days)) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "retention_days: must be 1 to {RETENTION_DAYS_MAX}, or null to keep events for ever"
    )))
}

fn view(account: Account) -> AccountView {
    AccountView {
        uuid: account.account_id.to_string(),
        name: account.name,
        retention_days: account.retention_days,
        created_at: account.created_at.to_string(),
    }
}
