//! Named cursors: where each reader inside the program is in a stream, and who may move it.

use std::{fmt, sync::Arc, time::Duration};

use daybook_events::{AccountId, Clock, ConnectorId, Feature, Grant, HubGrant, Position, ReplayId, Timestamp};
use sqlx::{AnyConnection, Row, any::AnyRow};

use crate::{
    database::Database,
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

/// Dead letters that a connector may have, unless [`CursorStore::with_dead_letters_max`] says otherwise.
const DEAD_LETTERS_MAX: i64 = 100_000;

/// The name of a reader; a clone shares the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorName(Arc<str>);

impl CursorName {
    /// The reader that delivers to a destination: `destination:ID`.
    #[must_use]
    pub fn of_destination(connector_id: &ConnectorId) -> Self {
        format!("destination:{connector_id}").into()
    }

    /// The reader that delivers past events once more: `replay:ID`.
    #[must_use]
    pub fn of_replay(replay_id: &ReplayId) -> Self {
        format!("replay:{replay_id}").into()
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for CursorName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for CursorName {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for CursorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One reader's place in one stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorKey {
    /// The reader, such as `packer`.
    pub name: CursorName,
    /// The stream's number, from [`crate::StreamState`].
    pub stream_id: i64,
}

/// The right to move a cursor until it expires.
#[derive(Debug, Clone)]
pub struct Lease {
    pub(crate) key: CursorKey,
    pub(crate) owner: String,
    /// Where the cursor was when it was leased.
    pub position: Position,
}

/// A named cursor as it stands, for people to look at.
#[derive(Debug, Clone)]
pub struct CursorState {
    /// The reader.
    pub name: String,
    /// The account of the stream.
    pub account: AccountId,
    /// The feature of the stream.
    pub feature: Feature,
    /// The last event whose effect is done.
    pub position: Position,
    /// The last event there is.
    pub head: Position,
    /// Who holds it; `None` when it is free.
    pub lease_owner: Option<String>,
    /// When it was last touched.
    pub updated_at: Timestamp,
}

/// Loads, leases and commits named cursors.
#[derive(Debug, Clone)]
pub struct CursorStore {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) owner: String,
    pub(crate) dead_letters_max: i64,
}

impl CursorStore {
    /// A store whose leases belong to `owner`, which is unique to this process.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>, owner: String) -> Self {
        Self { database, clock, owner, dead_letters_max: DEAD_LETTERS_MAX }
    }

    /// The same with another bound on the dead letters of a connector.
    #[must_use]
    pub fn with_dead_letters_max(self, dead_letters_max: i64) -> Self {
        Self { dead_letters_max, ..self }
    }

    /// Where a cursor is; 0 if it never moved.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn load(&self, key: &CursorKey) -> Result<Position, StoreError> {
        let row = self
            .database
            .query(sql::LOAD_CURSOR)
            .bind(key.name.as_str())
            .bind(key.stream_id)
            .fetch_optional(self.database.readers())
            .await
            .step("load a cursor")?;
        row.map_or(Ok(Position::START), |row| row.try_get("position").map(Position::new).step("load a cursor"))
    }

    /// Takes or renews the lease of a cursor; `None` while somebody else holds it.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn lease(&self, key: &CursorKey, duration: Duration) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let mut transaction = self.database.writers().begin().await.step("lease a cursor")?;
        self.database
            .query(sql::INSERT_CURSOR)
            .bind(key.name.as_str())
            .bind(key.stream_id)
            .bind(now.as_nanos())
            .execute(&mut *transaction)
            .await
            .step("make a cursor")?;
        let taken = self
            .database
            .query(sql::LEASE_CURSOR)
            .bind(key.name.as_str())
            .bind(key.stream_id)
            .bind(&self.owner)
            .bind(now.plus(duration).as_nanos())
            .bind(now.as_nanos())
            .execute(&mut *transaction)
            .await
            .step("lease a cursor")?
            .rows_affected();
        let row = self
            .database
            .query(sql::LOAD_CURSOR)
            .bind(key.name.as_str())
            .bind(key.stream_id)
            .fetch_one(&mut *transaction)
            .await
            .step("load a leased cursor")?;
        transaction.commit().await.step("lease a cursor")?;
        let position = Position::new(row.try_get("position").step("load a leased cursor")?);
        Ok((taken == 1).then(|| Lease { key: key.clone(), owner: self.owner.clone(), position }))
    }

    /// Makes a lease last `duration` from now. Unlike [`CursorStore::lease`] it makes no cursor: whose reader was removed
    /// learns of it here.
    ///
    /// # Errors
    ///
    /// `Conflict`: the lease went to another process, or the cursor is gone.
    pub async fn renew(&self, lease: &Lease, duration: Duration) -> Result<(), StoreError> {
        let until = self.clock.now().plus(duration);
        let query = self.database.query(sql::RENEW_CURSOR).bind(lease.key.name.as_str()).bind(lease.key.stream_id);
        let query = query.bind(&lease.owner).bind(until.as_nanos());
        let renewed = query.execute(self.database.writers()).await.step("renew the lease of a cursor")?.rows_affected();
        if renewed == 1 { Ok(()) } else { Err(lost(lease)) }
    }

    /// Gives a lease back before it expires.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.database
            .query(sql::RELEASE_CURSOR)
            .bind(lease.key.name.as_str())
            .bind(lease.key.stream_id)
            .bind(lease.owner)
            .execute(self.database.writers())
            .await
            .step("release a cursor")
            .map(|_| ())
    }

    /// Moves a cursor after its effect is done, or before the first one to where it starts: it may move back, too.
    ///
    /// # Errors
    ///
    /// `Conflict`: the lease expired or went to another process; the cursor has not moved.
    pub async fn commit(&self, lease: &Lease, position: Position) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("commit a cursor")?;
        commit_in(&self.database, &mut transaction, lease, position, self.clock.now()).await?;
        transaction.commit().await.step("commit a cursor")
    }

    /// Moves many cursors in one transaction, and answers for each in the order asked. A lease that is lost fails its own
    /// move with `Conflict`, and no other.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`; no cursor has moved.
    pub async fn commit_all(&self, moves: &[(Lease, Position)]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let now = self.clock.now();
        // In the order of their names, so that two nodes never wait for each other in a circle.
        let mut order: Vec<_> = (0..moves.len()).collect();
        order.sort_by_key(|index| &moves[*index].0.key);
        let mut outcomes: Vec<_> = moves.iter().map(|_| Ok(())).collect();
        let mut transaction = self.database.writers().begin().await.step("commit cursors")?;
        for index in order {
            let (lease, position) = &moves[index];
            match commit_in(&self.database, &mut transaction, lease, *position, now).await {
                Err(error @ StoreError::LeaseLost { .. }) => outcomes[index] = Err(error),
                other => other?,
            }
        }
        transaction.commit().await.step("commit cursors")?;
        Ok(outcomes)
    }

    /// Forgets the cursors of a reader in every stream, leased or not; tells how many there were.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn remove_named(&self, _grant: HubGrant, name: &CursorName) -> Result<u64, StoreError> {
        let query = self.database.query(sql::DELETE_CURSORS).bind(name.as_str());
        query.execute(self.database.writers()).await.step("forget cursors").map(|done| done.rows_affected())
    }

    /// Where one reader is in each stream of an account, by feature; streams that it never read are not among them.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn positions_of(&self, grant: &Grant, name: &CursorName) -> Result<Vec<CursorState>, StoreError> {
        let now = self.clock.now();
        let query = self.database.query(sql::LIST_NAMED_CURSORS).bind(name.as_str()).bind(grant.account().as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list the cursors of a reader")?;
        rows.iter().map(|row| cursor_state(row, now)).collect()
    }

    /// Every named cursor of every account.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list(&self, _grant: HubGrant) -> Result<Vec<CursorState>, StoreError> {
        let now = self.clock.now();
        let rows =
            self.database.query(sql::LIST_CURSORS).fetch_all(self.database.readers()).await.step("list cursors")?;
        rows.iter().map(|row| cursor_state(row, now)).collect()
    }
}

