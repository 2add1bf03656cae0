//! Batches to export requests (`opentelemetry.proto.collector.logs.v1`).

use super::{attributes, config::Config, protobuf::Message};
use crate::{Batch, Context, OutgoingEvent, destinations::facts::level};

/// The export request of a batch: one resource, one scope, a record an event.
pub(super) fn export_request(config: &Config, context: &Context, batch: &Batch) -> Vec<u8> {
    let event_name = batch.event_type();
    let mut scope_logs = Message(Vec::with_capacity(batch.text_bytes() * 2 + 256));
    scope_logs.message(1, |scope| {
        scope.bytes(1, b"daybook").bytes(2, context.hub_version.as_bytes());
    });
    let mut record = Message::default();
    for event in &batch.events {
        record.0.clear();
        write_record(&mut record, event, batch, &event_name);
        scope_logs.bytes(2, &record.0);
    }
    let mut resource_logs = Message(Vec::with_capacity(scope_logs.0.len() + 512));
    resource_logs.message(1, |resource| {
        attributes::text(resource, 1, "service.name", Some(config.service_name(batch)));
        attributes::text(resource, 1, "service.instance.id", Some(&context.hub_host));
        attributes::text(resource, 1, "onepassword.account.uuid", Some(batch.account.as_str()));
    });
    resource_logs.bytes(2, &scope_logs.0);
    let mut request = Message(Vec::with_capacity(resource_logs.0.len() + 16));
    request.bytes(1, &resource_logs.0);
    request.0
}

fn write_record(record: &mut Message, event: &OutgoingEvent, batch: &Batch, event_name: &str) {
    let (level, severity) = level(batch, event);
    // Times before 1970 have no place in OTLP; 0 is "unknown".
    record.fixed64(1, event.time.as_nanos().max(0).cast_unsigned());
    record.varint(2, severity.into()).bytes(3, level.as_bytes());
    record.message(5, |any| {
        any.bytes(1, event.text.as_bytes());
    });
    attributes::write(record, 6, batch, event);
    record.fixed64(11, event.arrival.as_nanos().max(0).cast_unsigned()).bytes(12, event_name.as_bytes());
}
