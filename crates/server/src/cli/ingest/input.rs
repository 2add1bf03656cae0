//! The events to send, cut into batches. Where a batch ends depends only on where it begins and on the bytes from there
//! on, so that a run that is repeated sends the same batches.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde_json::value::RawValue;

use super::progress::{Progress, RejectedLine};
use crate::cli::appender::digest;

pub(super) const BATCH_LINES_MAX: usize = 1000;
pub(super) const BATCH_BYTES_MAX: usize = 8 << 20;
const ARRAY_BYTES_MAX: usize = 16 << 20;

/// Lines of a file, of standard input, or of what was a JSON array.
pub(super) struct Input {
    reader: Reader,
    bytes_total: Option<u64>,
    offset: u64,
    line: u64,
    /// A line that was read and did not fit into the last batch.
    pending: Option<Vec<u8>>,
}

enum Reader {
    File(BufReader<File>),
    Stdin(BufReader<io::Stdin>),
    Memory(Cursor<Vec<u8>>),
}

/// Some lines, ready to be sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// The events, one a line.
    pub(super) body: Vec<u8>,
    /// The number of each one's line, from 1.
    pub(super) lines: Vec<u64>,
    /// Lines that would spoil the batch for the others, and are not sent.
    pub(super) refused: Vec<RejectedLine>,
    /// Where it begins and ends, in bytes.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Lines up to its end.
    pub(super) line_end: u64,
    /// SHA-256 of the bytes from beginning to end.
    pub(super) sha256: String,
}

impl Input {
    /// # Errors
    ///
    /// It cannot be read, or is a JSON array that is too large or broken.
    pub(super) fn file(path: &Path) -> Result<Self> {
        let context = || format!("read {}", path.display());
        let file = File::open(path).with_context(context)?;
        let bytes = file.metadata().with_context(context)?.len();
        let mut reader = BufReader::new(file);
        if begins_array(&mut reader).with_context(context)? {
            return Self::array(&mut reader).with_context(context);
        }
        Ok(Self::of(Reader::File(reader), Some(bytes)))
    }

    /// # Errors
    ///
    /// See [`file`](Self::file).
    pub(super) fn stdin() -> Result<Self> {
        let context = "read standard input";
        let mut reader = BufReader::new(io::stdin());
        if begins_array(&mut reader).context(context)? {
            return Self::array(&mut reader).context(context);
        }
        Ok(Self::of(Reader::Stdin(reader), None))
    }

    fn array(reader: &mut impl Read) -> Result<Self> {
        let lines = array_as_lines(reader)?;
        let bytes = lines.len() as u64;
        Ok(Self::of(Reader::Memory(Cursor::new(lines)), Some(bytes)))
    }

    fn of(reader: Reader, bytes_total: Option<u64>) -> Self {
        Self { reader, bytes_total, offset: 0, line: 0, pending: None }
    }

    pub(super) fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes to where an earlier run stopped, if the batch before that place is still the same.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn resume(&mut self, progress: &Progress) -> Result<bool> {
        let length = progress.offset.checked_sub(progress.batch_start);
        let is_inside = self.bytes_total.is_some_and(|total| progress.offset <= total);
        let Some(length) = length.filter(|_| is_inside) else { return Ok(false) };
        self.reader.seek(progress.batch_start)?;
        let mut batch = Vec::new();
        self.reader.buffered().take(length).read_to_end(&mut batch).context("read the last batch again")?;
        if batch.len() as u64 == length && digest(&[&batch]) == progress.sha256 {
            (self.offset, self.line) = (progress.offset, progress.line);
            return Ok(true);
        }
        self.reader.seek(0)?;
        Ok(false)
    }

    /// The next batch: at most 1000 lines and 8 MiB. `None` at the end.
    ///
    /// # Errors
    ///
    /// It cannot be read, or a line is longer than a batch.
    pub(super) fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut batch = Batch { start: self.offset, ..Batch::default() };
        let mut raw = Vec::new();
        while batch.lines.len() + batch.refused.len() < BATCH_LINES_MAX {
            let Some(line) = self.next_line()? else { break };
            if raw.len() + line.len() > BATCH_BYTES_MAX && !raw.is_empty() {
                self.pending = Some(line);
                break;
            }
            self.offset += line.len() as u64;
            self.line += 1;
            batch.add(&line, self.line);
            raw.extend_from_slice(&line);
        }
        if raw.is_empty() {
            return Ok(None);
        }
        (batch.end, batch.line_end, batch.sha256) = (self.offset, self.line, digest(&[&raw]));
        Ok(Some(batch))
    }

    /// The next line with its end.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(line) = self.pending.take() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let mut limited = self.reader.buffered().take(BATCH_BYTES_MAX as u64 + 1);
        limited.read_until(b'\n', &mut line).with_context(|| format!("read line {}", self.line + 1))?;
        ensure!(
            line.len() <= BATCH_BYTES_MAX,
            "line {} is longer than {BATCH_BYTES_MAX} bytes: is this one JSON object a line?",
            self.line + 1
        );
        Ok((!line.is_empty()).then_some(line))
    }
}