pub(crate) fn lost(lease: &Lease) -> StoreError {
    StoreError::LeaseLost { name: lease.key.name.to_string() }
}

fn cursor_state(row: &AnyRow, now: Timestamp) -> Result<CursorState, StoreError> {
    let read = |column| row.try_get::<i64, _>(column).step("list cursors");
    let owner: String = row.try_get("lease_owner").step("list cursors")?;
    let held = !owner.is_empty() && Timestamp::from_nanos(read("lease_until")?) > now;
    Ok(CursorState {
        name: row.try_get("name").step("list cursors")?,
        account: parse_stored("account id", row.try_get("account_id").step("list cursors")?)?,
        feature: parse_stored("feature", row.try_get("feature").step("list cursors")?)?,
        position: Position::new(read("position")?),
        head: Position::new(read("next_position")? - 1),
        lease_owner: held.then_some(owner),
        updated_at: Timestamp::from_nanos(read("updated_at")?),
    })
}

/// Moves a cursor inside the transaction of its effect.
pub(crate) async fn commit_in(
    database: &Database,
    connection: &mut AnyConnection,
    lease: &Lease,
    position: Position,
    now: Timestamp,
) -> Result<(), StoreError> {
    let moved = database
        .query(sql::COMMIT_CURSOR)
        .bind(lease.key.name.as_str())
        .bind(lease.key.stream_id)
        .bind(&lease.owner)
        .bind(position.get())
        .bind(now.as_nanos())
        .execute(connection)
        .await
        .step("commit a cursor")?
        .rows_affected();
    if moved == 1 { Ok(()) } else { Err(lost(lease)) }
}
