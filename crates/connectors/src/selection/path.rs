//! A dotted path into an event, such as `client.ip_address`.

use std::fmt;

use crate::format::json::{Member, decode, elements, members};

/// The deepest nesting of arrays directly within arrays that is looked into.
pub(super) const NESTING_MAX: usize = 32;
const PATH_BYTES_MAX: usize = 256;

/// The names of members from the top of the event down to one field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// Reads names of letters, digits, `_`, `-` and `@` between dots; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_name = |name: &str| {
            let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '@');
            !name.is_empty() && name.chars().all(is_part)
        };
        let fits = text.len() <= PATH_BYTES_MAX && text.split('.').all(is_name);
        fits.then(|| Self(text.split('.').map(str::to_owned).collect()))
    }

    /// The names from the top down; at least one.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether `other` is this field or within it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Whether any value at this path, in any element of the arrays on the way, fulfils `test`.
    pub(super) fn any(&self, top: &[Member<'_>], test: &mut dyn FnMut(&str) -> bool) -> bool {
        any_member(top, &self.0, test)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("."))
    }
}

/// How many of a path's names a member's name stands for: one, or several where it has dots itself, as flattened events
/// have. Receivers take `{"a.b": 1}` for `{"a": {"b": 1}}`.
pub(super) fn covered<'n>(member: &'n str, names: &'n [String]) -> impl Iterator<Item = usize> + 'n {
    (1..=names.len()).filter(move |count| {
        let mut rest = member;
        names[..*count].iter().enumerate().all(|(index, name)| {
            if index > 0 {
                let Some(after) = rest.strip_prefix('.') else { return false };
                rest = after;
            }
            rest.strip_prefix(name.as_str()).is_some_and(|after| {
                rest = after;
                true
            })
        }) && rest.is_empty()
    })
}

fn any_member(members: &[Member<'_>], names: &[String], test: &mut dyn FnMut(&str) -> bool) -> bool {
    members.iter().any(|member| {
        let name = decode(member.key);
        covered(&name, names).any(|count| any_value(member.value, &names[count..], test, 0))
    })
}

fn any_value(value: &str, names: &[String], test: &mut dyn FnMut(&str) -> bool, nesting: usize) -> bool {
    if value.starts_with('[') && nesting < NESTING_MAX {
        let found = elements(value).unwrap_or_default();
        return found.into_iter().any(|element| any_value(element, names, test, nesting + 1));
    }
    if names.is_empty() {
        return test(value);
    }
    value.starts_with('{') && members(value).is_some_and(|members| any_member(&members, names, test))
}
