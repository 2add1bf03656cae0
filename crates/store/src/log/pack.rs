//! Housekeeping of streams: neighbouring blocks become full ones, compressed harder than an append has time for, and
//! blocks past retention go.
//!
//! Both move a leased cursor in the transaction of their effect, so that two nodes never work on one stream, and a
//! crash leaves either the old blocks or the new ones. Positions do not change.

use daybook_events::{HubGrant, Position, Timestamp};
use sqlx::{Row, any::AnyRow};

use super::{
    EventLog, ReadFilter,
    append::{BlockPlace, insert_block},
    read::Description,
};
use crate::{
    block::{BLOCK_EVENTS_TARGET, BLOCK_RAW_BYTES_MAX, EncodedBlock},
    cursors::{Lease, commit_in, lost},
    error::{Step, StoreError},
    sql,
};

/// So many small blocks at the end of a stream are merged although they do not fill one.
const LOOSE_BLOCKS_MAX: usize = 64;
/// Blocks looked at in one go: enough to fill a block with single events.
const BLOCKS_AT_ONCE: i64 = 2200;

/// Blocks dropped in one transaction: appends wait for it.
const TRIM_BLOCKS_MAX: i64 = 128;

/// What one go of the packer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackOutcome {
    /// Nothing was worth doing.
    Idle,
    /// Blocks were merged; there may be more to do.
    Packed {
        /// Blocks there were.
        before: usize,
        /// Blocks there are instead.
        after: usize,
    },
}

/// A stream that the packer has not come to the end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamToPack {
    /// Its number.
    pub stream_id: i64,
    /// Events after the packer's cursor.
    pub events_behind: i64,
}

impl EventLog {
    /// Streams of which at least `events_min` events are not packed, the furthest behind first, `count_max` at the most.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn streams_to_pack(
        &self,
        _grant: HubGrant,
        events_min: i64,
        count_max: i64,
    ) -> Result<Vec<StreamToPack>, StoreError> {
        let database = &self.inner.database;
        let query = database.query(sql::LIST_STREAMS_TO_PACK).bind(events_min).bind(count_max);
        let rows = query.fetch_all(database.readers()).await.step("list streams to pack")?;
        let read = |row: &AnyRow, column| row.try_get::<i64, _>(column).step("list streams to pack");
        rows.iter()
            .map(|row| Ok(StreamToPack { stream_id: read(row, "stream_id")?, events_behind: read(row, "behind")? }))
            .collect()
    }

    /// Merges the next blocks after the lease's cursor into a full one, compressed harder, and moves the cursor past it.
    ///
    /// # Errors
    ///
    /// `Conflict`: the lease is lost, or blocks went in between; nothing has changed. `Unavailable`, `StorageFull` or
    /// `Internal`.
    pub async fn pack(&self, lease: &Lease) -> Result<PackOutcome, StoreError> {
        let stream_id = lease.key.stream_id;
        let everything = ReadFilter::default();
        let blocks = self.describe_blocks(stream_id, lease.position, &everything, BLOCKS_AT_ONCE).await?;
        let (taken, fills) = take_one_block(&blocks);
        if taken.is_empty() || !(fills || taken.len() >= LOOSE_BLOCKS_MAX) {
            return Ok(PackOutcome::Idle);
        }
        let mut read = Vec::with_capacity(taken.len());
        for description in taken {
            let Some(block) = self.load_block(stream_id, description).await? else { return Ok(PackOutcome::Idle) };
            read.push(block);
        }
        let merged = tokio::task::spawn_blocking(move || EncodedBlock::merge(&read)).await;
        let merged = merged.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let packed_through = match taken.last() {
            Some(last) if fills => last.last,
            _ => lease.position,
        };
        let outcome = PackOutcome::Packed { before: taken.len(), after: merged.len() };
        self.replace_blocks(lease, taken, merged, packed_through).await?;
        Ok(outcome)
    }

    /// Drops the blocks in which every event happened or arrived before `before`, at most 128 blocks in one go;
    /// tells how many events went.
    ///
    /// # Errors
    ///
    /// `Conflict`: the lease is lost; nothing has changed. `Unavailable` or `Internal`.
    pub async fn trim(&self, lease: &Lease, before: Timestamp) -> Result<u64, StoreError> {
        let database = &self.inner.database;
        let rows = database
            .query(sql::LIST_EXPIRED_BLOCKS)
            .bind(lease.key.stream_id)
            .bind(before.as_nanos())
            .bind(TRIM_BLOCKS_MAX)
            .fetch_all(database.readers())
            .await
            .step("list expired blocks")?;
        let mut blocks = Vec::with_capacity(rows.len());
        for row in &rows {
            let read = |column| row.try_get::<i64, _>(column).step("list expired blocks");
            blocks.push((read("first_position")?, read("last_position")?));
        }
        let Some((_, last)) = blocks.last().copied() else { return Ok(0) };
        let mut transaction = database.writers().begin().await.step("begin a trim")?;
        let mut events = 0;
        for (first, last) in blocks {
            let query = database.query(sql::DELETE_BLOCK).bind(lease.key.stream_id).bind(last).bind(first);
            let deleted = query.execute(&mut *transaction).await.step("drop a block")?.rows_affected();
            events += deleted * u64::try_from(last - first + 1).unwrap_or(0);
        }
        let position = lease.position.max(Position::new(last));
        commit_in(database, &mut transaction, lease, position, self.inner.clock.now()).await?;
        transaction.commit().await.step("commit a trim")?;
        Ok(events)
    }

    async fn replace_blocks(
        &self,
        lease: &Lease,
        old: &[Description],
        new: Vec<(Position, Timestamp, EncodedBlock)>,
        packed_through: Position,
    ) -> Result<(), StoreError> {
        let database = &self.inner.database;
        let mut transaction = database.writers().begin().await.step("begin to pack")?;
        for description in old {
            let (first, last) = (description.first.get(), description.last.get());
            let query = database.query(sql::DELETE_BLOCK).bind(lease.key.stream_id).bind(last).bind(first);
            let deleted = query.execute(&mut *transaction).await.step("remove a small block")?.rows_affected();
            if deleted != 1 {
                return Err(lost(lease));
            }
        }
        for (first, first_arrival, block) in new {
            let place = BlockPlace { stream_id: lease.key.stream_id, first, first_arrival: first_arrival.as_nanos() };
            insert_block(database, &mut transaction, &place, &block).await?;
        }
        commit_in(database, &mut transaction, lease, packed_through, self.inner.clock.now()).await?;
        transaction.commit().await.step("commit a pack")
    }
}

/// The first of these blocks that together fill one, and whether they do: nothing more fits in, or could follow. Only
/// neighbours: a trimmed gap ends the run.
fn take_one_block(blocks: &[Description]) -> (&[Description], bool) {
    let (mut events, mut bytes) = (0, 0);
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 && block.first != blocks[index - 1].last.next() {
            return (&blocks[..index], true);
        }
        if index > 0
            && (events + block.event_count() > BLOCK_EVENTS_TARGET || bytes + block.raw_bytes > BLOCK_RAW_BYTES_MAX)
        {
            return (&blocks[..index], true);
        }
        events += block.event_count();
        bytes += block.raw_bytes;
    }
    (blocks, events >= BLOCK_EVENTS_TARGET || bytes >= BLOCK_RAW_BYTES_MAX)
}
