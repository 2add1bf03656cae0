//! Decompressed blocks kept for the next reader, bounded by bytes, least recently used first out.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use crate::block::Block;

/// A stream and the first and last position of a block: packing changes these, so a stale block is never found.
pub(crate) type BlockKey = (i64, i64, i64);

#[derive(Debug)]
pub(crate) struct BlockCache {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    blocks: HashMap<BlockKey, (u64, Arc<Block>)>,
    by_use: BTreeMap<u64, BlockKey>,
    uses: u64,
    bytes: usize,
}

impl BlockCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, state: Mutex::default() }
    }

    pub(crate) fn find(&self, key: BlockKey) -> Option<Arc<Block>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.uses += 1;
        let now = state.uses;
        let (used, block) = state.blocks.get_mut(&key)?;
        let before = std::mem::replace(used, now);
        let block = Arc::clone(block);
        state.by_use.remove(&before);
        state.by_use.insert(now, key);
        Some(block)
    }

    pub(crate) fn insert(&self, key: BlockKey, block: &Arc<Block>) {
        let bytes = block.memory_bytes();
        if bytes > self.bytes_max / 4 {
            return;
        }
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        state.uses += 1;
        if let Some((used, old)) = state.blocks.insert(key, (state.uses, Arc::clone(block))) {
            state.by_use.remove(&used);
            state.bytes -= old.memory_bytes();
        }
        state.by_use.insert(state.uses, key);
        state.bytes += bytes;
        while state.bytes > self.bytes_max {
            let Some((_, oldest)) = state.by_use.pop_first() else { return };
            if let Some((_, block)) = state.blocks.remove(&oldest) {
                state.bytes -= block.memory_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use daybook_events::{NewEvent, Position, Timestamp};

    use super::*;
    use crate::block::{CODEC_ZSTD, EncodedBlock};

    fn block(payload_bytes: usize) -> Arc<Block> {
        let payload = "x".repeat(payload_bytes);
        let encoded =
            EncodedBlock::encode_batch(&[NewEvent { time: Timestamp::default(), payload: &payload }]).remove(0);
        let (first, time) = (Position::new(1), Timestamp::default());
        Arc::new(Block::decode(CODEC_ZSTD, encoded.raw_bytes, first, time, time, &encoded.payload).unwrap())
    }

    #[test]
    fn the_least_recently_used_block_goes_first() {
        let cache = BlockCache::new(10_000);
        for first in 1..=4 {
            cache.insert((1, first, first), &block(2_000));
        }
        assert!(cache.find((1, 1, 1)).is_some());
        cache.insert((1, 5, 5), &block(2_000));
        assert!(cache.find((1, 1, 1)).is_some());
        assert!(cache.find((1, 2, 2)).is_none());
        assert!(cache.find((1, 5, 5)).is_some());
    }

    #[test]
    fn a_block_that_would_take_the_cache_alone_is_not_kept() {
        let cache = BlockCache::new(10_000);
        cache.insert((1, 1, 1), &block(3_000));
        assert!(cache.find((1, 1, 1)).is_none());
    }
}
