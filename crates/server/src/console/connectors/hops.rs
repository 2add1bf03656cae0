//! The steps of a test as a page shows them.

use daybook_connectors::{Hop, HopOutcome};

use crate::console::words::connectors as say;

/// A walk to a receiver.
pub(in crate::console) struct Walk {
    /// Step by step.
    pub(in crate::console) hops: Vec<HopLine>,
    /// Whether each of them worked.
    pub(in crate::console) is_whole: bool,
}

/// A step of the way.
pub(in crate::console) struct HopLine {
    pub(in crate::console) name: &'static str,
    pub(in crate::console) is_passed: bool,
    /// What was seen.
    pub(in crate::console) seen: String,
    /// What mends it; empty when nothing has to be.
    pub(in crate::console) fix: String,
    pub(in crate::console) took: String,
}

impl From<Vec<Hop>> for Walk {
    fn from(hops: Vec<Hop>) -> Self {
        Self { is_whole: hops.iter().all(Hop::is_passed), hops: hops.into_iter().map(line).collect() }
    }
}

fn line(hop: Hop) -> HopLine {
    let is_passed = hop.is_passed();
    let (seen, fix) = match hop.outcome {
        HopOutcome::Passed(seen) => (seen, String::new()),
        HopOutcome::Failed { reason, fix } => (reason, say::sentence_of(&fix)),
    };
    HopLine { name: say::hop(hop.name), is_passed, seen: say::capital(&seen), fix, took: say::took(hop.took) }
}
