//! Events from whatever can send to Splunk's HTTP Event Collector: the same routes, answers and acknowledgements.
//!
//! A request is stored whole or not at all, and answered after it is on disk. Where events go, the token says; what is
//! stored of them, [`event`] does. `docs/ingest.md` is for people.

mod acks;
mod answer;
mod batch;
mod epoch;
mod event;
mod handler;
mod sender;
mod values;

use axum::{Json, body::Body, extract::State, http::HeaderMap};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use acks::Acks;

use self::{
    answer::{HecAnswer, HecError},
    batch::Form,
    handler::{check_health, collect},
    sender::{Sender, SenderQuery},
};
use crate::state::App;

/// The routes under `/services/collector`: each under all of its names.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(collector))
        .routes(routes!(collector_event))
        .routes(routes!(collector_event_v1))
        .routes(routes!(collector_raw))
        .routes(routes!(collector_raw_v1))
        .routes(routes!(collector_health))
        .routes(routes!(collector_health_v1))
        .routes(routes!(handler::collector_ack))
}

/// Append events from anything that can send to Splunk.
///
/// The first event that is wrong is named, and none of its request is stored.
#[utoipa::path(
    post, path = "/services/collector", tag = "Event collector", security(("bearer_token" = [])),
    params(
        SenderQuery,
        ("X-Splunk-Request-Channel" = Option<String>, Header, description = "The same as `channel`"),
    ),
    request_body(content = Vec<serde_json::Value>, content_type = "application/json", description = "`{\"event\": …}`, one after the other or in an array"),
    responses(
        (status = 200, body = HecAnswer), (status = 400, body = HecAnswer), (status = 401, body = HecAnswer),
        (status = 403, body = HecAnswer), (status = 408, body = HecAnswer), (status = 413, body = HecAnswer),
        (status = 415, body = HecAnswer), (status = 500, body = HecAnswer), (status = 503, body = HecAnswer),
    )
)]
async fn collector(
    State(app): State<App>,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HecAnswer>, HecError> {
    collect(app, sender, headers, body, Form::Events).await
}

/// The same as `/services/collector`.
#[utoipa::path(
    post, path = "/services/collector/event", tag = "Event collector", security(("bearer_token" = [])),
    params(
        SenderQuery,
        ("X-Splunk-Request-Channel" = Option<String>, Header, description = "The same as `channel`"),
    ),
    request_body(content = Vec<serde_json::Value>, content_type = "application/json", description = "`{\"event\": …}`, one after the other or in an array"),
    responses(
        (status = 200, body = HecAnswer), (status = 400, body = HecAnswer), (status = 401, body = HecAnswer),
        (status = 403, body = HecAnswer), (status = 408, body = HecAnswer), (status = 413, body = HecAnswer),
        (status = 415, body = HecAnswer), (status = 500, body = HecAnswer), (status = 503, body = HecAnswer),
    )
)]
async fn collector_event(
    State(app): State<App>,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HecAnswer>, HecError> {
    collect(app, sender, headers, body, Form::Events).await
}

/// The same as `/services/collector`.
#[utoipa::path(
    post, path = "/services/collector/event/1.0", tag = "Event collector", security(("bearer_token" = [])),
    params(
        SenderQuery,
        ("X-Splunk-Request-Channel" = Option<String>, Header, description = "The same as `channel`"),
    ),
    request_body(content = Vec<serde_json::Value>, content_type = "application/json", description = "`{\"event\": …}`, one after the other or in an array"),
    responses(
        (status = 200, body = HecAnswer), (status = 400, body = HecAnswer), (status = 401, body = HecAnswer),
        (status = 403, body = HecAnswer), (status = 408, body = HecAnswer), (status = 413, body = HecAnswer),
        (status = 415, body = HecAnswer), (status = 500, body = HecAnswer), (status = 503, body = HecAnswer),
    )
)]
async fn collector_event_v1(
    State(app): State<App>,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HecAnswer>, HecError> {
    collect(app, sender, headers, body, Form::Events).await
}

/// Append lines of text, each an event.
#[utoipa::path(
    post, path = "/services/collector/raw", tag = "Event collector", security(("bearer_token" = [])),
    params(
        SenderQuery,
        ("X-Splunk-Request-Channel" = Option<String>, Header, description = "The same as `channel`"),
    ),
    request_body(content = String, content_type = "text/plain", description = "Lines"),
    responses(
        (status = 200, body = HecAnswer), (status = 400, body = HecAnswer), (status = 401, body = HecAnswer),
        (status = 403, body = HecAnswer), (status = 408, body = HecAnswer), (status = 413, body = HecAnswer),
        (status = 415, body = HecAnswer), (status = 500, body = HecAnswer), (status = 503, body = HecAnswer),
    )
)]
async fn collector_raw(
    State(app): State<App>,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HecAnswer>, HecError> {
    collect(app, sender, headers, body, Form::Lines).await
}

/// The same as `/services/collector/raw`.
#[utoipa::path(
    post, path = "/services/collector/raw/1.0", tag = "Event collector", security(("bearer_token" = [])),
    params(
        SenderQuery,
        ("X-Splunk-Request-Channel" = Option<String>, Header, description = "The same as `channel`"),
    ),
    request_body(content = String, content_type = "text/plain", description = "Lines"),
    responses(
        (status = 200, body = HecAnswer), (status = 400, body = HecAnswer), (status = 401, body = HecAnswer),
        (status = 403, body = HecAnswer), (status = 408, body = HecAnswer), (status = 413, body = HecAnswer),
        (status = 415, body = HecAnswer), (status = 500, body = HecAnswer), (status = 503, body = HecAnswer),
    )
)]
async fn collector_raw_v1(
    State(app): State<App>,
    sender: Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<HecAnswer>, HecError> {
    collect(app, sender, headers, body, Form::Lines).await
}

/// Whether events would be taken: the store answers and has room.
#[utoipa::path(
    get, path = "/services/collector/health", tag = "Event collector",
    responses((status = 200, body = HecAnswer), (status = 503, body = HecAnswer))
)]
async fn collector_health(State(app): State<App>) -> Result<Json<HecAnswer>, HecError> {
    check_health(&app).await
}

/// The same as `/services/collector/health`.
#[utoipa::path(
    get, path = "/services/collector/health/1.0", tag = "Event collector",
    responses((status = 200, body = HecAnswer), (status = 503, body = HecAnswer))
)]
async fn collector_health_v1(State(app): State<App>) -> Result<Json<HecAnswer>, HecError> {
    check_health(&app).await
}
