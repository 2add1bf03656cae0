//! Where sources are in the systems that they read, so that each of their events is appended exactly once.
//!
//! A source's cursor moves in the transaction of its events ([`crate::AppendBatch::source`]), only under a live lease, and
//! only from where the lease says that it is: a move whose answer was lost and that is tried again finds it moved.

use std::time::Duration;

use daybook_events::{ConnectorId, Feature, Grant, Timestamp};
use sqlx::{AnyConnection, any::AnyRow};

use super::{find_own_connector, lock_connector};
use crate::{
    catalog::{number, optional_time, text, time},
    cursors::CursorStore,
    database::Database,
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

/// Bytes of a source's cursor, at the most: it is another system's text.
const CURSOR_BYTES_MAX: usize = 64 << 10;

/// The right to move a source's cursor until it expires.
#[derive(Debug, Clone)]
pub struct SourceLease {
    connector_id: ConnectorId,
    feature: Feature,
    owner: String,
    /// Where the source is, in its system's own words; empty before its first page.
    pub cursor: String,
    /// When the newest event happened that it has brought in.
    pub last_time: Option<Timestamp>,
}

/// Where a source is once a batch is appended.
#[derive(Debug, Clone)]
pub struct SourceMove {
    /// The right to move it, and from where.
    pub lease: SourceLease,
    /// Where it is then, in its system's own words: at most 64 KiB, without NUL.
    pub cursor: String,
    /// When the newest event happened that it has brought in then; `None` leaves it as it is.
    pub last_time: Option<Timestamp>,
}

/// Where a source is with one feature, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// Which feature.
    pub feature: Feature,
    /// Where it is, in its system's own words.
    pub cursor: String,
    /// When the newest event happened that it has brought in.
    pub last_time: Option<Timestamp>,
    /// Events that it has brought in.
    pub events: i64,
    /// Who holds it; `None` when it is free.
    pub lease_owner: Option<String>,
    /// When it last moved.
    pub updated_at: Timestamp,
}

impl SourceMove {
    /// Refuses what no engine would keep, before it fails the appends that share its transaction.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let bytes = self.cursor.len();
        if bytes > CURSOR_BYTES_MAX || self.cursor.contains('\0') {
            return Err(StoreError::SourceCursor { bytes, bytes_max: CURSOR_BYTES_MAX });
        }
        Ok(())
    }

    /// The lease as it is once the move is done, for the next one.
    #[must_use]
    pub fn lease_after(&self) -> SourceLease {
        let last_time = self.last_time.or(self.lease.last_time);
        SourceLease { cursor: self.cursor.clone(), last_time, ..self.lease.clone() }
    }
}

impl CursorStore {
    /// Takes or renews the lease of a source's cursor; `None` while somebody else holds it.
    ///
    /// # Errors
    ///
    /// `NotFound`: there is no such connector, or it was removed.
    pub async fn lease_source(
        &self,
        connector_id: &ConnectorId,
        feature: &Feature,
        duration: Duration,
    ) -> Result<Option<SourceLease>, StoreError> {
        let now = self.clock.now();
        let mut transaction = self.database.writers().begin().await.step("lease a source")?;
        lock_connector(&self.database, &mut transaction, connector_id).await?;
        let query = self.database.query(sql::INSERT_SOURCE_CURSOR).bind(connector_id.as_str()).bind(feature.as_str());
        query.bind(now.as_nanos()).execute(&mut *transaction).await.step("make the cursor of a source")?;
        let query = self.database.query(sql::LEASE_SOURCE_CURSOR).bind(connector_id.as_str()).bind(feature.as_str());
        let query = query.bind(&self.owner).bind(now.plus(duration).as_nanos()).bind(now.as_nanos());
        let taken = query.execute(&mut *transaction).await.step("lease a source")?.rows_affected();
        let query = self.database.query(sql::LOAD_SOURCE_CURSOR).bind(connector_id.as_str()).bind(feature.as_str());
        let row = query.fetch_one(&mut *transaction).await.step("load a leased source")?;
        transaction.commit().await.step("lease a source")?;
        let lease = SourceLease {
            connector_id: connector_id.clone(),
            feature: feature.clone(),
            owner: self.owner.clone(),
            cursor: text(&row, "cursor")?,
            last_time: optional_time(&row, "last_time")?,
        };
        Ok((taken == 1).then_some(lease))
    }

    /// Gives the lease of a source's cursor back before it expires.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn release_source(&self, lease: SourceLease) -> Result<(), StoreError> {
        let query = self.database.query(sql::RELEASE_SOURCE_CURSOR).bind(lease.connector_id.as_str());
        let query = query.bind(lease.feature.as_str()).bind(lease.owner);
        query.execute(self.database.writers()).await.step("release a source").map(|_| ())
    }

    /// Where a source is, by feature.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had this connector.
    pub async fn list_source_cursors(
        &self,
        grant: &Grant,
        connector_id: &ConnectorId,
    ) -> Result<Vec<SourceState>, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let now = self.clock.now();
        let query = self.database.query(sql::LIST_SOURCE_CURSORS).bind(connector_id.as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list the cursors of a source")?;
        rows.iter().map(|row| source_state(row, now)).collect()
    }
}

/// Moves a source's cursor inside the transaction of its `events_count` events.
///
/// # Errors
///
/// `LeaseLost`: it did not move; the transaction is good for everything else.
pub(crate) async fn move_source_in(
    database: &Database,
    connection: &mut AnyConnection,
    source: &SourceMove,
    events_count: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let after = source.lease_after();
    let query = database.query(sql::MOVE_SOURCE_CURSOR).bind(after.connector_id.as_str()).bind(after.feature.as_str());
    let query = query.bind(after.owner).bind(&source.lease.cursor).bind(after.cursor);
    let query = query.bind(after.last_time.map_or(0, Timestamp::as_nanos)).bind(events_count).bind(now.as_nanos());
    let moved = query.execute(connection).await.step("move the cursor of a source")?.rows_affected();
    if moved == 1 {
        return Ok(());
    }
    Err(StoreError::LeaseLost { name: format!("source:{}:{}", after.connector_id, after.feature) })
}

fn source_state(row: &AnyRow, now: Timestamp) -> Result<SourceState, StoreError> {
    let owner = text(row, "lease_owner")?;
    let held = !owner.is_empty() && time(row, "lease_until")? > now;
    Ok(SourceState {
        feature: parse_stored("feature", text(row, "feature")?)?,
        cursor: text(row, "cursor")?,
        last_time: optional_time(row, "last_time")?,
        events: number(row, "events")?,
        lease_owner: held.then_some(owner),
        updated_at: time(row, "updated_at")?,
    })
}
