//! Fields that leave changed or not at all.
//!
//! ```text
//! drop: client.ip_address, session.ip; mask: target_user.email; hash: user.name, actor_details.email
//! ```
//!
//! `drop` takes the member out. `mask` keeps the first letter and the domain of an e-mail address (`r***@acme.example`)
//! and nothing of anything else (`***`). `hash` writes `hmac:` and 32 hexadecimal digits, the same for the same value and
//! key, so that events of one destination can still be joined. Within a masked or hashed object or array every text,
//! number and boolean is replaced; `null` stays.
//!
//! The text of the event is edited in place: all that is not redacted keeps its bytes. Names match however they are
//! escaped, every one of members of the same name is redacted, and arrays are looked through.

use std::{borrow::Cow, fmt};

use data_encoding::HEXLOWER;
use ring::hmac;

use super::path::{NESTING_MAX, Path, covered};
use crate::format::json::{Member, decode, elements, members, push_text};

const RULES_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 16 * 1024;
const EXAMPLE: &str = "drop: client.ip_address; mask: target_user.email; hash: user.name";
/// An event's identity, by which receivers drop repeats and order events.
const IDENTITY: [&str; 2] = ["uuid", "timestamp"];
const MASK: &str = "***";

/// Which fields leave changed or not at all. The default changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redaction {
    rules: Vec<Rule>,
}

/// The key of a destination's hashes.
#[derive(Clone)]
pub struct RedactionKey([u8; 32]);

impl RedactionKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for RedactionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// A text that names no redactions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RedactionParseError(String);

/// A payload that cannot be redacted. It must not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot redact the event: its payload is not a JSON object")]
pub struct RedactionError;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    path: Path,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Drop,
    Mask,
    Hash,
}

impl Redaction {
    /// Reads redactions: a way, a colon and fields between commas; several of these on lines or between `;`.
    ///
    /// # Errors
    ///
    /// An unknown way, a text that is no field, a field that is named twice or within another, `uuid` or `timestamp`.
    pub fn parse(text: &str) -> Result<Self, RedactionParseError> {
        if text.len() > TEXT_BYTES_MAX {
            let reason = format!("{} bytes, more than the {TEXT_BYTES_MAX} redactions may have", text.len());
            return Err(RedactionParseError(reason));
        }
        let mut redaction = Self::default();
        for piece in text.split(['\n', ';']).map(str::trim).filter(|piece| !piece.is_empty()) {
            redaction.parse_piece(piece).map_err(RedactionParseError)?;
        }
        Ok(redaction)
    }

    fn parse_piece(&mut self, piece: &str) -> Result<(), String> {
        let (word, fields) = piece.split_once(':').unwrap_or((piece, ""));
        let way = match word.trim() {
            "drop" => Way::Drop,
            "mask" => Way::Mask,
            "hash" => Way::Hash,
            _ => {
                return Err(format!("{:?} does not begin with drop:, mask: or hash:; write {EXAMPLE}", shorten(piece)));
            }
        };
        for field in fields.split(',').map(str::trim) {
            let path = Path::parse(field)
                .ok_or_else(|| format!("{:?} is not a field of {}; write {EXAMPLE}", shorten(field), word.trim()))?;
            if IDENTITY.iter().any(|name| path.names() == [*name]) {
                return Err(format!("{path} is the event's identity and cannot be redacted; leave it out"));
            }
            if let Some(other) = self.rules.iter().find(|rule| rule.path.covers(&path) || path.covers(&rule.path)) {
                return Err(format!("{path} is there twice, the other time as {}; leave one out", other.path));
            }
            if self.rules.len() == RULES_MAX {
                return Err(format!("{path} is one too many: {RULES_MAX} fields may be redacted"));
            }
            self.rules.push(Rule { path, way });
        }
        Ok(())
    }

    /// Whether nothing is redacted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The payload with its fields redacted; borrowed where there was nothing to redact.
    ///
    /// # Errors
    ///
    /// The payload is not a JSON object.
    pub fn apply<'a>(&self, payload: &'a str, key: &RedactionKey) -> Result<Cow<'a, str>, RedactionError> {
        if self.rules.is_empty() {
            return Ok(Cow::Borrowed(payload));
        }
        let top = members(payload).ok_or(RedactionError)?;
        let mut edits = Edits { payload, key, list: Vec::new() };
        let rules: Vec<Open<'_>> =
            self.rules.iter().map(|rule| Open { names: rule.path.names(), way: rule.way }).collect();
        edits.redact_members(&top, &rules, 0);
        Ok(edits.apply())
    }
}

/// A rule on its way down: the names that are still to come.
#[derive(Clone, Copy)]
struct Open<'r> {
    names: &'r [String],
    way: Way,
}

/// Pieces of the payload to be replaced, in their order.
struct Edits<'a, 'k> {
    payload: &'a str,
    key: &'k RedactionKey,
    list: Vec<Edit>,
}

