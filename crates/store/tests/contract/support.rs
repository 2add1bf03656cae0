//! A fresh store with a clock that stands still, and short words for what every test does.

use std::sync::Arc;

use daybook_events::{
    AccountId, Actor, ConnectorId, Feature, FixedClock, Grant, HubGrant, ITEM_USAGES, NewEvent, Position, Read,
    StreamKey, Timestamp,
};
use daybook_store::{
    AppendBatch, Appended, Catalog, Connector, ConnectorState, CursorStore, Database, DatabaseOptions, Direction,
    EncodedBlock, EventLog, EventLogOptions, IdempotencyKey, NewConnector, Origin, ReadFilter, StoreError,
};

pub(crate) const HUB: HubGrant = HubGrant::of_the_hub_itself();
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_772_600_400);

pub(crate) struct Store {
    pub(crate) log: EventLog,
    pub(crate) cursors: CursorStore,
    pub(crate) catalog: Catalog,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) database: Database,
    pub(crate) grant: Grant,
    options: DatabaseOptions,
    keep: Keep,
}

#[expect(dead_code, reason = "held for their Drop")]
enum Keep {
    Folder(tempfile::TempDir),
    Database(daybook_testkit::TestDatabase),
}

impl Store {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open(DatabaseOptions::sqlite(folder.path()), Keep::Folder(folder), EventLogOptions::default()).await
    }

    pub(crate) async fn postgres() -> Self {
        let database = daybook_testkit::TestDatabase::create();
        let options = DatabaseOptions::postgres(&database.url());
        Self::open(options, Keep::Database(database), EventLogOptions::default()).await
    }

    async fn open(options: DatabaseOptions, keep: Keep, log_options: EventLogOptions) -> Self {
        let database = Database::open(options.clone()).await.unwrap();
        let clock = Arc::new(FixedClock::at(NOON));
        Self {
            log: EventLog::open(database.clone(), clock.clone(), log_options),
            cursors: CursorStore::new(database.clone(), clock.clone(), "first node".into()),
            catalog: Catalog::new(database.clone(), clock.clone()),
            clock,
            database,
            grant: Grant::administrator(AccountId::random()),
            options,
            keep,
        }
    }

    /// The same store, opened anew as after a restart, with other bounds.
    pub(crate) async fn reopen(self, log_options: EventLogOptions) -> Self {
        let Self { log, clock, database, grant, options, keep, .. } = self;
        log.close().await;
        database.close().await;
        let mut store = Self::open(options, keep, log_options).await;
        store.clock.set(daybook_events::Clock::now(clock.as_ref()));
        store.grant = grant;
        store
    }

    /// A second node on the same store, where the backend allows one; the same node where it does not.
    pub(crate) async fn second_node(&self) -> (EventLog, CursorStore) {
        let database = match &self.keep {
            Keep::Folder(_) => self.database.clone(),
            Keep::Database(_) => Database::open(self.options.clone()).await.unwrap(),
        };
        let log = match &self.keep {
            Keep::Folder(_) => self.log.clone(),
            Keep::Database(_) => EventLog::open(database.clone(), self.clock.clone(), EventLogOptions::default()),
        };
        (log, CursorStore::new(database, self.clock.clone(), "second node".into()))
    }

    pub(crate) fn stream(&self) -> StreamKey<Read> {
        self.grant.to_read(&ITEM_USAGES).unwrap()
    }

    pub(crate) async fn append(&self, events: &[(Timestamp, String)]) -> Appended {
        append_to(&self.log, &self.grant, &ITEM_USAGES, events, None).await.unwrap()
    }

    pub(crate) async fn append_with_key(
        &self,
        events: &[(Timestamp, String)],
        key: &str,
    ) -> Result<Appended, StoreError> {
        let body_digest = events.iter().map(|(_, payload)| payload.as_str()).collect();
        let idempotency = IdempotencyKey { key: key.into(), body_digest, answer: format!("accepted {}", events.len()) };
        append_to(&self.log, &self.grant, &ITEM_USAGES, events, Some(idempotency)).await
    }

    /// Everything in the stream, by pages of `limit`, as the numbers that [`events`] put into it.
    pub(crate) async fn walk(&self, limit: usize, filter: ReadFilter) -> Vec<i64> {
        walk_log(&self.log, &self.stream(), limit, filter).await
    }

    pub(crate) async fn stream_id(&self) -> i64 {
        self.log.stream(&self.stream()).await.unwrap().unwrap().stream_id
    }
}

