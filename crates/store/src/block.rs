//! A block: a compressed run of consecutive events. Pure; positions and base times are kept beside it, in its row.
//!
//! ```text
//!  codec 1 = zstd of:  count │ unit │ times (zigzag, each since the one before, in units; the first since the block's
//!                      earliest) │ arrivals (each since the one before) │ payload lengths │ payload,payload,payload
//! ```
//!
//! Numbers are varints. The unit is the coarsest of a second, a millisecond, a microsecond and a nanosecond in which every
//! time of the block is whole: most producers write milliseconds, and nanoseconds of those would only be zeros.
//!
//! Payloads are joined by commas, so that a run of events is the inside of a JSON array without touching it. Arrivals
//! are relative: an append encodes its blocks before it knows when, or at which position, they will stand.

use daybook_events::{NewEvent, Position, StoredEvent, Timestamp};

/// Events of a packed block.
pub const BLOCK_EVENTS_TARGET: usize = 2048;
/// Bytes of a block before compression, at the most (a single larger event has a block of its own).
pub const BLOCK_RAW_BYTES_MAX: usize = 2 << 20;

/// The only codec so far.
pub(crate) const CODEC_ZSTD: i64 = 1;

/// zstd's level for appends: over a million events a second and core.
const LEVEL_APPEND: i32 = 1;
/// zstd's level for packing, which has time: 380,000 events a second and core. Level 9 would take half a byte an event less,
/// and twice the memory.
const LEVEL_PACK: i32 = 7;

/// What times may be whole in, in nanoseconds, the coarsest first.
const UNITS: [i64; 4] = [1_000_000_000, 1_000_000, 1_000, 1];

/// A block on its way into the log.
#[derive(Debug, Clone)]
pub struct EncodedBlock {
    pub(crate) count: usize,
    pub(crate) min_time: Timestamp,
    pub(crate) max_time: Timestamp,
    /// Nanoseconds from the first arrival to the last.
    pub(crate) arrival_span: i64,
    pub(crate) raw_bytes: usize,
    pub(crate) payload: Vec<u8>,
}

/// A block read back.
#[derive(Debug)]
pub struct Block {
    pub(crate) first: Position,
    times: Vec<Timestamp>,
    arrivals: Vec<Timestamp>,
    /// Where each payload begins in `payloads`, and one past the end plus one of the last.
    starts: Vec<u32>,
    payloads: String,
}

/// A stored block that is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// Of a later version.
    #[error("codec {0} is not known to this version")]
    Codec(i64),
    /// Damaged.
    #[error("decompress {raw_bytes} bytes")]
    Decompress {
        /// How many were expected.
        raw_bytes: usize,
        /// What zstd said.
        #[source]
        source: std::io::Error,
    },
    /// Damaged.
    #[error("its {0} end early")]
    Cut(&'static str),
    /// Damaged.
    #[error("its payloads are not UTF-8")]
    NotUtf8,
}

/// One event on its way into a block, its arrival relative to the block's first.
struct Entry<'a> {
    time: Timestamp,
    arrival_offset: i64,
    payload: &'a str,
}

