//! v3 of audit events: a query string, filters on arrival, a page token. Both published spellings are accepted; the
//! meaning is that of the later revision (`docs/events-api.md`).

#![expect(unused_qualifications, reason = "utoipa's macro spells the path of IntoParams out")]

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use daybook_events::{AUDIT_EVENTS, Cursor, LIMIT_DEFAULT, LIMIT_MAX, Position, Timestamp, Window, wire};
use daybook_store::{Events, ReadFilter};
use utoipa::IntoParams;

use super::{
    pages::count_read,
    reader::{AuditEvents, Reader},
};
use crate::{
    error::{ApiError, ErrorBody},
    state::App,
};

/// What a v3 client may ask with.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
struct QueryV3 {
    /// Events a page, 1 to 1000; 0 or absent for 100. `page_size` in the earlier revision.
    #[param(minimum = 0, maximum = 1000)]
    max_page_size: Option<u16>,
    /// Only events that arrived after this time, RFC 3339.
    start_time: Option<String>,
    /// Only events that arrived before this time, RFC 3339.
    end_time: Option<String>,
    /// The `next_page_token` of an earlier answer; not together with times. Its own name in the earlier revision.
    page_token: Option<String>,
}

/// Audit events in their v3 form.
#[utoipa::path(
    get, path = "/api/v3/auditevents", tag = "Events API", security(("bearer_token" = [])), params(QueryV3),
    responses(
        (status = 200, description = "`audit_events`, and `next_page_token` while there is more"),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody),
    )
)]
pub(super) async fn audit_events_v3(
    State(app): State<App>,
    reader: Reader<AuditEvents>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let page = match query {
        Ok(Query(pairs)) => page(&app, &reader, pairs).await,
        Err(rejection) => Err(ApiError::invalid(format!("the query: {}", rejection.body_text()))),
    };
    reader.bearer.answer(page)
}

async fn page(app: &App, reader: &Reader<AuditEvents>, query: Vec<(String, String)>) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let cursor = start(app, reader, QueryV3::parse(query)?).await?;
    let filter = ReadFilter { window: cursor.window, not_before: app.visible_from(&reader.bearer.verdict) };
    let events = app.log.read_after(&reader.stream, cursor.position, usize::from(cursor.limit), &filter).await?;
    let next = events.more.then(|| {
        let next = Cursor { position: events.scanned, ..cursor };
        app.cursor_sealer.seal(reader.stream.account(), &next)
    });
    reader.bearer.note_use(app, AUDIT_EVENTS.as_str(), now, (events.count(), events.scanned));
    count_read(&AUDIT_EVENTS, events.count());
    Ok(([(header::CONTENT_TYPE, "application/json")], write_page(&events, next.as_deref())).into_response())
}

async fn start(app: &App, reader: &Reader<AuditEvents>, query: QueryV3) -> Result<Cursor, ApiError> {
    if let Some(token) = query.page_token {
        if query.start_time.is_some() || query.end_time.is_some() {
            return Err(ApiError::invalid("page_token: start_time and end_time cannot go with it"));
        }
        let cursor = app.cursor_sealer.open(reader.stream.account(), &AUDIT_EVENTS, &token);
        let cursor = cursor.map_err(|error| ApiError::invalid(format!("page_token: {error}")))?;
        return Ok(Cursor { limit: query.max_page_size.unwrap_or(cursor.limit), ..cursor });
    }
    let time = |name: &str, text: Option<String>| {
        let parse =
            |text: String| text.parse::<Timestamp>().map_err(|error| ApiError::invalid(format!("{name}: {error}")));
        text.map(parse).transpose()
    };
    let position = match time("start_time", query.start_time)? {
        Some(start) => app.log.position_at_arrival(&reader.stream, start).await?,
        None => Position::START,
    };
    let window = time("end_time", query.end_time)?.map_or(Window::Everything, Window::ArrivedBefore);
    Ok(Cursor { position, limit: query.max_page_size.unwrap_or(LIMIT_DEFAULT), feature: AUDIT_EVENTS, window })
}

impl QueryV3 {
    fn parse(pairs: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "max_page_size" | "page_size" => parsed.max_page_size = parse_size(&name, &value)?,
                "start_time" => parsed.start_time = non_empty(value),
                "end_time" => parsed.end_time = non_empty(value),
                "page_token" | "next_page_token" => parsed.page_token = non_empty(value),
                _ => {}
            }
        }
        Ok(parsed)
    }
}

fn parse_size(name: &str, value: &str) -> Result<Option<u16>, ApiError> {
    let size = value.parse::<u16>().ok().filter(|size| *size <= LIMIT_MAX);
    let size = size.ok_or_else(|| ApiError::invalid(format!("{name}: must be a whole number from 0 to 1000")))?;
    Ok(Some(size).filter(|size| *size > 0))
}

fn non_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// `{"audit_events":[…],"next_page_token":"…"}`
fn write_page(events: &Events, next: Option<&str>) -> Vec<u8> {
    let mut page = b"{\"audit_events\":[".to_vec();
    let mut first = true;
    for event in events.iter() {
        let start = page.len();
        if !first {
            page.push(b',');
        }
        match wire::write_v3(event.payload, event.arrival, &mut page) {
            Ok(()) => first = false,
            Err(error) => {
                // Whatever stands in its way (a number beyond all numbers, half a character), the event is not left out.
                page.truncate(start);
                if !first {
                    page.push(b',');
                }
                first = false;
                let bare = format!("{{\"insert_time\":\"{}\",\"original\":{}}}", event.arrival, event.payload);
                page.extend_from_slice(bare.as_bytes());
                tracing::warn!(%error, cursor.position = event.position.get(), "an audit event has only its original form");
            }
        }
    }
    page.push(b']');
    if let Some(next) = next {
        page.extend_from_slice(b",\"next_page_token\":\"");
        page.extend_from_slice(next.as_bytes());
        page.push(b'"');
    }
    page.push(b'}');
    page
}
