//! v1 and v2 pages: `cursor`, `has_more`, `items`. A v2 page is cut from the log without parsing an event.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use daybook_events::{Cursor, Feature, PageRequest, ResetCursor, Window, wire};
use daybook_store::{Events, ReadFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reader::{AuditEvents, ItemUsages, ReadableFeature, Reader, SignInAttempts};
use crate::{
    error::{ApiError, ErrorBody},
    request::SmallBody,
    state::App,
    telemetry::metric_label,
};

/// A request: a reset cursor or a cursor, in any Content-Type, or nothing for the last hour.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body; it is read by `PageRequest`, which is more lenient")]
struct PageRequestBody {
    /// The cursor of an earlier answer; everything else is then passed over.
    cursor: Option<String>,
    /// Events a page.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// The first time wanted, RFC 3339; one hour before `end_time` or now without it.
    start_time: Option<String>,
    /// The first time no longer wanted, RFC 3339; open-ended without it.
    end_time: Option<String>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
struct Page {
    /// Where to go on; the same as before while nothing is new.
    cursor: String,
    /// Whether there may be more now.
    has_more: bool,
    /// The events, in order of arrival.
    items: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

macro_rules! page_handlers {
    ($($name:ident $path:literal $feature:ident $version:ident $summary:literal;)+) => {
        $(
            #[doc = $summary]
            #[utoipa::path(
                post, path = $path, tag = "Events API", security(("bearer_token" = [])),
                request_body(content = PageRequestBody, content_type = "application/json"),
                responses(
                    (status = 200, body = Page), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
                    (status = 429, body = ErrorBody), (status = 500, body = ErrorBody), (status = 503, body = ErrorBody),
                )
            )]
            pub(super) async fn $name(State(app): State<App>, reader: Reader<$feature>, body: Result<SmallBody, ApiError>) -> Response {
                let page = page(&app, &reader, body, Version::$version).await;
                reader.bearer.answer(page)
            }
        )+
    };
}

page_handlers! {
    sign_in_attempts_v1 "/api/v1/signinattempts" SignInAttempts V1 "Sign-in attempts, first version.";
    item_usages_v1 "/api/v1/itemusages" ItemUsages V1 "Item usages, first version.";
    audit_events_v1 "/api/v1/auditevents" AuditEvents V1 "Audit events, first version.";
    sign_in_attempts_v2 "/api/v2/signinattempts" SignInAttempts V2 "Sign-in attempts.";
    item_usages_v2 "/api/v2/itemusages" ItemUsages V2 "Item usages.";
    audit_events_v2 "/api/v2/auditevents" AuditEvents V2 "Audit events.";
}

async fn page<F: ReadableFeature>(
    app: &App,
    reader: &Reader<F>,
    body: Result<SmallBody, ApiError>,
    version: Version,
) -> Result<Response, ApiError> {
    let SmallBody(body) = body?;
    let now = app.clock.now();
    let cursor = match PageRequest::parse(&body, now)? {
        PageRequest::Continue(text) => app
            .cursor_sealer
            .open(reader.stream.account(), &F::FEATURE, &text)
            .map_err(|error| ApiError::invalid(format!("cursor: {error}")))?,
        PageRequest::Reset(reset) => start(app, reader, reset).await?,
    };
    let filter = ReadFilter { window: cursor.window, not_before: app.visible_from(&reader.bearer.verdict) };
    let events = app.log.read_after(&reader.stream, cursor.position, usize::from(cursor.limit), &filter).await?;
    let next = Cursor { position: events.scanned, window: cursor.window.at(events.scanned), ..cursor };
    reader.bearer.note_use(app, F::FEATURE.as_str(), now, (events.count(), events.scanned));
    count_read(&F::FEATURE, events.count());
    let next = app.cursor_sealer.seal(reader.stream.account(), &next);
    Ok(([(header::CONTENT_TYPE, "application/json")], write_page(&next, &events, version)).into_response())
}

/// Where a reset cursor starts, and what it takes.
async fn start<F: ReadableFeature>(app: &App, reader: &Reader<F>, reset: ResetCursor) -> Result<Cursor, ApiError> {
    let ResetCursor { limit, start_time: start, end_time } = reset;
    let until = app.log.stream(&reader.stream).await?.map(|stream| stream.head).unwrap_or_default();
    let position = app.log.position_at_time(&reader.stream, start).await?;
    let window = match end_time {
        Some(end) => Window::Between { start, end },
        None => Window::Since { start, until }.at(position),
    };
    Ok(Cursor { position, limit, feature: F::FEATURE, window })
}

/// `{"cursor":"…","has_more":…,"items":[…]}`
fn write_page(cursor: &str, events: &Events, version: Version) -> Vec<u8> {
    let payload_bytes: usize = events.runs.iter().map(|run| run.joined().len() + 1).sum();
    let mut page = Vec::with_capacity(payload_bytes + cursor.len() + 64);
    page.extend_from_slice(b"{\"cursor\":\"");
    page.extend_from_slice(cursor.as_bytes());
    page.extend_from_slice(if events.more {
        b"\",\"has_more\":true,\"items\":["
    } else {
        b"\",\"has_more\":false,\"items\":["
    });
    match version {
        Version::V2 => {
            for (index, run) in events.runs.iter().enumerate() {
                if index > 0 {
                    page.push(b',');
                }
                page.extend_from_slice(run.joined().as_bytes());
            }
        }
        Version::V1 => {
            for (index, event) in events.iter().enumerate() {
                if index > 0 {
                    page.push(b',');
                }
                wire::write_v1(event.payload, &mut page);
            }
        }
    }
    page.extend_from_slice(b"]}");
    page
}

/// Counts events that went out.
pub(super) fn count_read(feature: &Feature, events: usize) {
    let feature = metric_label(feature);
    metrics::counter!("daybook_events_read_total", "feature" => feature).increment(events as u64);
}
