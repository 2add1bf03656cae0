//! Dead letters: events that a destination refuses for good, kept for people.
//!
//! They are kept in the transaction that moves the cursor past them. A batch that is delivered again, because its cursor
//! had not moved, finds its dead letters by their positions and keeps none twice.

use daybook_events::{Actor, AuditRecord, ConnectorId, Feature, Grant, HubGrant, Position, Timestamp};
use serde_json::json;
use sqlx::{AnyConnection, any::AnyRow};

use super::{find_own_connector, foreign_text, lock_connector, lock_own_connector};
use crate::{
    catalog::{Catalog, named_enum, number, text, time},
    cursors::{CursorStore, Lease, commit_in},
    error::{Step, StoreError},
    log::parse_stored,
    sql::{self, Statement},
};

named_enum! {
    /// What happens with a dead letter.
    DeadLetterState {
        /// It is kept for people to look at.
        Kept = "kept",
        /// It waits to be delivered once more.
        Queued = "queued",
    }
}

/// An event that a destination refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Whose.
    pub connector_id: ConnectorId,
    /// Its number among the connector's dead letters, from 1; never given twice.
    pub dead_letter_id: i64,
    /// Of which feature.
    pub feature: Feature,
    /// The event's position in its stream.
    pub position: Position,
    /// When it happened.
    pub event_time: Timestamp,
    /// Why it was refused, for people.
    pub reason: String,
    /// The event, as it is in the log.
    pub payload: String,
    /// What happens with it.
    pub state: DeadLetterState,
    /// How often it was refused.
    pub tries: i64,
    /// When it was first refused.
    pub created_at: Timestamp,
}

/// An event that was refused just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    /// Its position in the stream of the lease.
    pub position: Position,
    /// When it happened.
    pub event_time: Timestamp,
    /// Why it was refused, for people; no secret.
    pub reason: String,
    /// The event, as it is in the log.
    pub payload: String,
}

/// Which dead letters of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichDeadLetters {
    /// The one with this number.
    One(i64),
    /// All of them.
    All,
}

impl WhichDeadLetters {
    /// The first and the last number of them.
    pub(super) fn numbers(self) -> (i64, i64) {
        match self {
            Self::One(dead_letter_id) => (dead_letter_id, dead_letter_id),
            Self::All => (0, i64::MAX),
        }
    }
}

/// How it went when a queued dead letter was delivered once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It was taken, and is a dead letter no more.
    Delivered,
    /// It was refused again, and is kept.
    Refused {
        /// Why, for people; no secret.
        reason: String,
    },
}

impl CursorStore {
    /// Moves a cursor, and keeps what the connector's destination refused on the way, in one transaction. An event that is
    /// kept already gets the newer reason.
    ///
    /// # Errors
    ///
    /// `Conflict`: the lease is lost, or the connector would have more dead letters than it may (`DeadLettersFull`).
    /// `NotFound`: the connector was removed, or the lease's stream is not of its account. In each case, and after
    /// `Unavailable` and `StorageFull`, the cursor has not moved and nothing is kept.
    pub async fn commit_with_dead_letters(
        &self,
        lease: &Lease,
        position: Position,
        connector_id: &ConnectorId,
        refused: &[NewDeadLetter],
    ) -> Result<(), StoreError> {
        if refused.is_empty() {
            return self.commit(lease, position).await;
        }
        let mut transaction = self.database.writers().begin().await.step("keep dead letters")?;
        lock_connector(&self.database, &mut transaction, connector_id).await?;
        commit_in(&self.database, &mut transaction, lease, position, self.clock.now()).await?;
        self.keep_dead_letters(&mut transaction, lease, connector_id, refused).await?;
        let query = self.database.query(sql::COUNT_DEAD_LETTERS).bind(connector_id.as_str());
        let row = query.fetch_one(&mut *transaction).await.step("count dead letters")?;
        if number(&row, "dead_letters")? > self.dead_letters_max {
            let connector_id = connector_id.clone();
            return Err(StoreError::DeadLettersFull { connector_id, count_max: self.dead_letters_max });
        }
        transaction.commit().await.step("keep dead letters")
    }

    async fn keep_dead_letters(
        &self,
        connection: &mut AnyConnection,
        lease: &Lease,
        connector_id: &ConnectorId,
        refused: &[NewDeadLetter],
    ) -> Result<(), StoreError> {
        let count = i64::try_from(refused.len()).unwrap_or(i64::MAX);
        let query = self.database.query(sql::NUMBER_DEAD_LETTERS).bind(connector_id.as_str()).bind(count);
        query.execute(&mut *connection).await.step("number dead letters")?;
        for (letter, before_the_last) in refused.iter().zip((0..count).rev()) {
            let query = self.database.query(sql::INSERT_DEAD_LETTER).bind(connector_id.as_str());
            let query = query.bind(lease.key.stream_id).bind(before_the_last).bind(letter.position.get());
            let query = query.bind(letter.event_time.as_nanos()).bind(foreign_text(&letter.reason).as_ref());
            let query = query.bind(&letter.payload).bind(self.clock.now().as_nanos());
            if query.execute(&mut *connection).await.step("keep a dead letter")?.rows_affected() == 0 {
                let name = lease.key.stream_id.to_string();
                return Err(StoreError::Missing { what: "stream of the connector's account", name });
            }
        }
        Ok(())
    }
}

