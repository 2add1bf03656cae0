//! Sources and destinations: bringing events in from other systems and pushing them out.

pub mod format;
pub mod selection;
