//! The rules that every file of the repository keeps and that no compiler checks. A failure names the file and the rule.

mod crates;
mod docs;
mod files;
mod repository;

/// Fails with every finding, one a line, so that one run shows all there is to fix.
#[track_caller]
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} to fix:\n{}", findings.len(), findings.join("\n"));
}
