//! Elasticsearch's `_bulk` with `create` actions, whose items succeed and fail one by one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{Received, Reply};

/// How the index behaves; a marker is looked for in the text of a document.
#[derive(Debug, Clone, Default)]
pub struct BulkBehaviour {
    /// A document with this text is refused for good: 400 `document_parsing_exception`.
    pub malformed_marker: Option<String>,
    /// A document with this text is refused the first time: 429 `es_rejected_execution_exception`.
    pub busy_once_marker: Option<String>,
}

/// An index; clones are the same one.
#[derive(Debug, Clone)]
pub struct Bulk {
    behaviour: BulkBehaviour,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    documents: BTreeMap<(String, String), Value>,
    was_busy_for: BTreeSet<String>,
}

/// An index that behaves like this.
#[must_use]
pub fn bulk(behaviour: BulkBehaviour) -> Bulk {
    Bulk { behaviour, state: Arc::default() }
}

impl Bulk {
    /// The function for `Receiver::answer_with`.
    pub fn handler(&self) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
        let bulk = self.clone();
        move |received| bulk.answer(received)
    }

    /// The documents it has, by index and `_id`.
    #[must_use]
    pub fn documents(&self) -> BTreeMap<(String, String), Value> {
        self.state.lock().unwrap().documents.clone()
    }

    fn answer(&self, received: &Received) -> Reply {
        let Some(target) = received.path.strip_suffix("/_bulk") else { return Reply::status(404) };
        let text = received.text();
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        if !text.ends_with('\n') || lines.is_empty() || !lines.len().is_multiple_of(2) {
            return malformed_request("The bulk request must be terminated by a newline [\\n]");
        }
        let mut items = Vec::new();
        for pair in lines.chunks(2) {
            match self.item(target.trim_start_matches('/'), pair[0], pair[1]) {
                Some(item) => items.push(json!({ "create": item })),
                None => {
                    return malformed_request("Malformed action/metadata line, expected create with _index and _id");
                }
            }
        }
        let errors = items.iter().any(|item| item["create"]["error"].is_object());
        Reply::json(200, &json!({ "took": 1, "errors": errors, "items": items }))
    }

    /// What became of one document; nothing where its action is not `create` with an index and an id.
    fn item(&self, target: &str, action: &str, source: &str) -> Option<Value> {
        let action: Value = serde_json::from_str(action).ok()?;
        let create = action.get("create")?;
        let index = create["_index"].as_str().or(Some(target).filter(|target| !target.is_empty()))?;
        let id = create["_id"].as_str()?;
        let has = |marker: &Option<String>| marker.as_ref().is_some_and(|marker| source.contains(marker));
        let mut state = self.state.lock().unwrap();
        let key = (index.to_owned(), id.to_owned());
        let (status, kind) = match serde_json::from_str::<Value>(source) {
            Err(_) => (400, "document_parsing_exception"),
            Ok(_) if has(&self.behaviour.malformed_marker) => (400, "document_parsing_exception"),
            Ok(_) if state.documents.contains_key(&key) => (409, "version_conflict_engine_exception"),
            Ok(_) if has(&self.behaviour.busy_once_marker) && state.was_busy_for.insert(id.to_owned()) => {
                (429, "es_rejected_execution_exception")
            }
            Ok(document) => {
                state.documents.insert(key, document);
                return Some(json!({ "_index": index, "_id": id, "result": "created", "status": 201 }));
            }
        };
        let error = json!({ "type": kind, "reason": format!("[{id}]: {kind}") });
        Some(json!({ "_index": index, "_id": id, "status": status, "error": error }))
    }
}

fn malformed_request(reason: &str) -> Reply {
    let error = json!({ "type": "illegal_argument_exception", "reason": reason });
    Reply::json(400, &json!({ "error": error, "status": 400 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Receiver, TestHttp};

    fn two_lines(id: &str, text: &str) -> String {
        let action = json!({ "create": { "_index": "logs", "_id": id } });
        format!("{action}\n{}\n", json!({ "text": text }))
    }

    #[tokio::test]
    async fn each_item_has_a_result_of_its_own_in_order() {
        let receiver = Receiver::start().await;
        let (malformed, busy) = (Some("poison".to_owned()), Some("busy".to_owned()));
        let bulk = bulk(BulkBehaviour { malformed_marker: malformed, busy_once_marker: busy });
        receiver.answer_with(bulk.handler());
        let (url, http) = (format!("{}/_bulk", receiver.url()), TestHttp::new(None));
        let body: String = [("a", "fine"), ("b", "poison"), ("c", "busy"), ("a", "fine")]
            .map(|(id, text)| two_lines(id, text))
            .concat();

        let mut statuses = Vec::new();
        for _ in 0..2 {
            let answer = http.post(&url, None, "application/x-ndjson", body.clone()).await.expect_status(200).json();
            assert_eq!(answer["errors"], true);
            let items = answer["items"].as_array().unwrap().clone();
            statuses.push(items.iter().map(|item| item["create"]["status"].as_u64().unwrap()).collect::<Vec<_>>());
        }
        assert_eq!(statuses, [[201, 400, 429, 409], [409, 400, 201, 409]]);
        let ids: Vec<String> = bulk.documents().into_keys().map(|(_, id)| id).collect();
        assert_eq!(ids, ["a", "c"]);
    }

    #[tokio::test]
    async fn a_body_without_its_last_newline_is_refused_whole() {
        let receiver = Receiver::start().await;
        let bulk = bulk(BulkBehaviour::default());
        receiver.answer_with(bulk.handler());
        let body = two_lines("a", "fine").trim_end().to_owned();
        let url = format!("{}/logs/_bulk", receiver.url());
        let answer = TestHttp::new(None).post(&url, None, "application/x-ndjson", body).await.expect_status(400);
        assert_eq!(answer.json()["error"]["type"], "illegal_argument_exception");
        assert!(bulk.documents().is_empty());
    }
}
