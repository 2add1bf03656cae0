//! What is printed: JSON and lines on standard output, tables, and words for people on standard error.
//!
//! Texts that come from elsewhere (names, events, errors of servers) are cleaned of what a terminal would obey.

use std::{
    borrow::Cow,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use comfy_table::{Table, presets};
use serde::Serialize;

/// Whoever read our standard output has gone away, as `head` does: a quiet end, not a failure.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
pub(super) struct StdoutClosed;

/// The end of the program: quiet, or with an error on standard error that tells its causes.
pub(super) fn exit_code_of(result: Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if error.is::<StdoutClosed>() => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", describe(&error)));
            ExitCode::FAILURE
        }
    }
}

/// The error, and each cause on a line of its own.
fn describe(error: &anyhow::Error) -> String {
    let mut lines: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        // Some errors already end with the words of their cause.
        if !lines.last().is_some_and(|last| last.ends_with(&cause)) {
            lines.push(cause);
        }
    }
    lines.join("\n  because: ")
}

/// Prints for people, on standard error. There is nowhere to tell that this failed.
pub(super) fn say(text: &str) {
    let lines: Vec<_> = text.lines().map(clean).collect();
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}

/// Prints a line, or several, on standard output.
pub(super) fn print_line(text: &str) -> Result<()> {
    write_stdout(&mut io::stdout().lock(), format!("{text}\n").as_bytes())
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    print_line(&serde_json::to_string_pretty(value).context("write JSON")?)
}

/// Prints the value as JSON, or the text for people.
pub(super) fn show<T: Serialize>(json: bool, value: &T, text: impl FnOnce(&T) -> String) -> Result<()> {
    if json { print_json(value) } else { print_line(&text(value)) }
}

/// Writes to standard output and flushes it, telling its end apart from other failures.
pub(super) fn write_stdout(stdout: &mut impl Write, bytes: &[u8]) -> Result<()> {
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(StdoutClosed.into()),
        Err(error) => Err(error).context("write to standard output"),
    }
}

/// A table for people; without rows, the sentence.
pub(super) fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, if_empty: &str) -> String {
    if rows.is_empty() {
        return if_empty.to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell).into_owned()).collect::<Vec<_>>());
    }
    // Cells have a space on either side; the first column begins at the margin.
    let lines = table.to_string();
    lines.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
}

/// The text without what moves a cursor, sets colours or turns the direction of writing.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(is_unprintable) {
        return text.chars().map(|character| if is_unprintable(character) { '\u{fffd}' } else { character }).collect();
    }
    Cow::Borrowed(text)
}

/// Control characters, and those that hide or turn text (Unicode's "bidirectional" controls).
pub(super) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_does_not_obey_its_cells() {
        let rows = vec![["\u{1b}]0;owned\u{7}\u{1b}[31mname".to_owned(), "a\u{202e}b\u{9b}2J\nc".to_owned()]];
        let text = table(["NAME", "KIND"], rows, "none");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.chars().all(|character| character == '\n' || !is_unprintable(character)), "{text:?}");
        assert!(text.starts_with("NAME"), "{text}");
        assert_eq!(table(["NAME"], Vec::new(), "none"), "none");
    }

    #[test]
    fn an_error_is_told_with_its_causes_once() {
        let error = anyhow::anyhow!("the disk is full").context("write x: the disk is full").context("keep the token");
        assert_eq!(describe(&error), "keep the token\n  because: write x: the disk is full");
    }

    #[test]
    fn a_closed_standard_output_is_a_quiet_end() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write_stdout(&mut Closed, b"x").unwrap_err();
        assert!(error.is::<StdoutClosed>());
        assert_eq!(exit_code_of(Err(error)), ExitCode::SUCCESS);
    }
}
