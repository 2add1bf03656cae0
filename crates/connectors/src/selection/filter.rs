//! Conditions on events, all of which must hold.
//!
//! ```text
//! feature in signinattempts, auditevents
//! category != success; client.ip_address =~ 203.0.113.*
//! !location.country in NZ, AU
//! details.value exists
//! ```
//!
//! Conditions stand on lines of their own or between `;`. A field is a dotted path; `feature` is the event's feature. A
//! field within an array is the field of any of its elements. Texts compare exactly, numbers as they are written. A `!`
//! before a condition, or in its operator, turns it round: it holds wherever the plain one does not, and so for events
//! that lack the field.

use std::fmt;

use daybook_events::Feature;

use super::path::Path;
use crate::format::json::{Member, decode, members};

const CONDITIONS_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The name that stands for the event's feature.
const FEATURE: &str = "feature";

/// Which events leave. The default lets every event out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those on the feature, which need no parsing.
    features: Vec<Condition>,
    fields: Vec<Condition>,
}

/// A text that is no filter: which condition, what is wrong with it, and how one looks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("condition {number}{}: {reason}", Shown(text))]
pub struct FilterError {
    /// Number of the condition, from 1.
    pub number: usize,
    /// The condition, shortened.
    pub text: String,
    /// What is wrong, with an example of what is right.
    pub reason: String,
}

struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.0) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    path: Path,
    test: Test,
    is_negated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    /// One of these texts.
    In(Vec<String>),
    /// The parts between the stars.
    Glob(Vec<String>),
}

impl Filter {
    /// Reads conditions separated by line ends or `;`.
    ///
    /// # Errors
    ///
    /// A text that is no condition, or more of them than a filter may have; the error says which and why.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let whole = |reason: String| FilterError { number: 1, text: String::new(), reason };
        if text.len() > TEXT_BYTES_MAX {
            return Err(whole(format!("{} bytes, more than the {TEXT_BYTES_MAX} a filter may have", text.len())));
        }
        let mut filter = Self::default();
        let pieces = split(text, &['\n', ';']).map_err(|reason| whole(reason.to_owned()))?;
        let pieces = pieces.into_iter().map(str::trim).filter(|piece| !piece.is_empty());
        for (index, piece) in pieces.enumerate() {
            let of_piece = |reason: String| FilterError { number: index + 1, text: shorten(piece), reason };
            if index == CONDITIONS_MAX {
                return Err(of_piece(format!("a filter may have {CONDITIONS_MAX} conditions")));
            }
            let condition = Condition::parse(piece).map_err(of_piece)?;
            if condition.path.names() == [FEATURE] {
                filter.features.push(condition);
            } else {
                filter.fields.push(condition);
            }
        }
        Ok(filter)
    }

    /// Whether every event leaves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.features.is_empty() && self.fields.is_empty()
    }

    /// Whether the event leaves. A payload that is not a JSON object is one without fields.
    #[must_use]
    pub fn matches(&self, feature: &Feature, payload: &str) -> bool {
        if !self.features.iter().all(|condition| condition.holds_for_text(feature.as_str())) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let members = members(payload).unwrap_or_default();
        self.fields.iter().all(|condition| condition.holds(&members))
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let (is_negated, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        let end = text.find(|character: char| character.is_whitespace() || "=!~".contains(character));
        let (name, rest) = text.split_at(end.unwrap_or(text.len()));
        let path = Path::parse(name).ok_or_else(|| {
            format!("{name:?} is not a field: write names between dots, such as client.ip_address = 203.0.113.9")
        })?;
        let (turns, test) = Test::parse(rest.trim())?;
        Ok(Self { path, test, is_negated: is_negated != turns })
    }

    fn holds(&self, top: &[Member<'_>]) -> bool {
        self.path.any(top, &mut |value| self.test.holds_for_value(value)) != self.is_negated
    }

    fn holds_for_text(&self, text: &str) -> bool {
        self.test.holds_for_text(text) != self.is_negated
    }
}

impl Test {
    /// Reads what stands after the field, and whether its operator turns it round.
    fn parse(text: &str) -> Result<(bool, Self), String> {
        let equal = |values: &str| values_of(values).map(Self::In);
        let glob = |value: &str| {
            let value = unquote(value.trim())?;
            if value.is_empty() {
                return Err("has no pattern: write one such as client.app_name =~ 1Password*".to_owned());
            }
            Ok(Self::Glob(value.split('*').map(str::to_owned).collect()))
        };
        for (operator, turns) in [("=~", false), ("!~", true)] {
            if let Some(value) = text.strip_prefix(operator) {
                return Ok((turns, glob(value)?));
            }
        }
        for (operator, turns) in [("!=", true), ("=", false)] {
            if let Some(value) = text.strip_prefix(operator) {
                let value = value.trim();
                if value.is_empty() {
                    return Err("has no value: write one such as category = success, or \"\" for an empty one".into());
                }
                if value.starts_with('=') {
                    return Err("has two =: write one, such as category = success, or quote the value".into());
                }
                return Ok((turns, Self::In(vec![unquote(value)?])));
            }
        }
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word {
            "exists" if rest.trim().is_empty() => Ok((false, Self::Exists)),
            "in" => Ok((false, equal(rest)?)),
            _ => Err("has no operator: use =, !=, =~, !~, in or exists, such as action in export, share".to_owned()),
        }
    }

    fn holds_for_value(&self, value: &str) -> bool {
        match self {
            Self::Exists => value != "null",
            _ if value.starts_with('"') => self.holds_for_text(&decode(value)),
            _ if value.starts_with(['{', '[']) || value == "null" => false,
            _ => self.holds_for_text(value),
        }
    }

    fn holds_for_text(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::In(values) => values.iter().any(|value| value == text),
            Self::Glob(parts) => glob_matches(parts, text),
        }
    }
}

fn values_of(text: &str) -> Result<Vec<String>, String> {
    let example = || "has no values: write them between commas, such as action in export, share".to_owned();
    let pieces = split(text, &[',']).map_err(str::to_owned)?;
    let values = pieces.into_iter().map(str::trim);
    values.map(|value| if value.is_empty() { Err(example()) } else { unquote(value) }).collect()
}

/// The text within quotes, which keep spaces, commas and semicolons; other texts are themselves.
fn unquote(text: &str) -> Result<String, String> {
    match text.strip_prefix('"') {
        None => Ok(text.to_owned()),
        Some(rest) => match rest.strip_suffix('"') {
            Some(inner) if !inner.contains('"') => Ok(inner.to_owned()),
            _ => Err("has text around a quoted value: quote the whole value, such as category = \"a; b\"".to_owned()),
        },
    }
}

/// The pieces between separators that are outside of quotes.
fn split<'t>(text: &'t str, separators: &[char]) -> Result<Vec<&'t str>, &'static str> {
    let mut is_quoted = false;
    let pieces = text.split(|character: char| {
        is_quoted ^= character == '"';
        !is_quoted && separators.contains(&character)
    });
    let pieces = pieces.collect();
    if is_quoted { Err("a quote is not closed: write category = \"a; b\"") } else { Ok(pieces) }
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Whether a text has the parts in their order, the first at its beginning and the last at its end.
fn glob_matches(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return parts.first().is_some_and(|only| only == text) };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}
