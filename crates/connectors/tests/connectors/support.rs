//! What the tests of destinations share.

use std::{collections::BTreeMap, sync::Arc};

use daybook_connectors::{
    AnyDestination, Batch, Context, Delivered, DeliveryError, Destination, DestinationKind, EgressGuard, FileRoots,
    OutgoingEvent, Settings,
};
use daybook_events::{Feature, FixedClock, Position, SystemClock, Timestamp};

/// 2026-03-04T05:06:07Z.
pub(crate) const NOW_SECS: i64 = 1_772_600_767;

/// A context that lets connections go to this machine.
pub(crate) fn context() -> Context {
    Context {
        hub_version: "0.0.0-test".to_owned(),
        hub_host: "hub.acme.example".to_owned(),
        hub_mark: "mark-of-tests".to_owned(),
        guard: Arc::new(EgressGuard::allowing(&"127.0.0.0/8, ::1".parse().unwrap())),
        clock: Arc::new(FixedClock::at(Timestamp::from_seconds(NOW_SECS))),
        files: FileRoots::new(vec![std::env::temp_dir()]),
    }
}

/// A destination of these settings.
pub(crate) fn open(kind: DestinationKind, given: &[(&str, &str)]) -> AnyDestination {
    open_in(kind, given, &context())
}

fn open_in(kind: DestinationKind, given: &[(&str, &str)], context: &Context) -> AnyDestination {
    let given: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::check(kind.description(), &given).unwrap();
    kind.open(&settings, context).unwrap()
}

/// The same by the system's clock, for receivers that compare.
pub(crate) fn open_at_real_time(kind: DestinationKind, given: &[(&str, &str)]) -> AnyDestination {
    open_in(kind, given, &Context { clock: Arc::new(SystemClock), ..context() })
}

/// Events of these payloads, at the positions 1, 2, 3…, a second apart.
pub(crate) fn batch_of(feature: &str, payloads: &[String]) -> Batch {
    batch(&feature.parse().unwrap(), 1, payloads)
}

/// Events of these payloads, from a position on, a second apart.
pub(crate) fn batch(feature: &Feature, first: i64, payloads: &[String]) -> Batch {
    let event = |(position, payload): (i64, &String)| {
        let time = Timestamp::from_seconds(NOW_SECS + position - 1);
        OutgoingEvent::raw(feature, Position::new(position), (time, time), payload)
    };
    let events = (first..).zip(payloads).map(event).collect();
    Batch { account: "A".repeat(26).parse().unwrap(), feature: feature.clone(), events }
}

/// So many audit events.
pub(crate) fn audit_events(count: u64) -> Batch {
    let payloads: Vec<String> = (1..=count).map(|n| daybook_testkit::events::audit_event(n).to_string()).collect();
    batch_of("auditevents", &payloads)
}

/// Attempts until one is not to be tried again, as the worker does.
pub(crate) async fn deliver(destination: &AnyDestination, batch: &Batch) -> Result<Delivered, DeliveryError> {
    for _ in 0..20 {
        match destination.deliver(batch).await {
            Err(DeliveryError::Retry { .. }) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            other => return other,
        }
    }
    destination.deliver(batch).await
}
