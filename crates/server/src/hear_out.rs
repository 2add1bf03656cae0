//! Whoever is refused while still sending a body gets to read why.
//!
//! A connection that is closed with bytes unread is reset, and the reset overtakes the answer: the client sees a broken
//! pipe instead of "the token was revoked". So what is left of a body that nobody wants is read and dropped, within
//! bounds.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes, HttpBody},
    extract::Request,
    http::header,
};
use futures_util::{Stream, StreamExt};

/// The most bytes that are read for nothing.
const BYTES_MAX: usize = 16 << 20;
/// The longest that it may take.
const TIME_MAX: Duration = Duration::from_secs(10);

/// The request with a body that is heard out. A client that asked whether to send it at all is not waited for.
pub(crate) async fn hear_out(request: Request) -> Request {
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return request;
    }
    request.map(|body| Body::from_stream(HeardOut(Some(body.into_data_stream()))))
}

/// The data of a body, of which the rest is read when it is dropped.
struct HeardOut(Option<BodyDataStream>);

impl Stream for HeardOut {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(data) = &mut self.0 else { return Poll::Ready(None) };
        let next = std::task::ready!(data.poll_next_unpin(context));
        if !matches!(next, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(next)
    }
}

impl Drop for HeardOut {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(TIME_MAX, read_for_nothing(rest)));
        }
    }
}

async fn read_for_nothing(mut rest: BodyDataStream) {
    let mut bytes = 0;
    while bytes <= BYTES_MAX {
        let Some(Ok(data)) = rest.next().await else { return };
        bytes += data.len();
    }
}
