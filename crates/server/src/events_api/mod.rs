//! The Events API: both introspections, v1 and v2 of three features, v3 of audit events.
//!
//! Every request passes token, rate limit, handler, in this order. Everything wrong with a token is 401, everything
//! wrong with a request 400 with the field's name.

mod introspect;
mod limits;
mod pages;
mod reader;
mod v3;

use axum::http::HeaderMap;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use limits::RateLimits;
pub(crate) use reader::{ClientInfo, bearer_token, check_network, client_of};

use crate::state::App;

/// The routes under `/api`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(introspect::introspect))
        .routes(routes!(introspect::introspect_v2))
        .routes(routes!(pages::sign_in_attempts_v1))
        .routes(routes!(pages::item_usages_v1))
        .routes(routes!(pages::audit_events_v1))
        .routes(routes!(pages::sign_in_attempts_v2))
        .routes(routes!(pages::item_usages_v2))
        .routes(routes!(pages::audit_events_v2))
        .routes(routes!(v3::audit_events_v3))
}

/// The text of a header, if it is one.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
