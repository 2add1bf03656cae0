//! Elastic Common Schema 8.11: the fields that the Elastic integration for 1Password makes, so that its dashboards and
//! rules work, and the standard fields that it leaves out. What ECS has no field for is under `onepassword`, or under
//! `daybook.payload` for other services' events.

use daybook_events::Feature;

use super::{
    EventParts, Schema,
    event::{Event, Text, top},
    service_of,
    severity::Severity,
    writer::Json,
};

const ECS_VERSION: &str = "8.11.0";

/// What is fixed for the events of a schema.
struct Kind {
    schema: Schema,
    dataset: &'static str,
    category: &'static str,
    event_type: &'static str,
    tag: &'static str,
}

static SIGN_IN_ATTEMPT: Kind = Kind {
    schema: Schema::SignInAttempt,
    dataset: "1password.signin_attempts",
    category: "authentication",
    event_type: "info",
    tag: "1password-signin_attempts",
};

static ITEM_USAGE: Kind = Kind {
    schema: Schema::ItemUsage,
    dataset: "1password.item_usages",
    category: "file",
    event_type: "access",
    tag: "1password-item_usages",
};

static AUDIT_EVENT: Kind = Kind {
    schema: Schema::AuditEvent,
    dataset: "1password.audit_events",
    category: "configuration",
    event_type: "access",
    tag: "1password-audit_events",
};

pub(super) fn encode(feature: &Feature, parts: &EventParts<'_>) -> String {
    let event = Event::read(parts.payload);
    let kind =
        [&SIGN_IN_ATTEMPT, &ITEM_USAGE, &AUDIT_EVENT].into_iter().find(|kind| kind.schema == Schema::of(feature));
    Json::object_of(parts.payload.len() * 2 + 512, |json| {
        json.printed("@timestamp", parts.time);
        event.take_if(top("timestamp"), |text| text.time() == Some(parts.time));
        json.object("ecs", |json| json.text("version", ECS_VERSION));
        json.object("event", |json| write_event(json, &event, parts, feature, kind));
        json.object("observer", |json| {
            json.text("vendor", &parts.hub.name);
            json.text("product", &parts.hub.name);
            json.text("version", &parts.hub.version);
            json.text("hostname", &parts.hub.host);
        });
        json.object("organization", |json| json.text("id", parts.account.as_str()));
        event.take_if(top("account_uuid"), |uuid| uuid.is(parts.account.as_str()));
        if let Some(kind) = kind {
            write_entities(json, &event, kind.schema);
        }
        json.array("tags", |json| {
            json.text_element("forwarded");
            json.text_element(kind.map_or(feature.as_str(), |kind| kind.tag));
        });
        if kind.is_some() {
            json.object("onepassword", |json| event.write_rest(json));
        } else {
            json.object("daybook", |json| json.object("payload", |json| event.write_rest(json)));
        }
    })
}

/// What happened.
fn write_event(json: &mut Json, event: &Event<'_>, parts: &EventParts<'_>, feature: &Feature, kind: Option<&Kind>) {
    let schema = kind.map_or(Schema::Open, |kind| kind.schema);
    json.text("kind", "event");
    json.copied("id", event.take(top("uuid")));
    json.printed("ingested", parts.arrival);
    json.plain("sequence", parts.position);
    json.plain("severity", Severity::of(schema, event).ocsf());
    match kind {
        Some(kind) => {
            json.text("module", "1password");
            json.text("dataset", kind.dataset);
            json.array("category", |json| json.text_element(kind.category));
            json.array("type", |json| json.text_element(kind.event_type));
        }
        None => {
            json.text("module", service_of(feature).0);
            json.text("dataset", feature.as_str());
        }
    }
    match schema {
        Schema::SignInAttempt => {
            if let Some(category) = event.take(top("category")) {
                json.copied("action", Some(category));
                json.text("outcome", outcome(category));
            }
            json.copied("reason", event.text(top("type")));
        }
        Schema::ItemUsage | Schema::AuditEvent => json.copied("action", event.take(top("action"))),
        Schema::Open => {}
    }
    if !event.is_object() {
        json.text("original", parts.payload);
    }
}

