//! The events before a position, newest first: the log reads forward, so it is read a step at a time, going back.

use daybook_events::{Position, Read, StreamKey, Timestamp};
use daybook_store::{EventLog, ReadFilter, StoreError};

/// Events on a page.
const EVENTS_A_PAGE: usize = 50;
/// Steps for one page, each over as many positions as events are missing. Behind retention there may be long stretches
/// with nothing to show.
const STEPS_MAX: usize = 20;

/// An event, kept beyond its block.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) position: Position,
    pub(super) time: Timestamp,
    pub(super) arrival: Timestamp,
    pub(super) payload: String,
}

/// A page of events.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Newest first.
    pub(super) events: Vec<Shown>,
    /// Before which position there may be more.
    pub(super) older: Option<i64>,
}

/// The events before a position, or the newest, that retention lets one see.
pub(super) async fn read_before(
    log: &EventLog,
    stream: &StreamKey<Read>,
    before: Option<Position>,
    not_before: Option<Timestamp>,
) -> Result<Found, StoreError> {
    let filter = ReadFilter { not_before, ..ReadFilter::default() };
    let Some(state) = log.stream(stream).await? else { return Ok(Found::default()) };
    // The oldest that can be seen: before it, there is nothing to look for.
    let first = log.read_after(stream, Position::START, 1, &filter).await?;
    let Some(oldest) = first.iter().next().map(|event| event.position) else { return Ok(Found::default()) };
    let behind_head = state.head.next();
    let mut end = before.map_or(behind_head, |before| before.min(behind_head));
    let mut found = Found::default();
    for _ in 0..STEPS_MAX {
        if end <= oldest || found.events.len() >= EVENTS_A_PAGE {
            break;
        }
        let missing = i64::try_from(EVENTS_A_PAGE - found.events.len()).unwrap_or(1);
        let start = Position::new(end.get() - 1 - missing);
        let mut step = read_between(log, stream, (start, end), &filter).await?;
        step.reverse();
        found.events.append(&mut step);
        end = start.next();
    }
    found.older = (end > oldest).then_some(end.get());
    Ok(found)
}

/// The events after `start` and before `end`, at most as many as positions between them.
async fn read_between(
    log: &EventLog,
    stream: &StreamKey<Read>,
    (start, end): (Position, Position),
    filter: &ReadFilter,
) -> Result<Vec<Shown>, StoreError> {
    let mut events: Vec<Shown> = Vec::new();
    let mut after = start;
    // A read may give less than was asked for, when events are large.
    while after.next() < end {
        let limit = usize::try_from(end.get() - after.get() - 1).unwrap_or(EVENTS_A_PAGE);
        let read = log.read_after(stream, after, limit, filter).await?;
        let inside = read.iter().take_while(|event| event.position < end);
        events.extend(inside.map(|event| Shown {
            position: event.position,
            time: event.time,
            arrival: event.arrival,
            payload: event.payload.to_owned(),
        }));
        if !read.more || read.scanned <= after {
            break;
        }
        after = read.scanned;
    }
    Ok(events)
}
