//! What all batches on their way take of memory. Nobody waits for it, since who has it may be waiting for a receiver that is
//! gone: where it is used up, batches are small.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The texts of a batch, at the most, while there is no memory left; one event is always let through.
const SMALL_BATCH_BYTES: usize = 64 << 10;

/// A measure of bytes. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    bytes_max: usize,
    held: Arc<AtomicUsize>,
}

/// Bytes that count until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    bytes: usize,
    held: Arc<AtomicUsize>,
}

impl Memory {
    pub(super) fn of_mib(mib: usize) -> Self {
        Self { bytes_max: mib << 20, held: Arc::default() }
    }

    /// How many bytes the next batch may have of those it would like to.
    pub(super) fn batch_bytes(&self, wanted: usize) -> usize {
        let left = self.bytes_max.saturating_sub(self.held.load(Ordering::Relaxed));
        wanted.min(left.max(SMALL_BATCH_BYTES))
    }

    pub(super) fn hold(&self, bytes: usize) -> Held {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        metrics::gauge!("daybook_destination_batches_bytes").set((before + bytes) as f64);
        Held { bytes, held: Arc::clone(&self.held) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let before = self.held.fetch_sub(self.bytes, Ordering::Relaxed);
        metrics::gauge!("daybook_destination_batches_bytes").set((before - self.bytes) as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_small_while_others_hold_everything() {
        const MIB: usize = 1 << 20;
        let memory = Memory::of_mib(4);
        assert_eq!(memory.batch_bytes(MIB), MIB);
        let first = memory.hold(3 * MIB + MIB / 2);
        assert_eq!(memory.batch_bytes(MIB), MIB / 2);
        let second = memory.hold(MIB);
        assert_eq!(memory.batch_bytes(MIB), SMALL_BATCH_BYTES);
        assert_eq!(memory.batch_bytes(100), 100, "no more than it would like");
        drop((first, second));
        assert_eq!(memory.batch_bytes(5 * MIB), 4 * MIB);
    }
}
