//! The state of the hub in one look.

use axum::{Json, extract::State};
use daybook_store::Backend;

use super::{
    administrator::Administrator,
    types::{CursorStatus, HubStatus, StreamStatus},
};
use crate::{
    error::{ApiError, ErrorBody},
    state::App,
};

/// The state of the hub: streams and how far its own readers are.
#[utoipa::path(
    get, path = "/manage/v1/status", tag = "Management", security(("administration_token" = [])),
    responses((status = 200, body = HubStatus), (status = 401, body = ErrorBody))
)]
pub(super) async fn show_status(
    State(app): State<App>,
    administrator: Administrator,
) -> Result<Json<HubStatus>, ApiError> {
    let streams = app.log.streams(administrator.grant, None).await?;
    let cursors = app.cursors.list(administrator.grant).await?;
    Ok(Json(HubStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store: match app.database.backend() {
            Backend::Sqlite => "sqlite".to_owned(),
            Backend::Postgres => "postgres".to_owned(),
        },
        public_url: app.public_url(),
        started_at: app.started_at.to_string(),
        streams: streams
            .into_iter()
            .map(|stream| StreamStatus {
                account_uuid: stream.account.to_string(),
                feature: stream.feature.to_string(),
                head: stream.head.get(),
                last_arrival: stream.last_arrival.to_string(),
            })
            .collect(),
        cursors: cursors
            .into_iter()
            .map(|cursor| CursorStatus {
                name: cursor.name,
                account_uuid: cursor.account.to_string(),
                feature: cursor.feature.to_string(),
                position: cursor.position.get(),
                behind: cursor.head.get() - cursor.position.get(),
            })
            .collect(),
    }))
}
