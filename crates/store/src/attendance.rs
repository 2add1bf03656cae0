//! Which nodes are at work on a store: what must not change under them waits until they are gone.
//!
//! ```text
//!  node ── Attendance ── shared lock of a PostgreSQL session ┐
//!  node ── Attendance ── shared lock of a PostgreSQL session ┴── excludes ── Catalog::begin_resealing
//! ```
//!
//! The session ends with its process, however that ends. SQLite needs none of it: the lock of the data directory keeps
//! other processes away.

use std::time::Duration;

use sqlx::{AnyConnection, Connection, Row};

use crate::{
    database::{Backend, Database},
    error::{Step, StoreError},
    sql::{self, Statement},
};

/// "daybook" in ASCII: the lock is one of this database alone.
const LOCK: i64 = 0x0064_6179_626f_6f6b;
/// Whoever has the store alone needs it for a moment.
const WAIT_MAX: Duration = Duration::from_secs(30);
const WAIT_STEP: Duration = Duration::from_millis(100);

/// A node's word that it is at work, good for as long as its session lives.
#[derive(Debug)]
pub struct Attendance {
    /// `None` on SQLite.
    session: Option<AnyConnection>,
}

impl Attendance {
    /// Begins to attend, once nobody has the store alone.
    ///
    /// # Errors
    ///
    /// `Conflict`: somebody has it alone for 30 s. `Unavailable` or `Internal`.
    pub async fn begin(database: &Database) -> Result<Self, StoreError> {
        if database.backend() == Backend::Sqlite {
            return Ok(Self { session: None });
        }
        let mut session = AnyConnection::connect(database.url()).await.step("attend the store")?;
        let deadline = tokio::time::Instant::now() + WAIT_MAX;
        while !ask(database, &mut session, sql::ATTEND).await? {
            if tokio::time::Instant::now() > deadline {
                return Err(StoreError::TakenAlone);
            }
            tokio::time::sleep(WAIT_STEP).await;
        }
        Ok(Self { session: Some(session) })
    }

    /// Whether it can end before its process does.
    #[must_use]
    pub fn can_be_lost(&self) -> bool {
        self.session.is_some()
    }

    /// Looks whether it still holds.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`: the session is lost, and with it the word.
    pub async fn check(&mut self) -> Result<(), StoreError> {
        match &mut self.session {
            Some(session) => session.ping().await.step("attend the store"),
            None => Ok(()),
        }
    }
}

/// Has the store alone until the transaction on this connection ends.
///
/// # Errors
///
/// `Conflict`: nodes are at work on it.
pub(crate) async fn have_alone(database: &Database, connection: &mut AnyConnection) -> Result<(), StoreError> {
    let is_alone = database.backend() == Backend::Sqlite || ask(database, connection, sql::HAVE_ALONE).await?;
    is_alone.then_some(()).ok_or(StoreError::Attended)
}

async fn ask(database: &Database, connection: &mut AnyConnection, statement: Statement) -> Result<bool, StoreError> {
    let row =
        database.query(statement).bind(LOCK).fetch_one(connection).await.step("ask who is at work on the store")?;
    row.try_get("is_granted").step("ask who is at work on the store")
}
