//! What the tests of destinations share.

use std::{collections::BTreeMap, sync::Arc};

use daybook_connectors::{
    AnyDestination, Batch, Context, DestinationKind, EgressGuard, FileRoots, OutgoingEvent, Settings,
};
use daybook_events::{AccountId, FixedClock, Position, Timestamp};

/// 2026-03-04T05:06:07Z.
pub(crate) const NOW_SECS: i64 = 1_772_600_767;

/// A context that lets connections go to this machine.
pub(crate) fn context() -> Context {
    Context {
        hub_version: "0.0.0-test".to_owned(),
        hub_host: "hub.acme.example".to_owned(),
        guard: Arc::new(EgressGuard::allowing(&"127.0.0.0/8, ::1".parse().unwrap())),
        clock: Arc::new(FixedClock::at(Timestamp::from_seconds(NOW_SECS))),
        files: FileRoots::new(vec![std::env::temp_dir()]),
    }
}

/// A destination of these settings.
pub(crate) fn open(kind: DestinationKind, given: &[(&str, &str)]) -> AnyDestination {
    let given: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::check(kind.description(), &given).unwrap();
    kind.open(&settings, &context()).unwrap()
}

/// Events of these payloads, at the positions 1, 2, 3…, a second apart.
pub(crate) fn batch_of(feature: &str, payloads: &[String]) -> Batch {
    let feature = feature.parse().unwrap();
    let events = (0i64..).zip(payloads).map(|(index, payload)| {
        let time = Timestamp::from_seconds(NOW_SECS + index);
        OutgoingEvent::raw(&feature, Position::new(index + 1), (time, time), payload)
    });
    let events = events.collect();
    let account: AccountId = "A".repeat(26).parse().unwrap();
    Batch { account, feature, events }
}

/// So many audit events.
pub(crate) fn audit_events(count: u64) -> Batch {
    let payloads: Vec<String> = (1..=count).map(|n| daybook_testkit::events::audit_event(n).to_string()).collect();
    batch_of("auditevents", &payloads)
}
