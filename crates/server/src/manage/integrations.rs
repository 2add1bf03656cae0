//! Integrations of an account.

use axum::{Json, extract::State, http::StatusCode};
use daybook_events::Grant;
use daybook_store::{Integration, IntegrationKind, IntegrationState, StoreError};

use super::{
    administrator::{Administrator, Body, check_name},
    types::{IntegrationChange, IntegrationView, NewIntegration},
};
use crate::{
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

/// The integrations of an account, by name.
#[utoipa::path(
    get, path = "/manage/v1/accounts/{account}/integrations", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    responses((status = 200, body = Vec<IntegrationView>), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn list_integrations(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
) -> Result<Json<Vec<IntegrationView>>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    Ok(Json(app.catalog.list_integrations(&grant).await?.into_iter().map(view).collect()))
}

/// Add an integration.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/integrations", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = NewIntegration,
    responses(
        (status = 201, body = IntegrationView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn add_integration(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(new): Body<NewIntegration>,
) -> Result<(StatusCode, Json<IntegrationView>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let name = check_name(&new.name)?;
    let kind: IntegrationKind = new.kind.parse().map_err(|error| ApiError::invalid(format!("kind: {error}")))?;
    let integration = app.catalog.add_integration(&grant, &administrator.actor, kind, name).await?;
    Ok((StatusCode::CREATED, Json(view(integration))))
}

/// Disable an integration, or make it active again. Its tokens follow at once.
#[utoipa::path(
    patch, path = "/manage/v1/accounts/{account}/integrations/{integration}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("integration" = String, Path, description = "The integration's id"),
    ),
    request_body = IntegrationChange,
    responses(
        (status = 200, body = IntegrationView), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(super) async fn change_integration(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, integration)): Path<(String, String)>,
    Body(change): Body<IntegrationChange>,
) -> Result<Json<IntegrationView>, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let state = match change.state.as_str() {
        "active" => IntegrationState::Active,
        "disabled" => IntegrationState::Disabled,
        _ => return Err(ApiError::invalid("state: must be active or disabled")),
    };
    let found = find_integration(&app, &grant, &integration).await?;
    set_state(&app, &administrator, &grant, &found, state).await?;
    Ok(Json(view(Integration { state, ..found })))
}

/// Remove an integration for good. Its tokens are refused from now on.
#[utoipa::path(
    delete, path = "/manage/v1/accounts/{account}/integrations/{integration}", tag = "Management",
    security(("administration_token" = [])),
    params(
        ("account" = String, Path, description = "The account's id"),
        ("integration" = String, Path, description = "The integration's id"),
    ),
    responses((status = 204, description = "Removed"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn remove_integration(
    State(app): State<App>,
    administrator: Administrator,
    Path((account, integration)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let found = find_integration(&app, &grant, &integration).await?;
    set_state(&app, &administrator, &grant, &found, IntegrationState::Removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_state(
    app: &App,
    administrator: &Administrator,
    grant: &Grant,
    integration: &Integration,
    state: IntegrationState,
) -> Result<(), ApiError> {
    app.catalog.set_integration_state(grant, &administrator.actor, integration, state).await?;
    app.authenticator.forget();
    Ok(())
}

/// An integration of the account, by id.
pub(super) async fn find_integration(app: &App, grant: &Grant, id: &str) -> Result<Integration, ApiError> {
    match app.catalog.find_integration(grant, id).await {
        Ok(found) if found.state != IntegrationState::Removed => Ok(found),
        Ok(_) | Err(StoreError::Missing { .. }) => {
            Err(ApiError::new(StatusCode::NOT_FOUND, format!("no integration {id:?} in this account")))
        }
        Err(error) => Err(error.into()),
    }
}

fn view(integration: Integration) -> IntegrationView {
    IntegrationView {
        uuid: integration.integration_id.to_string(),
        account_uuid: integration.account_id.to_string(),
        name: integration.name,
        kind: integration.kind.to_string(),
        state: integration.state.to_string(),
        created_at: integration.created_at.to_string(),
    }
}