impl Reader {
    fn buffered(&mut self) -> &mut dyn BufRead {
        match self {
            Self::File(reader) => reader,
            Self::Stdin(reader) => reader,
            Self::Memory(reader) => reader,
        }
    }

    fn seek(&mut self, offset: u64) -> Result<()> {
        let to = SeekFrom::Start(offset);
        match self {
            Self::File(reader) => reader.seek(to).context("find the place in the file").map(drop),
            Self::Memory(reader) => reader.seek(to).context("find the place in the array").map(drop),
            Self::Stdin(_) => unreachable!("standard input has no length, and is never resumed"),
        }
    }
}

impl Batch {
    pub(super) fn add(&mut self, line: &[u8], number: u64) {
        let line = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line }.trim_ascii();
        if line.is_empty() {
            return;
        }
        // The hub takes a body that begins with "[" for an array, and refuses all of one that is not UTF-8.
        let fault = match std::str::from_utf8(line) {
            Err(_) => Some("is not UTF-8"),
            Ok(line) if !line.starts_with('{') => Some("is not a JSON object"),
            Ok(_) => None,
        };
        if let Some(reason) = fault {
            self.refused.push(RejectedLine { line: number, field: String::new(), reason: reason.to_owned() });
            return;
        }
        self.body.extend_from_slice(line);
        self.body.push(b'\n');
        self.lines.push(number);
    }
}

/// Whether what comes is a JSON array. Nothing is consumed.
fn begins_array(reader: &mut impl BufRead) -> io::Result<bool> {
    let ahead = reader.fill_buf()?;
    let ahead = ahead.strip_prefix(b"\xef\xbb\xbf").unwrap_or(ahead);
    Ok(ahead.trim_ascii_start().first() == Some(&b'['))
}

/// The items of a JSON array, one a line. White space between members may hold line ends; strings cannot.
fn array_as_lines(reader: &mut impl Read) -> Result<Vec<u8>> {
    let mut text = String::new();
    reader.take(ARRAY_BYTES_MAX as u64 + 1).read_to_string(&mut text).context("a JSON array has to be UTF-8")?;
    ensure!(
        text.len() <= ARRAY_BYTES_MAX,
        "a JSON array may have at most {ARRAY_BYTES_MAX} bytes; write one object a line instead, as with `jq -c '.[]'`"
    );
    let items: Vec<&RawValue> =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).context("this begins as a JSON array and is none")?;
    let mut lines = Vec::with_capacity(text.len());
    for item in items {
        lines.extend(item.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &[u8]) -> Result<Input> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Input::file(file.path())
    }

    fn batches(text: &[u8]) -> Vec<Batch> {
        let mut input = input(text).unwrap();
        std::iter::from_fn(|| input.next_batch().unwrap()).collect()
    }

    #[test]
    fn batches_have_bounds_and_cover_everything() {
        let text = "{\"n\":1}\n".repeat(2500);
        let batches = batches(text.as_bytes());
        assert_eq!(batches.iter().map(|batch| batch.lines.len()).collect::<Vec<_>>(), [1000, 1000, 500]);
        assert_eq!(batches.last().unwrap().end, text.len() as u64);
        assert!(batches.windows(2).all(|pair| pair[0].end == pair[1].start));

        let large = format!("{{\"a\":\"{}\"}}\n", "x".repeat(3 << 20)).repeat(5);
        let sizes: Vec<_> = self::batches(large.as_bytes()).iter().map(|batch| batch.lines.len()).collect();
        assert_eq!(sizes, [2, 2, 1]);
    }

    #[test]
    fn lines_that_spoil_a_batch_are_kept_out_of_it() {
        let batches = batches(b"\xef\xbb\xbf{}\r\n\n[1]\n{\"a\":\"\xff\"}\n  {} \nlast");
        let [batch] = batches.as_slice() else { panic!("{batches:?}") };
        assert_eq!(batch.body, b"{}\n{}\n");
        assert_eq!(batch.lines, [1, 5]);
        assert_eq!(batch.refused.iter().map(|it| it.line).collect::<Vec<_>>(), [3, 4, 6]);
    }

    #[test]
    fn an_array_is_one_item_a_line() {
        let batches = batches(b" [ {\"a\": [1,\n 2]},\r\n {\"b\":\"\\n\"} ]\n");
        assert_eq!(batches[0].body, b"{\"a\": [1,  2]}\n{\"b\":\"\\n\"}\n");
        assert_eq!(batches[0].lines, [1, 2]);
        assert!(self::batches(b"[]").is_empty());
        assert!(input(b"[{}").is_err());
        let large = format!("[{}]", " ".repeat(ARRAY_BYTES_MAX));
        assert!(format!("{:#}", input(large.as_bytes()).err().unwrap()).contains("jq -c"));
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut input = input(&vec![b'x'; BATCH_BYTES_MAX + 1]).unwrap();
        assert!(input.next_batch().unwrap_err().to_string().contains("line 1 is longer"));
    }
}