struct Edit {
    from: usize,
    to: usize,
    replacement: String,
}

impl<'a> Edits<'a, '_> {
    /// Where a slice of the payload begins.
    fn start_of(&self, slice: &str) -> usize {
        slice.as_ptr() as usize - self.payload.as_ptr() as usize
    }

    fn end_of(&self, slice: &str) -> usize {
        self.start_of(slice) + slice.len()
    }

    fn push(&mut self, from: usize, to: usize, replacement: String) {
        self.list.push(Edit { from, to, replacement });
    }

    fn redact_members(&mut self, members: &[Member<'a>], rules: &[Open<'_>], nesting: usize) {
        let mut kept_any = false;
        for (index, member) in members.iter().enumerate() {
            let name = decode(member.key);
            let inner: Vec<Open<'_>> = rules
                .iter()
                .flat_map(|rule| {
                    covered(&name, rule.names).map(|count| Open { names: &rule.names[count..], way: rule.way })
                })
                .collect();
            if inner.iter().any(|rule| rule.names.is_empty() && rule.way == Way::Drop) {
                self.drop_member(members, index, kept_any);
                continue;
            }
            kept_any = true;
            if !inner.is_empty() {
                self.redact_value(member.value, &inner, nesting);
            }
        }
    }

    /// Takes a member out together with the comma before it, or the one after it where no member before it stays.
    fn drop_member(&mut self, members: &[Member<'a>], index: usize, kept_any: bool) {
        let member = members[index];
        let (from, to) = if kept_any {
            (self.end_of(members[index - 1].value), self.end_of(member.value))
        } else {
            let next = members.get(index + 1);
            (self.start_of(member.key), next.map_or(self.end_of(member.value), |next| self.start_of(next.key)))
        };
        self.push(from, to, String::new());
    }

    fn redact_value(&mut self, value: &'a str, rules: &[Open<'_>], nesting: usize) {
        if let Some(rule) = rules.iter().find(|rule| rule.names.is_empty()) {
            return self.replace(value, rule.way, nesting);
        }
        if value.starts_with(['[', '{']) && nesting >= NESTING_MAX {
            // Deeper than an event may be: nothing of it is looked at, so nothing of it leaves.
            return self.push(self.start_of(value), self.end_of(value), format!("\"{MASK}\""));
        }
        if value.starts_with('[') {
            for element in elements(value).unwrap_or_default() {
                self.redact_value(element, rules, nesting + 1);
            }
        } else if value.starts_with('{') {
            self.redact_members(&members(value).unwrap_or_default(), rules, nesting + 1);
        }
    }

    /// Replaces every text, number and boolean of a value.
    fn replace(&mut self, value: &'a str, way: Way, nesting: usize) {
        let (from, to) = (self.start_of(value), self.end_of(value));
        match value.as_bytes().first() {
            Some(b'[' | b'{') if nesting >= NESTING_MAX => self.push(from, to, format!("\"{MASK}\"")),
            Some(b'[') => {
                for element in elements(value).unwrap_or_default() {
                    self.replace(element, way, nesting + 1);
                }
            }
            Some(b'{') => {
                for member in members(value).unwrap_or_default() {
                    self.replace(member.value, way, nesting + 1);
                }
            }
            Some(b'n') => {}
            _ => {
                let text = if value.starts_with('"') { decode(value) } else { Cow::Borrowed(value) };
                let mut token = String::new();
                let replaced = if way == Way::Hash { hash(&text, self.key) } else { mask(&text) };
                push_text(&mut token, &replaced);
                self.push(from, to, token);
            }
        }
    }

    fn apply(self) -> Cow<'a, str> {
        if self.list.is_empty() {
            return Cow::Borrowed(self.payload);
        }
        let mut out = String::with_capacity(self.payload.len());
        let mut at = 0;
        for edit in &self.list {
            out.push_str(&self.payload[at..edit.from]);
            out.push_str(&edit.replacement);
            at = edit.to;
        }
        out.push_str(&self.payload[at..]);
        Cow::Owned(out)
    }
}

/// The first letter and the domain of an e-mail address, nothing of another text.
fn mask(text: &str) -> String {
    let is_domain = |domain: &str| domain.contains('.') && !domain.contains(|c: char| c.is_whitespace() || c == '@');
    match text.split_once('@') {
        Some((local, domain)) if is_domain(domain) && local.chars().count() > 1 => {
            let first = local.chars().next().unwrap_or('*');
            format!("{first}{MASK}@{domain}")
        }
        Some(("", _)) | None => MASK.to_owned(),
        Some((_, domain)) if is_domain(domain) => format!("{MASK}@{domain}"),
        Some(_) => MASK.to_owned(),
    }
}

/// The first 16 bytes of the value's HMAC-SHA256.
fn hash(text: &str, key: &RedactionKey) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.0);
    format!("hmac:{}", HEXLOWER.encode(&hmac::sign(&key, text.as_bytes()).as_ref()[..16]))
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}
