//! Reading: events after a position, through a window, as runs of whole blocks that need no parsing.

use std::{ops::Range, sync::Arc};

use daybook_events::{Position, Read, StoredEvent, StreamKey, Timestamp, Window};
use sqlx::{Row, any::AnyRow};

use super::{EventLog, StreamState, Watch};
use crate::{
    block::Block,
    error::{Step, StoreError},
    sql,
};

/// Descriptions of blocks fetched at a time.
const DESCRIPTIONS_MAX: i64 = 32;

/// Which of the events after a position a reader gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadFilter {
    /// What the reader asked for.
    pub window: Window,
    /// What retention lets it see: events that happened and arrived at or after this.
    pub not_before: Option<Timestamp>,
}

/// Events read, in position order.
#[derive(Debug, Default)]
pub struct Events {
    /// Consecutive ones, a block's at a time.
    pub runs: Vec<Run>,
    /// The last position that was looked at: where to go on.
    pub scanned: Position,
    /// Whether there may be more behind it.
    pub more: bool,
    /// The stream's last position when it was read.
    pub head: Position,
}

/// Consecutive events of one block.
#[derive(Debug, Clone)]
pub struct Run {
    block: Arc<Block>,
    range: Range<usize>,
}

impl Run {
    /// The payloads joined by commas: the inside of a JSON array.
    #[must_use]
    pub fn joined(&self) -> &str {
        self.block.joined(self.range.clone())
    }

    /// The events one by one.
    pub fn events(&self) -> impl Iterator<Item = StoredEvent<'_>> {
        self.range.clone().map(|index| self.block.event(index))
    }
}

impl Events {
    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.runs.iter().map(|run| run.range.len()).sum()
    }

    /// The events one by one.
    pub fn iter(&self) -> impl Iterator<Item = StoredEvent<'_>> {
        self.runs.iter().flat_map(Run::events)
    }
}

impl ReadFilter {
    fn wants(&self, event: &StoredEvent<'_>) -> bool {
        self.window.wants(event) && self.not_before.is_none_or(|cutoff| event.time >= cutoff && event.arrival >= cutoff)
    }

    /// Whether every event of a block is wanted, seen from its description.
    fn wants_all(&self, block: &Description) -> bool {
        let by_window = match self.window {
            Window::Everything => true,
            Window::Since { start, until } => block.min_time >= start || block.first > until,
            Window::Between { start, end } => block.min_time >= start && block.max_time < end,
            Window::ArrivedBefore(end) => block.max_arrival < end,
        };
        by_window && self.not_before.is_none_or(|cutoff| block.min_time >= cutoff && block.min_arrival >= cutoff)
    }
}

/// A block as the index knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Description {
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) min_time: Timestamp,
    pub(super) max_time: Timestamp,
    pub(super) min_arrival: Timestamp,
    pub(super) max_arrival: Timestamp,
    pub(super) raw_bytes: usize,
}

impl Description {
    fn of(row: &AnyRow) -> Result<Self, StoreError> {
        let read = |column| row.try_get::<i64, _>(column).step("describe a block");
        let time = |column| read(column).map(Timestamp::from_nanos);
        Ok(Self {
            first: Position::new(read("first_position")?),
            last: Position::new(read("last_position")?),
            min_time: time("min_time")?,
            max_time: time("max_time")?,
            min_arrival: time("min_arrival")?,
            max_arrival: time("max_arrival")?,
            raw_bytes: usize::try_from(read("raw_bytes")?).unwrap_or(0),
        })
    }

    pub(super) fn event_count(&self) -> usize {
        usize::try_from(self.last.get() - self.first.get() + 1).unwrap_or(0)
    }
}