impl EncodedBlock {
    /// Cuts a batch into blocks of at most [`BLOCK_EVENTS_TARGET`] events and [`BLOCK_RAW_BYTES_MAX`] bytes, in order.
    #[must_use]
    pub fn encode_batch(events: &[NewEvent<'_>]) -> Vec<Self> {
        let entries = |events: &[NewEvent<'_>]| -> Self {
            let entries: Vec<Entry<'_>> = (0_i64..)
                .zip(events)
                .map(|(arrival_offset, event)| Entry { time: event.time, arrival_offset, payload: event.payload })
                .collect();
            Self::encode(&entries, LEVEL_APPEND)
        };
        split_by_size(events, |event| event.payload.len()).into_iter().map(entries).collect()
    }

    /// Merges neighbouring blocks, in order, into as few full blocks as they need.
    pub(crate) fn merge(blocks: &[Block]) -> Vec<(Position, Timestamp, Self)> {
        let events: Vec<StoredEvent<'_>> = blocks.iter().flat_map(Block::events).collect();
        split_by_size(&events, |event| event.payload.len())
            .into_iter()
            .filter_map(|events| {
                let first = events.first()?;
                let entries: Vec<Entry<'_>> = events
                    .iter()
                    .map(|event| Entry {
                        time: event.time,
                        arrival_offset: event.arrival.as_nanos() - first.arrival.as_nanos(),
                        payload: event.payload,
                    })
                    .collect();
                Some((first.position, first.arrival, Self::encode(&entries, LEVEL_PACK)))
            })
            .collect()
    }

    fn encode(entries: &[Entry<'_>], level: i32) -> Self {
        let times = || entries.iter().map(|entry| entry.time);
        let min_time = times().min().unwrap_or_default();
        let max_time = times().max().unwrap_or_default();
        let payload_bytes: usize = entries.iter().map(|entry| entry.payload.len() + 1).sum();
        let mut raw = Vec::with_capacity(payload_bytes + entries.len() * 12 + 8);
        put_varint(&mut raw, entries.len() as u64);
        let is_whole = |unit: &i64| times().all(|time| time.as_nanos() % unit == 0);
        let unit = UNITS.into_iter().find(is_whole).unwrap_or(1);
        put_varint(&mut raw, unit.cast_unsigned());
        let mut before = min_time.as_nanos() / unit;
        for time in times() {
            let now = time.as_nanos() / unit;
            put_varint(&mut raw, zigzag(now.wrapping_sub(before)));
            before = now;
        }
        let mut before = 0;
        for entry in entries {
            put_varint(&mut raw, (entry.arrival_offset - before).cast_unsigned());
            before = entry.arrival_offset;
        }
        for entry in entries {
            put_varint(&mut raw, entry.payload.len() as u64);
        }
        for (index, entry) in entries.iter().enumerate() {
            if index > 0 {
                raw.push(b',');
            }
            raw.extend_from_slice(entry.payload.as_bytes());
        }
        let payload =
            zstd::bulk::compress(&raw, level).expect("zstd compresses any bytes into a buffer of its own size");
        Self {
            count: entries.len(),
            min_time,
            max_time,
            arrival_span: entries.last().map_or(0, |entry| entry.arrival_offset),
            raw_bytes: raw.len(),
            payload,
        }
    }

    /// How many events it holds.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.count
    }
}

impl Block {
    /// Reads a block, given what its row says.
    pub(crate) fn decode(
        codec: i64,
        raw_bytes: usize,
        first: Position,
        min_time: Timestamp,
        min_arrival: Timestamp,
        payload: &[u8],
    ) -> Result<Self, BlockError> {
        if codec != CODEC_ZSTD {
            return Err(BlockError::Codec(codec));
        }
        let mut raw = zstd::bulk::decompress(payload, raw_bytes)
            .map_err(|source| BlockError::Decompress { raw_bytes, source })?;
        let mut rest = raw.as_slice();
        let count =
            take_varint(&mut rest).filter(|count| *count <= raw_bytes as u64).ok_or(BlockError::Cut("counts"))?;
        let unit = take_varint(&mut rest).map(u64::cast_signed).filter(|unit| UNITS.contains(unit));
        let unit = unit.ok_or(BlockError::Cut("units"))?;
        let mut column = |name: &'static str| -> Result<Vec<u64>, BlockError> {
            (0..count).map(|_| take_varint(&mut rest).ok_or(BlockError::Cut(name))).collect()
        };
        let mut time = min_time.as_nanos() / unit;
        let times = column("times")?.into_iter().map(|delta| {
            time = time.wrapping_add(unzigzag(delta));
            Timestamp::from_nanos(time.wrapping_mul(unit))
        });
        let times = times.collect();
        let mut arrival = min_arrival.as_nanos();
        let arrivals = column("arrivals")?.into_iter().map(|delta| {
            arrival = arrival.wrapping_add_unsigned(delta);
            Timestamp::from_nanos(arrival)
        });
        let arrivals = arrivals.collect();
        let lengths = column("lengths")?;
        let header_bytes = raw.len() - rest.len();
        raw.drain(..header_bytes);
        let payloads = String::from_utf8(raw).map_err(|_| BlockError::NotUtf8)?;
        let mut starts = Vec::with_capacity(lengths.len() + 1);
        let mut at = 0_u64;
        starts.push(0);
        for length in lengths {
            at += length + 1;
            starts.push(u32::try_from(at).map_err(|_| BlockError::Cut("payloads"))?);
        }
        let end = if count == 0 { 0 } else { at - 1 };
        let boundaries_fit = starts[..starts.len() - 1].iter().all(|start| payloads.is_char_boundary(*start as usize));
        if end != payloads.len() as u64 || !boundaries_fit {
            return Err(BlockError::Cut("payloads"));
        }
        Ok(Self { first, times, arrivals, starts, payloads })
    }

    /// How many events it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether it holds none, which no stored block does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The event at an index from 0.
    #[must_use]
    pub fn event(&self, index: usize) -> StoredEvent<'_> {
        StoredEvent {
            position: Position::new(self.first.get() + i64::try_from(index).unwrap_or(i64::MAX)),
            time: self.times[index],
            arrival: self.arrivals[index],
            payload: self.joined(index..index + 1),
        }
    }

    /// Its events in order.
    pub fn events(&self) -> impl Iterator<Item = StoredEvent<'_>> {
        (0..self.len()).map(|index| self.event(index))
    }

    /// The payloads of a range of events, joined by commas.
    #[must_use]
    pub fn joined(&self, range: std::ops::Range<usize>) -> &str {
        if range.is_empty() {
            return "";
        }
        &self.payloads[self.starts[range.start] as usize..self.starts[range.end] as usize - 1]
    }

    /// Bytes it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.payloads.len() + self.times.len() * 20 + 128
    }
}

