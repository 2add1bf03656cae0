//! Our own administrative actions, as audit events of the account they touch, in the field's codes.

use serde_json::Value;

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

impl Actor {
    /// The hub itself, for what happens without anybody's doing.
    #[must_use]
    pub fn hub(since: Timestamp) -> Self {
        Self {
            uuid: "DAYBOOKAAAAAAAAAAAAAAAAAAA".to_owned(),
            name: "Daybook".to_owned(),
            email: String::new(),
            ip: "127.0.0.1".to_owned(),
            since,
        }
    }
}

/// One administrative action, before it is an event.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// What was done, by the wire's code: `create`, `trename`, `trevoke`…
    pub action: &'static str,
    /// What it was done to, by the wire's code: `account`, `sa`, `satoken`…
    pub object_type: &'static str,
    /// The id of that.
    pub object_uuid: String,
    /// The name of that, for people.
    pub object_name: String,
    /// Who that is, if it is a person.
    pub object_person: Option<Person>,
    /// Another thing it concerns, such as the integration of a token.
    pub aux_uuid: Option<String>,
    /// Words, such as a name.
    pub aux_info: Option<String>,
    /// What was, member by member; `null` when there was nothing.
    pub before: Value,
    /// What is now, member by member; `null` when there is nothing any more.
    pub after: Value,
}

impl AuditRecord {
    /// An action on an object with this id and name.
    #[must_use]
    pub fn new(action: &'static str, object_type: &'static str, uuid: &(impl ToString + ?Sized), name: &str) -> Self {
        Self {
            action,
            object_type,
            object_uuid: uuid.to_string(),
            object_name: name.to_owned(),
            object_person: None,
            aux_uuid: None,
            aux_info: Some(name.to_owned()),
            before: Value::Null,
            after: Value::Null,
        }
    }

    /// The same on a person.
    #[must_use]
    pub fn on_person(action: &'static str, uuid: &(impl ToString + ?Sized), name: &str, email: &str) -> Self {
        let uuid = uuid.to_string();
        let person = Person { uuid: uuid.clone(), name: name.to_owned(), email: email.to_owned(), ..Person::default() };
        Self { object_person: Some(person), ..Self::new(action, "user", &uuid, email) }
    }

    /// With another thing that it concerns.
    #[must_use]
    pub fn with_aux(self, uuid: &(impl ToString + ?Sized)) -> Self {
        Self { aux_uuid: Some(uuid.to_string()), ..self }
    }

    /// With other words than the object's name.
    #[must_use]
    pub fn with_info(self, info: impl Into<String>) -> Self {
        Self { aux_info: Some(info.into()), ..self }
    }

    /// With what was and what is now.
    #[must_use]
    pub fn with_change(self, before: Value, after: Value) -> Self {
        Self { before, after, ..self }
    }

    /// The event's id, and the event as JSON in the v2 form.
    #[must_use]
    pub fn to_event(&self, account: &AccountId, actor: &Actor, time: Timestamp) -> (String, String) {
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
            object_uuid: self.object_uuid.clone(),
            object_details: self.object_person.clone(),
            aux_uuid: self.aux_uuid.clone(),
            aux_info: self.aux_info.clone(),
            session: Some(Session {
                uuid: actor.uuid.clone(),
                login_time: actor.since.to_string(),
                ip: actor.ip.clone(),
                ..Session::default()
            }),
            ..AuditEvent::default()
        };
        let text = serde_json::to_string(&event).expect("an audit event is plain data");
        (event.uuid, text)
    }
}
