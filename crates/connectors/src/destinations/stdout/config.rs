//! Standard output has one option of its own: how long it may take.

use crate::{
    description::{BatchBounds, Description, LINE_FORMATS, Transport},
    destinations::lane::TIMEOUT,
};

pub(in crate::destinations) const DESCRIPTION: Description = Description {
    title: "Standard output",
    summary: "Writes each event as a line to the hub's standard output, for whatever reads that.",
    transport: Transport::Local,
    formats: LINE_FORMATS,
    batch: BatchBounds { events: "1000", kib: "1024", wait_ms: "100" },
    settings: &[TIMEOUT],
};
