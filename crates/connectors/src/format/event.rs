//! One event as a mapping reads it: members are taken once they have a place in the target schema, and what nobody took
//! is written as it was.

use std::{borrow::Cow, cell::Cell, net::IpAddr};

use daybook_events::Timestamp;

use super::{
    json::{decode, members},
    writer::Json,
};

/// The token of a text that says something, quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// The token as it stands in the event.
    pub(super) fn token(self) -> &'a str {
        self.0
    }

    /// What it says.
    pub(super) fn decoded(self) -> Cow<'a, str> {
        decode(self.0)
    }

    /// Whether it says exactly this. `other` is a word without quotes and backslashes.
    pub(super) fn is(self, other: &str) -> bool {
        self.decoded() == other
    }

    /// The address it is, the IPv4 one where it is mapped into IPv6.
    pub(super) fn address(self) -> Option<IpAddr> {
        self.decoded().parse().ok().map(|address: IpAddr| address.to_canonical())
    }

    /// The time it is.
    pub(super) fn time(self) -> Option<Timestamp> {
        self.decoded().parse().ok()
    }
}

/// The name of a member, or of one within an object of the event.
pub(super) type Path<'p> = (&'p str, &'p str);

/// A member at the top of the event.
pub(super) const fn top(name: &str) -> Path<'_> {
    ("", name)
}

/// Audit objects whose auxiliary id is a person.
const WITH_PERSON: [&str; 3] = ["gm", "device", "uva"];

/// An event's members, with those of its objects.
#[derive(Debug)]
pub(super) struct Event<'a> {
    members: Option<Vec<Entry<'a>>>,
}

#[derive(Debug)]
struct Entry<'a> {
    key: &'a str,
    name: Cow<'a, str>,
    value: &'a str,
    taken: Cell<bool>,
    inner: Vec<Entry<'a>>,
}

/// A person of the event.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Person<'a> {
    pub(super) uuid: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) email: Option<Text<'a>>,
}

impl<'a> Event<'a> {
    /// Reads a payload. One that is not a JSON object reads as an event without members.
    pub(super) fn read(payload: &'a str) -> Self {
        Self { members: entries(payload, true) }
    }

    /// Whether the payload is a JSON object.
    pub(super) fn is_object(&self) -> bool {
        self.members.is_some()
    }

    fn entry(&self, (object, name): Path<'_>) -> Option<&Entry<'a>> {
        let of = |entries: &'_ [Entry<'a>], name: &str| entries.iter().position(|entry| entry.name == name);
        let top = self.members.as_deref()?;
        if object.is_empty() {
            return of(top, name).map(|at| &top[at]);
        }
        let inner = &top[of(top, object)?].inner;
        of(inner, name).map(|at| &inner[at])
    }

    /// A text, left where it is; `None` where it is absent, empty, or not a text.
    pub(super) fn text(&self, path: Path<'_>) -> Option<Text<'a>> {
        self.entry(path).and_then(Entry::text)
    }

    /// A text, taken.
    pub(super) fn take(&self, path: Path<'_>) -> Option<Text<'a>> {
        self.take_if(path, |_| true)
    }

    /// A text, taken if it is as the target schema wants it.
    pub(super) fn take_if(&self, path: Path<'_>, fits: impl FnOnce(Text<'a>) -> bool) -> Option<Text<'a>> {
        let entry = self.entry(path)?;
        let text = entry.text().filter(|text| fits(*text))?;
        entry.taken.set(true);
        Some(text)
    }

    /// An address, taken if it is one.
    pub(super) fn take_address(&self, path: Path<'_>) -> Option<(Text<'a>, IpAddr)> {
        let text = self.take_if(path, |text| text.address().is_some())?;
        Some((text, text.address()?))
    }

    /// A number, left where it is, as it is written.
    pub(super) fn number(&self, path: Path<'_>) -> Option<&'a str> {
        self.entry(path).and_then(Entry::number)
    }

    /// A number, taken, as it is written.
    pub(super) fn take_number(&self, path: Path<'_>) -> Option<&'a str> {
        let entry = self.entry(path)?;
        let number = entry.number()?;
        entry.taken.set(true);
        Some(number)
    }

    /// A person, taken: the id beside the object that tells more, and the object. The address is taken if it fits.
    pub(super) fn take_person(&self, id: Option<&str>, object: &str, fits: fn(Text<'_>) -> bool) -> Person<'a> {
        let id = id.and_then(|id| self.take(top(id)));
        let inner = self.take_if((object, "uuid"), |uuid| id.is_none_or(|id| id == uuid));
        Person { uuid: id.or(inner), name: self.take((object, "name")), email: self.take_if((object, "email"), fits) }
    }

    /// A person whom one object tells of, left where it is.
    pub(super) fn person(&self, object: &str) -> Person<'a> {
        let text = |name| self.text((object, name));
        Person { uuid: text("uuid"), name: text("name"), email: text("email") }
    }

    /// Whom an audit event is about, besides the actor: the object where it is a person, the auxiliary person otherwise.
    pub(super) fn audit_target(&self) -> Person<'a> {
        let object_type = self.text(top("object_type"));
        let is = |kind: &str| object_type.is_some_and(|object_type| object_type.is(kind));
        let (id, object) = if is("user") {
            (self.text(top("object_uuid")), "object_details")
        } else if WITH_PERSON.into_iter().any(is) {
            (self.text(top("aux_uuid")), "aux_details")
        } else {
            (None, "aux_details")
        };
        let person = self.person(object);
        Person { uuid: id.or(person.uuid), ..person }
    }

    /// Writes what nobody took and says something.
    pub(super) fn write_rest(&self, json: &mut Json) {
        for entry in self.members.iter().flatten() {
            entry.write_rest(json);
        }
    }
}

impl<'a> Entry<'a> {
    fn text(&self) -> Option<Text<'a>> {
        Some(self.value).filter(|value| value.starts_with('"') && value.len() > 2).map(Text)
    }

    fn number(&self) -> Option<&'a str> {
        Some(self.value).filter(|value| value.starts_with(|first: char| first.is_ascii_digit() || first == '-'))
    }

    fn write_rest(&self, json: &mut Json) {
        if self.inner.is_empty() {
            if !self.taken.get() && !matches!(self.value, "null" | "\"\"") {
                json.member(self.key, self.value);
            }
        } else {
            json.object_member(self.key, |json| self.inner.iter().for_each(|entry| entry.write_rest(json)));
        }
    }
}

fn entries(json: &str, with_inner: bool) -> Option<Vec<Entry<'_>>> {
    let list = members(json)?.into_iter().map(|member| {
        let is_object = with_inner && member.value.starts_with('{');
        let inner = if is_object { entries(member.value, false) } else { None };
        let (key, value) = (member.key, member.value);
        Entry { key, name: decode(key), value, taken: Cell::new(false), inner: inner.unwrap_or_default() }
    });
    Some(list.collect())
}
