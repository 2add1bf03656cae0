//! Which events share an object, and what objects are called.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use daybook_events::{Position, Timestamp};
use ring::digest;
use serde::Deserialize;

use super::config::{Config, FileFormat, PartitionBy};
use crate::{Batch, OutgoingEvent};

/// Positions are filled up with zeros to so many digits: names sort as events do.
const POSITION_DIGITS: usize = 12;
/// Bytes of the digest in a name.
const DIGEST_BYTES: usize = 8;

/// Events that go into one object.
#[derive(Debug)]
pub(super) struct Group {
    /// Where the object goes, without a slash at its end.
    pub(super) folder: String,
    /// Which of the batch's events, in their order.
    pub(super) indices: Vec<usize>,
    /// They themselves.
    pub(super) events: Batch,
}

/// What an object's name tells of what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) digest: String,
}

impl Name {
    /// The name of an object of these events, of which there is at least one.
    pub(super) fn of(batch: &Batch) -> Self {
        Self { first: batch.first(), last: batch.last(), digest: digest_of(batch, &batch.events) }
    }

    /// Reads the last part of an object's path.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let file = path.rsplit('/').next()?;
        let (stem, _) = file.split_once('.')?;
        let mut parts = stem.splitn(3, '-');
        let mut position = || parts.next()?.parse().ok().map(Position::new);
        let (first, last) = (position()?, position()?);
        let digest = parts.next()?;
        let is_digest = digest.len() == 2 * DIGEST_BYTES && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digest.then(|| Self { first, last, digest: digest.to_owned() })
    }

    /// How the paths of all objects begin that begin with this event.
    pub(super) fn beginning(folder: &str, first: Position) -> String {
        format!("{folder}/{:0POSITION_DIGITS$}-", first.get())
    }

    /// The path of the object.
    pub(super) fn path(&self, folder: &str, file_format: FileFormat) -> String {
        let suffix = match file_format {
            FileFormat::Lines => "ndjson.gz",
            FileFormat::Parquet => "parquet",
        };
        let beginning = Self::beginning(folder, self.first);
        format!("{beginning}{:0POSITION_DIGITS$}-{}.{suffix}", self.last.get(), self.digest)
    }
}

/// A digest of what an object of these events says, whatever its file format, and whose they are.
pub(super) fn digest_of(batch: &Batch, events: &[OutgoingEvent]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut field = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    field(batch.account.as_str().as_bytes());
    field(batch.feature.as_str().as_bytes());
    for event in events {
        field(&event.position.get().to_be_bytes());
        field(event.text.as_bytes());
        // Columns are read from the payload.
        if event.payload != event.text {
            field(event.payload.as_bytes());
        }
    }
    HEXLOWER.encode(&context.finish().as_ref()[..DIGEST_BYTES])
}

/// The events by the folder that they belong to; in one folder, in the order of their positions. Classes are read from the
/// events' JSON: not for an asynchronous thread.
pub(super) fn groups(config: &Config, batch: &Batch) -> Vec<Group> {
    if !config.is_ocsf && config.partition_by == PartitionBy::Arrival {
        let folder = folder_of(config, batch, None, arrival(batch));
        return vec![Group { folder, indices: (0..batch.events.len()).collect(), events: batch.clone() }];
    }
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, event) in batch.events.iter().enumerate() {
        let time = match config.partition_by {
            PartitionBy::Arrival => arrival(batch),
            PartitionBy::Event => event.time,
        };
        let class_uid = config.is_ocsf.then(|| class_of(&event.text));
        groups.entry(folder_of(config, batch, class_uid, time)).or_default().push(index);
    }
    groups.into_iter().map(|(folder, indices)| Group { folder, events: batch.pick(&indices), indices }).collect()
}

/// When the batch began to arrive: later events do not scatter it.
fn arrival(batch: &Batch) -> Timestamp {
    batch.events.first().map(|event| event.arrival).unwrap_or_default()
}

/// The class of an OCSF event; 0, the base event, if it tells none.
fn class_of(text: &str) -> u32 {
    #[derive(Deserialize)]
    struct Class {
        class_uid: u32,
    }
    serde_json::from_str::<Class>(text).map_or(0, |class| class.class_uid)
}

/// Hive's names, which Athena, Spark and the collectors of SIEMs read as columns; for OCSF those of Security Lake.
fn folder_of(config: &Config, batch: &Batch, class_uid: Option<u32>, time: Timestamp) -> String {
    let text = time.to_string();
    let (year, month, day, hour) = (&text[..4], &text[5..7], &text[8..10], &text[11..13]);
    let folder = match class_uid {
        Some(class_uid) => format!("class_uid={class_uid}/eventDay={year}{month}{day}"),
        None => format!("event_type={}/year={year}/month={month}/day={day}/hour={hour}", batch.feature),
    };
    match config.prefix.as_str() {
        "" => folder,
        prefix => format!("{prefix}/{folder}"),
    }
}
