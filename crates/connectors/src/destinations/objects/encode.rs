//! Events as the bytes of an object.

use super::{
    config::{Config, FileFormat},
    layout::Name,
    parquet::parquet_of,
};
use crate::{Batch, destinations::file::lines_of, http::gzip};

/// An object to be written.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) path: String,
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Packs events into one object. It takes a second for a full batch: not for an asynchronous thread.
///
/// There is no `Content-Encoding`: a reader that honours it would unpack what the name says is packed.
pub(super) fn object_of(config: &Config, folder: &str, batch: &Batch) -> Object {
    let path = Name::of(batch).path(folder, config.file_format);
    let sorted = config.is_ocsf.then(|| by_time(batch));
    let batch = sorted.as_ref().unwrap_or(batch);
    let (content_type, bytes) = match config.file_format {
        FileFormat::Lines => ("application/gzip", gzip(&lines_of(batch))),
        FileFormat::Parquet => ("application/vnd.apache.parquet", parquet_of(batch, config.is_ocsf)),
    };
    Object { path, content_type, bytes }
}

/// The events as Security Lake wants them in an object.
fn by_time(batch: &Batch) -> Batch {
    let mut sorted = batch.clone();
    sorted.events.sort_by_key(|event| event.time);
    sorted
}
