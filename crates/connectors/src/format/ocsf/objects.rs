//! Objects that several classes have, and the list of observables.

use std::net::IpAddr;

use super::{
    super::{
        ecs::is_country_code,
        event::{Event, Person, Text, top},
        writer::Json,
    },
    OcsfVersion,
    table::OTHER,
};

/// A type of observables: its `type_id`, and its name where that is 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(u8, &'static str);

pub(super) const IP_ADDRESS: Kind = Kind(2, "");
pub(super) const USER_NAME: Kind = Kind(4, "");
pub(super) const EMAIL_ADDRESS: Kind = Kind(5, "");
pub(super) const RESOURCE_UID: Kind = Kind(10, "");
pub(super) const USER_UID: Kind = Kind(31, "User Object: uid");
pub(super) const GROUP_UID: Kind = Kind(33, "Group Object: uid");
pub(super) const SESSION_UID: Kind = Kind(OTHER, "Session Object: uid");

/// The highest `type_id` that version 1.3 has.
const TYPE_ID_MAX_1_3: u8 = 30;

/// Values by which an analyst looks for events, with the paths of the attributes they are in.
#[derive(Default)]
pub(super) struct Observables<'a>(Vec<(String, Kind, Text<'a>)>);

impl<'a> Observables<'a> {
    /// Adds a value, if there is one.
    pub(super) fn add(&mut self, path: impl Into<String>, kind: Kind, value: Option<Text<'a>>) {
        self.0.extend(value.map(|value| (path.into(), kind, value)));
    }

    /// Writes the list.
    pub(super) fn write(&self, json: &mut Json, version: OcsfVersion) {
        let is_numbered = |type_id| version != OcsfVersion::V1_3 || type_id <= TYPE_ID_MAX_1_3;
        json.array("observables", |json| {
            for (path, Kind(type_id, name), value) in &self.0 {
                json.object_element(|json| {
                    json.text("name", path);
                    if *type_id != OTHER && is_numbered(*type_id) {
                        json.plain("type_id", type_id);
                    } else {
                        json.plain("type_id", OTHER);
                        json.text("type", name);
                    }
                    json.copied("value", Some(*value));
                });
            }
        });
    }
}

/// Whether a text is what OCSF 1.4 takes for an e-mail address.
pub(super) fn is_email(text: Text<'_>) -> bool {
    let text = text.decoded();
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let Some((first, rest)) = domain.split_once('.') else { return false };
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-./=?^_`{|}~".contains(&byte);
    let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let parts = [!local.is_empty(), !first.is_empty(), !rest.is_empty()];
    parts.iter().all(|is_there| *is_there)
        && local.bytes().all(is_local)
        && first.bytes().all(is_domain)
        && rest.bytes().all(|byte| is_domain(byte) || byte == b'.')
}

/// Writes where an endpoint is.
pub(super) fn write_location(json: &mut Json, event: &Event<'_>) {
    json.object("location", |json| {
        let named = event.text(("location", "country"));
        let country = if named.is_some_and(is_country_code) {
            event.take(("location", "country"))
        } else {
            event.take_if(top("country"), is_country_code)
        };
        let region = event.take(("location", "region"));
        let city = event.take(("location", "city"));
        json.copied("country", country);
        json.copied("region", region);
        json.copied("city", city);
        if country.is_none() && region.is_none() && city.is_none() {
            return;
        }
        json.copied("desc", event.take(("location", "country")).filter(|_| !named.is_some_and(is_country_code)));
        for (name, member) in [("lat", "latitude"), ("long", "longitude")] {
            if let Some(degrees) = event.take_number(("location", member)) {
                json.plain(name, degrees);
            }
        }
    });
}

/// Writes the operating system of a client.
pub(super) fn write_os(json: &mut Json, event: &Event<'_>) {
    let Some(name) = event.take(("client", "os_name")) else { return };
    json.object("os", |json| {
        json.copied("name", Some(name));
        json.plain("type_id", os_type_id(&name.decoded()));
        json.copied("version", event.take(("client", "os_version")));
    });
}

fn os_type_id(name: &str) -> u16 {
    let name = name.to_ascii_lowercase();
    let kinds: [(&str, u16); 7] = [
        ("windows", 100),
        ("macos", 300),
        ("mac os", 300),
        ("ipados", 302),
        ("ios", 301),
        ("android", 201),
        ("linux", 200),
    ];
    kinds.into_iter().find(|(kind, _)| name.starts_with(kind)).map_or(99, |(_, type_id)| type_id)
}

/// Writes what is known of a person; `account` where neither name nor id is.
pub(super) fn write_person(json: &mut Json, person: Person<'_>, account: &str) {
    json.copied("uid", person.uuid);
    json.copied("name", person.name);
    json.copied("email_addr", person.email);
    json.plain("type_id", u8::from(person.uuid.is_some() || person.name.is_some()));
    if person.uuid.is_none() && person.name.is_none() {
        json.object("account", |json| json.text("uid", account));
    }
}

/// Writes the address of an endpoint, or the name that stands for it.
pub(super) fn write_endpoint(json: &mut Json, address: Option<IpAddr>, name: Option<Text<'_>>) {
    match address {
        Some(address) => json.printed("ip", address),
        None if name.is_some() => json.copied("name", name),
        None => json.text("name", "unknown"),
    }
}
