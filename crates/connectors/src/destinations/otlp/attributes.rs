//! Attributes of a log record: what OpenTelemetry has names for, and the rest of what people search by under
//! `onepassword.`. The whole event is the record's body.

use super::protobuf::Message;
use crate::{Batch, OutgoingEvent, destinations::facts::Facts};

const STRING: u32 = 1;
const DOUBLE: u32 = 4;

/// Writes the attributes of an event into this field of its record.
pub(super) fn write(record: &mut Message, field: u32, batch: &Batch, event: &OutgoingEvent) {
    let facts = Facts::of(batch, event);
    text(record, field, "log.record.uid", Some(&event.uuid));
    let texts = [
        ("user.id", &facts.user_id),
        ("user.full_name", &facts.user_name),
        ("user.email", &facts.user_email),
        ("client.address", &facts.address),
        ("geo.country.iso_code", &facts.country),
        ("geo.locality.name", &facts.city),
        ("os.name", &facts.os_name),
        ("os.version", &facts.os_version),
        ("session.id", &facts.session_uuid),
        ("onepassword.category", &facts.category),
        ("onepassword.type", &facts.kind),
        ("onepassword.action", &facts.action),
        ("onepassword.object_type", &facts.object_type),
        ("onepassword.object_uuid", &facts.object_uuid),
        ("onepassword.vault_uuid", &facts.vault_uuid),
        ("onepassword.item_uuid", &facts.item_uuid),
        ("onepassword.app_name", &facts.app_name),
        ("onepassword.app_version", &facts.app_version),
        ("onepassword.platform_name", &facts.platform_name),
    ];
    for (name, value) in texts {
        text(record, field, name, value.as_deref());
    }
    for (name, value) in [("geo.location.lat", facts.latitude), ("geo.location.lon", facts.longitude)] {
        if let Some(value) = value {
            key_value(record, field, name, |any| any.fixed64(DOUBLE, value.to_bits()));
        }
    }
}

/// An attribute that is a text; none without one.
pub(super) fn text(message: &mut Message, field: u32, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        key_value(message, field, name, |any| any.bytes(STRING, value.as_bytes()));
    }
}

fn key_value(message: &mut Message, field: u32, name: &str, value: impl FnOnce(&mut Message) -> &mut Message) {
    message.message(field, |pair| {
        pair.bytes(1, name.as_bytes()).message(2, |any| {
            value(any);
        });
    });
}
