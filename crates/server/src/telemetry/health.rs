//! `/healthz`: the process lives. `/readyz`: it can serve. `/metrics`: numbers for Prometheus.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{ApiError, ErrorBody},
    state::App,
};

/// The routes for whoever watches over the hub; they tell nothing of any account.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics_text))
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "Health", responses((status = 200, description = "`ok`")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the hub can serve: its store answers.
#[utoipa::path(
    get, path = "/readyz", tag = "Health",
    responses((status = 200, description = "`ready`"), (status = 503, body = ErrorBody))
)]
async fn readyz(State(app): State<App>) -> Result<&'static str, ApiError> {
    check_store(&app).await.map(|()| "ready\n")
}

/// Whether the store answers.
pub(crate) async fn check_store(app: &App) -> Result<(), ApiError> {
    match tokio::time::timeout(std::time::Duration::from_secs(5), app.database.ping()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store does not answer");
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"))
        }
        Err(_) => Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the store takes too long to answer")),
    }
}

/// Numbers in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "Health", responses((status = 200, description = "Prometheus text format 0.0.4")))]
async fn metrics_text(State(app): State<App>) -> Response {
    metrics::gauge!("daybook_uptime_seconds").set(app.clock.now().since(app.started_at).as_secs_f64());
    app.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render()).into_response()
}
