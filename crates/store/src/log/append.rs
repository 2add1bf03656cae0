//! Appending: batches that wait together share one transaction, and are answered after its commit.

use std::{collections::BTreeMap, sync::Arc};

use daybook_events::{AccountId, Append, Clock, Feature, Position, StreamKey, Timestamp};
use sqlx::{AnyConnection, Row};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use super::{EventLog, EventLogOptions, watch::Watchers};
use crate::{
    block::{CODEC_ZSTD, EncodedBlock},
    connectors::{SourceMove, move_source_in},
    database::{Backend, Database},
    error::{Step, StoreError},
    sql,
};

/// Batches in one transaction, at the most.
const COMMIT_BATCHES_MAX: usize = 256;

/// Events to append to one stream, all or none.
#[derive(Debug)]
pub struct AppendBatch {
    /// Where to.
    pub stream: StreamKey<Append>,
    /// What, in order, from [`EncodedBlock::encode_batch`].
    pub blocks: Vec<EncodedBlock>,
    /// Makes a retry safe.
    pub idempotency: Option<IdempotencyKey>,
    /// Moves the cursor of the source that the events come from, in the same transaction; the batch may be empty.
    pub source: Option<SourceMove>,
}

/// What a repeated append is recognized by, and answered with.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The caller's key.
    pub key: String,
    /// The digest of what was sent: another body under the same key is a mistake.
    pub body_digest: String,
    /// What the caller was told, told again to a repeat.
    pub answer: String,
}

/// Where a batch stands in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is on disk; the positions of its first and last event, or `None` of an empty batch.
    New(Option<(Position, Position)>),
    /// It was appended before, and answered with this.
    Repeated(String),
}

/// A batch in the queue, and who waits for it.
#[derive(Debug)]
pub(super) struct Waiting {
    batch: AppendBatch,
    answer: oneshot::Sender<Result<Appended, Arc<StoreError>>>,
}

impl EventLog {
    /// Appends a batch. Answered after the commit is on disk, and never before.
    ///
    /// # Errors
    ///
    /// `Unavailable`: too many appends wait, or the store cannot be reached. `StorageFull`: no room. `Conflict`: the
    /// idempotency key was used for another body, or the lease of the source is lost. `Invalid`: the cursor of the source
    /// cannot be kept. In each case nothing of the batch was acknowledged; after an
    /// `Unavailable` it may still be on disk, which is what idempotency keys are for.
    pub async fn append(&self, batch: AppendBatch) -> Result<Appended, StoreError> {
        batch.source.as_ref().map_or(Ok(()), SourceMove::check)?;
        let (answer, answered) = oneshot::channel();
        {
            let appends = self.inner.appends.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let queue = appends.as_ref().ok_or(StoreError::Closed)?;
            queue.try_send(Waiting { batch, answer }).map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Closed(_) => StoreError::Closed,
            })?;
        }
        answered.await.map_err(|_| StoreError::Closed)?.map_err(StoreError::Shared)
    }
}

/// Takes what waits, appends it in one transaction, answers, and so on until the log is closed.
pub(super) async fn run_appender(
    database: Database,
    clock: Arc<dyn Clock>,
    options: EventLogOptions,
    watchers: Arc<Watchers>,
    mut queue: mpsc::Receiver<Waiting>,
) {
    while let Some(first) = queue.recv().await {
        let mut bytes = stored_bytes(&first.batch);
        let mut group = vec![first];
        while group.len() < COMMIT_BATCHES_MAX && bytes < options.commit_bytes_max {
            let Ok(next) = queue.try_recv() else { break };
            bytes += stored_bytes(&next.batch);
            group.push(next);
        }
        let (batches, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.batch, waiting.answer)).unzip();
        match append_group(&database, clock.as_ref(), &options, &batches).await {
            Ok(outcomes) => {
                for ((batch, answer), outcome) in batches.iter().zip(answers).zip(outcomes) {
                    if matches!(outcome, Ok(Appended::New(Some(_)))) {
                        watchers.notify(batch.stream.account(), batch.stream.feature());
                    }
                    // Whoever asked may have gone; the batch is on disk all the same.
                    let _ = answer.send(outcome.map_err(Arc::new));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(Arc::clone(&error)));
                }
            }
        }
    }
}

fn stored_bytes(batch: &AppendBatch) -> usize {
    batch.blocks.iter().map(|block| block.payload.len()).sum()
}

/// One transaction. The outer error rolled everything back; an inner one concerns its batch alone.
async fn append_group(
    database: &Database,
    clock: &dyn Clock,
    options: &EventLogOptions,
    batches: &[AppendBatch],
) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
    let now = clock.now();
    let mut transaction = database.writers().begin().await.step("begin an append")?;
    let mut streams = LockedStreams::default();
    for batch in batches {
        streams.want(batch.stream.account(), batch.stream.feature());
    }
    streams.lock(database, &mut transaction).await?;
    let group = Group { database, now, keys_since: now.minus(options.idempotency_window) };
    let mut outcomes = Vec::with_capacity(batches.len());
    for batch in batches {
        let stream = streams.get_mut(batch.stream.account(), batch.stream.feature());
        outcomes.push(append_one(&group, &mut transaction, stream, batch).await?);
    }
    streams.advance(database, &mut transaction).await?;
    transaction.commit().await.step("commit an append")?;
    Ok(outcomes)
}

