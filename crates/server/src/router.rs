//! Every route of the hub, and what every request passes on its way.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware,
    response::{Html, IntoResponse, Response},
};
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, predicate::SizeAbove},
};
use utoipa::{OpenApi, openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    console, error::ApiError, events_api, hear_out::hear_out, ingest, manage, openapi as document,
    own_requests::refuse_own, state::App, telemetry,
};

/// Smaller answers are not worth compressing.
const COMPRESS_ABOVE_BYTES: u16 = 1024;

/// The whole service, and the OpenAPI document of exactly what it serves.
pub(crate) fn router(app: &App) -> Router {
    let (router, document) = documented_routes().split_for_parts();
    let text = document.to_pretty_json().expect("an OpenAPI document is plain data");
    app.openapi.get_or_init(|| text);
    let compression = CompressionLayer::new()
        .gzip(true)
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESS_ABOVE_BYTES));
    router
        .merge(console::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(compression)
        .layer(middleware::map_response_with_state(app.clone(), add_security_headers))
        .layer(middleware::map_request_with_state(app.clone(), refuse_own))
        .layer(middleware::map_request(hear_out))
        .layer(middleware::from_fn(telemetry::observe))
        .layer(CatchPanicLayer::custom(|_| internal_error()))
        .with_state(app.clone())
}

/// The routes with their documentation.
pub(crate) fn documented_routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .merge(events_api::routes())
        .merge(ingest::routes())
        .merge(manage::routes())
        .merge(manage::public_routes())
        .merge(telemetry::routes())
        .routes(routes!(show_openapi))
        .routes(routes!(show_reference))
        .routes(routes!(show_reference_css))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "Documentation", responses((status = 200, description = "OpenAPI 3.1")))]
async fn show_openapi(State(app): State<App>) -> Response {
    let text = app.openapi.get().cloned().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The reference for people: every operation of this document on one page.
#[utoipa::path(get, path = "/docs", tag = "Documentation", responses((status = 200, description = "HTML")))]
async fn show_reference(State(app): State<App>) -> Result<Html<String>, ApiError> {
    let document: openapi::OpenApi = serde_json::from_str(app.openapi.get().map_or("{}", String::as_str))
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    document::render(&document)
        .map(Html)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// The style sheet of the reference.
#[utoipa::path(get, path = "/docs/reference.css", tag = "Documentation", responses((status = 200, description = "CSS")))]
async fn show_reference_css() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], document::REFERENCE_CSS).into_response()
}

/// People get a page, programs an error like every other.
async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    if is_for_people(&headers) {
        return console::missing_page().await;
    }
    let message = format!("there is nothing at {}; /docs lists what there is", uri.path());
    ApiError::new(StatusCode::NOT_FOUND, message).into_response()
}

/// A browser that opens its tabs again looks at addresses to which forms were sent.
async fn method_not_allowed(uri: Uri, headers: HeaderMap) -> Response {
    if is_for_people(&headers) {
        return console::missing_page().await;
    }
    let message = format!("{} takes another method; see /docs", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response()
}

fn is_for_people(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.contains("text/html")
}

fn internal_error() -> Response {
    tracing::error!("a request ended in a panic");
    let body = serde_json::json!({
        "status": 500, "message": "a fault of ours; it is in the log",
        "Error": {"Message": "a fault of ours; it is in the log"},
    });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

async fn add_security_headers(State(app): State<App>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    let policy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if app.is_known_by_name {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
