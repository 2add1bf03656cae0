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

macro_rules! collectors {
    ($($(#[$doc:meta])+ $name:ident $path:literal takes $form:ident as $content:ty, $media_type:literal $words:literal;)+) => {
        $(
            $(#[$doc])+
            #[utoipa::path(
                post, path = $path, tag = "Event collector", security(("bearer_token" = [])),
                params(
                    SenderQuery,
                    ("X-Splunk-Request-Channel" = Option<String>, Header, description = "The same as `channel`"),
                ),
                request_body(content = $content, content_type = $media_type, description = $words),
                responses(
                    (status = 200, body = HecAnswer), (status = 400, body = HecAnswer), (status = 401, body = HecAnswer),
                    (status = 403, body = HecAnswer), (status = 408, body = HecAnswer), (status = 413, body = HecAnswer),
                    (status = 415, body = HecAnswer), (status = 500, body = HecAnswer), (status = 503, body = HecAnswer),
                )
            )]
            async fn $name(
                State(app): State<App>,
                sender: Sender,
                headers: HeaderMap,
                body: Body,
            ) -> Result<Json<HecAnswer>, HecError> {
                collect(app, sender, headers, body, Form::$form).await
            }
        )+
    };
}

collectors! {
    /// Append events from anything that can send to Splunk.
    ///
    /// The first event that is wrong is named, and none of its request is stored.
    collector "/services/collector" takes Events as Vec<serde_json::Value>,
        "application/json" "`{\"event\": …}`, one after the other or in an array";
    /// The same as `/services/collector`.
    collector_event "/services/collector/event" takes Events as Vec<serde_json::Value>,
        "application/json" "`{\"event\": …}`, one after the other or in an array";
    /// The same as `/services/collector`.
    collector_event_v1 "/services/collector/event/1.0" takes Events as Vec<serde_json::Value>,
        "application/json" "`{\"event\": …}`, one after the other or in an array";
    /// Append lines of text, each an event.
    collector_raw "/services/collector/raw" takes Lines as String, "text/plain" "Lines";
    /// The same as `/services/collector/raw`.
    collector_raw_v1 "/services/collector/raw/1.0" takes Lines as String, "text/plain" "Lines";
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
