//! Where the source is: a file, known by what a rename leaves as it is, and a place in it.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    time::UNIX_EPOCH,
};

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// As much of a file's beginning tells whether it was overwritten.
const HEAD_BYTES_MAX: u64 = 1024;
const WAITING: &str = "waiting";

/// A cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cursor {
    /// Nothing was read, and nothing was waited for.
    Start,
    /// There was no file; what comes is read from its beginning, even if it is renamed away before it was seen.
    Waiting {
        /// When the newest of those was made that had been renamed away by then.
        after_born_ns: u64,
    },
    /// In a file.
    At(Place),
}

/// A file, whatever it is called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    /// Nanoseconds since 1970 of its creation, which tells it from a later file of its inode; 0 where there is no telling.
    pub(super) born_ns: u64,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    #[serde(flatten)]
    pub(super) file: Identity,
    /// Bytes that were read.
    pub(super) offset: u64,
    /// Lines that were read.
    pub(super) line: u64,
    /// Whether the rest of a line that is too long comes next.
    #[serde(default)]
    pub(super) is_inside_long_line: bool,
    head_bytes: u64,
    /// SHA-256 of that many first bytes.
    fingerprint: String,
}

impl Cursor {
    /// # Errors
    ///
    /// The text is no cursor of this source.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        if let Some(after_born_ns) = text.strip_prefix(WAITING).and_then(|rest| rest.strip_prefix(' ')) {
            return serde_json::from_str(after_born_ns).map(|after_born_ns| Self::Waiting { after_born_ns });
        }
        match text {
            "" => Ok(Self::Start),
            // As it was written before there was a time: what was renamed away was not looked for.
            WAITING => Ok(Self::Waiting { after_born_ns: u64::MAX }),
            _ => serde_json::from_str(text).map(Self::At),
        }
    }

    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Start => String::new(),
            Self::Waiting { after_born_ns } => format!("{WAITING} {after_born_ns}"),
            Self::At(place) => serde_json::to_string(place).expect("a place is numbers and hexadecimal"),
        }
    }
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let born_ns = born.and_then(|age| u64::try_from(age.as_nanos()).ok()).unwrap_or(0);
        Self { device: metadata.dev(), inode: metadata.ino(), born_ns }
    }
}

impl Place {
    /// The beginning of a file.
    pub(super) fn beginning_of(file: Identity) -> Self {
        let fingerprint = HEXLOWER.encode(digest(&SHA256, b"").as_ref());
        Self { file, offset: 0, line: 0, is_inside_long_line: false, head_bytes: 0, fingerprint }
    }

    /// Whether the file was cut or overwritten since: it is shorter, or begins otherwise.
    pub(super) fn is_overwritten(&self, file: &File) -> io::Result<bool> {
        Ok(file.metadata()?.len() < self.offset || fingerprint_of(file, self.head_bytes)? != self.fingerprint)
    }

    /// Takes the beginning of what was read as the fingerprint.
    pub(super) fn remember_head(&mut self, file: &File) -> io::Result<()> {
        let head_bytes = self.offset.min(HEAD_BYTES_MAX);
        if head_bytes > self.head_bytes {
            (self.head_bytes, self.fingerprint) = (head_bytes, fingerprint_of(file, head_bytes)?);
        }
        Ok(())
    }
}

fn fingerprint_of(file: &File, head_bytes: u64) -> io::Result<String> {
    let mut head = vec![0; usize::try_from(head_bytes.min(HEAD_BYTES_MAX)).unwrap_or_default()];
    match file.read_exact_at(&mut head, 0) {
        Ok(()) => Ok(HEXLOWER.encode(digest(&SHA256, &head).as_ref())),
        // It was cut since its length was asked for.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(String::new()),
        Err(error) => Err(error),
    }
}
