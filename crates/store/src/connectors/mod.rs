//! Connectors: sources that bring events in, destinations that events are delivered to.
//!
//! ```text
//!  source ──▶ EventLog::append, which moves the source's cursor too ──▶ stream ──▶ cursor destination:ID ──▶ receiver
//!                                                                         │              └▶ dead letters
//!                                                                         └──▶ cursor replay:ID ──▶ receiver
//! ```
//!
//! What lives here: what connectors are ([`Connector`]), how they fare ([`ConnectorHealth`], [`ConnectorHour`],
//! [`ConnectorAttempt`]), what destinations refused ([`DeadLetter`]), what is delivered once more ([`Replay`]), and where
//! sources are ([`SourceLease`]). What it promises: people see and change connectors of their own account alone; a change
//! and its audit event are one transaction; secrets are kept sealed and are wiped with their connector. What it leaves to
//! others: sealing, and speaking with the systems themselves.
//!
//! Every transaction takes its locks in this order, so that none waits in a circle: connector, streams, and then cursors
//! and what else belongs to the connector.

mod changes;
mod dead_letters;
mod health;
mod replays;
mod rows;
mod sources;

use std::borrow::Cow;

use daybook_events::{ConnectorId, Grant};
use sqlx::{AnyConnection, any::AnyRow};

pub use dead_letters::{DeadLetter, DeadLetterState, NewDeadLetter, Settlement, WhichDeadLetters};
pub use health::{AttemptOutcome, ConnectorAttempt, ConnectorHealth, ConnectorHour, HealthStatus};
pub use replays::{Replay, ReplayState};
pub use rows::{Connector, ConnectorChange, ConnectorNotice, ConnectorState, Direction, NewConnector, Origin};
pub use sources::{SourceLease, SourceMove, SourceState};

pub(crate) use sources::move_source_in;

use crate::{
    database::Database,
    error::{Step, StoreError},
    sql,
};

/// Characters kept of a text that another system has a say in.
const FOREIGN_TEXT_MAX: usize = 2000;

fn missing(id: &ConnectorId) -> StoreError {
    StoreError::Missing { what: "connector", name: id.to_string() }
}

/// A connector that was not removed, locked until the transaction ends; `NotFound` otherwise.
async fn lock_connector(
    database: &Database,
    connection: &mut AnyConnection,
    id: &ConnectorId,
) -> Result<Connector, StoreError> {
    let query = database.query(sql::LOCK_CONNECTOR).bind(id.as_str());
    let row: Option<AnyRow> = query.fetch_optional(connection).await.step("lock a connector")?;
    rows::connector(&row.ok_or_else(|| missing(id))?)
}

/// The same, of the grant's account.
async fn lock_own_connector(
    database: &Database,
    connection: &mut AnyConnection,
    grant: &Grant,
    id: &ConnectorId,
) -> Result<Connector, StoreError> {
    let connector = lock_connector(database, connection, id).await?;
    if connector.account_id == *grant.account() { Ok(connector) } else { Err(missing(id)) }
}

/// One connector of the grant's account, a removed one too; `NotFound` otherwise.
async fn find_own_connector(database: &Database, grant: &Grant, id: &ConnectorId) -> Result<Connector, StoreError> {
    let query = database.query(sql::FIND_CONNECTOR).bind(id.as_str()).bind(grant.account().as_str());
    let row = query.fetch_optional(database.readers()).await.step("find a connector")?;
    rows::connector(&row.ok_or_else(|| missing(id))?)
}

/// What another system said, as far as it can be stored: PostgreSQL has no NUL in texts, and nobody reads on for ever.
fn foreign_text(said: &str) -> Cow<'_, str> {
    let is_short = said.len() <= FOREIGN_TEXT_MAX;
    if is_short && !said.contains('\0') {
        return Cow::Borrowed(said);
    }
    said.chars()
        .take(FOREIGN_TEXT_MAX)
        .map(|character| if character == '\0' { '\u{fffd}' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_receivers_say_is_cut_and_has_no_nul() {
        assert_eq!(foreign_text("no such index"), "no such index");
        assert_eq!(foreign_text("a\0b"), "a\u{fffd}b");
        assert_eq!(foreign_text(&"ü".repeat(3000)).chars().count(), FOREIGN_TEXT_MAX);
    }
}
