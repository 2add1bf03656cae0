//! Object stores: Amazon S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage. A batch becomes an object,
//! or one for each hour or class where the settings want that.
//!
//! ```text
//!                                                     ┌─ config  options, and where objects go
//!  Batch ─ layout ─▶ groups ─ resume ─▶ what is new ──┤
//!          (names)            (LIST)                  └─ encode ─▶ lines │ parquet ─ send ─▶ PUT, create only
//! ```
//!
//! An object's name is made of the positions of its events and of a digest of what they say. A repeated attempt therefore
//! meets its own object, which the store refuses to write twice. After a restart the same events may come in a longer
//! batch, with another name: `resume` finds the object that begins at the same position, compares its digest, and leaves
//! out what it holds. Requests are signed by the crate `object_store`; connections are ours (`client`).

pub(super) mod azure_blob;
pub(super) mod gcs;
pub(super) mod s3;

mod answers;
mod client;
mod columns;
mod config;
mod encode;
mod layout;
mod parquet;
mod resume;
mod send;
#[cfg(test)]
mod tests;
