//! What the hub sends is not taken by the hub: a destination that leads back to it would append what it delivers, deliver
//! that, and so on for ever, more of it each time. Requests of connectors carry a mark, by which every node of the hub knows
//! them whatever name or address they came by, as long as nobody on the way takes it off.
//!
//! Two hubs that send to each other are not known by it: each sees the other's mark.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use daybook_connectors::HUB_MARK;

use crate::{error::ApiError, state::App};

const MARK_BYTES: usize = 16;

/// The mark of the hub with this key; every receiver gets to see it.
pub(crate) fn mark(key: &[u8; 32]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, key);
    HEXLOWER.encode(&digest.as_ref()[..MARK_BYTES])
}

/// Lets a request pass that is not the hub's own.
pub(crate) async fn refuse_own(State(app): State<App>, request: Request) -> Result<Request, Response> {
    let Some(mark) = request.headers().get(HUB_MARK) else { return Ok(request) };
    let own = &app.connector_context.hub_mark;
    if mark.as_bytes() != own.as_bytes() {
        return Ok(request);
    }
    let message = "this is a loop: one of this hub's own destinations leads here; give it the URL of another system";
    let mut refusal = ApiError::new(StatusCode::FORBIDDEN, message).into_response();
    if let Ok(mark) = HeaderValue::from_str(own) {
        refusal.headers_mut().insert(HUB_MARK, mark);
    }
    Err(refusal)
}
