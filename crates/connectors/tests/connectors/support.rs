//! What the tests against real receivers share.

use std::{collections::BTreeMap, sync::Arc};

use daybook_connectors::{
    AnyDestination, Batch, Context, DestinationKind, EgressGuard, FileRoots, OutgoingEvent, Settings,
};
use daybook_events::{Feature, Position, SystemClock, Timestamp};

/// 2026-03-04T05:06:07Z.
const NOW_SECS: i64 = 1_772_600_767;

/// A destination of these settings, which may reach this machine.
pub(crate) fn open(kind: DestinationKind, given: &[(&str, &str)]) -> AnyDestination {
    let given: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let context = Context {
        hub_version: "0.0.0-test".to_owned(),
        hub_host: "hub.acme.example:8443".to_owned(),
        guard: Arc::new(EgressGuard::allowing(&"127.0.0.0/8, ::1".parse().unwrap())),
        clock: Arc::new(SystemClock),
        files: FileRoots::new(vec![std::env::temp_dir()]),
    };
    kind.open(&Settings::check(kind.description(), &given).unwrap(), &context).unwrap()
}

/// Events of these payloads, from a position on, a second apart.
pub(crate) fn batch(feature: &Feature, first: i64, payloads: &[String]) -> Batch {
    let event = |(position, payload): (i64, &String)| {
        let time = Timestamp::from_seconds(NOW_SECS + position);
        OutgoingEvent::raw(feature, Position::new(position), (time, time), payload)
    };
    let events = (first..).zip(payloads).map(event).collect();
    Batch { account: "A".repeat(26).parse().unwrap(), feature: feature.clone(), events }
}
