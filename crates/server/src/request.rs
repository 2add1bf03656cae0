//! What handlers take from a request, refused with the errors of [`crate::error`]: the stock extractors answer in plain
//! text, and wait for a body for ever.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Path as StockPath, Request},
    http::{StatusCode, request::Parts},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::{error::ApiError, state::App};

/// Bytes of a request body outside of ingest: cursors and names.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A whole body, small and in time.
pub(crate) struct SmallBody(pub(crate) Bytes);

impl FromRequest<App> for SmallBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let timeout = Duration::from_secs(app.config.server.body_timeout_secs);
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX);
        let read = tokio::time::timeout(timeout, body.collect()).await;
        match read.map_err(|_| too_late(timeout))? {
            Ok(body) => Ok(Self(body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large(BODY_BYTES_MAX)),
            Err(error) => Err(ended_early(error)),
        }
    }
}

/// The address of a client: that of the connection, or, when that is a proxy the configuration trusts, the last one in
/// `X-Forwarded-For` that is no such proxy.
pub(crate) fn client_address(parts: &Parts, app: &App) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let mut address = peer.ip().to_canonical();
    let proxies = &app.trusted_proxies;
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    for name in named.iter().rev() {
        if proxies.is_everywhere() || !proxies.contains(address) {
            break;
        }
        let Ok(next) = name.parse::<IpAddr>() else { break };
        address = next.to_canonical();
    }
    Some(address)
}

/// The parts of a path; one that is no text leads nowhere.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = <StockPath<T> as FromRequestParts<App>>::from_request_parts(parts, app).await;
        path.map(|StockPath(path)| Self(path))
            .map_err(|rejection| ApiError::new(StatusCode::NOT_FOUND, rejection.body_text()))
    }
}

pub(crate) fn too_large(bytes_max: usize) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {bytes_max} bytes; send less at a time"),
    )
}

pub(crate) fn too_late(timeout: Duration) -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, format!("the body took longer than {timeout:?}"))
}

pub(crate) fn ended_early(error: impl std::fmt::Display) -> ApiError {
    ApiError::invalid(format!("the body ended early: {error}"))
}