/// What the batches of a transaction share.
struct Group<'a> {
    database: &'a Database,
    now: Timestamp,
    /// Idempotency keys that were claimed before this are forgotten.
    keys_since: Timestamp,
}

/// One batch of a transaction. An inner error leaves nothing of the batch in it.
async fn append_one(
    group: &Group<'_>,
    connection: &mut AnyConnection,
    stream: &mut LockedStream,
    batch: &AppendBatch,
) -> Result<Result<Appended, StoreError>, StoreError> {
    let mut repeated = None;
    if let Some(idempotency) = &batch.idempotency {
        match claim_key(group, connection, stream.stream_id, idempotency).await? {
            Claim::Claimed => {}
            Claim::Repeated(answer) => repeated = Some(answer),
            Claim::Reused => return Ok(Err(StoreError::IdempotencyKeyReused)),
        }
    }
    let is_new = repeated.is_none();
    if let Some(source) = &batch.source {
        let events_count = if is_new { batch.blocks.iter().map(|block| block.count).sum() } else { 0 };
        let events_count = i64::try_from(events_count).unwrap_or(i64::MAX);
        match move_source_in(group.database, connection, source, events_count, group.now).await {
            Err(lost @ StoreError::LeaseLost { .. }) => {
                if let Some(idempotency) = batch.idempotency.as_ref().filter(|_| is_new) {
                    forget_key(group.database, connection, stream.stream_id, (&idempotency.key, Timestamp::MAX))
                        .await?;
                }
                return Ok(Err(lost));
            }
            moved => moved?,
        }
    }
    if let Some(answer) = repeated {
        return Ok(Ok(Appended::Repeated(answer)));
    }
    let positions = insert_blocks(group.database, connection, stream, &batch.blocks, group.now).await?;
    Ok(Ok(Appended::New(positions)))
}

/// Blocks for one stream, to be appended inside somebody else's transaction.
pub(crate) struct NewBlocks<'a> {
    pub(crate) account: &'a AccountId,
    pub(crate) feature: &'a Feature,
    pub(crate) blocks: Vec<EncodedBlock>,
}

/// Appends inside a transaction that changes something else too: our own audit events stand or fall with what they tell.
pub(crate) async fn append_in(
    database: &Database,
    connection: &mut AnyConnection,
    new: NewBlocks<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut streams = LockedStreams::default();
    streams.want(new.account, new.feature);
    streams.lock(database, connection).await?;
    insert_blocks(database, connection, streams.get_mut(new.account, new.feature), &new.blocks, now).await?;
    streams.advance(database, connection).await
}

#[derive(Debug, Clone, Copy)]
struct LockedStream {
    stream_id: i64,
    next_position: i64,
    last_arrival: i64,
    changed: bool,
}

/// The streams of a transaction, locked in the order of their names so that two transactions never wait in a circle.
#[derive(Default)]
struct LockedStreams(BTreeMap<(AccountId, Feature), Option<LockedStream>>);

impl LockedStreams {
    fn want(&mut self, account: &AccountId, feature: &Feature) {
        self.0.entry((account.clone(), feature.clone())).or_default();
    }

    async fn lock(&mut self, database: &Database, connection: &mut AnyConnection) -> Result<(), StoreError> {
        for ((account, feature), stream) in &mut self.0 {
            *stream = Some(lock_or_make_stream(database, connection, account, feature).await?);
        }
        Ok(())
    }

    fn get_mut(&mut self, account: &AccountId, feature: &Feature) -> &mut LockedStream {
        let stream = self.0.get_mut(&(account.clone(), feature.clone())).and_then(Option::as_mut);
        stream.expect("the streams of all batches were locked")
    }

    async fn advance(&self, database: &Database, connection: &mut AnyConnection) -> Result<(), StoreError> {
        for ((account, feature), stream) in &self.0 {
            let Some(stream) = stream.filter(|stream| stream.changed) else { continue };
            database
                .query(sql::ADVANCE_STREAM)
                .bind(stream.stream_id)
                .bind(stream.next_position)
                .bind(stream.last_arrival)
                .execute(&mut *connection)
                .await
                .step("advance a stream")?;
            if database.backend() == Backend::Postgres {
                let message = format!("{account} {feature}");
                database
                    .query(sql::NOTIFY_APPEND)
                    .bind(message)
                    .execute(&mut *connection)
                    .await
                    .step("tell other nodes")?;
            }
        }
        Ok(())
    }
}

