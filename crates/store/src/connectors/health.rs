//! How connectors fare: as it stands by feature, in numbers by the hour, and attempt by attempt.

use std::collections::BTreeSet;

use daybook_events::{ConnectorId, Feature, Grant, Timestamp};
use sqlx::{AnyConnection, any::AnyRow};

use super::{find_own_connector, foreign_text, lock_connector};
use crate::{
    catalog::{Catalog, HOUR_NANOS, hour_of, named_enum, number, optional_time, text, time},
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

/// Attempts that are kept of a connector.
const ATTEMPTS_KEPT: i64 = 200;

named_enum! {
    /// How a connector fares with a feature.
    HealthStatus {
        /// It has not tried yet.
        Starting = "starting",
        /// Its last attempt went well.
        Ok = "ok",
        /// Its last attempt failed, and it tries again.
        Retrying = "retrying",
        /// It does not try again before a person has done something.
        Stopped = "stopped",
    }
}

named_enum! {
    /// How an attempt ended.
    AttemptOutcome {
        /// Everything was taken.
        Done = "done",
        /// Everything was taken but what was refused for good.
        Partial = "partial",
        /// It failed, and is tried again.
        Retried = "retried",
        /// All of it was refused for good.
        Refused = "refused",
        /// It failed, and is not tried again before a person has done something.
        Stopped = "stopped",
    }
}

/// How a connector fares with one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorHealth {
    /// Which connector.
    pub connector_id: ConnectorId,
    /// Which feature.
    pub feature: Feature,
    /// In short.
    pub status: HealthStatus,
    /// When something was last taken. Recorded as `None`, it stays what it was, as do the next two.
    pub last_acknowledged_at: Option<Timestamp>,
    /// When the last event happened that was taken.
    pub last_event_time: Option<Timestamp>,
    /// When it last tried.
    pub last_attempt_at: Option<Timestamp>,
    /// When it tries again, if it waits for that.
    pub next_attempt_at: Option<Timestamp>,
    /// Attempts in a row that failed.
    pub failures: i64,
    /// What is wrong, for people; may be empty.
    pub reason: String,
    /// What to do about it, for people; may be empty.
    pub fix: String,
    /// When its worker began.
    pub started_at: Timestamp,
}

/// What a connector did in one hour; recorded, it is added to what is known of that hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorHour {
    /// Which connector.
    pub connector_id: ConnectorId,
    /// When the hour began; of what is recorded, any time in it.
    pub begins_at: Timestamp,
    /// Events that were taken.
    pub events: i64,
    /// Bytes of the bodies that carried them.
    pub bytes: i64,
    /// Batches that were taken.
    pub batches: i64,
    /// Attempts that failed and were tried again.
    pub retries: i64,
    /// Events that were refused for good.
    pub rejected: i64,
    /// Events that are known to have been sent twice.
    pub repeated: i64,
    /// Milliseconds spent in attempts.
    pub busy_ms: i64,
}

/// One attempt, without what it carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorAttempt {
    /// Which connector.
    pub connector_id: ConnectorId,
    /// Its number among the connector's attempts, from 1; given when it is recorded.
    pub attempt_id: i64,
    /// When it began.
    pub attempted_at: Timestamp,
    /// Of which feature.
    pub feature: Feature,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Events that it carried.
    pub events: i64,
    /// Bytes of its body.
    pub bytes: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What the other side said, for people; no secret and no payload.
    pub detail: String,
}

impl Catalog {
    /// Records how connectors fare, in one transaction. What concerns a connector that was removed meanwhile is dropped.
    /// Of attempts, the newest 200 of each connector are kept.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`; nothing was recorded.
    pub async fn record_delivery(
        &self,
        health: &[ConnectorHealth],
        hours: &[ConnectorHour],
        attempts: &[ConnectorAttempt],
    ) -> Result<(), StoreError> {
        let of_health = health.iter().map(|health| &health.connector_id);
        let of_hours = hours.iter().map(|hour| &hour.connector_id);
        let of_attempts = attempts.iter().map(|attempt| &attempt.connector_id);
        let connectors: BTreeSet<_> = of_health.chain(of_hours).chain(of_attempts).collect();
        let mut transaction = self.database.writers().begin().await.step("record how connectors fare")?;
        for connector_id in connectors {
            match lock_connector(&self.database, &mut transaction, connector_id).await {
                Err(StoreError::Missing { .. }) => continue,
                locked => locked?,
            };
            for health in health.iter().filter(|health| health.connector_id == *connector_id) {
                self.record_health(&mut transaction, health).await?;
            }
            for hour in hours.iter().filter(|hour| hour.connector_id == *connector_id) {
                self.record_hour(&mut transaction, hour).await?;
            }
            let attempts = attempts.iter().filter(|attempt| attempt.connector_id == *connector_id);
            self.record_attempts(&mut transaction, connector_id, attempts).await?;
        }
        transaction.commit().await.step("record how connectors fare")
    }

