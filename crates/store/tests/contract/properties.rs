//! The log against a model: whatever is done in whatever order, readers see what the model says.

use std::time::Duration;

use daybook_events::{Position, Timestamp, Window};
use daybook_store::{CursorKey, EventLogOptions, ReadFilter};
use proptest::prelude::*;

use crate::support::*;

#[derive(Debug, Clone)]
enum Step {
    Append { count: i64, seconds_ago: i64 },
    Pack,
    ClockBack,
    Restart,
    Walk { limit: usize, window: WindowKind },
}

#[derive(Debug, Clone, Copy)]
enum WindowKind {
    Everything,
    Since { second: i64, until: i64 },
    Between { second: i64, length: i64 },
    NotBefore { second: i64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    let window = prop_oneof![
        Just(WindowKind::Everything),
        (-50..400_i64, 0..900_i64).prop_map(|(second, until)| WindowKind::Since { second, until }),
        (-50..400_i64, 0..100_i64).prop_map(|(second, length)| WindowKind::Between { second, length }),
        (-50..400_i64).prop_map(|second| WindowKind::NotBefore { second }),
    ];
    prop_oneof![
        6 => (1..40_i64, 0..50_i64).prop_map(|(count, seconds_ago)| Step::Append { count, seconds_ago }),
        2 => (600..1200_i64).prop_map(|count| Step::Append { count, seconds_ago: 0 }),
        2 => Just(Step::Pack),
        1 => Just(Step::ClockBack),
        1 => Just(Step::Restart),
        6 => (1..700_usize, window).prop_map(|(limit, window)| Step::Walk { limit, window }),
    ]
}

/// What the model knows of an event: its position, time and arrival second, and number.
type Known = (i64, Timestamp, Timestamp, i64);

fn model_walk(model: &[Known], window: WindowKind) -> Vec<i64> {
    let wanted = |(position, time, arrival, _): &&Known| match window {
        WindowKind::Everything => true,
        WindowKind::Since { second, until } => *position > until || *time >= at(second),
        WindowKind::Between { second, length } => *time >= at(second) && *time < at(second + length),
        WindowKind::NotBefore { second } => *time >= at(second) && *arrival >= at(second),
    };
    model.iter().filter(wanted).map(|known| known.3).collect()
}

fn filter_of(window: WindowKind) -> ReadFilter {
    let filter = |window| ReadFilter { window, not_before: None };
    match window {
        WindowKind::Everything => filter(Window::Everything),
        WindowKind::Since { second, until } => filter(Window::Since { start: at(second), until: Position::new(until) }),
        WindowKind::Between { second, length } => {
            filter(Window::Between { start: at(second), end: at(second + length) })
        }
        WindowKind::NotBefore { second } => ReadFilter { window: Window::Everything, not_before: Some(at(second)) },
    }
}

async fn run(mut store: Store, steps: Vec<Step>) {
    let mut model: Vec<Known> = Vec::new();
    let mut second = 0;
    for step in steps {
        match step {
            Step::Append { count, seconds_ago } => {
                second += 1;
                store.clock.set(at(second));
                let first = i64::try_from(model.len()).unwrap();
                let batch: Vec<_> = (first..first + count)
                    .map(|number| (at(second - seconds_ago + number % 7), payload(number)))
                    .collect();
                store.append(&batch).await;
                let arrived_last = model.last().map_or(Timestamp::MIN, |known| known.2);
                let base = at(second).as_nanos().max(arrived_last.as_nanos().saturating_add(1));
                // A batch of more than a block arrives block by block, each a nanosecond behind the one before.
                for (index, (time, payload)) in (0_i64..).zip(&batch) {
                    let arrival = Timestamp::from_nanos(base + index);
                    model.push((first + index + 1, *time, arrival, number_of(payload)));
                }
            }
            Step::Pack if !model.is_empty() => {
                let key = CursorKey { name: "packer".into(), stream_id: store.stream_id().await };
                let lease = store.cursors.lease(&key, Duration::from_secs(30)).await.unwrap().unwrap();
                store.log.pack(&lease).await.unwrap();
                store.cursors.release(lease).await.unwrap();
            }
            Step::Pack => {}
            Step::ClockBack => second = (second - 30).max(0),
            Step::Restart => store = store.reopen(EventLogOptions::default()).await,
            Step::Walk { limit, window } => {
                assert_eq!(store.walk(limit, filter_of(window)).await, model_walk(&model, window), "{window:?}");
            }
        }
    }
}

fn check(cases: u32, open: fn() -> std::pin::Pin<Box<dyn Future<Output = Store>>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(any_step(), 1..25))| {
        runtime.block_on(async { run(open().await, steps).await });
    });
}

#[test]
fn sqlite_agrees_with_the_model() {
    check(40, || Box::pin(Store::sqlite()));
}

#[test]
fn postgres_agrees_with_the_model() {
    check(12, || Box::pin(Store::postgres()));
}
