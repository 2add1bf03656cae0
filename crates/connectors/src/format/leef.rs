//! QRadar Log Event Extended Format 2.0: a header of fields between pipes, then `key=value` pairs between tabs.
//!
//! The format has no escapes: a pipe in the header becomes `/`, and control characters become spaces.

use std::fmt::Write;

use daybook_events::Feature;

use super::{EventParts, facts::Facts, one_line};

/// QRadar keeps this much of a message over TCP unless it is told otherwise; an open event's payload is cut there.
const MESSAGE_CHARACTERS_MAX: usize = 2048;

pub(super) fn encode(feature: &Feature, parts: &EventParts<'_>) -> String {
    let facts = Facts::of(feature, parts);
    let mut out = String::with_capacity(768);
    out.push_str("LEEF:2.0");
    for field in [facts.vendor, facts.product, &parts.hub.version, &facts.signature] {
        out.push('|');
        push_clean(&mut out, field, true);
    }
    out.push_str("|x09|");
    let mut pairs = Pairs { out, is_first: true };
    let time = time_to_millis(parts);
    pairs.text("devTime", Some(&time));
    pairs.text("devTimeFormat", Some("yyyy-MM-dd'T'HH:mm:ss.SSSXXX"));
    pairs.text("cat", Some(feature.as_str()));
    pairs.text("sev", Some(&facts.severity.leef().to_string()));
    pairs.text("eventId", facts.uuid.as_deref());
    pairs.text("eventName", Some(&facts.name));
    pairs.text("action", facts.action.as_deref());
    pairs.text("outcome", Some(facts.outcome));
    pairs.text("reason", facts.reason.as_deref());
    pairs.text("src", facts.address.map(|address| address.to_string()).as_deref());
    let is_sign_in = facts.actor.login().is_none() && facts.actor.uuid.is_none();
    let user = if is_sign_in { &facts.target } else { &facts.actor };
    pairs.text("usrName", user.login());
    pairs.text("usrId", user.uuid.as_deref());
    if !is_sign_in {
        pairs.text("targetUsrName", facts.target.login());
        pairs.text("targetUsrId", facts.target.uuid.as_deref());
    }
    pairs.text("accountName", Some(parts.account.as_str()));
    pairs.text("resource", facts.item.as_deref().or(facts.object.as_deref()));
    pairs.text("resourceType", facts.object_type.as_deref().or(facts.item.as_deref().map(|_| "item")));
    pairs.text("vault", facts.vault.as_deref());
    pairs.text("usedVersion", facts.used_version);
    pairs.text("auxId", facts.auxiliary.as_deref());
    pairs.text("auxInfo", facts.info.as_deref());
    pairs.text("application", facts.app.as_deref());
    pairs.text("session", facts.session.as_deref());
    pairs.text("device", facts.device.as_deref());
    if let Some(payload) = facts.payload {
        let message: String = one_line(payload).chars().take(MESSAGE_CHARACTERS_MAX).collect();
        pairs.text("msg", Some(&message));
    }
    pairs.out
}

/// The time of the event to the millisecond, as `devTimeFormat` says.
fn time_to_millis(parts: &EventParts<'_>) -> String {
    let text = parts.time.to_string();
    let seconds = text.get(..19).unwrap_or(&text);
    format!("{seconds}.{:03}Z", parts.time.as_nanos().rem_euclid(1_000_000_000) / 1_000_000)
}

fn push_clean(out: &mut String, text: &str, is_header: bool) {
    out.extend(text.chars().map(|character| match character {
        '|' if is_header => '/',
        _ if character.is_control() => ' ',
        _ => character,
    }));
}

/// The pairs after the header.
struct Pairs {
    out: String,
    is_first: bool,
}

impl Pairs {
    /// A pair, if there is something to say.
    fn text(&mut self, key: &str, value: Option<&str>) {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return };
        let tab = if self.is_first { "" } else { "\t" };
        self.is_first = false;
        write!(self.out, "{tab}{key}=").expect("writing to a text cannot fail");
        push_clean(&mut self.out, value, false);
    }
}
