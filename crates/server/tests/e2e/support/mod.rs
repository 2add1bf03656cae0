//! A running hub, an account of one's own on it, and short words for what every test does.
//!
//! ```text
//!   Hub::shared(store) ─┐
//!   Hub::start(builder) ┼──▶ Hub ── account() ──▶ Account { reader, source } ── ingest, page, walk
//!   Hub::attach(server) ┘     └ get, post, manage
//! ```

mod account;
mod browser;
mod desk;
mod forge;
mod links;
mod pushing;
mod raw;
mod seat;
mod upstream;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use daybook_events::{Clock, SystemClock, Timestamp};
use daybook_store::DatabaseOptions;
use daybook_testkit::{Answer, Daybook, DaybookBuilder, TestDatabase, TestHttp};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) use account::{Account, WIRE, token_of, uuids, uuids_of};
pub(crate) use browser::{Browser, PASSWORD, setup_code};
pub(crate) use desk::{Desk, saved};
pub(crate) use forge::{altered, forged, parts_of, with_payload};
pub(crate) use links::{code_of, first_account, invitation_code, is_signed_in, join, location, page, reset_code};
pub(crate) use pushing::{PATIENCE, PUSHING, Pushing, SECRET, merged, once, pushing, uuids_in};
pub(crate) use raw::{Raw, RawAnswer};
pub(crate) use seat::{Guests, Seat};
pub(crate) use upstream::{page_of, scripted, scripted_settings};

/// Before everything that a test ingests.
pub(crate) const LONG_AGO: &str = "2020-01-01T00:00:00Z";
const WAIT_MAX: Duration = Duration::from_secs(15);

/// Which store a shared hub keeps its events in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

/// A server, and the database it uses; the server goes first.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) daybook: Daybook,
    database: Option<TestDatabase>,
}

/// The hubs that tests share: each lives as long as somebody uses it.
static SHARED: [Mutex<Weak<Server>>; 2] = [Mutex::new(Weak::new()), Mutex::new(Weak::new())];

/// A hub that answers.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    pub(crate) http: TestHttp,
    pub(crate) url: String,
    pub(crate) ca_path: Option<PathBuf>,
    administration_token: String,
    server: Option<Arc<Server>>,
}

/// The binary under test.
pub(crate) fn daybook() -> DaybookBuilder {
    Daybook::builder(env!("CARGO_BIN_EXE_daybook"))
}

/// The binary under test on a store of its own.
pub(crate) fn start_on(store: Store, builder: DaybookBuilder) -> Server {
    let database = matches!(store, Store::Postgres).then(TestDatabase::create);
    let builder = match &database {
        Some(database) => builder.store_url(database.url()),
        None => builder,
    };
    Server { daybook: builder.start(), database }
}

impl Hub {
    /// A hub with the default configuration that other tests use too.
    pub(crate) fn shared(store: Store) -> Self {
        let mut shared = SHARED[store as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let server = shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(start_on(store, daybook()));
            *shared = Arc::downgrade(&server);
            server
        });
        Self { server: Some(Arc::clone(&server)), ..Self::attach(&server.daybook) }
    }

    /// A hub of the test's own, on SQLite.
    pub(crate) fn start(builder: DaybookBuilder) -> Self {
        Self::start_on(Store::Sqlite, builder)
    }

    /// A hub of the test's own.
    pub(crate) fn start_on(store: Store, builder: DaybookBuilder) -> Self {
        let server = Arc::new(start_on(store, builder));
        Self { server: Some(Arc::clone(&server)), ..Self::attach(&server.daybook) }
    }

    /// A hub that the test holds itself, to stop and start it.
    pub(crate) fn attach(daybook: &Daybook) -> Self {
        let administration_token = std::fs::read_to_string(daybook.data_dir().join("admin.token")).unwrap();
        Self {
            http: daybook.http(),
            url: daybook.url().to_owned(),
            ca_path: daybook.ca_path().map(Path::to_owned),
            administration_token: administration_token.trim().to_owned(),
            server: None,
        }
    }

    /// The process behind it.
    pub(crate) fn daybook(&self) -> &Daybook {
        &self.server.as_ref().expect("the hub holds its server").daybook
    }

    /// How its store is opened from outside.
    pub(crate) fn store_options(&self) -> DatabaseOptions {
        let server = self.server.as_ref().expect("the hub holds its server");
        match &server.database {
            Some(database) => DatabaseOptions::postgres(&database.url()),
            None => DatabaseOptions::sqlite(server.daybook.data_dir()),
        }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    pub(crate) fn administration_token(&self) -> &str {
        &self.administration_token
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.http.get(&format!("{}{path}", self.url), token).await
    }

    /// Without a Content-Type, as the official connectors do it.
    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: impl Into<Vec<u8>>) -> Answer {
        self.post_with(path, token, &[], body).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        self.http.send(Method::POST, &format!("{}{path}", self.url), token, headers, body.into()).await
    }

    /// A request to `/manage/v1/…` with the administration token; no body for `null`.
    pub(crate) async fn manage(&self, method: Method, path: &str, body: Value) -> Answer {
        let url = format!("{}/manage/v1/{path}", self.url);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http.send(method, &url, Some(&self.administration_token), &[], body.into()).await
    }

    /// A fresh account with a reader and a source.
    pub(crate) async fn account(&self) -> Account {
        self.account_kept_for(Value::Null).await
    }

    /// The same, with so many days of retention.
    pub(crate) async fn account_kept_for(&self, retention_days: Value) -> Account {
        let name = daybook_events::random_upper_id();
        let body = json!({"name": name, "retention_days": retention_days});
        let account = self.manage(Method::POST, "accounts", body).await.expect_status(201).json();
        Account::furnish(self, id_of(&account)).await
    }

    /// The value of a metric, summed over the series that have all of these labels.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = self.get("/metrics", None).await.expect_status(200).text;
        let series =
            text.lines().filter(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)));
        series.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }
}

/// The `uuid` of what the management API answered.
pub(crate) fn id_of(value: &Value) -> String {
    value["uuid"].as_str().unwrap_or_else(|| panic!("no uuid in {value}")).to_owned()
}

/// The message of an error, after checking everything else about it: every error is this object, for every client.
#[track_caller]
pub(crate) fn refusal(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text);
    let body = answer.json();
    let message = body["message"].as_str().unwrap_or_else(|| panic!("no message in {body}")).to_owned();
    assert_eq!(body, json!({"status": status, "message": message, "Error": {"Message": message}}));
    assert!(!message.is_empty());
    assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"));
    message
}

/// So long ago.
pub(crate) fn ago(duration: Duration) -> Timestamp {
    SystemClock.now().minus(duration)
}

/// So many days ago.
pub(crate) fn days_ago(days: u64) -> Timestamp {
    ago(Duration::from_secs(days * 24 * 3600))
}

/// Asks again until the answer is yes, for 15 s at the most.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFnMut() -> bool) {
    within(WAIT_MAX, what, is_so).await;
}

/// The same for as long as this.
pub(crate) async fn within(time_max: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < time_max, "not within {time_max:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
