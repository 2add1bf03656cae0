//! Standard output has no options of its own.

use crate::description::{BatchBounds, Description, Transport};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Standard output",
    summary: "Writes each event as a line to the hub's standard output, for whatever reads that.",
    transport: Transport::Local,
    formats: &["raw", "ecs", "ocsf", "cef", "leef"],
    batch: BatchBounds { events: "1000", kib: "1024", wait_ms: "100" },
    settings: &[],
};
