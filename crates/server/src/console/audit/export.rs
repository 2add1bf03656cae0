//! The audit trail as a file, read from the store page by page while it is sent.
//!
//! CSV follows RFC 4180. A cell that a spreadsheet would compute is prefixed by an apostrophe, so that a name such as
//! `=HYPERLINK(…)` stays a name. JSON is one array.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use daybook_events::Grant;
use daybook_store::{Action, ActionFilter, ActionPlace};
use futures_util::{Stream, stream};
use serde_json::{Value, json};

use super::{AuditQuery, said};
use crate::{
    console::{
        error::PageError,
        form::Errors,
        query::Query,
        visit::{Administrator, Member},
    },
    state::App,
};

const ACTIONS_A_READ: u32 = 1000;
/// A file has at most so many actions; for more, one asks day by day.
const ACTIONS_MAX: usize = 100_000;

const COLUMNS: [&str; 13] = [
    "time",
    "actor",
    "actor_email",
    "actor_id",
    "address",
    "action",
    "in_words",
    "object_type",
    "object_id",
    "object",
    "before",
    "after",
    "event_id",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// A file being written.
struct Export {
    app: App,
    grant: Grant,
    filter: ActionFilter,
    format: Format,
    place: Option<ActionPlace>,
    written: usize,
    is_done: bool,
}

/// `GET /accounts/{account}/audit/export?format=csv|json`, with the filter of the page.
pub(in crate::console) async fn export_audit(
    State(app): State<App>,
    member: Member<Administrator>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    let filter = query.filter(&mut errors);
    if let Some((_, text)) = errors.all().first() {
        return Err(PageError::bad_request(text));
    }
    let (format, extension, content_type) = match query.format.as_str() {
        "json" => (Format::Json, "json", "application/json"),
        _ => (Format::Csv, "csv", "text/csv; charset=utf-8"),
    };
    let today = app.clock.now().to_string();
    let today = today.split('T').next().unwrap_or_default();
    let name = format!("attachment; filename=\"daybook-audit-{}-{today}.{extension}\"", member.account());
    let export = Export { app, grant: member.grant.clone(), filter, format, place: None, written: 0, is_done: false };
    let headers = [(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(export.into_stream())).into_response())
}

impl Export {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, axum::BoxError>> {
        stream::try_unfold(self, |mut export| async move {
            let part = export.next_part().await?;
            Ok(part.map(|bytes| (bytes, export)))
        })
    }

    /// The next part of the file, with its beginning and its end; `None` behind that.
    async fn next_part(&mut self) -> Result<Option<Bytes>, axum::BoxError> {
        if self.is_done {
            return Ok(None);
        }
        let actions =
            self.app.catalog.list_actions(&self.grant, &self.filter, self.place.as_ref(), ACTIONS_A_READ).await?;
        let is_first = self.written == 0;
        self.written += actions.len();
        self.is_done = actions.len() < ACTIONS_A_READ as usize || self.written >= ACTIONS_MAX;
        self.place =
            actions.last().map(|action| ActionPlace { done_at: action.done_at, event_id: action.event_id.clone() });
        let bytes = match self.format {
            Format::Csv => write_csv(&actions, is_first)?,
            Format::Json => write_json(&actions, is_first, self.is_done)?,
        };
        Ok(Some(bytes.into()))
    }
}

fn write_csv(actions: &[Action], is_first: bool) -> Result<Vec<u8>, axum::BoxError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if is_first {
        writer.write_record(COLUMNS)?;
    }
    for action in actions {
        writer.write_record(cells(action).map(|cell| harmless(&cell)))?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

fn write_json(actions: &[Action], is_first: bool, is_last: bool) -> Result<Vec<u8>, axum::BoxError> {
    let mut bytes = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        bytes.extend_from_slice(if is_first && index == 0 { b"[\n" } else { b",\n" });
        serde_json::to_writer(&mut bytes, &value(action))?;
    }
    if is_last {
        bytes.extend_from_slice(if is_first && actions.is_empty() { b"[]\n" } else { b"\n]\n" });
    }
    Ok(bytes)
}

fn cells(action: &Action) -> [String; COLUMNS.len()] {
    let change = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    [
        action.done_at.to_string(),
        action.actor_name.clone(),
        action.actor_email.clone(),
        action.actor_id.clone(),
        action.address.clone(),
        action.action.clone(),
        said::did(&action.action, &action.object_type, &action.before, &action.after),
        action.object_type.clone(),
        action.object_id.clone(),
        action.object_name.clone(),
        change(&action.before),
        change(&action.after),
        action.event_id.clone(),
    ]
}

fn value(action: &Action) -> Value {
    json!({
        "time": action.done_at.to_string(),
        "actor": {"id": action.actor_id, "name": action.actor_name, "email": action.actor_email},
        "address": action.address,
        "action": action.action,
        "object": {"type": action.object_type, "id": action.object_id, "name": action.object_name},
        "before": action.before,
        "after": action.after,
        "event_id": action.event_id,
    })
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use daybook_events::Timestamp;

    use super::*;

    fn action(object_name: &str) -> Action {
        Action {
            event_id: "E".into(),
            done_at: Timestamp::from_seconds(0),
            actor_id: "P".into(),
            actor_name: "@SUM(1)".into(),
            actor_email: "+1@x".into(),
            address: "192.0.2.1".into(),
            action: "create".into(),
            object_type: "sa".into(),
            object_id: "O".into(),
            object_name: object_name.into(),
            before: Value::Null,
            after: json!({"name": "x"}),
        }
    }

    #[test]
    fn cells_compute_nothing_and_quote_what_must_be() {
        let csv = String::from_utf8(write_csv(&[action("=1+1,\"x\"\nb")], true).unwrap()).unwrap();
        let (head, row) = csv.split_once("\r\n").unwrap();
        assert_eq!(head, COLUMNS.join(","));
        assert!(row.starts_with("1970-01-01T00:00:00Z,'@SUM(1),'+1@x,P,192.0.2.1,create,added the integration,sa,O,"));
        assert!(
            row.contains(
                r#","'=1+1,""x""
b","#
            ),
            "{row}"
        );
        assert!(row.ends_with(",\"{\"\"name\"\":\"\"x\"\"}\",E\r\n"), "{row}");
        for cell in ["-1", "\tx", "\rx", "=x"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("a=b"), "a=b");
    }

    #[test]
    fn parts_of_json_make_one_array() {
        let parse = |parts: &[Vec<u8>]| serde_json::from_slice::<Vec<Value>>(&parts.concat()).unwrap().len();
        assert_eq!(parse(&[write_json(&[], true, true).unwrap()]), 0);
        let one = [action("a")];
        assert_eq!(parse(&[write_json(&one, true, false).unwrap(), write_json(&one, false, true).unwrap()]), 2);
        assert_eq!(parse(&[write_json(&one, true, false).unwrap(), write_json(&[], false, true).unwrap()]), 1);
    }
}