async fn lock_or_make_stream(
    database: &Database,
    connection: &mut AnyConnection,
    account: &AccountId,
    feature: &Feature,
) -> Result<LockedStream, StoreError> {
    loop {
        let row = database
            .query(sql::LOCK_STREAM)
            .bind(account.as_str())
            .bind(feature.as_str())
            .fetch_optional(&mut *connection)
            .await
            .step("lock a stream")?;
        if let Some(row) = row {
            let read = |column| row.try_get::<i64, _>(column).step("lock a stream");
            return Ok(LockedStream {
                stream_id: read("stream_id")?,
                next_position: read("next_position")?,
                last_arrival: read("last_arrival")?,
                changed: false,
            });
        }
        database
            .query(sql::INSERT_STREAM)
            .bind(random_stream_id())
            .bind(account.as_str())
            .bind(feature.as_str())
            .execute(&mut *connection)
            .await
            .step("make a stream")?;
    }
}

/// A stream's number is random, so that two nodes never pick the same.
fn random_stream_id() -> i64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    (i64::from_le_bytes(bytes) & i64::MAX).max(1)
}

enum Claim {
    Claimed,
    Repeated(String),
    Reused,
}

async fn claim_key(
    group: &Group<'_>,
    connection: &mut AnyConnection,
    stream_id: i64,
    idempotency: &IdempotencyKey,
) -> Result<Claim, StoreError> {
    let Group { database, now, keys_since } = *group;
    forget_key(database, connection, stream_id, (&idempotency.key, keys_since)).await?;
    let claimed = database
        .query(sql::INSERT_IDEMPOTENCY_KEY)
        .bind(stream_id)
        .bind(&idempotency.key)
        .bind(&idempotency.body_digest)
        .bind(&idempotency.answer)
        .bind(now.as_nanos())
        .execute(&mut *connection)
        .await
        .step("claim an idempotency key")?
        .rows_affected();
    if claimed == 1 {
        return Ok(Claim::Claimed);
    }
    let row = database
        .query(sql::FIND_IDEMPOTENCY_KEY)
        .bind(stream_id)
        .bind(&idempotency.key)
        .fetch_one(&mut *connection)
        .await
        .step("look up an idempotency key")?;
    let read = |column| row.try_get::<String, _>(column).step("look up an idempotency key");
    if read("body_digest")? == idempotency.body_digest {
        Ok(Claim::Repeated(read("answer")?))
    } else {
        Ok(Claim::Reused)
    }
}

/// Forgets an idempotency key that was claimed before a time.
async fn forget_key(
    database: &Database,
    connection: &mut AnyConnection,
    stream_id: i64,
    (key, before): (&str, Timestamp),
) -> Result<(), StoreError> {
    let query = database.query(sql::DELETE_IDEMPOTENCY_KEY).bind(stream_id).bind(key).bind(before.as_nanos());
    query.execute(connection).await.step("forget an idempotency key").map(|_| ())
}

/// Gives the blocks their positions and arrival times, and writes them.
async fn insert_blocks(
    database: &Database,
    connection: &mut AnyConnection,
    stream: &mut LockedStream,
    blocks: &[EncodedBlock],
    now: Timestamp,
) -> Result<Option<(Position, Position)>, StoreError> {
    let first = stream.next_position;
    for block in blocks {
        let first_arrival = now.as_nanos().max(stream.last_arrival + 1);
        let place =
            BlockPlace { stream_id: stream.stream_id, first: Position::new(stream.next_position), first_arrival };
        insert_block(database, connection, &place, block).await?;
        stream.next_position += i64::try_from(block.count).unwrap_or(i64::MAX);
        stream.last_arrival = first_arrival + block.arrival_span;
        stream.changed = true;
    }
    Ok((stream.next_position > first).then(|| (Position::new(first), Position::new(stream.next_position - 1))))
}

/// Where a block stands.
pub(super) struct BlockPlace {
    pub(super) stream_id: i64,
    pub(super) first: Position,
    pub(super) first_arrival: i64,
}

pub(super) async fn insert_block(
    database: &Database,
    connection: &mut AnyConnection,
    place: &BlockPlace,
    block: &EncodedBlock,
) -> Result<(), StoreError> {
    let last = place.first.get() + i64::try_from(block.count).unwrap_or(i64::MAX) - 1;
    database
        .query(sql::INSERT_BLOCK)
        .bind(place.stream_id)
        .bind(place.first.get())
        .bind(last)
        .bind(block.min_time.as_nanos())
        .bind(block.max_time.as_nanos())
        .bind(place.first_arrival)
        .bind(place.first_arrival + block.arrival_span)
        .bind(CODEC_ZSTD)
        .bind(i64::try_from(block.raw_bytes).unwrap_or(i64::MAX))
        .bind(block.payload.clone())
        .execute(connection)
        .await
        .step("write a block")
        .map(|_| ())
}
