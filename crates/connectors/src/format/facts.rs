//! What the line formats say of an event: one reading, two spellings.

use std::{borrow::Cow, net::IpAddr};

use daybook_events::Feature;

use super::{
    EventParts, Schema, ecs,
    event::{Event, Path, Person, Text, top},
    service_of,
    severity::Severity,
};

/// An event's facts as texts.
pub(super) struct Facts<'a> {
    /// Who makes the service, and the service.
    pub(super) vendor: &'a str,
    pub(super) product: &'a str,
    /// `signin:<category>`, `item:<action>`, `audit:<action>:<object type>`, or the feature.
    pub(super) signature: String,
    /// A short sentence.
    pub(super) name: String,
    pub(super) severity: Severity,
    pub(super) uuid: Option<Cow<'a, str>>,
    pub(super) action: Option<Cow<'a, str>>,
    /// `success` or `failure`.
    pub(super) outcome: &'static str,
    pub(super) reason: Option<Cow<'a, str>>,
    pub(super) address: Option<IpAddr>,
    pub(super) actor: Names<'a>,
    pub(super) target: Names<'a>,
    pub(super) app: Option<Cow<'a, str>>,
    pub(super) device: Option<Cow<'a, str>>,
    pub(super) vault: Option<Cow<'a, str>>,
    pub(super) item: Option<Cow<'a, str>>,
    pub(super) object_type: Option<Cow<'a, str>>,
    pub(super) object: Option<Cow<'a, str>>,
    /// The other thing concerned, where it is not the target.
    pub(super) auxiliary: Option<Cow<'a, str>>,
    pub(super) info: Option<Cow<'a, str>>,
    pub(super) session: Option<Cow<'a, str>>,
    pub(super) used_version: Option<&'a str>,
    /// The payload itself, for events whose members are not known.
    pub(super) payload: Option<&'a str>,
}

/// What a person is called.
#[derive(Default)]
pub(super) struct Names<'a> {
    pub(super) uuid: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) email: Option<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    fn of(person: Person<'a>) -> Self {
        let text = |text: Option<Text<'a>>| text.map(Text::decoded);
        Self { uuid: text(person.uuid), name: text(person.name), email: text(person.email) }
    }

    /// The address, or else the name: what people recognise somebody by.
    pub(super) fn login(&self) -> Option<&str> {
        self.email.as_deref().or(self.name.as_deref())
    }
}

impl<'a> Facts<'a> {
    pub(super) fn of(feature: &'a Feature, parts: &EventParts<'a>) -> Self {
        let event = Event::read(parts.payload);
        let schema = Schema::of(feature);
        let text = |path: Path<'_>| event.text(path).map(Text::decoded);
        let (signature, name) = headline(feature, schema, &event);
        let (vendor, product) = match schema {
            Schema::Open => service_of(feature),
            _ => ("AgileBits", "1Password"),
        };
        let (actor, target) = people(schema, &event);
        let is_audit = schema == Schema::AuditEvent;
        Self {
            vendor,
            product,
            signature,
            name,
            severity: Severity::of(schema, &event),
            uuid: text(top("uuid")),
            action: text(top(if schema == Schema::SignInAttempt { "category" } else { "action" })),
            outcome: match (schema, event.text(top("category"))) {
                (Schema::SignInAttempt, Some(category)) => ecs::outcome(category),
                (Schema::ItemUsage | Schema::AuditEvent, _) => "success",
                _ => "",
            },
            reason: text(top("type")).filter(|_| schema == Schema::SignInAttempt),
            address: event
                .text(if is_audit { ("session", "ip") } else { ("client", "ip_address") })
                .and_then(Text::address),
            actor: Names::of(actor),
            target: Names::of(target),
            app: text(("client", "app_name")),
            device: text(("session", "device_uuid")),
            vault: text(top("vault_uuid")),
            item: text(top("item_uuid")),
            object_type: text(top("object_type")),
            object: text(top("object_uuid")),
            auxiliary: event.text(top("aux_uuid")).filter(|uuid| target.uuid != Some(*uuid)).map(Text::decoded),
            info: text(top("aux_info")),
            session: text(("session", "uuid")).or_else(|| text(top("session_uuid"))),
            used_version: event.number(top("used_version")),
            payload: (schema == Schema::Open || !event.is_object()).then_some(parts.payload),
        }
    }
}

/// The signature and the name of an event.
fn headline(feature: &Feature, schema: Schema, event: &Event<'_>) -> (String, String) {
    let word = |name| event.text(top(name)).map_or(Cow::Borrowed("unknown"), Text::decoded);
    match schema {
        Schema::SignInAttempt => {
            let category = word("category");
            (format!("signin:{category}"), format!("Sign-in attempt: {category}"))
        }
        Schema::ItemUsage => {
            let action = word("action");
            (format!("item:{action}"), format!("Item usage: {action}"))
        }
        Schema::AuditEvent => {
            let (action, object_type) = (word("action"), word("object_type"));
            (format!("audit:{action}:{object_type}"), format!("Audit event: {action} {object_type}"))
        }
        Schema::Open => (feature.to_string(), format!("Event of {feature}")),
    }
}

/// Who acted, and upon whom.
fn people<'a>(schema: Schema, event: &Event<'a>) -> (Person<'a>, Person<'a>) {
    match schema {
        Schema::SignInAttempt => (Person::default(), event.person("target_user")),
        Schema::ItemUsage => (event.person("user"), Person::default()),
        Schema::AuditEvent => (event.take_person(Some("actor_uuid"), "actor_details", |_| true), event.audit_target()),
        Schema::Open => (Person::default(), Person::default()),
    }
}
