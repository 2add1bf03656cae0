//! ArcSight Common Event Format, version 0: a header of fields between pipes, then `key=value` pairs.
//!
//! In the header `\` and `|` are escaped, in values `\`, `=` and line ends. Custom strings come with their labels; an IPv6
//! address is in `c6a2`, since `src` holds IPv4 only.

use std::{fmt::Write, net::IpAddr};

use daybook_events::Feature;

use super::{EventParts, facts::Facts, one_line};

/// The longest `msg`, by the format's dictionary, in characters.
const MESSAGE_CHARACTERS_MAX: usize = 1023;

pub(super) fn encode(feature: &Feature, parts: &EventParts<'_>) -> String {
    let facts = Facts::of(feature, parts);
    let mut out = String::with_capacity(768);
    out.push_str("CEF:0");
    let severity = facts.severity.cef().to_string();
    for field in [facts.vendor, facts.product, &parts.hub.version, &facts.signature, &facts.name, &severity] {
        out.push('|');
        push_header(&mut out, field);
    }
    out.push('|');
    let mut extension = Extension { out, is_first: true };
    extension.printed("rt", parts.time.as_nanos().div_euclid(1_000_000));
    extension.text("externalId", facts.uuid.as_deref());
    extension.text("cat", Some(feature.as_str()));
    extension.text("dvchost", Some(parts.hub.host.as_str()));
    extension.text("act", facts.action.as_deref());
    extension.text("outcome", Some(facts.outcome));
    extension.text("reason", facts.reason.as_deref());
    match facts.address {
        Some(IpAddr::V4(address)) => extension.printed("src", address),
        Some(IpAddr::V6(address)) => {
            extension.printed("c6a2", address);
            extension.text("c6a2Label", Some("Source IPv6 Address"));
        }
        None => {}
    }
    extension.text("suser", facts.actor.login());
    extension.text("suid", facts.actor.uuid.as_deref());
    extension.text("duser", facts.target.login());
    extension.text("duid", facts.target.uuid.as_deref());
    extension.text("requestClientApplication", facts.app.as_deref());
    extension.text("deviceExternalId", facts.device.as_deref());
    extension.customs(&facts);
    if let Some(payload) = facts.payload {
        let message: String = one_line(payload).chars().take(MESSAGE_CHARACTERS_MAX).collect();
        extension.text("msg", Some(&message));
    }
    extension.out
}

/// Appends a field of the header.
fn push_header(out: &mut String, field: &str) {
    for character in field.chars() {
        match character {
            '\\' | '|' => out.extend(['\\', character]),
            _ if character.is_control() => out.push(' '),
            _ => out.push(character),
        }
    }
}

/// The pairs after the header.
struct Extension {
    out: String,
    is_first: bool,
}

impl Extension {
    fn key(&mut self, key: impl std::fmt::Display) {
        let space = if self.is_first { "" } else { " " };
        self.is_first = false;
        write!(self.out, "{space}{key}=").expect("writing to a text cannot fail");
    }

    /// A pair, if there is something to say.
    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.key(key);
            self.value(value);
        }
    }

    fn value(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '\\' | '=' => self.out.extend(['\\', character]),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                _ if character.is_control() => self.out.push(' '),
                _ => self.out.push(character),
            }
        }
    }

    /// What the dictionary has no key for, with labels.
    fn customs(&mut self, facts: &Facts<'_>) {
        for (number, label, value) in [
            (1, "vault_uuid", &facts.vault),
            (2, "item_uuid", &facts.item),
            (3, "object_type", &facts.object_type),
            (4, "object_uuid", &facts.object),
            (5, "aux_info", &facts.info),
            (6, "session_uuid", &facts.session),
        ] {
            if let Some(value) = value {
                self.custom(number, label, value);
            }
        }
        if let Some(auxiliary) = &facts.auxiliary {
            self.text("flexString1", Some(auxiliary));
            self.text("flexString1Label", Some("aux_uuid"));
        }
        if let Some(used_version) = facts.used_version {
            self.printed("cn1", used_version);
            self.text("cn1Label", Some("used_version"));
        }
    }

    /// A custom string and what it is.
    fn custom(&mut self, number: u8, label: &str, value: &str) {
        self.key(format_args!("cs{number}"));
        self.value(value);
        self.key(format_args!("cs{number}Label"));
        self.value(label);
    }

    fn printed(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key);
        write!(self.out, "{value}").expect("writing to a text cannot fail");
    }
}