/// `success` or `failure`, as every consumer of sign-in attempts counts them.
pub(super) fn outcome(category: Text<'_>) -> &'static str {
    if category.is("success") || category.is("firewall_reported_success") { "success" } else { "failure" }
}

/// People, addresses and the host.
fn write_entities(json: &mut Json, event: &Event<'_>, schema: Schema) {
    let mut related = Vec::with_capacity(6);
    let address_path = if schema == Schema::AuditEvent { ("session", "ip") } else { ("client", "ip_address") };
    let address = event.take_if(address_path, |text| text.address().is_some());
    match schema {
        Schema::SignInAttempt => write_user(json, event, "target_user", &mut related),
        Schema::ItemUsage => write_user(json, event, "user", &mut related),
        _ => write_audit(json, event, &mut related),
    }
    if schema != Schema::AuditEvent {
        json.object("host", |json| {
            json.object("os", |json| {
                json.copied("name", event.take(("client", "os_name")));
                json.copied("version", event.take(("client", "os_version")));
            });
        });
    }
    json.object("source", |json| {
        json.copied("ip", address);
        json.object("geo", |json| write_place(json, event));
    });
    json.object("related", |json| {
        json.array("user", |json| related.iter().for_each(|text| json.element(*text)));
        json.array("ip", |json| address.into_iter().for_each(|text| json.element(text)));
    });
}

fn relate<'a>(related: &mut Vec<Text<'a>>, texts: impl IntoIterator<Item = Option<Text<'a>>>) {
    for text in texts.into_iter().flatten() {
        if !related.contains(&text) {
            related.push(text);
        }
    }
}

fn write_user<'a>(json: &mut Json, event: &Event<'a>, object: &str, related: &mut Vec<Text<'a>>) {
    let user = event.take_person(None, object, |_| true);
    json.object("user", |json| {
        json.copied("id", user.uuid);
        json.copied("full_name", user.name);
        json.copied("email", user.email);
    });
    relate(related, [user.uuid, user.email, user.name]);
}

/// The actor, whom it was done to, and the group concerned. Ids stay under `onepassword` as well, where the
/// integration's dashboards look for them.
fn write_audit<'a>(json: &mut Json, event: &Event<'a>, related: &mut Vec<Text<'a>>) {
    let actor = event.take_person(Some("actor_uuid"), "actor_details", |_| true);
    let object_type = event.text(top("object_type"));
    let is = |kinds: &[&str]| object_type.is_some_and(|object_type| kinds.iter().any(|kind| object_type.is(kind)));
    let target = event.audit_target();
    json.object("user", |json| {
        json.copied("id", actor.uuid);
        json.copied("name", actor.name);
        json.copied("email", actor.email);
        json.object("target", |json| {
            json.copied("id", target.uuid);
            json.copied("full_name", target.name);
            json.copied("email", target.email);
        });
    });
    let group = if is(&["gm", "group"]) {
        event.text(top("object_uuid"))
    } else if is(&["gva"]) {
        event.text(top("aux_uuid"))
    } else {
        None
    };
    json.object("group", |json| json.copied("id", group));
    relate(related, [actor.uuid, target.uuid]);
}

fn write_place(json: &mut Json, event: &Event<'_>) {
    let country = event.take(("location", "country"));
    let is_code = country.is_some_and(is_country_code);
    json.copied("country_iso_code", country.filter(|_| is_code));
    json.copied("country_name", country.filter(|_| !is_code));
    json.copied("region_name", event.take(("location", "region")));
    json.copied("city_name", event.take(("location", "city")));
    let degrees = |name| event.number(("location", name)).and_then(|number| number.parse::<f64>().ok());
    let (Some(latitude), Some(longitude)) = (degrees("latitude"), degrees("longitude")) else { return };
    // Elasticsearch refuses a document whose point is not on the globe.
    if latitude.abs() <= 90.0 && longitude.abs() <= 180.0 {
        json.object("location", |json| {
            json.plain("lat", event.take_number(("location", "latitude")).unwrap_or("0"));
            json.plain("lon", event.take_number(("location", "longitude")).unwrap_or("0"));
        });
    }
}

/// Whether a country is written as the two letters of ISO 3166-1.
pub(super) fn is_country_code(country: Text<'_>) -> bool {
    let token = country.token().as_bytes();
    token.len() == 4 && token[1..3].iter().all(u8::is_ascii_uppercase)
}
