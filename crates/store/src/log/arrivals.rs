//! How many events arrived when, from the descriptions of blocks alone: close enough for a graph, without reading events.

use daybook_events::{Position, Read, StreamKey, Timestamp};
use sqlx::Row;

use super::EventLog;
use crate::{
    error::{Step, StoreError},
    sql,
};

/// Blocks looked at for one graph; of a stream with more in the time asked for, only the newest show.
const BLOCKS_MAX: i64 = 4096;

/// Events that arrived between two times, the events of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalRun {
    /// How many.
    pub events: u64,
    /// When the first arrived.
    pub first: Timestamp,
    /// When the last arrived.
    pub last: Timestamp,
    /// The position of the last.
    pub position: Position,
}

impl EventLog {
    /// The arrivals of a stream since a time, newest first; the oldest run may begin before it.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn arrivals_since(
        &self,
        stream: &StreamKey<Read>,
        since: Timestamp,
    ) -> Result<Vec<ArrivalRun>, StoreError> {
        let Some(state) = self.stream(stream).await? else { return Ok(Vec::new()) };
        let database = &self.inner.database;
        let query = database.query(sql::COUNT_ARRIVALS).bind(state.stream_id).bind(since.as_nanos()).bind(BLOCKS_MAX);
        let rows = query.fetch_all(database.readers()).await.step("count arrivals")?;
        let number = |row: &sqlx::any::AnyRow, column| row.try_get::<i64, _>(column).step("count arrivals");
        rows.iter()
            .map(|row| {
                let (first, last) = (number(row, "first_position")?, number(row, "last_position")?);
                Ok(ArrivalRun {
                    events: u64::try_from(last - first + 1).unwrap_or(0),
                    first: Timestamp::from_nanos(number(row, "min_arrival")?),
                    last: Timestamp::from_nanos(number(row, "max_arrival")?),
                    position: Position::new(last),
                })
            })
            .collect()
    }
}
