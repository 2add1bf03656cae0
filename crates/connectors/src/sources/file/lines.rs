//! Reading a page's lines from a place in a file.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
};

use serde_json::value::RawValue;

use super::cursor::Place;
use crate::SourcePage;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much one page holds and reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) lines: usize,
    /// Of the file, read for one page; one line more may be.
    pub(super) bytes: u64,
    pub(super) line_bytes: usize,
}

/// Why reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The page is full.
    Page,
    /// There is no whole line more.
    File,
}

/// What stands at a place.
enum Found {
    Line,
    /// The beginning of a line, or the rest of one, that is too long.
    Piece,
    /// A line without its end, which may be being written.
    Partial,
    Nothing,
}

/// Reads lines into a page and moves the place behind them. A last line without its end counts only if nobody writes to the
/// file any more.
pub(super) fn read_lines(
    file: &File,
    place: &mut Place,
    page: &mut SourcePage,
    bounds: Bounds,
    is_finished: bool,
) -> io::Result<End> {
    let mut reader = BufReader::with_capacity(64 << 10, file);
    reader.seek(SeekFrom::Start(place.offset))?;
    let begun_at = place.offset;
    let mut line = Vec::new();
    loop {
        if page.payloads.len() + page.skipped.len() >= bounds.lines || place.offset - begun_at >= bounds.bytes {
            return Ok(End::Page);
        }
        line.clear();
        match next_line(&mut reader, &mut line, bounds.line_bytes)? {
            Found::Nothing => return Ok(End::File),
            Found::Partial if !is_finished && !place.is_inside_long_line => return Ok(End::File),
            Found::Line | Found::Partial if !place.is_inside_long_line => {
                place.line += 1;
                let is_first = place.offset == 0;
                take(&line, place.line, is_first, page);
            }
            Found::Line => place.is_inside_long_line = false,
            Found::Partial => {}
            Found::Piece if place.is_inside_long_line => {}
            Found::Piece => {
                place.line += 1;
                place.is_inside_long_line = true;
                page.skipped.push(format!("line {} is longer than {} KiB", place.line, bounds.line_bytes >> 10));
            }
        }
        place.offset += line.len() as u64;
    }
}

/// Reads up to a line's end, and no more than one byte beyond the longest line.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>, line_bytes: usize) -> io::Result<Found> {
    io::Read::take(reader, line_bytes as u64 + 1).read_until(b'\n', line)?;
    Ok(match line.last() {
        None => Found::Nothing,
        Some(b'\n') => Found::Line,
        Some(_) if line.len() > line_bytes => Found::Piece,
        Some(_) => Found::Partial,
    })
}

/// Puts a line into the page, as an event or as a reason why it is none. Empty lines are neither.
fn take(line: &[u8], number: u64, is_first: bool, page: &mut SourcePage) {
    let line = if is_first { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line }.trim_ascii();
    if line.is_empty() {
        return;
    }
    let Ok(text) = std::str::from_utf8(line) else {
        page.skipped.push(format!("line {number} is not UTF-8"));
        return;
    };
    if text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok() {
        page.payloads.push(text.to_owned());
    } else {
        page.skipped.push(format!("line {number} is not a JSON object"));
    }
}
