//! One page: which file, from where, and what comes after it.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use daybook_events::Feature;

use super::{
    config::Config,
    cursor::{Cursor, Identity, Place},
    generations::{Generation, generations, present},
    lines::{Bounds, End, read_lines},
};
use crate::{After, Begun, Context, Endpoint, Phase, Settings, SettingsError, Source, SourceError, SourcePage, Terms};

const PAGE_LINES_MAX: usize = 1000;
const PAGE_BYTES_MAX: u64 = 4 << 20;
/// Files that one page looks into; a page may end before it is full.
const PAGE_FILES_MAX: usize = 16;

/// Between looks at a file: the shortest after something was written, and the longest when nothing is.
const POLL_MIN: Duration = Duration::from_millis(250);
const POLL_MAX: Duration = Duration::from_secs(2);

const NOT_THERE: &str = "the file is not there: it was removed, renamed, or not made yet; it is read once it is there";

/// A file that is followed.
#[derive(Debug, Clone)]
pub struct FileSource {
    reader: Arc<Reader>,
}

#[derive(Debug)]
struct Reader {
    config: Config,
    bounds: Bounds,
    /// The file of the last page. It can be read to its end even if it was removed or packed since.
    held: Mutex<Option<File>>,
}

impl FileSource {
    /// A source of these settings. The file need not be there.
    ///
    /// # Errors
    ///
    /// The path is outside of the directories that files may be in, or the feature has no such name.
    pub fn open(settings: &Settings, context: &Context) -> Result<Self, SettingsError> {
        let config = Config::of(settings, context)?;
        let bounds = Bounds { lines: PAGE_LINES_MAX, bytes: PAGE_BYTES_MAX, line_bytes: config.line_bytes_max };
        Ok(Self { reader: Arc::new(Reader { config, bounds, held: Mutex::default() }) })
    }

    /// The same with pages of so many lines.
    #[cfg(test)]
    pub(super) fn with_page_lines(settings: &Settings, context: &Context, lines: usize) -> Self {
        let config = Config::of(settings, context).unwrap();
        let bounds = Bounds { lines, bytes: PAGE_BYTES_MAX, line_bytes: config.line_bytes_max };
        Self { reader: Arc::new(Reader { config, bounds, held: Mutex::default() }) }
    }

    /// What its events are.
    #[must_use]
    pub fn feature(&self) -> &Feature {
        &self.reader.config.feature
    }