impl EventLog {
    /// A stream's number and head; `None` before its first append.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn stream(&self, stream: &StreamKey<Read>) -> Result<Option<StreamState>, StoreError> {
        let database = &self.inner.database;
        let row = database
            .query(sql::FIND_STREAM)
            .bind(stream.account().as_str())
            .bind(stream.feature().as_str())
            .fetch_optional(database.readers())
            .await
            .step("find a stream")?;
        let state = |row: AnyRow| {
            let read = |column| row.try_get::<i64, _>(column).step("find a stream");
            Ok(StreamState {
                stream_id: read("stream_id")?,
                account: stream.account().clone(),
                feature: stream.feature().clone(),
                head: Position::new(read("next_position")? - 1),
                last_arrival: Timestamp::from_nanos(read("last_arrival")?),
            })
        };
        row.map(state).transpose()
    }

    /// At most `limit` events after a position, through a filter. Reading changes nothing.
    ///
    /// A page may be shorter than the limit although there are more: large events, or many that the filter passes over.
    ///
    /// # Errors
    ///
    /// `Unavailable`, or `Internal` for a damaged block.
    pub async fn read_after(
        &self,
        stream: &StreamKey<Read>,
        after: Position,
        limit: usize,
        filter: &ReadFilter,
    ) -> Result<Events, StoreError> {
        let Some(state) = self.stream(stream).await? else {
            return Ok(Events { scanned: after, ..Events::default() });
        };
        let mut page = Page::new(after, limit, *filter, state.head);
        'scan: loop {
            let blocks = self.describe_blocks(state.stream_id, page.events.scanned, filter, DESCRIPTIONS_MAX).await?;
            let was_last = blocks.len() < usize::try_from(DESCRIPTIONS_MAX).unwrap_or(usize::MAX);
            for description in &blocks {
                if page.is_full(self) {
                    page.events.more = true;
                    break 'scan;
                }
                if matches!(filter.window, Window::ArrivedBefore(end) if description.min_arrival >= end) {
                    break 'scan;
                }
                match self.fetch_block(state.stream_id, description).await? {
                    Some(block) => page.take(&block, description),
                    // Packed in between: its events stand in another block now.
                    None => continue 'scan,
                }
            }
            if was_last {
                page.reach_end(state.head);
                break;
            }
        }
        Ok(page.events)
    }

    /// The position before the first event that happened at or after a time (or of the block it stands in).
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn position_at_time(&self, stream: &StreamKey<Read>, time: Timestamp) -> Result<Position, StoreError> {
        let Some(state) = self.stream(stream).await? else { return Ok(Position::START) };
        let database = &self.inner.database;
        let row = database
            .query(sql::FIND_BLOCK_BY_TIME)
            .bind(state.stream_id)
            .bind(time.as_nanos())
            .fetch_optional(database.readers())
            .await
            .step("find a block by time")?;
        row.map_or(Ok(state.head), |row| {
            row.try_get::<i64, _>("first_position").step("find a block by time").map(|first| Position::new(first - 1))
        })
    }

    /// The position of the last event that arrived at or before a time.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn position_at_arrival(&self, stream: &StreamKey<Read>, time: Timestamp) -> Result<Position, StoreError> {
        let Some(state) = self.stream(stream).await? else { return Ok(Position::START) };
        if state.last_arrival <= time {
            return Ok(state.head);
        }
        let database = &self.inner.database;
        let row = database
            .query(sql::FIND_BLOCK_BY_ARRIVAL)
            .bind(state.stream_id)
            .bind(time.as_nanos())
            .fetch_optional(database.readers())
            .await
            .step("find a block by arrival")?;
        let whole = row.map_or(Ok(0), |row| row.try_get("last_position").step("find a block by arrival"))?;
        let mut position = Position::new(whole);
        let next = self.read_after(stream, position, usize::from(u16::MAX), &ReadFilter::default()).await?;
        for event in next.iter().take_while(|event| event.arrival <= time) {
            position = event.position;
        }
        Ok(position)
    }

    /// A signal for new events of a stream, from whichever node.
    #[must_use]
    pub fn watch(&self, stream: &StreamKey<Read>) -> Watch {
        self.inner.watchers.subscribe(stream.account(), stream.feature())
    }

    pub(super) async fn describe_blocks(
        &self,
        stream_id: i64,
        after: Position,
        filter: &ReadFilter,
        count_max: i64,
    ) -> Result<Vec<Description>, StoreError> {
        let (start, end, until) = match filter.window {
            Window::Everything | Window::ArrivedBefore(_) => (Timestamp::MIN, Timestamp::MAX, i64::MAX),
            Window::Since { start, until } => (start, Timestamp::MAX, until.get()),
            Window::Between { start, end } => (start, end, i64::MAX),
        };
        let database = &self.inner.database;
        let rows = database
            .query(sql::LIST_BLOCKS)
            .bind(stream_id)
            .bind(after.get())
            .bind(start.as_nanos())
            .bind(end.as_nanos())
            .bind(until)
            .bind(filter.not_before.unwrap_or(Timestamp::MIN).as_nanos())
            .bind(count_max)
            .fetch_all(database.readers())
            .await
            .step("list blocks")?;
        rows.iter().map(Description::of).collect()
    }

    /// A block from the cache or the table; `None` if it was packed or trimmed since it was described.
    async fn fetch_block(&self, stream_id: i64, description: &Description) -> Result<Option<Arc<Block>>, StoreError> {
        let key = (stream_id, description.first.get(), description.last.get());
        if let Some(block) = self.inner.cache.find(key) {
            return Ok(Some(block));
        }
        let block = self.load_block(stream_id, description).await?.map(Arc::new);
        if let Some(block) = &block {
            self.inner.cache.insert(key, block);
        }
        Ok(block)
    }

    /// A block from the table, past the cache: the packer reads each once, and must not push out what readers want.
    pub(super) async fn load_block(
        &self,
        stream_id: i64,
        description: &Description,
    ) -> Result<Option<Block>, StoreError> {
        let database = &self.inner.database;
        let row = database
            .query(sql::READ_BLOCK)
            .bind(stream_id)
            .bind(description.last.get())
            .bind(description.first.get())
            .fetch_optional(database.readers())
            .await
            .step("read a block")?;
        let Some(row) = row else { return Ok(None) };
        let codec = row.try_get("codec").step("read a block")?;
        let payload: Vec<u8> = row.try_get("payload").step("read a block")?;
        let &Description { first, min_time, min_arrival, raw_bytes, .. } = description;
        let block = Block::decode(codec, raw_bytes, first, min_time, min_arrival, &payload).map_err(|source| {
            StoreError::Block { stream_id, first_position: first.get(), last_position: description.last.get(), source }
        })?;
        Ok(Some(block))
    }
}

