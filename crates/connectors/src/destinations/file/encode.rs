//! Events as lines.

use crate::Batch;

/// A line an event. Line ends inside an event, which JSON has only between its members, become spaces.
pub(in crate::destinations) fn lines_of(batch: &Batch) -> Vec<u8> {
    let mut lines = Vec::with_capacity(batch.text_bytes() + batch.events.len());
    for event in &batch.events {
        let start = lines.len();
        lines.extend_from_slice(event.text.as_bytes());
        lines[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        lines.push(b'\n');
    }
    lines
}
