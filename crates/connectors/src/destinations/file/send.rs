//! Writing, rotating, and mending what a crash left behind.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use daybook_events::{Clock, Feature, Timestamp};

use super::{config::Config, encode::lines_of};
use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError, destinations::lane::Lane,
};

const TAIL_BYTES: u64 = 64 << 10;

/// A file, or one a feature.
#[derive(Debug)]
pub(crate) struct Connector {
    writer: Arc<Writer>,
    lane: Lane<Result<(), Fault>>,
}

#[derive(Debug)]
struct Writer {
    config: Config,
    clock: Arc<dyn Clock>,
    files: Mutex<HashMap<PathBuf, OpenFile>>,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    bytes: u64,
    begun_at: Timestamp,
}

/// Why nothing was written, or not all.
#[derive(Debug)]
enum Fault {
    /// The file may not be where it is.
    Place(String),
    /// The system refuses.
    Io(PathBuf, io::Error),
}

impl Connector {
    /// A file of these settings.
    pub(in crate::destinations) fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let config = Config::of(settings, context)?;
        let clock = Arc::clone(&context.clock);
        let writer = Arc::new(Writer { config, clock, files: Mutex::default() });
        Ok(Self { writer, lane: Lane::default() })
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let (writer, feature, lines) = (Arc::clone(&self.writer), batch.feature.clone(), lines_of(batch));
        let time_max = self.writer.config.timeout;
        let write = move || writer.write_for(&feature, &lines);
        let came = self.lane.run(batch.id(), time_max, write, Result::is_ok).await;
        let came = came.map_err(|lost| lost.error(&format!("the file of {}", batch.feature), time_max))?;
        came.map(|()| Delivered::all()).map_err(judge)
    }
}

fn judge(fault: Fault) -> DeliveryError {
    let (path, error) = match fault {
        Fault::Place(reason) => {
            return DeliveryError::stop(reason, "move the file, or allow its directory in the hub's configuration");
        }
        Fault::Io(path, error) => (path, error),
    };
    let reason = format!("write to {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            DeliveryError::stop(reason, "let the hub's user write there, or choose another file")
        }
        _ => DeliveryError::retry(reason),
    }
}

impl Writer {
    /// Appends lines to the file of a feature. Also finding it asks the file system, which may hang.
    fn write_for(&self, feature: &Feature, lines: &[u8]) -> Result<(), Fault> {
        let path = self.config.path_for(feature).map_err(Fault::Place)?;
        self.write(&path, lines).map_err(|error| Fault::Io(path, error))
    }

    /// Appends lines and has them on disk. After a failure the file is closed: it is mended when it is opened again.
    fn write(&self, path: &Path, lines: &[u8]) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = match files.remove(path) {
            // Somebody moved or removed it: the name is what counts.
            Some(open) if is_same(&open.file, path) => open,
            _ => self.open(path)?,
        };
        if self.is_due(&open) {
            self.rotate(path)?;
            open = self.open(path)?;
        }
        open.file.write_all(lines)?;
        open.file.sync_data()?;
        open.bytes += lines.len() as u64;
        files.insert(path.to_owned(), open);
        Ok(())
    }

    fn is_due(&self, open: &OpenFile) -> bool {
        let age = self.clock.now().since(open.begun_at);
        open.bytes > 0
            && (open.bytes >= self.config.rotate_bytes || self.config.rotate_after.is_some_and(|after| age >= after))
    }

    fn open(&self, path: &Path) -> io::Result<OpenFile> {
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o750).create(parent)?;
        let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o640).open(path)?;
        let bytes = cut_partial_line(&mut file)?;
        // A new file's name is on disk only when its directory is.
        File::open(parent)?.sync_all()?;
        let begun_at = file.metadata()?.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let begun_at = begun_at.map_or_else(|| self.clock.now(), |age| Timestamp::default().plus(age));
        Ok(OpenFile { file, bytes, begun_at })
    }

    /// Gives the file the time as an ending, and removes the oldest of those.
    fn rotate(&self, path: &Path) -> io::Result<()> {
        let stamp: String = self.clock.now().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let mut target = with_ending(path, &stamp);
        let mut again = 0;
        while target.exists() {
            again += 1;
            target = with_ending(path, &format!("{stamp}-{again}"));
        }
        fs::rename(path, &target)?;
        let mut rotated = rotated_files(path)?;
        rotated.sort();
        let surplus = rotated.len().saturating_sub(self.config.keep_files);
        rotated.iter().take(surplus).try_for_each(fs::remove_file)
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The files that rotation made of this one: its name, a dot, a time.
fn rotated_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let prefix = format!("{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let is_time =
        |rest: &str| rest.len() >= 16 && rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains('T');
    let mut found = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let is_rotated = entry.file_name().to_string_lossy().strip_prefix(&prefix).is_some_and(is_time);
        if is_rotated {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Cuts off what follows the last line end, and tells how long the file is.
fn cut_partial_line(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(TAIL_BYTES);
        let mut tail = vec![0; usize::try_from(end - start).unwrap_or_default()];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut tail)?;
        if let Some(at) = tail.iter().rposition(|byte| *byte == b'\n') {
            end = start + at as u64 + 1;
            break;
        }
        end = start;
    }
    if end < length {
        file.set_len(end)?;
    }
    Ok(end)
}

fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(held), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}