impl Catalog {
    /// Dead letters of a connector, newest first, `limit` at the most, before the one with the number `before`.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had this connector.
    pub async fn list_dead_letters(
        &self,
        grant: &Grant,
        connector_id: &ConnectorId,
        limit: u32,
        before: Option<i64>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let query = self.database.query(sql::LIST_DEAD_LETTERS).bind(connector_id.as_str());
        let query = query.bind(before.unwrap_or(i64::MAX)).bind(i64::from(limit));
        let rows = query.fetch_all(self.database.readers()).await.step("list dead letters")?;
        rows.iter().map(|row| dead_letter(connector_id, row)).collect()
    }

    /// How many dead letters a connector has.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had this connector.
    pub async fn count_dead_letters(&self, grant: &Grant, connector_id: &ConnectorId) -> Result<i64, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let query = self.database.query(sql::COUNT_DEAD_LETTERS).bind(connector_id.as_str());
        number(&query.fetch_one(self.database.readers()).await.step("count dead letters")?, "dead_letters")
    }

    /// One dead letter.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account has no such connector, or that no such dead letter.
    pub async fn find_dead_letter(
        &self,
        grant: &Grant,
        connector_id: &ConnectorId,
        dead_letter_id: i64,
    ) -> Result<DeadLetter, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let query = self.database.query(sql::FIND_DEAD_LETTER).bind(connector_id.as_str()).bind(dead_letter_id);
        let row = query.fetch_optional(self.database.readers()).await.step("find a dead letter")?;
        dead_letter(connector_id, &row.ok_or_else(|| missing(dead_letter_id))?)
    }

    /// Queues dead letters, to be delivered once more; tells how many were not queued before.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account has no such connector, or it was removed, or has no such dead letter that is not queued.
    pub async fn queue_dead_letters(
        &self,
        grant: &Grant,
        actor: &Actor,
        connector_id: &ConnectorId,
        which: WhichDeadLetters,
    ) -> Result<u64, StoreError> {
        self.change_dead_letters((grant, actor), connector_id, which, (sql::QUEUE_DEAD_LETTERS, "queued")).await
    }

    /// Forgets dead letters for good; tells how many.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account has no such connector, or it was removed, or has no such dead letter.
    pub async fn discard_dead_letters(
        &self,
        grant: &Grant,
        actor: &Actor,
        connector_id: &ConnectorId,
        which: WhichDeadLetters,
    ) -> Result<u64, StoreError> {
        self.change_dead_letters((grant, actor), connector_id, which, (sql::DELETE_DEAD_LETTERS, "discarded")).await
    }

    async fn change_dead_letters(
        &self,
        (grant, actor): (&Grant, &Actor),
        connector_id: &ConnectorId,
        which: WhichDeadLetters,
        (statement, done): (Statement, &'static str),
    ) -> Result<u64, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change dead letters")?;
        let connector = lock_own_connector(&self.database, &mut transaction, grant, connector_id).await?;
        let (first, last) = which.numbers();
        let query = self.database.query(statement).bind(connector_id.as_str()).bind(first).bind(last);
        let count = query.execute(&mut *transaction).await.step("change dead letters")?.rows_affected();
        match which {
            WhichDeadLetters::One(dead_letter_id) if count == 0 => return Err(missing(dead_letter_id)),
            WhichDeadLetters::All if count == 0 => return Ok(0),
            _ => {}
        }
        let record = AuditRecord::new("update", "sa", connector_id, &connector.name)
            .with_info(format!("dead letters {done}: {count}"))
            .with_change(connector.told(json!({"dead_letters": count})), connector.told(json!({"dead_letters": done})));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("change dead letters")?;
        Ok(count)
    }

    /// Dead letters of a connector that wait to be delivered once more, oldest first, `limit` at the most.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn queued_dead_letters(
        &self,
        _grant: HubGrant,
        connector_id: &ConnectorId,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let query = self.database.query(sql::LIST_QUEUED_DEAD_LETTERS).bind(connector_id.as_str());
        let rows = query.bind(i64::from(limit)).fetch_all(self.database.readers()).await;
        rows.step("list queued dead letters")?.iter().map(|row| dead_letter(connector_id, row)).collect()
    }

    /// Notes how it went when a dead letter was delivered once more. One that was discarded meanwhile stays so.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`.
    pub async fn settle_dead_letter(
        &self,
        _grant: HubGrant,
        connector_id: &ConnectorId,
        dead_letter_id: i64,
        settlement: &Settlement,
    ) -> Result<(), StoreError> {
        let statement = match settlement {
            Settlement::Delivered => sql::DELETE_DEAD_LETTERS,
            Settlement::Refused { .. } => sql::REFUSE_DEAD_LETTER,
        };
        let mut query = self.database.query(statement).bind(connector_id.as_str()).bind(dead_letter_id);
        query = match settlement {
            Settlement::Delivered => query.bind(dead_letter_id),
            Settlement::Refused { reason } => query.bind(foreign_text(reason).as_ref()),
        };
        query.execute(self.database.writers()).await.step("settle a dead letter").map(|_| ())
    }
}

fn missing(dead_letter_id: i64) -> StoreError {
    StoreError::Missing { what: "dead letter", name: dead_letter_id.to_string() }
}

fn dead_letter(connector_id: &ConnectorId, row: &AnyRow) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        connector_id: connector_id.clone(),
        dead_letter_id: number(row, "dead_letter_id")?,
        feature: parse_stored("feature", text(row, "feature")?)?,
        position: Position::new(number(row, "position")?),
        event_time: time(row, "event_time")?,
        reason: text(row, "reason")?,
        payload: text(row, "payload")?,
        state: parse_stored("dead letter state", text(row, "state")?)?,
        tries: number(row, "tries")?,
        created_at: time(row, "created_at")?,
    })
}
