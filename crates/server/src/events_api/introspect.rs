//! What a token may do, told to its bearer. Only features of the wire are listed: a client dies on others.

use axum::{Json, extract::State, response::Response};
use daybook_events::{Position, WIRE_FEATURES};
use serde::Serialize;
use utoipa::ToSchema;

use super::reader::Bearer;
use crate::{error::ErrorBody, state::App};

/// The first version of introspection.
#[derive(Debug, Serialize, ToSchema)]
struct Introspection {
    /// The integration.
    #[serde(rename = "UUID")]
    uuid: String,
    /// When the token was issued, RFC 3339.
    #[serde(rename = "IssuedAt")]
    issued_at: String,
    /// What it may read.
    #[serde(rename = "Features")]
    features: Vec<String>,
}

/// The second version of introspection.
#[derive(Debug, Serialize, ToSchema)]
struct IntrospectionV2 {
    /// The integration.
    uuid: String,
    /// When the token was issued, RFC 3339.
    issued_at: String,
    /// What it may read.
    features: Vec<String>,
    /// The account that issued it.
    account_uuid: String,
}

fn introspection(bearer: &Bearer, app: &App) -> IntrospectionV2 {
    bearer.note_use(app, "introspect", app.clock.now(), (0, Position::default()));
    let readable = WIRE_FEATURES.iter().filter(|feature| bearer.verdict.rights.features.contains(*feature));
    IntrospectionV2 {
        uuid: bearer.verdict.integration_id.to_string(),
        issued_at: bearer.verdict.issued_at.to_string(),
        features: readable.map(ToString::to_string).collect(),
        account_uuid: bearer.verdict.account_id.to_string(),
    }
}

/// What a token may do (first version).
#[utoipa::path(
    get, path = "/api/auth/introspect", tag = "Events API", security(("bearer_token" = [])),
    responses((status = 200, body = Introspection), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody))
)]
pub(super) async fn introspect(State(app): State<App>, bearer: Bearer) -> Response {
    let IntrospectionV2 { uuid, issued_at, features, .. } = introspection(&bearer, &app);
    bearer.answer(Json(Introspection { uuid, issued_at, features }))
}

/// What a token may do.
#[utoipa::path(
    get, path = "/api/v2/auth/introspect", tag = "Events API", security(("bearer_token" = [])),
    responses((status = 200, body = IntrospectionV2), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody))
)]
pub(super) async fn introspect_v2(State(app): State<App>, bearer: Bearer) -> Response {
    bearer.answer(Json(introspection(&bearer, &app)))
}