    async fn record_health(&self, connection: &mut AnyConnection, health: &ConnectorHealth) -> Result<(), StoreError> {
        let nanos = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_nanos);
        let query = self.database.query(sql::RECORD_CONNECTOR_HEALTH).bind(health.connector_id.as_str());
        let query = query.bind(health.feature.as_str()).bind(health.status.as_str());
        let query = query.bind(nanos(health.last_acknowledged_at)).bind(nanos(health.last_event_time));
        let query = query.bind(nanos(health.last_attempt_at)).bind(nanos(health.next_attempt_at));
        let query = query.bind(health.failures).bind(foreign_text(&health.reason).as_ref());
        let query = query.bind(foreign_text(&health.fix).as_ref()).bind(health.started_at.as_nanos());
        query.execute(connection).await.step("record the health of a connector").map(|_| ())
    }

    async fn record_hour(&self, connection: &mut AnyConnection, hour: &ConnectorHour) -> Result<(), StoreError> {
        let query = self.database.query(sql::RECORD_CONNECTOR_HOUR).bind(hour.connector_id.as_str());
        let query = query.bind(hour_of(hour.begins_at)).bind(hour.events).bind(hour.bytes).bind(hour.batches);
        let query = query.bind(hour.retries).bind(hour.rejected).bind(hour.repeated).bind(hour.busy_ms);
        query.execute(connection).await.step("record the hour of a connector").map(|_| ())
    }

    async fn record_attempts(
        &self,
        connection: &mut AnyConnection,
        connector_id: &ConnectorId,
        attempts: impl Iterator<Item = &ConnectorAttempt>,
    ) -> Result<(), StoreError> {
        let mut is_any = false;
        for attempt in attempts {
            is_any = true;
            let query = self.database.query(sql::INSERT_CONNECTOR_ATTEMPT).bind(connector_id.as_str());
            let query = query.bind(attempt.attempted_at.as_nanos()).bind(attempt.feature.as_str());
            let query = query.bind(attempt.outcome.as_str()).bind(attempt.events).bind(attempt.bytes);
            let query = query.bind(attempt.duration_ms).bind(foreign_text(&attempt.detail).as_ref());
            query.execute(&mut *connection).await.step("record an attempt of a connector")?;
        }
        if is_any {
            let query = self.database.query(sql::DELETE_OLD_CONNECTOR_ATTEMPTS).bind(connector_id.as_str());
            let query = query.bind(ATTEMPTS_KEPT);
            query.execute(&mut *connection).await.step("forget old attempts of a connector")?;
        }
        Ok(())
    }

    /// How a connector fares, by feature.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had this connector.
    pub async fn connector_health(
        &self,
        grant: &Grant,
        connector_id: &ConnectorId,
    ) -> Result<Vec<ConnectorHealth>, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let query = self.database.query(sql::LIST_CONNECTOR_HEALTH).bind(connector_id.as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list the health of a connector")?;
        rows.iter().map(health).collect()
    }

    /// What a connector did since a time, by hour; hours in which it did nothing are left out.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had this connector.
    pub async fn connector_hours(
        &self,
        grant: &Grant,
        connector_id: &ConnectorId,
        since: Timestamp,
    ) -> Result<Vec<ConnectorHour>, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let query = self.database.query(sql::LIST_CONNECTOR_HOURS).bind(connector_id.as_str()).bind(hour_of(since));
        let rows = query.fetch_all(self.database.readers()).await.step("list the hours of a connector")?;
        rows.iter().map(hour).collect()
    }

    /// The last attempts of a connector, newest first, `limit` at the most.
    ///
    /// # Errors
    ///
    /// `NotFound`: the account never had this connector.
    pub async fn connector_attempts(
        &self,
        grant: &Grant,
        connector_id: &ConnectorId,
        limit: u32,
    ) -> Result<Vec<ConnectorAttempt>, StoreError> {
        find_own_connector(&self.database, grant, connector_id).await?;
        let query = self.database.query(sql::LIST_CONNECTOR_ATTEMPTS).bind(connector_id.as_str());
        let rows = query.bind(i64::from(limit)).fetch_all(self.database.readers()).await;
        rows.step("list the attempts of a connector")?.iter().map(attempt).collect()
    }

    /// Forgets what connectors did before a time.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn forget_connector_hours(&self, before: Timestamp) -> Result<(), StoreError> {
        let query = self.database.query(sql::DELETE_OLD_CONNECTOR_HOURS).bind(hour_of(before));
        query.execute(self.database.writers()).await.step("forget the hours of connectors").map(|_| ())
    }
}

fn health(row: &AnyRow) -> Result<ConnectorHealth, StoreError> {
    Ok(ConnectorHealth {
        connector_id: parse_stored("connector id", text(row, "connector_id")?)?,
        feature: parse_stored("feature", text(row, "feature")?)?,
        status: parse_stored("health status", text(row, "status")?)?,
        last_acknowledged_at: optional_time(row, "last_acknowledged_at")?,
        last_event_time: optional_time(row, "last_event_time")?,
        last_attempt_at: optional_time(row, "last_attempt_at")?,
        next_attempt_at: optional_time(row, "next_attempt_at")?,
        failures: number(row, "failures")?,
        reason: text(row, "reason")?,
        fix: text(row, "fix")?,
        started_at: time(row, "started_at")?,
    })
}

fn hour(row: &AnyRow) -> Result<ConnectorHour, StoreError> {
    Ok(ConnectorHour {
        connector_id: parse_stored("connector id", text(row, "connector_id")?)?,
        begins_at: Timestamp::from_nanos(number(row, "hour")? * HOUR_NANOS),
        events: number(row, "events")?,
        bytes: number(row, "bytes")?,
        batches: number(row, "batches")?,
        retries: number(row, "retries")?,
        rejected: number(row, "rejected")?,
        repeated: number(row, "repeated")?,
        busy_ms: number(row, "busy_ms")?,
    })
}

fn attempt(row: &AnyRow) -> Result<ConnectorAttempt, StoreError> {
    Ok(ConnectorAttempt {
        connector_id: parse_stored("connector id", text(row, "connector_id")?)?,
        attempt_id: number(row, "attempt_id")?,
        attempted_at: time(row, "attempted_at")?,
        feature: parse_stored("feature", text(row, "feature")?)?,
        outcome: parse_stored("attempt outcome", text(row, "outcome")?)?,
        events: number(row, "events")?,
        bytes: number(row, "bytes")?,
        duration_ms: number(row, "duration_ms")?,
        detail: text(row, "detail")?,
    })
}
