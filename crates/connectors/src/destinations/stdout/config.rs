//! Standard output has no options of its own.

use crate::description::{BatchBounds, Description, LINE_FORMATS, Transport};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Standard output",
    summary: "Writes each event as a line to the hub's standard output, for whatever reads that.",
    transport: Transport::Local,
    formats: LINE_FORMATS,
    batch: BatchBounds { events: "1000", kib: "1024", wait_ms: "100" },
    settings: &[],
};