pub(crate) async fn append_to(
    log: &EventLog,
    grant: &Grant,
    feature: &Feature,
    events: &[(Timestamp, String)],
    idempotency: Option<IdempotencyKey>,
) -> Result<Appended, StoreError> {
    let new: Vec<_> = events.iter().map(|(time, payload)| NewEvent { time: *time, payload }).collect();
    let blocks = EncodedBlock::encode_batch(&new);
    log.append(AppendBatch { stream: grant.to_append(feature).unwrap(), blocks, idempotency, source: None }).await
}

pub(crate) async fn walk_log(log: &EventLog, stream: &StreamKey<Read>, limit: usize, filter: ReadFilter) -> Vec<i64> {
    let mut position = Position::START;
    let mut numbers = Vec::new();
    loop {
        let page = log.read_after(stream, position, limit, &filter).await.unwrap();
        assert!(page.count() <= limit);
        assert!(page.scanned >= position);
        let mut previous = position;
        for event in page.iter() {
            assert!(event.position > previous, "{} after {previous}", event.position);
            previous = event.position;
            numbers.push(number_of(event.payload));
        }
        assert!(page.scanned >= previous);
        if !page.more {
            return numbers;
        }
        assert!(page.scanned > position, "a page that says there is more must move on");
        position = page.scanned;
    }
}

/// Events numbered by a range, a second apart from noon.
pub(crate) fn events(numbers: std::ops::Range<i64>) -> Vec<(Timestamp, String)> {
    numbers.map(|number| (at(number), payload(number))).collect()
}

pub(crate) fn payload(number: i64) -> String {
    format!("{{\"n\":{number},\"text\":\"ünïcode, commas, and }} braces\"}}")
}

pub(crate) fn number_of(payload: &str) -> i64 {
    payload.trim_start_matches("{\"n\":").split(',').next().unwrap().parse().unwrap()
}

/// Noon and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOON.as_seconds() + seconds)
}

/// The grant of a fresh account.
pub(crate) async fn account(store: &Store, name: &str) -> Grant {
    HUB.account(store.catalog.add_account(HUB, &actor(), name, None).await.unwrap().account_id)
}

/// A connector with two settings and a secret.
pub(crate) fn new_connector(direction: Direction, name: &str) -> NewConnector {
    NewConnector {
        direction,
        kind: "webhook".into(),
        name: name.into(),
        state: ConnectorState::Active,
        settings: [("url", "https://siem.example/hook"), ("timeout_secs", "30")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        sealed_secrets: b"sealed secret".to_vec(),
        origin: Origin::Person,
    }
}

pub(crate) async fn add_connector(store: &Store, grant: &Grant, direction: Direction, name: &str) -> Connector {
    let new = new_connector(direction, name);
    store.catalog.add_connector(grant, &actor(), ConnectorId::random(), new).await.unwrap()
}

pub(crate) async fn set_state(store: &Store, grant: &Grant, id: &ConnectorId, state: ConnectorState) -> Connector {
    store.catalog.set_connector_state(grant, &actor(), id, state).await.unwrap()
}

pub(crate) fn actor() -> Actor {
    Actor { uuid: "ACTOR".into(), name: "Test".into(), email: String::new(), ip: "127.0.0.1".into(), since: NOON }
}
