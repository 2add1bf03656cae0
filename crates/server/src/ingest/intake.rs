//! What every way in shares: a body is read within its bounds, worked through on a blocking thread, appended, counted.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use bytes::BytesMut;
use daybook_events::{Feature, Kind, Kinded, Timestamp};
use daybook_store::{AppendBatch, Appended, StoreError, TokenVerdict};
use http_body_util::BodyExt;

use super::{
    budget::Share,
    terms::{Coding, Terms},
};
use crate::{
    error::ApiError,
    events_api::header_text,
    pressure::UnderWay,
    request::{ended_early, too_large, too_late},
    state::{App, days_long},
    telemetry::metric_label,
};

const MIB: usize = 1 << 20;
/// For so long after an append found no room, the store counts as full.
const FULL_FOR: Duration = Duration::from_secs(30);

/// A body that has come, and its share of the budget.
pub(super) struct Intake {
    body: Bytes,
    terms: Terms,
    share: Share,
    under_way: UnderWay,
}

/// Whether the store had room for the last append.
#[derive(Debug, Default)]
pub(crate) struct Room(Mutex<Option<Instant>>);

impl Intake {
    /// Reads a body: as large as the configuration allows, in the time it allows, within the account's share of memory.
    pub(super) async fn receive(
        app: &App,
        verdict: &TokenVerdict,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, ApiError> {
        let coding = Coding::of(headers)?;
        let limits = &app.config.ingest;
        let bytes_max = limits.body_mib_max * MIB;
        let length = header_text(headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length > bytes_max) {
            return Err(too_large(bytes_max));
        }
        let mut share = app.ingest_budget.open(&verdict.account_id);
        let timeout = Duration::from_secs(app.config.server.body_timeout_secs);
        let body = read_body(body, bytes_max, timeout, &mut share).await?;
        // What it unpacks to is known only afterwards; until then it may be anything up to the limit.
        let unpacked_bytes = if coding == Coding::Identity { 0 } else { bytes_max };
        if !share.grow_to(body.len() + unpacked_bytes).await {
            return Err(too_much());
        }
        let now = app.clock.now();
        let not_before = verdict.retention_days.map(|days| now.minus(days_long(days)));
        let terms = Terms { coding, bytes_max, events_max: limits.body_events_max, now, not_before };
        Ok(Self { body, terms, share, under_way: app.pressure.begin() })
    }

    /// When it had come.
    pub(super) fn now(&self) -> Timestamp {
        self.terms.now
    }

    /// Prepares the body on a thread that serves nobody else, for checking and compressing take milliseconds, and
    /// finishes with what came of it.
    ///
    /// A client that goes away ends its request, not this work: the share is given back when the work is done.
    pub(super) async fn work<P, T, E, F>(
        self,
        prepare: impl FnOnce(&[u8], &Terms) -> Result<P, E> + Send + 'static,
        finish: impl FnOnce(P) -> F + Send + 'static,
    ) -> Result<T, E>
    where
        P: Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let work = tokio::spawn(async move {
            let Self { body, terms, share, under_way } = self;
            let prepared = tokio::task::spawn_blocking(move || prepare(&body, &terms));
            let prepared = prepared.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
            let finished = finish(prepared).await;
            drop((share, under_way));
            finished
        });
        work.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

impl Room {
    /// Whether an append found the disk full a moment ago, and none has found room since.
    pub(super) fn is_full(&self) -> bool {
        self.found_full().is_some_and(|since| since.elapsed() < FULL_FOR)
    }

    fn note(&self, outcome: &Result<Appended, StoreError>) {
        match outcome {
            Ok(_) => *self.found_full() = None,
            Err(error) if error.kind() == Kind::StorageFull => *self.found_full() = Some(Instant::now()),
            Err(_) => {}
        }
    }

    fn found_full(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends a batch: answered when it is on disk.
pub(super) async fn append(app: &App, batch: AppendBatch) -> Result<Appended, ApiError> {
    let outcome = app.log.append(batch).await;
    app.room.note(&outcome);
    outcome.map_err(ApiError::from)
}

/// Counts what became of events of a feature; `fault` is the member at fault in the first that was rejected.
pub(super) fn count(feature: &Feature, accepted: usize, rejected: usize, fault: Option<&str>) {
    let label = metric_label(feature);
    metrics::counter!("daybook_events_appended_total", "feature" => label).increment(accepted as u64);
    metrics::counter!("daybook_events_rejected_total", "feature" => label).increment(rejected as u64);
    if let Some(field) = fault {
        tracing::warn!(
            batch.events = accepted + rejected,
            batch.rejected = rejected,
            feature = feature.as_str(),
            field,
            "events of a batch were rejected"
        );
    }
}

async fn read_body(body: Body, bytes_max: usize, timeout: Duration, share: &mut Share) -> Result<Bytes, ApiError> {
    let read = async {
        let mut body = std::pin::pin!(body);
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(ended_early)?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > bytes_max {
                return Err(too_large(bytes_max));
            }
            if !share.grow_to(bytes.len() + data.len()).await {
                return Err(too_much());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(timeout, read).await.map_err(|_| too_late(timeout))?
}

fn too_much() -> ApiError {
    ApiError::unavailable("too much is being ingested at once; try again")
}
