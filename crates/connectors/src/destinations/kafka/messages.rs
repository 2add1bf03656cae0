//! The seven requests of a producer and their answers, by Kafka's protocol guide. All are of versions before "flexible"
//! ones, which brokers from 2.4 to 4.x and their likes have in common; what came later is nothing that a producer needs.

use std::collections::BTreeMap;

use super::wire::{Malformed, Reader, Writer};

/// A request that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Produce,
    Metadata,
    SaslHandshake,
    Versions,
    CreateTopics,
    InitProducerId,
    SaslAuthenticate,
}

impl Api {
    pub(super) const fn key(self) -> i16 {
        match self {
            Self::Produce => 0,
            Self::Metadata => 3,
            Self::SaslHandshake => 17,
            Self::Versions => 18,
            Self::CreateTopics => 19,
            Self::InitProducerId => 22,
            Self::SaslAuthenticate => 36,
        }
    }

    /// The versions that are spoken here, from the least to the most. Redpanda and Event Hubs have no version 8 of
    /// `Produce`, which adds the reason for single records; 7 is the first with zstd.
    pub(super) const fn versions(self) -> (i16, i16) {
        match self {
            Self::Produce => (7, 8),
            Self::Metadata | Self::CreateTopics => (4, 4),
            Self::InitProducerId => (0, 1),
            Self::SaslHandshake => (1, 1),
            Self::Versions | Self::SaslAuthenticate => (0, 0),
        }
    }
}

/// The versions that a broker speaks, from the least to the most, by the request's key.
pub(super) type VersionRanges = BTreeMap<i16, (i16, i16)>;

/// The code, and the versions.
pub(super) fn read_versions(answer: &[u8]) -> Result<(i16, VersionRanges), Malformed> {
    let mut reader = Reader::new(answer);
    let code = reader.i16()?;
    let ranges = reader.array(|it| Ok((it.i16()?, (it.i16()?, it.i16()?))))?;
    Ok((code, ranges.into_iter().collect()))
}

/// Who is there, and who leads the partitions of a topic.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) brokers: BTreeMap<i32, (String, u16)>,
    pub(super) controller: i32,
    /// The topic's own trouble, if any.
    pub(super) code: i16,
    /// The leader of each partition by its number; −1 for none.
    pub(super) leaders: BTreeMap<i32, i32>,
}

/// Asks about one topic, without letting the broker create it by the way.
pub(super) fn metadata(topic: &str) -> Vec<u8> {
    let mut body = Writer::default();
    body.count(1).string(topic).i8(0);
    body.0
}

pub(super) fn read_metadata(answer: &[u8], topic: &str) -> Result<Metadata, Malformed> {
    let mut reader = Reader::new(answer);
    let _throttle_ms = reader.i32()?;
    let brokers = reader.array(|it| {
        let node = it.i32()?;
        let host = it.string()?.ok_or(Malformed)?;
        let port = u16::try_from(it.i32()?).map_err(|_| Malformed)?;
        let _rack = it.string()?;
        Ok((node, (host, port)))
    })?;
    let _cluster = reader.string()?;
    let controller = reader.i32()?;
    let topics = reader.array(|it| {
        let (code, name, _is_internal) = (it.i16()?, it.string()?, it.i8()?);
        let partitions = it.array(|it| {
            let (_code, number, leader) = (it.i16()?, it.i32()?, it.i32()?);
            let (_replicas, _in_sync) = (it.array(Reader::i32)?, it.array(Reader::i32)?);
            Ok((number, leader))
        })?;
        Ok((code, name, partitions))
    })?;
    let (code, _, partitions) =
        topics.into_iter().find(|(_, name, _)| name.as_deref() == Some(topic)).ok_or(Malformed)?;
    let leaders = partitions.into_iter().collect();
    Ok(Metadata { brokers: brokers.into_iter().collect(), controller, code, leaders })
}

/// Creates a topic with the cluster's own numbers of partitions and replicas.
pub(super) fn create_topic(topic: &str, timeout_ms: i32) -> Vec<u8> {
    let mut body = Writer::default();
    body.count(1).string(topic).i32(-1).i16(-1).count(0).count(0).i32(timeout_ms).i8(0);
    body.0
}

/// The code of the topic, and what the broker says to it.
pub(super) fn read_created(answer: &[u8]) -> Result<(i16, Option<String>), Malformed> {
    let mut reader = Reader::new(answer);
    let _throttle_ms = reader.i32()?;
    let topics = reader.array(|it| {
        let _name = it.string()?;
        Ok((it.i16()?, it.string()?))
    })?;
    topics.into_iter().next().ok_or(Malformed)
}

/// Asks for a producer's id, without transactions.
pub(super) fn init_producer() -> Vec<u8> {
    let mut body = Writer::default();
    body.null_string().i32(0);
    body.0
}

/// Code, id and epoch.
pub(super) fn read_producer(answer: &[u8]) -> Result<(i16, i64, i16), Malformed> {
    let mut reader = Reader::new(answer);
    let _throttle_ms = reader.i32()?;
    Ok((reader.i16()?, reader.i64()?, reader.i16()?))
}

/// Records for partitions of one topic, to be acknowledged by all replicas in sync.
pub(super) fn produce<'a>(
    topic: &str,
    records: impl ExactSizeIterator<Item = (i32, &'a [u8])>,
    timeout_ms: i32,
) -> Vec<u8> {
    const ACKS_ALL: i16 = -1;
    let mut body = Writer::default();
    body.null_string().i16(ACKS_ALL).i32(timeout_ms).count(1).string(topic).count(records.len());
    for (partition, records) in records {
        body.i32(partition).bytes(records);
    }
    body.0
}

/// What came of the records for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Produced {
    pub(super) partition: i32,
    pub(super) code: i16,
    /// Records that are to blame, by their place, and why.
    pub(super) bad_records: Vec<(i32, Option<String>)>,
    pub(super) message: Option<String>,
}

pub(super) fn read_produced(answer: &[u8], version: i16) -> Result<Vec<Produced>, Malformed> {
    let mut reader = Reader::new(answer);
    let topics = reader.array(|it| {
        let _topic = it.string()?;
        it.array(|it| {
            let (partition, code) = (it.i32()?, it.i16()?);
            let (_offset, _append_time, _log_start) = (it.i64()?, it.i64()?, it.i64()?);
            let (mut bad_records, mut message) = (Vec::new(), None);
            if version >= 8 {
                bad_records = it.array(|it| Ok((it.i32()?, it.string()?)))?;
                message = it.string()?;
            }
            Ok(Produced { partition, code, bad_records, message })
        })
    })?;
    Ok(topics.into_iter().flatten().collect())
}

pub(super) fn sasl_handshake(mechanism: &str) -> Vec<u8> {
    let mut body = Writer::default();
    body.string(mechanism);
    body.0
}

/// The code, and the mechanisms that the broker has.
pub(super) fn read_handshake(answer: &[u8]) -> Result<(i16, Vec<String>), Malformed> {
    let mut reader = Reader::new(answer);
    let code = reader.i16()?;
    let mechanisms = reader.array(Reader::string)?;
    Ok((code, mechanisms.into_iter().flatten().collect()))
}

pub(super) fn sasl_authenticate(token: &[u8]) -> Vec<u8> {
    let mut body = Writer::default();
    body.bytes(token);
    body.0
}

/// The code, what the broker says to it, and its token.
pub(super) fn read_authenticated(answer: &[u8]) -> Result<(i16, Option<String>, Vec<u8>), Malformed> {
    let mut reader = Reader::new(answer);
    Ok((reader.i16()?, reader.string()?, reader.bytes()?.to_vec()))
}
