//! The log: one stream per account and feature, positions 1, 2, 3… without gaps.
//!
//! ```text
//!  trimmed ░░░│ packed blocks ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓│ small new blocks ▒▒▒ │ next position
//! ```
//!
//! Appends that wait together share one transaction. Arrival times grow strictly with the position, whatever the clock
//! does. Readers take the description of blocks from an index, and their payloads from a cache or the table.

mod append;
mod arrivals;
mod pack;
mod read;
mod watch;

use std::{str::FromStr, sync::Arc, time::Duration};

use daybook_events::{AccountId, Clock, Feature, HubGrant, Position, Timestamp};
use sqlx::{Row, any::AnyRow};
use tokio::{sync::mpsc, task::JoinHandle};

pub use append::{AppendBatch, Appended, IdempotencyKey};
pub use arrivals::ArrivalRun;
pub use pack::{PackOutcome, StreamToPack};
pub use read::{Events, ReadFilter, Run};
pub use watch::Watch;

pub(crate) use append::{NewBlocks, append_in};

use crate::{
    cache::BlockCache,
    database::{Backend, Database},
    error::{Step, StoreError},
    sql,
};

/// The bounds of the log's loops.
#[derive(Debug, Clone)]
pub struct EventLogOptions {
    /// Appends that may wait before more are refused with `Busy`.
    pub append_queue_max: usize,
    /// Compressed bytes of one transaction's appends, about.
    pub commit_bytes_max: usize,
    /// Bytes of decompressed blocks kept for readers.
    pub cache_bytes: usize,
    /// Bytes of payload in one page, about; a page of large events is shorter.
    pub page_bytes_max: usize,
    /// Blocks one page may decompress in search of its events; a page that finds fewer is shorter.
    pub page_blocks_max: usize,
    /// How long an idempotency key is remembered.
    pub idempotency_window: Duration,
}

impl Default for EventLogOptions {
    fn default() -> Self {
        Self {
            append_queue_max: 1024,
            commit_bytes_max: 4 << 20,
            cache_bytes: 32 << 20,
            page_bytes_max: 8 << 20,
            page_blocks_max: 128,
            idempotency_window: Duration::from_secs(24 * 3600),
        }
    }
}

/// A stream as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// Its number in the store.
    pub stream_id: i64,
    /// Whose events these are.
    pub account: AccountId,
    /// Which kind.
    pub feature: Feature,
    /// The position of its last event; 0 before the first.
    pub head: Position,
    /// When that arrived.
    pub last_arrival: Timestamp,
}

/// What a stream takes in storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamSize {
    /// Events kept.
    pub events: u64,
    /// Rows.
    pub blocks: u64,
    /// Bytes of their payloads, compressed.
    pub stored_bytes: u64,
    /// The same before compression.
    pub raw_bytes: u64,
}

/// Appends, reads, packs and trims streams.
#[derive(Debug, Clone)]
pub struct EventLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Database,
    clock: Arc<dyn Clock>,
    options: EventLogOptions,
    cache: BlockCache,
    watchers: Arc<watch::Watchers>,
    appends: std::sync::Mutex<Option<mpsc::Sender<append::Waiting>>>,
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl EventLog {
    /// The log in an open store. Starts the appender, and on PostgreSQL the listener for other nodes' appends.
    #[must_use]
    pub fn open(database: Database, clock: Arc<dyn Clock>, options: EventLogOptions) -> Self {
        let (appends, waiting) = mpsc::channel(options.append_queue_max);
        let watchers = Arc::new(watch::Watchers::default());
        let mut tasks = vec![tokio::spawn(append::run_appender(
            database.clone(),
            Arc::clone(&clock),
            options.clone(),
            Arc::clone(&watchers),
            waiting,
        ))];
        if database.backend() == Backend::Postgres {
            let listener = tokio::spawn(watch::listen_to_other_nodes(database.clone(), Arc::downgrade(&watchers)));
            tasks.push(listener);
        }
        let cache = BlockCache::new(options.cache_bytes);
        let appends = std::sync::Mutex::new(Some(appends));
        let tasks = std::sync::Mutex::new(tasks);
        Self { inner: Arc::new(Inner { database, clock, options, cache, watchers, appends, tasks }) }
    }

    /// Every stream of the hub, or of one account.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn streams(&self, _grant: HubGrant, account: Option<&AccountId>) -> Result<Vec<StreamState>, StoreError> {
        let rows = self
            .inner
            .database
            .query(sql::LIST_STREAMS)
            .bind(account.map_or("", AccountId::as_str))
            .fetch_all(self.inner.database.readers())
            .await
            .step("list streams")?;
        rows.iter().map(stream_state).collect()
    }

    /// What a stream takes in storage.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn size(&self, _grant: HubGrant, stream_id: i64) -> Result<StreamSize, StoreError> {
        let database = &self.inner.database;
        let row = database.query(sql::STREAM_SIZES).bind(stream_id).fetch_one(database.readers()).await;
        let row = row.step("measure a stream")?;
        let read = |column| row.try_get::<i64, _>(column).step("measure a stream").map(i64::cast_unsigned);
        Ok(StreamSize {
            events: read("events")?,
            blocks: read("blocks")?,
            stored_bytes: read("stored_bytes")?,
            raw_bytes: read("raw_bytes")?,
        })
    }

    /// Forgets idempotency keys whose window has passed; tells how many.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn forget_old_idempotency_keys(&self, _grant: HubGrant) -> Result<u64, StoreError> {
        let database = &self.inner.database;
        let cutoff = self.inner.clock.now().minus(self.inner.options.idempotency_window);
        let query = database.query(sql::DELETE_OLD_IDEMPOTENCY_KEYS).bind(cutoff.as_nanos());
        query.execute(database.writers()).await.step("forget idempotency keys").map(|done| done.rows_affected())
    }

    /// Refuses new appends, and returns when those that wait are on disk.
    pub async fn close(&self) {
        let appends = self.inner.appends.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        drop(appends);
        let tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let mut tasks = tasks.into_iter();
        if let Some(appender) = tasks.next() {
            // It ends by itself; a panic in it has been reported where it happened.
            let _ = appender.await;
        }
        tasks.for_each(|task| task.abort());
    }
}

fn stream_state(row: &AnyRow) -> Result<StreamState, StoreError> {
    let read = |column| row.try_get::<i64, _>(column).step("read a stream");
    Ok(StreamState {
        stream_id: read("stream_id")?,
        account: parse_stored("account id", row.try_get("account_id").step("read a stream")?)?,
        feature: parse_stored("feature", row.try_get("feature").step("read a stream")?)?,
        head: Position::new(read("next_position")? - 1),
        last_arrival: Timestamp::from_nanos(read("last_arrival")?),
    })
}

/// A stored text as the type it was written from.
pub(crate) fn parse_stored<T: FromStr>(what: &'static str, value: String) -> Result<T, StoreError> {
    value.parse().map_err(|_| StoreError::Stored { what, value })
}
