//! The columns of Parquet objects: those that every event has, and those that are read from its JSON where it has them.
//! Events of other services have the first alone, and all of themselves in `raw`.

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) source: Source,
}

/// How a column's values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// UTF-8.
    Text,
    /// 64 bits.
    Number,
    /// Microseconds since 1970, UTC.
    Micros,
}

/// Where a column's values are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Uuid,
    Time,
    Arrival,
    Feature,
    Account,
    Position,
    /// What the destination's format made of the event.
    Raw,
    /// The first of these members that the event has; null without one.
    Members(&'static [&'static str]),
}

impl Column {
    /// Whether every event has a value.
    pub(super) fn is_required(&self) -> bool {
        !matches!(self.source, Source::Members(_))
    }
}

const fn of(name: &'static str, kind: Kind, source: Source) -> Column {
    Column { name, kind, source }
}

const fn text(name: &'static str, members: &'static [&'static str]) -> Column {
    of(name, Kind::Text, Source::Members(members))
}

const fn number(name: &'static str, members: &'static [&'static str]) -> Column {
    of(name, Kind::Number, Source::Members(members))
}

/// The columns of events as they came in, or mapped to ECS.
pub(super) const EVENT: &[Column] = &[
    of("uuid", Kind::Text, Source::Uuid),
    of("timestamp", Kind::Micros, Source::Time),
    of("arrival", Kind::Micros, Source::Arrival),
    of("feature", Kind::Text, Source::Feature),
    of("account", Kind::Text, Source::Account),
    of("position", Kind::Number, Source::Position),
    text("actor_uuid", &["actor_uuid", "user.uuid", "target_user.uuid"]),
    text("actor_name", &["actor_details.name", "user.name", "target_user.name"]),
    text("actor_email", &["actor_details.email", "user.email", "target_user.email"]),
    text("action", &["action"]),
    text("category", &["category"]),
    text("type", &["type"]),
    text("object_type", &["object_type"]),
    text("object_uuid", &["object_uuid"]),
    text("object_name", &["object_details.name"]),
    text("object_email", &["object_details.email"]),
    number("aux_id", &["aux_id"]),
    text("aux_uuid", &["aux_uuid"]),
    text("aux_info", &["aux_info"]),
    text("vault_uuid", &["vault_uuid"]),
    text("item_uuid", &["item_uuid"]),
    number("used_version", &["used_version"]),
    text("session_uuid", &["session_uuid", "session.uuid"]),
    text("device_uuid", &["session.device_uuid"]),
    text("ip", &["client.ip_address", "session.ip"]),
    text("country", &["country", "location.country"]),
    text("region", &["location.region"]),
    text("city", &["location.city"]),
    text("app_name", &["client.app_name"]),
    text("app_version", &["client.app_version"]),
    text("platform_name", &["client.platform_name"]),
    text("platform_version", &["client.platform_version"]),
    text("os_name", &["client.os_name"]),
    text("os_version", &["client.os_version"]),
    of("raw", Kind::Text, Source::Raw),
];

/// The columns of OCSF events, named as OCSF's members with `_` for the dot.
pub(super) const OCSF: &[Column] = &[
    number("time", &["time"]),
    number("class_uid", &["class_uid"]),
    number("category_uid", &["category_uid"]),
    number("activity_id", &["activity_id"]),
    number("type_uid", &["type_uid"]),
    number("severity_id", &["severity_id"]),
    number("status_id", &["status_id"]),
    text("activity_name", &["activity_name"]),
    text("message", &["message"]),
    text("metadata_uid", &["metadata.uid"]),
    text("metadata_version", &["metadata.version"]),
    text("metadata_product_name", &["metadata.product.name"]),
    text("actor_user_uid", &["actor.user.uid"]),
    text("actor_user_name", &["actor.user.name"]),
    text("actor_user_email_addr", &["actor.user.email_addr"]),
    text("user_uid", &["user.uid"]),
    text("user_name", &["user.name"]),
    text("user_email_addr", &["user.email_addr"]),
    text("src_endpoint_ip", &["src_endpoint.ip"]),
    text("src_endpoint_location_country", &["src_endpoint.location.country"]),
    text("api_operation", &["api.operation"]),
    of("event_uuid", Kind::Text, Source::Uuid),
    of("event_time", Kind::Micros, Source::Time),
    of("arrival", Kind::Micros, Source::Arrival),
    of("feature", Kind::Text, Source::Feature),
    of("account", Kind::Text, Source::Account),
    of("position", Kind::Number, Source::Position),
    of("raw", Kind::Text, Source::Raw),
];
