//! Events by HTTP: `POST /ingest/v1/{feature}` with a JSON array or NDJSON, answered per item; and [`hec`] for whatever
//! sends to Splunk.
//!
//! What is valid is stored, what is not is named; the answer comes after the events are on disk. Memory is bounded by a
//! budget of bytes in flight: who does not fit in waits a little, and is then told to come back.

mod body;
mod budget;
mod handler;
mod hec;
mod intake;
mod producer;
mod terms;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use budget::Budget;
pub(crate) use hec::Acks;
pub(crate) use intake::Room;

use daybook_events::{Feature, Timestamp};

use crate::state::App;

/// The routes under `/ingest` and `/services/collector`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(handler::ingest)).merge(hec::routes())
}

/// Reads a body and checks that what was accepted adds up, for the fuzz target.
pub(crate) fn prepare_and_check(feature: &Feature, coding: u8, body: &[u8]) {
    let coding = match coding {
        0 | 1 => terms::Coding::Identity,
        2 => terms::Coding::Gzip,
        _ => terms::Coding::Zstd,
    };
    let terms = terms::Terms {
        coding,
        bytes_max: 1 << 20,
        events_max: 1000,
        now: Timestamp::from_seconds(1_772_600_000),
        not_before: None,
    };
    if let Ok(prepared) = body::prepare(body, feature, &terms) {
        let events: usize = prepared.blocks.iter().map(daybook_store::EncodedBlock::event_count).sum();
        assert_eq!(events, prepared.answer.accepted);
    }
}
