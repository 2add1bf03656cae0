//! Events to record batches (format 2, Kafka 0.11 and later), and which partition they go to.

use std::io::Write;

use super::{
    config::{Config, KeyOf, Packing},
    producer::Numbering,
    wire::Writer,
};
use crate::{Batch, OutgoingEvent};

const CRC32C: crc::Crc<u32, crc::Table<16>> = crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISCSI);
/// Level 1 packs these events about as small as 3 does, in half the time.
const ZSTD_LEVEL: i32 = 1;

/// What records carry besides their events.
#[derive(Debug, Clone)]
pub(super) struct RecordStyle {
    key: KeyOf,
    account: String,
    event_type: String,
    schema: String,
    packing: Packing,
}

impl RecordStyle {
    pub(super) fn of(config: &Config, batch: &Batch) -> Self {
        Self {
            key: config.key,
            account: batch.account.to_string(),
            event_type: batch.event_type(),
            schema: config.schema_of(batch).to_owned(),
            packing: config.packing,
        }
    }

    fn key<'a>(&'a self, event: &'a OutgoingEvent) -> &'a str {
        match self.key {
            KeyOf::Account => &self.account,
            KeyOf::Uuid => &event.uuid,
        }
    }

    /// The partition of an event, the same that Kafka's own clients choose for its key.
    pub(super) fn partition_of(&self, event: &OutgoingEvent, count: usize) -> i32 {
        let hash = murmur2(self.key(event).as_bytes()) & 0x7fff_ffff;
        i32::try_from(hash as usize % count.max(1)).expect("a hash of 31 bits fits")
    }
}

/// One record batch of these events, at least one, in their order.
pub(super) fn record_batch(style: &RecordStyle, events: &[OutgoingEvent], numbering: Numbering) -> Vec<u8> {
    let times = || events.iter().map(|event| event.time.as_nanos().div_euclid(1_000_000));
    let first_ms = times().next().unwrap_or_default();
    let records = pack(style.packing, records(style, events, first_ms));
    let count = i32::try_from(events.len()).expect("batches are small");

    let mut checked = Writer(Vec::with_capacity(records.len() + 64));
    checked.i16(style.packing as i16).i32(count - 1).i64(first_ms).i64(times().max().unwrap_or_default());
    checked.i64(numbering.producer_id).i16(numbering.epoch).i32(numbering.first_sequence).i32(count).put(&records);

    let mut batch = Writer(Vec::with_capacity(checked.0.len() + 21));
    // The length counts what comes after it: leader epoch, magic, checksum and what it covers.
    batch.i64(0).count(checked.0.len() + 9).i32(-1).i8(2);
    batch.put(&CRC32C.checksum(&checked.0).to_be_bytes()).put(&checked.0);
    batch.0
}

fn records(style: &RecordStyle, events: &[OutgoingEvent], first_ms: i64) -> Vec<u8> {
    let text_bytes: usize = events.iter().map(|event| event.text.len()).sum();
    let mut all = Writer(Vec::with_capacity(text_bytes + 160 * events.len()));
    let mut record = Writer::default();
    for (offset, event) in (0i64..).zip(events) {
        record.0.clear();
        record.i8(0).varint(event.time.as_nanos().div_euclid(1_000_000) - first_ms).varint(offset);
        record.var_bytes(style.key(event).as_bytes()).var_bytes(event.text.as_bytes());
        let headers = [("event_type", &*style.event_type), ("event_uuid", &event.uuid), ("schema", &style.schema)];
        record.varint(3);
        for (name, value) in headers {
            record.var_bytes(name.as_bytes()).var_bytes(value.as_bytes());
        }
        all.var_bytes(&record.0);
    }
    all.0
}

fn pack(packing: Packing, records: Vec<u8>) -> Vec<u8> {
    const MEMORY: &str = "memory takes every byte";
    match packing {
        Packing::None => records,
        Packing::Gzip => crate::http::gzip(&records),
        Packing::Zstd => zstd::bulk::compress(&records, ZSTD_LEVEL).expect(MEMORY),
        Packing::Lz4 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::with_capacity(records.len() / 4));
            encoder.write_all(&records).expect(MEMORY);
            encoder.finish().expect(MEMORY)
        }
    }
}

/// The hash of Kafka's default partitioner.
fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(bytes.len()).expect("keys are short");
    let mut hash = 0x9747_b28c ^ length;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from the tests of Kafka's own `Utils.murmur2`.
    #[test]
    fn keys_hash_as_with_kafkas_own_clients() {
        for (key, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(CRC32C.checksum(b"123456789"), 0xe306_9283);
    }
}
