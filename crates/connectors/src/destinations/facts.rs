//! What people search events by: who, from where, with what. Systems that hold fields beside an event get these; the
//! event itself is always sent whole.

use serde::Deserialize;

use crate::{
    Batch, OutgoingEvent,
    format::{Severity, severity},
};

/// The facts of a 1Password event, where it has them.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) user_id: Option<String>,
    pub(super) user_name: Option<String>,
    pub(super) user_email: Option<String>,
    pub(super) address: Option<String>,
    pub(super) country: Option<String>,
    pub(super) city: Option<String>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) os_name: Option<String>,
    pub(super) os_version: Option<String>,
    pub(super) app_name: Option<String>,
    pub(super) app_version: Option<String>,
    pub(super) platform_name: Option<String>,
    pub(super) session_uuid: Option<String>,
    pub(super) category: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) action: Option<String>,
    pub(super) object_type: Option<String>,
    pub(super) object_uuid: Option<String>,
    pub(super) vault_uuid: Option<String>,
    pub(super) item_uuid: Option<String>,
}

impl Facts {
    /// Reads an event. One of another service has none, nor one with a member of another form than 1Password's.
    pub(super) fn of(batch: &Batch, event: &OutgoingEvent) -> Self {
        let read = if batch.feature.is_wire() { serde_json::from_str::<Payload>(&event.payload).ok() } else { None };
        read.map(Self::from).unwrap_or_default()
    }
}

/// `INFO`, `WARN` or `ERROR`, and OpenTelemetry's number for it.
pub(super) fn level(batch: &Batch, event: &OutgoingEvent) -> (&'static str, u8) {
    let severity = severity(&batch.feature, &event.payload);
    let name = match severity {
        Severity::Informational => "INFO",
        Severity::Low | Severity::Medium => "WARN",
        Severity::High => "ERROR",
    };
    (name, severity.otlp())
}

impl From<Payload> for Facts {
    fn from(payload: Payload) -> Self {
        let person = payload.target_user.or(payload.user).or(payload.actor_details).unwrap_or_default();
        let client = payload.client.unwrap_or_default();
        let session = payload.session.unwrap_or_default();
        let location = payload.location.unwrap_or_default();
        Self {
            user_id: person.uuid.or(payload.actor_uuid),
            user_name: person.name,
            user_email: person.email,
            address: client.ip_address.or(session.ip),
            country: location.country.or(payload.country),
            city: location.city,
            latitude: location.latitude,
            longitude: location.longitude,
            os_name: client.os_name,
            os_version: client.os_version,
            app_name: client.app_name,
            app_version: client.app_version,
            platform_name: client.platform_name,
            session_uuid: payload.session_uuid.or(session.uuid),
            category: payload.category,
            kind: payload.r#type,
            action: payload.action,
            object_type: payload.object_type,
            object_uuid: payload.object_uuid,
            vault_uuid: payload.vault_uuid,
            item_uuid: payload.item_uuid,
        }
    }
}

/// The members that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    target_user: Option<Person>,
    user: Option<Person>,
    actor_details: Option<Person>,
    actor_uuid: Option<String>,
    client: Option<Client>,
    session: Option<Session>,
    session_uuid: Option<String>,
    location: Option<Location>,
    country: Option<String>,
    category: Option<String>,
    r#type: Option<String>,
    action: Option<String>,
    object_type: Option<String>,
    object_uuid: Option<String>,
    vault_uuid: Option<String>,
    item_uuid: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Person {
    uuid: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Client {
    app_name: Option<String>,
    app_version: Option<String>,
    platform_name: Option<String>,
    os_name: Option<String>,
    os_version: Option<String>,
    ip_address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Session {
    uuid: Option<String>,
    ip: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location {
    country: Option<String>,
    city: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}
