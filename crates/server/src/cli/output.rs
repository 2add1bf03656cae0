//! Where results go: tables or JSON on standard output, words on standard error.

use std::io::{self, Write};

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Words for people, on standard error.
pub(super) fn say(words: &str) {
    // Nobody reads them if this fails.
    let _ = writeln!(io::stderr().lock(), "{words}");
}

/// One line of a result.
pub(super) fn print(line: &str) -> Result<()> {
    writeln!(io::stdout().lock(), "{line}")?;
    Ok(())
}

/// A result for programs.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// A result for people; `empty` is said where there is nothing.
pub(super) fn print_table(header: &[&str], rows: Vec<Vec<String>>, empty: &str) -> Result<()> {
    if rows.is_empty() {
        say(empty);
        return Ok(());
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)).collect::<Vec<_>>());
    }
    for line in table.lines() {
        print(line.trim_end())?;
    }
    Ok(())
}

/// A text from somewhere else, without what would steer a terminal.
pub(super) fn clean(text: &str) -> String {
    let is_steering = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|character| if is_steering(character) { '\u{fffd}' } else { character }).collect()
}

/// Whether the reader of our output has gone, as `head` does.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is_pipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_replaced() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(clean("Ünïcode ✓"), "Ünïcode ✓");
    }
}
