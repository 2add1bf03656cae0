//! An account of a test's own, with somebody who reads and somebody who appends.

use daybook_events::{Feature, ITEM_USAGES};
use daybook_testkit::{Answer, events};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Hub, LONG_AGO, id_of};

/// The features of the wire, as they are named in it.
pub(crate) const WIRE: [&str; 3] = ["signinattempts", "itemusages", "auditevents"];
/// A feature without a schema, which every source here may append to.
const OPEN: &str = "okta.system";
const PAGES_MAX: usize = 10_000;

/// An account on a hub.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) hub: Hub,
    pub(crate) uuid: String,
    /// A token that reads everything.
    pub(crate) reader: String,
    /// A token that appends to everything.
    pub(crate) source: String,
}

impl Account {
    pub(super) async fn furnish(hub: &Hub, uuid: String) -> Self {
        let mut account = Self { hub: hub.clone(), uuid, reader: String::new(), source: String::new() };
        account.reader = token_of(&account.reader_with(&WIRE).await);
        let features = [&WIRE[..], &[OPEN]].concat();
        account.source = token_of(&account.issue("source", &features).await);
        account
    }

    /// The same account on another node, or after a restart.
    pub(crate) fn on(&self, hub: &Hub) -> Self {
        Self { hub: hub.clone(), ..self.clone() }
    }

    /// `accounts/ID/PATH`, for the management API.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("accounts/{}/{path}", self.uuid)
    }

    pub(crate) async fn manage(&self, method: Method, path: &str, body: Value) -> Answer {
        self.hub.manage(method, &self.path(path), body).await
    }

    /// A new integration's id.
    pub(crate) async fn integration(&self, kind: &str) -> String {
        let name = daybook_events::random_upper_id();
        let body = json!({"name": name, "kind": kind});
        id_of(&self.manage(Method::POST, "integrations", body).await.expect_status(201).json())
    }

    /// A token of a new integration, with all that is told of it once.
    pub(crate) async fn issue(&self, kind: &str, features: &[&str]) -> Value {
        let integration = self.integration(kind).await;
        self.issue_for(&integration, json!({"name": "first", "features": features})).await
    }

    pub(crate) async fn issue_for(&self, integration: &str, token: Value) -> Value {
        let path = format!("integrations/{integration}/tokens");
        self.manage(Method::POST, &path, token).await.expect_status(201).json()
    }

    pub(crate) async fn reader_with(&self, features: &[&str]) -> Value {
        self.issue("other", features).await
    }

    /// Appends item usages by number, as NDJSON; all must be accepted.
    pub(crate) async fn ingest(&self, numbers: std::ops::Range<u64>) {
        let count = numbers.end - numbers.start;
        self.ingest_body("itemusages", events::batch(&ITEM_USAGES, numbers), count).await;
    }

    /// Appends a body of so many events; all must be accepted.
    pub(crate) async fn ingest_body(&self, feature: &str, body: impl Into<Vec<u8>>, count: u64) {
        let answer = self.try_ingest(feature, &[], body).await.expect_status(200);
        assert_eq!(answer.json(), json!({"accepted": count, "rejected": []}));
    }

    pub(crate) async fn try_ingest(&self, feature: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        self.hub.post_with(&format!("/ingest/v1/{feature}"), Some(&self.source), headers, body).await
    }

    /// A request for item usages.
    pub(crate) async fn ask(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.hub.post("/api/v2/itemusages", Some(&self.reader), body).await
    }

    /// A page of item usages.
    pub(crate) async fn page(&self, body: Value) -> Value {
        self.page_of("/api/v2/itemusages", body).await
    }

    pub(crate) async fn page_of(&self, path: &str, body: Value) -> Value {
        self.hub.post(path, Some(&self.reader), body.to_string()).await.expect_status(200).json()
    }

    /// The `uuid`s of all item usages, from a reset cursor to the end.
    pub(crate) async fn walk(&self, reset: Value) -> Vec<String> {
        self.walk_of("/api/v2/itemusages", reset).await
    }

    /// The `uuid`s of everything at a path, from a reset cursor to the end.
    pub(crate) async fn walk_of(&self, path: &str, reset: Value) -> Vec<String> {
        let mut walked = Vec::new();
        let mut body = reset;
        for _ in 0..PAGES_MAX {
            let page = self.page_of(path, body).await;
            walked.extend(uuids_of(&page));
            if page["has_more"] == false {
                return walked;
            }
            body = json!({"cursor": page["cursor"]});
        }
        panic!("no end after {PAGES_MAX} pages");
    }

    /// The `uuid`s of all item usages.
    pub(crate) async fn everything(&self) -> Vec<String> {
        self.walk(json!({"limit": 1000, "start_time": LONG_AGO})).await
    }

    /// The account's own audit events: action, object type, object.
    pub(crate) async fn audit_trail(&self) -> Vec<Value> {
        let body = json!({"limit": 1000, "start_time": LONG_AGO});
        let page = self.page_of("/api/v2/auditevents", body).await;
        page["items"].as_array().unwrap().clone()
    }
}

/// The token in what issuing answered.
pub(crate) fn token_of(issued: &Value) -> String {
    issued["token"].as_str().unwrap().to_owned()
}

/// The `uuid`s on a page.
#[track_caller]
pub(crate) fn uuids_of(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["uuid"].as_str().unwrap().to_owned()).collect()
}

/// The `uuid`s of item usages by number.
pub(crate) fn uuids(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    let feature: &Feature = &ITEM_USAGES;
    numbers.into_iter().map(|n| events::uuid(feature, n)).collect()
}