    /// The lines after a cursor, which is empty at first: at most 1000, or 4 MiB and a line more.
    ///
    /// # Errors
    ///
    /// `Stop`: the path leads outside, the file may not be read, or the cursor is another source's. `Retry`: reading failed.
    pub async fn fetch(&self, after: &str) -> Result<SourcePage, SourceError> {
        let (reader, after) = (Arc::clone(&self.reader), after.to_owned());
        let page = tokio::task::spawn_blocking(move || reader.fetch(&after));
        page.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

impl Source for FileSource {
    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    fn terms(&self) -> Terms {
        Terms {
            poll_min: POLL_MIN,
            poll_max: POLL_MAX,
            budget: None,
            window: None,
            expires_at: None,
            expected: vec![self.feature().clone()],
            wanted: Some(vec![self.feature().clone()]),
        }
    }

    async fn begin(&self) -> Result<Begun, SourceError> {
        Ok(Begun { features: vec![self.feature().clone()], ..Begun::default() })
    }

    async fn fetch(&self, _feature: &Feature, after: After<'_>) -> Result<SourcePage, SourceError> {
        Self::fetch(self, after.cursor).await
    }

    fn phase(&self, _cursor: &str) -> Phase {
        Phase::Following
    }
}

impl Reader {
    fn fetch(&self, after: &str) -> Result<SourcePage, SourceError> {
        let outside =
            |reason| SourceError::stop(reason, "move the file, or allow its directory in the hub's configuration");
        let path = self.config.path().map_err(outside)?;
        let cursor = Cursor::parse(after).map_err(|error| {
            let reason = format!("the cursor is none of a file source: {error}");
            SourceError::stop(reason, "remove the source and add it again")
        })?;
        self.read(&path, &cursor).map_err(|error| judge(&path, &error))
    }

    fn read(&self, path: &Path, cursor: &Cursor) -> io::Result<SourcePage> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = SourcePage::default();
        let mut place = match self.begin(path, cursor)? {
            Ok(place) => place,
            Err(waiting) => {
                NOT_THERE.clone_into(&mut page.notice);
                page.cursor = waiting.to_text();
                return Ok(page);
            }
        };
        for _ in 0..PAGE_FILES_MAX {
            // Looked at before reading: if a later file has something by now, this one gets nothing more.
            let generations = generations(path)?;
            let next = next_of(&generations, place.file);
            let Some(file) = open(&mut held, &generations, place.file)? else {
                page.skipped.push(format!(
                    "a file was removed or packed after its line {} was read; if lines followed there, they are lost",
                    place.line
                ));
                let Some(next) = next_of_lost(&generations, place.file) else {
                    NOT_THERE.clone_into(&mut page.notice);
                    page.cursor = waiting(&generations).to_text();
                    return Ok(page);
                };
                place = Place::beginning_of(next.file);
                continue;
            };
            if place.is_overwritten(&file)? {
                place = Place::beginning_of(place.file);
            }
            let end = read_lines(&file, &mut place, &mut page, self.bounds, next.is_some())?;
            place.remember_head(&file)?;
            *held = Some(file);
            match next {
                _ if end == End::Page => break,
                Some(next) => place = Place::beginning_of(next.file),
                None => {
                    if !generations.iter().any(|generation| generation.is_current) {
                        NOT_THERE.clone_into(&mut page.notice);
                    }
                    page.cursor = Cursor::At(place).to_text();
                    return Ok(page);
                }
            }
        }
        page.has_more = true;
        page.cursor = Cursor::At(place).to_text();
        Ok(page)
    }

    /// Where to read; the cursor to wait with, as long as there is no file.
    fn begin(&self, path: &Path, cursor: &Cursor) -> io::Result<Result<Place, Cursor>> {
        let after_born_ns = match cursor {
            Cursor::At(place) => return Ok(Ok(place.clone())),
            Cursor::Waiting { after_born_ns } => Some(*after_born_ns),
            Cursor::Start => None,
        };
        let generations = generations(path)?;
        if let Some(after_born_ns) = after_born_ns {
            let first = generations.iter().find(|one| one.is_current || one.file.born_ns > after_born_ns);
            return Ok(first.map(|first| Place::beginning_of(first.file)).ok_or_else(|| cursor.clone()));
        }
        let Some(file) = present(File::open(path))? else { return Ok(Err(waiting(&generations))) };
        let mut place = Place::beginning_of(Identity::of(&file.metadata()?));
        if self.config.begins_at_end {
            (place.offset, place.line) = end_of_lines(&file)?;
            place.remember_head(&file)?;
        }
        Ok(Ok(place))
    }
}

/// There is no file now; those that were renamed away so far are none of what is waited for.
fn waiting(generations: &[Generation]) -> Cursor {
    let after_born_ns = generations.iter().map(|one| one.file.born_ns).max().unwrap_or(0);
    Cursor::Waiting { after_born_ns }
}

/// The file itself: the one that is held, or one of those that there are.
fn open(held: &mut Option<File>, generations: &[Generation], wanted: Identity) -> io::Result<Option<File>> {
    let is_wanted = |file: &File| file.metadata().is_ok_and(|metadata| Identity::of(&metadata) == wanted);
    if let Some(file) = held.take().filter(is_wanted) {
        return Ok(Some(file));
    }
    let Some(generation) = generations.iter().find(|generation| generation.file == wanted) else { return Ok(None) };
    match present(File::open(&generation.path))? {
        Some(file) if is_wanted(&file) => Ok(Some(file)),
        _ => Err(io::Error::other("it is being rotated")),
    }
}

/// The file that was written after this one, if it has begun.
fn next_of(generations: &[Generation], file: Identity) -> Option<&Generation> {
    let next = match generations.iter().position(|generation| generation.file == file) {
        Some(at) => generations.get(at + 1),
        None => next_of_lost(generations, file),
    };
    // A new file that is empty may have been made for a writer that still writes to the old one.
    next.filter(|next| !next.is_current || next.bytes > 0)
}

/// The same for a file that is not among them.
fn next_of_lost(generations: &[Generation], file: Identity) -> Option<&Generation> {
    generations.iter().find(|generation| generation.is_current || generation.file.born_ns > file.born_ns)
}

/// Where the last whole line ends, and how many lines there are up to there.
fn end_of_lines(file: &File) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::with_capacity(64 << 10, file);
    reader.seek(SeekFrom::Start(0))?;
    let (mut bytes, mut end, mut lines) = (0, 0, 0);
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok((end, lines));
        }
        if let Some(last) = chunk.iter().rposition(|byte| *byte == b'\n') {
            end = bytes + last as u64 + 1;
            lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        let length = chunk.len();
        bytes += length as u64;
        reader.consume(length);
    }
}

fn judge(path: &Path, error: &io::Error) -> SourceError {
    let reason = format!("read {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory => {
            SourceError::stop(reason, "let the hub's user read it, or name another file")
        }
        _ => SourceError::retry(reason),
    }
}
