//! The page that renames one thing.

use askama::Template;
use serde::Deserialize;

use super::{form::Errors, page::Shell};

#[derive(Template)]
#[template(path = "console/rename.html")]
pub(super) struct RenamePage {
    pub(super) shell: Shell,
    /// Where it leads back to, and the name of that.
    pub(super) back: (String, String),
    /// `Token name`, `System name`
    pub(super) label: &'static str,
    /// What it is called now.
    pub(super) named: String,
    /// Where the form goes.
    pub(super) action: String,
    /// What was typed.
    pub(super) name: String,
    pub(super) errors: Errors,
}

/// A form with a name in it.
#[derive(Debug, Deserialize)]
pub(super) struct NameForm {
    pub(super) name: String,
}