/// A page being filled.
struct Page {
    events: Events,
    filter: ReadFilter,
    limit: usize,
    bytes: usize,
    blocks: usize,
}

impl Page {
    fn new(after: Position, limit: usize, filter: ReadFilter, head: Position) -> Self {
        let events = Events { scanned: after, head, ..Events::default() };
        Self { events, filter, limit, bytes: 0, blocks: 0 }
    }

    fn is_full(&self, log: &EventLog) -> bool {
        let options = &log.inner.options;
        self.limit == 0 || self.bytes >= options.page_bytes_max || self.blocks >= options.page_blocks_max
    }

    /// Takes what is wanted of a block, as far as there is room.
    fn take(&mut self, block: &Arc<Block>, description: &Description) {
        self.blocks += 1;
        let skipped = usize::try_from(self.events.scanned.get() + 1 - description.first.get()).unwrap_or(0);
        if self.filter.wants_all(description) {
            let end = block.len().min(skipped.saturating_add(self.limit));
            self.push(block, skipped..end);
            self.events.scanned = Position::new(description.first.get() - 1 + i64::try_from(end).unwrap_or(i64::MAX));
            self.events.more = end < block.len();
            return;
        }
        let mut start = None;
        for index in skipped..block.len() {
            let event = block.event(index);
            if self.filter.wants(&event) {
                if self.limit == start.map_or(0, |start| index - start) {
                    self.push_open(block, start, index);
                    self.events.more = true;
                    return;
                }
                start.get_or_insert(index);
            } else if let Some(start) = start.take() {
                self.push(block, start..index);
            }
            self.events.scanned = event.position;
        }
        self.push_open(block, start, block.len());
        self.events.more = false;
    }

    fn push_open(&mut self, block: &Arc<Block>, start: Option<usize>, end: usize) {
        if let Some(start) = start {
            self.push(block, start..end);
        }
    }

    fn push(&mut self, block: &Arc<Block>, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.limit -= range.len();
        // The whole block stays in memory for as long as the page does.
        self.bytes += block.memory_bytes();
        self.events.runs.push(Run { block: Arc::clone(block), range });
    }

    /// Nothing wanted is left up to the head that was seen before the blocks were listed.
    fn reach_end(&mut self, head: Position) {
        if self.events.more {
            return;
        }
        self.events.scanned = self.events.scanned.max(head);
    }
}
