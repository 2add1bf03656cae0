//! What the tests of connectors share.

use std::{collections::BTreeMap, sync::Arc};

use daybook_events::{AccountId, FixedClock, Position, Timestamp};

use crate::{AnyDestination, Batch, Context, DestinationKind, EgressGuard, FileRoots, OutgoingEvent, Settings};

/// 2026-03-04T05:06:07Z.
pub(crate) const NOW_SECS: i64 = 1_772_600_767;

/// Events of these payloads, at the positions 1, 2, 3….
pub(crate) fn batch_of(feature: &str, payloads: &[&str]) -> Batch {
    let feature = feature.parse().unwrap();
    let event = |(index, payload): (usize, &&str)| {
        let time = Timestamp::from_seconds(NOW_SECS + i64::try_from(index).unwrap());
        let position = Position::new(i64::try_from(index).unwrap() + 1);
        OutgoingEvent::raw(&feature, position, (time, time), payload)
    };
    let events = payloads.iter().enumerate().map(event).collect();
    let account: AccountId = "A".repeat(26).parse().unwrap();
    Batch { account, feature, events }
}

/// So many valid events of a feature of the wire.
pub(crate) fn batch(feature: &str, count: u64) -> Batch {
    let one = |n| match feature {
        "auditevents" => daybook_testkit::events::audit_event(n),
        "signinattempts" => daybook_testkit::events::sign_in_attempt(n),
        _ => daybook_testkit::events::item_usage(n),
    };
    let payloads: Vec<String> = (1..=count).map(|n| one(n).to_string()).collect();
    batch_of(feature, &payloads.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A context that lets connections go to this machine, and files into this directory.
pub(crate) fn context(files: &std::path::Path) -> Context {
    Context {
        hub_version: "0.0.0-test".to_owned(),
        hub_host: "hub.acme.example".to_owned(),
        hub_mark: "mark-of-tests".to_owned(),
        guard: Arc::new(EgressGuard::allowing(&"127.0.0.0/8, ::1".parse().unwrap())),
        clock: Arc::new(FixedClock::at(Timestamp::from_seconds(NOW_SECS))),
        files: FileRoots::new(vec![files.to_owned()]),
    }
}

/// A destination of these settings, `name=value` each.
pub(crate) fn open(kind: DestinationKind, given: &[(&str, &str)]) -> Result<AnyDestination, String> {
    open_in(kind, given, &std::env::temp_dir())
}

/// The same, with files in this directory.
pub(crate) fn open_in(
    kind: DestinationKind,
    given: &[(&str, &str)],
    files: &std::path::Path,
) -> Result<AnyDestination, String> {
    open_with(kind, given, &context(files))
}

/// The same, with another context.
pub(crate) fn open_with(
    kind: DestinationKind,
    given: &[(&str, &str)],
    context: &Context,
) -> Result<AnyDestination, String> {
    let given: BTreeMap<String, String> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::check(kind.description(), &given).map_err(|error| error.to_string())?;
    kind.open(&settings, context).map_err(|error| error.to_string())
}