/// Cuts a slice into runs that a block can hold.
fn split_by_size<T>(events: &[T], payload_bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut runs = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, event) in events.iter().enumerate() {
        let event_bytes = payload_bytes(event) + 1;
        let full = index - start >= BLOCK_EVENTS_TARGET || bytes + event_bytes > BLOCK_RAW_BYTES_MAX;
        if full && index > start {
            runs.push(&events[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += event_bytes;
    }
    if start < events.len() {
        runs.push(&events[start..]);
    }
    runs
}

/// Small numbers of either sign as small numbers.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(block: &EncodedBlock, first: i64, min_arrival: i64) -> Result<Block, BlockError> {
        let (first, arrival) = (Position::new(first), Timestamp::from_nanos(min_arrival));
        Block::decode(CODEC_ZSTD, block.raw_bytes, first, block.min_time, arrival, &block.payload)
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(events in prop::collection::vec((any::<i64>(), "\\PC{0,40}"), 1..50)) {
            let batch: Vec<NewEvent<'_>> = events
                .iter()
                .map(|(nanos, payload)| NewEvent { time: Timestamp::from_nanos(*nanos), payload })
                .collect();
            let encoded = EncodedBlock::encode_batch(&batch);
            prop_assert_eq!(encoded.len(), 1);
            let block = decode(&encoded[0], 7, 1_000).unwrap();
            let back: Vec<_> = block.events().map(|event| (event.time.as_nanos(), event.payload.to_owned())).collect();
            prop_assert_eq!(&back, &events);
            let joined = events.iter().map(|(_, payload)| payload.as_str()).collect::<Vec<_>>().join(",");
            prop_assert_eq!(block.joined(0..block.len()), joined);
            prop_assert_eq!(block.event(0).position, Position::new(7));
            prop_assert_eq!(block.event(block.len() - 1).arrival.as_nanos(), 1_000 + encoded[0].arrival_span);
        }

        #[test]
        fn a_damaged_block_is_an_error_and_no_panic(at in 0..200_usize, flip in 1..255_u8, raw_bytes in 0..4000_usize) {
            let events: Vec<_> = (0..20).map(|_| NewEvent { time: Timestamp::default(), payload: "{\"é\":1}" }).collect();
            let mut block = EncodedBlock::encode_batch(&events).remove(0);
            let at = at % block.payload.len();
            block.payload[at] ^= flip;
            let _ = decode(&block, 1, 0);
            block.raw_bytes = raw_bytes;
            let _ = decode(&block, 1, 0);
        }
    }

    #[test]
    fn batches_are_cut_by_count_and_by_bytes() {
        let event = NewEvent { time: Timestamp::default(), payload: "{}" };
        let counts = |events: &[NewEvent<'_>]| -> Vec<usize> {
            EncodedBlock::encode_batch(events).iter().map(EncodedBlock::event_count).collect()
        };
        assert_eq!(counts(&vec![event.clone(); 5000]), [2048, 2048, 904]);
        let large = "x".repeat(800_000);
        assert_eq!(counts(&vec![NewEvent { payload: &large, ..event.clone() }; 5]), [2, 2, 1]);
        let huge = "x".repeat(BLOCK_RAW_BYTES_MAX * 2);
        assert_eq!(counts(&[event.clone(), NewEvent { payload: &huge, ..event.clone() }, event]), [1, 1, 1]);
        assert!(counts(&[]).is_empty());
    }

    #[test]
    fn merged_blocks_keep_positions_times_and_arrivals() {
        let payloads: Vec<String> = (0..3000).map(|n| format!("{{\"n\":{n}}}")).collect();
        let blocks: Vec<Block> = payloads
            .iter()
            .enumerate()
            .map(|(n, payload)| {
                let n = i64::try_from(n).unwrap();
                let event = NewEvent { time: Timestamp::from_nanos(5000 - n), payload };
                let encoded = EncodedBlock::encode_batch(&[event]).remove(0);
                decode(&encoded, n + 1, 100 + n * 3).unwrap()
            })
            .collect();
        let merged = EncodedBlock::merge(&blocks);
        assert_eq!(
            merged.iter().map(|(first, _, block)| (first.get(), block.count)).collect::<Vec<_>>(),
            [(1, 2048), (2049, 952)]
        );
        let mut expected = blocks.iter().flat_map(Block::events);
        for (first, arrival, block) in &merged {
            let block = decode(block, first.get(), arrival.as_nanos()).unwrap();
            for event in block.events() {
                assert_eq!(Some(event), expected.next());
            }
        }
        assert_eq!(expected.next(), None);
    }
}
