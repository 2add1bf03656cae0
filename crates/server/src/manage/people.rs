//! People of the hub: who there is, and the links that let them in. What they do themselves is in the console.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use daybook_events::{PersonId, Role};
use daybook_store::{AdministrationToken, LinkPurpose, NewLink, Person};

use super::{
    administrator::{Administrator, Body, check_email},
    types::{AdministrationTokenView, Invitation, OneTimeLink, PersonView},
};
use crate::{
    console::{LINK_LIFE, fresh_link, make_setup_link},
    error::{ApiError, ErrorBody},
    request::Path,
    state::App,
};

/// Make a link for the hub's first owner, in place of earlier ones. It is left in `setup.link` of the data directory too.
#[utoipa::path(
    post, path = "/manage/v1/setup-link", tag = "Management", security(("administration_token" = [])),
    responses((status = 201, body = OneTimeLink), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody))
)]
pub(super) async fn create_setup_link(
    State(app): State<App>,
    _administrator: Administrator,
) -> Result<(StatusCode, Json<OneTimeLink>), ApiError> {
    if app.catalog.has_people().await? {
        let message = "the hub has its first owner; `daybook person reset EMAIL` lets somebody in again";
        return Err(ApiError::new(StatusCode::CONFLICT, message));
    }
    let expires_at = app.clock.now().plus(LINK_LIFE);
    let link = make_setup_link(&app).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "a set-up link could not be made");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "a fault of ours; it is in the log")
    })?;
    Ok((StatusCode::CREATED, Json(OneTimeLink { link, expires_at: expires_at.to_string() })))
}

/// Everybody who can sign in, by email.
#[utoipa::path(
    get, path = "/manage/v1/people", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<PersonView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_people(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<PersonView>>, ApiError> {
    Ok(Json(app.catalog.list_people(administrator.grant).await?.into_iter().map(view).collect()))
}

/// Make a link with which a person chooses a new password, in place of earlier ones.
#[utoipa::path(
    post, path = "/manage/v1/people/{person}/reset-link", tag = "Management", security(("administration_token" = [])),
    params(("person" = String, Path, description = "The person's id")),
    responses((status = 201, body = OneTimeLink), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn create_reset_link(
    State(app): State<App>,
    administrator: Administrator,
    Path(person): Path<String>,
) -> Result<(StatusCode, Json<OneTimeLink>), ApiError> {
    let person_id: PersonId =
        person.parse().map_err(|_| ApiError::new(StatusCode::NOT_FOUND, format!("no person {person:?}")))?;
    let (new, link) = fresh_link(&app, LinkPurpose::Reset, LINK_LIFE);
    app.catalog.add_reset_link(administrator.grant, &administrator.actor, &person_id, &new).await?;
    Ok(created(&new, link))
}

/// Invite somebody to an account. Whoever follows the link joins.
#[utoipa::path(
    post, path = "/manage/v1/accounts/{account}/invitations", tag = "Management",
    security(("administration_token" = [])), params(("account" = String, Path, description = "The account's id")),
    request_body = Invitation,
    responses(
        (status = 201, body = OneTimeLink), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
    )
)]
pub(super) async fn invite_person(
    State(app): State<App>,
    administrator: Administrator,
    Path(account): Path<String>,
    Body(invitation): Body<Invitation>,
) -> Result<(StatusCode, Json<OneTimeLink>), ApiError> {
    let grant = administrator.account(&app, &account).await?;
    let email = check_email(&invitation.email)?;
    let role: Role = invitation.role.parse().map_err(|error| ApiError::invalid(format!("role: {error}")))?;
    let life = Duration::from_secs(app.config.console.invitation_days * 86_400);
    let (new, link) = fresh_link(&app, LinkPurpose::Invitation, life);
    app.catalog.invite(&grant, (&administrator.actor, Role::Owner), (&email, role), &new).await?;
    Ok(created(&new, link))
}

/// Every administration token, without the token.
#[utoipa::path(
    get, path = "/manage/v1/administration-tokens", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = Vec<AdministrationTokenView>), (status = 401, body = ErrorBody))
)]
pub(super) async fn list_administration_tokens(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<Vec<AdministrationTokenView>>, ApiError> {
    let tokens = app.catalog.list_administration_tokens(administrator.grant).await?;
    Ok(Json(tokens.into_iter().map(|token| token_view(token, &administrator)).collect()))
}

/// Withdraw an administration token: its next request is refused.
#[utoipa::path(
    delete, path = "/manage/v1/administration-tokens/{token}", tag = "Management",
    security(("administration_token" = [])), params(("token" = String, Path, description = "The token's id")),
    responses((status = 204, description = "Withdrawn"), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(super) async fn revoke_administration_token(
    State(app): State<App>,
    administrator: Administrator,
    Path(token): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.catalog.revoke_administration_token(administrator.grant, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn created(new: &NewLink, link: String) -> (StatusCode, Json<OneTimeLink>) {
    (StatusCode::CREATED, Json(OneTimeLink { link, expires_at: new.expires_at.to_string() }))
}

fn view(person: Person) -> PersonView {
    PersonView {
        uuid: person.person_id.to_string(),
        email: person.email,
        name: person.name,
        runs_hub: person.runs_hub,
        created_at: person.created_at.to_string(),
        signed_in_at: person.signed_in_at.map(|time| time.to_string()),
    }
}

fn token_view(token: AdministrationToken, administrator: &Administrator) -> AdministrationTokenView {
    AdministrationTokenView {
        is_this: token.digest == administrator.digest,
        uuid: token.digest,
        name: token.name,
        created_at: token.created_at.to_string(),
    }
}
