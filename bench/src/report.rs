//! The end of a run: a table for the terminal, JSON for programs, Markdown for `docs/benchmarks.md`.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{conditions::Conditions, figure::Figure};

const BEGIN: &str = "<!-- figures: written by make bench ARGS='--markdown docs/benchmarks.md' -->";
const END: &str = "<!-- end of figures -->";
const HEADINGS: [&str; 5] = ["what", "figure", "target", "limit beside it, same run", "more"];

/// Everything that a run came to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) conditions: Conditions,
    pub(crate) figures: Vec<Figure>,
    /// Measurements that failed, and why.
    pub(crate) failures: Vec<(String, String)>,
}

impl Report {
    /// Aligned columns for a terminal.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.conditions {
            out.push_str(&format!("{name:>14}  {value}\n"));
        }
        out.push('\n');
        let rows: Vec<[String; 5]> = [HEADINGS.map(str::to_owned)].into_iter().chain(self.rows()).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..HEADINGS.len() - 1).map(width).collect();
        for [what, figure, target, limit, more] in &rows {
            let [a, b, c, d] = [widths[0], widths[1], widths[2], widths[3]];
            let line = format!("{what:<a$}  {figure:>b$}  {target:<c$}  {limit:<d$}  {more}");
            out.push_str(line.trim_end());
            out.push('\n');
        }
        for (name, reason) in &self.failures {
            out.push_str(&format!("\n{name} could not be measured: {reason}\n"));
        }
        out
    }

    /// The same as data.
    pub(crate) fn json(&self) -> Value {
        let conditions: serde_json::Map<String, Value> =
            self.conditions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({"conditions": conditions, "figures": self.figures, "failures": self.failures})
    }

    /// Replaces what stands between the two marks of a Markdown file.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or has no marks.
    pub(crate) fn write_into(&self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let new = replace_between(&text, &self.markdown());
        let new = new.with_context(|| format!("{} has no lines `{BEGIN}` and `{END}`", path.display()))?;
        fs::write(path, new).with_context(|| format!("write {}", path.display()))
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells = cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>();
            format!("| {} |\n", cells.join(" | ")).replace("  ", " ")
        };
        let mut out = String::from("\n| condition | |\n|---|---|\n");
        for (name, value) in &self.conditions {
            out.push_str(&line(&[(*name).to_owned(), value.clone()]));
        }
        out.push('\n');
        out.push_str(&line(&HEADINGS.map(str::to_owned)));
        out.push_str("|---|--:|---|---|---|\n");
        for row in self.rows() {
            out.push_str(&line(&row));
        }
        out.push('\n');
        out
    }

    fn rows(&self) -> impl Iterator<Item = [String; 5]> {
        self.figures.iter().map(|figure| {
            let limit = figure.beside.and_then(|id| self.figures.iter().find(|other| other.id == id));
            let limit = limit.map(|limit| format!("{}: {}", limit.what, limit.shown())).unwrap_or_default();
            [figure.what.clone(), figure.shown(), figure.target_shown(), limit, figure.note.clone()]
        })
    }
}

fn replace_between(text: &str, new: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{new}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Unit;

    #[test]
    fn a_figure_stands_beside_its_limit_and_its_target() {
        let limit = Figure::new("disk", "the disk", 300_000.0, Unit::EventsPerSecond);
        let own = Figure::new("ingest", "ingest", 99_000.4, Unit::EventsPerSecond).at_least(100_000.0).beside("disk");
        let report = Report { conditions: Vec::new(), figures: vec![own, limit], failures: Vec::new() };
        let line = "| ingest | 99,000 events/s | ≥ 100,000 (missed) | the disk: 300,000 events/s | |\n";
        assert!(report.markdown().contains(line), "{}", report.markdown());
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        assert_eq!(replace_between(&text, "new\n").unwrap(), format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert!(replace_between("no marks", "new").is_none());
    }
}
