//! Our own administrative actions, as audit events of the account they touch, in the field's codes.

use crate::{
    AccountId, Timestamp, random_upper_id,
    wire::{AuditEvent, Person, Session},
};

/// Who did it, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// 26 characters.
    pub uuid: String,
    /// For people to read.
    pub name: String,
    /// May be empty.
    pub email: String,
    /// An IP address, always a valid one: receivers look it up.
    pub ip: String,
    /// When the actor signed in, or the hub started.
    pub since: Timestamp,
}

/// One administrative action, before it is an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// What was done, by the wire's code: `create`, `trename`, `trevoke`…
    pub action: &'static str,
    /// What it was done to, by the wire's code: `account`, `sa`, `satoken`…
    pub object_type: &'static str,
    /// The id of that.
    pub object_uuid: String,
    /// Another thing it concerns, such as the integration of a token.
    pub aux_uuid: Option<String>,
    /// Words, such as a name.
    pub aux_info: Option<String>,
}

impl AuditRecord {
    /// The event, as JSON in the v2 form.
    #[must_use]
    pub fn into_event(self, account: &AccountId, actor: &Actor, time: Timestamp) -> String {
        let person = Person {
            uuid: actor.uuid.clone(),
            name: actor.name.clone(),
            email: actor.email.clone(),
            ..Person::default()
        };
        let event = AuditEvent {
            uuid: random_upper_id(),
            timestamp: time.to_string(),
            actor_uuid: actor.uuid.clone(),
            actor_details: Some(person),
            actor_type: Some("user".to_owned()),
            actor_account_uuid: Some(account.to_string()),
            account_uuid: Some(account.to_string()),
            action: self.action.to_owned(),
            object_type: self.object_type.to_owned(),
            object_uuid: self.object_uuid,
            aux_uuid: self.aux_uuid,
            aux_info: self.aux_info,
            session: Some(Session {
                uuid: actor.uuid.clone(),
                login_time: actor.since.to_string(),
                ip: actor.ip.clone(),
                ..Session::default()
            }),
            ..AuditEvent::default()
        };
        serde_json::to_string(&event).expect("an audit event is plain data")
    }
}
