//! Open Cybersecurity Schema Framework: sign-in attempts are Authentication, item usages API Activity, audit events of
//! the class that their object type decides (`table`), other services' events Base Events.
//!
//! `metadata.uid` is the event's `uuid`, `raw_data` the payload as it came in, `unmapped` the members that have no place
//! in the class. Where the schema requires something that the event does not tell, the account stands for an unknown
//! user, and `unknown` for the name of anything else.

mod bodies;
mod objects;
mod table;

use daybook_events::{Feature, Timestamp};

use self::{
    bodies::Body,
    objects::Observables,
    table::{Activity, Class, OTHER, Subject},
};
use super::{
    EventParts, Schema,
    event::{Event, Text, top},
    service_of,
    severity::Severity,
    writer::Json,
};

/// A version of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OcsfVersion {
    /// 1.3.0, the newest that Amazon Security Lake documents for custom sources.
    V1_3,
    /// 1.4.0, the default.
    V1_4,
    /// 1.8.0.
    V1_8,
}

impl OcsfVersion {
    /// `metadata.version`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_3 => "1.3.0",
            Self::V1_4 => "1.4.0",
            Self::V1_8 => "1.8.0",
        }
    }
}

/// Where an event lands.
struct Landing<'a> {
    version: OcsfVersion,
    feature: &'a Feature,
    schema: Schema,
    class: Class,
    subject: Subject,
    activity: Option<Activity>,
    /// The action's name, for the activity *Other*.
    action: std::borrow::Cow<'a, str>,
}

pub(super) fn encode(version: OcsfVersion, feature: &Feature, parts: &EventParts<'_>) -> String {
    let event = Event::read(parts.payload);
    let landing = Landing::of(version, feature, &event);
    let mut seen = Observables::default();
    Json::object_of(parts.payload.len() * 3 + 1024, |json| {
        landing.write_type(json);
        json.plain("time", millis(parts.time));
        let severity = Severity::of(landing.schema, &event);
        json.plain("severity_id", severity.ocsf());
        json.text("severity", severity.caption());
        let mut body = Body { json, event: &event, parts, seen: &mut seen, profiles: Vec::new() };
        body.write(&landing);
        body.write_metadata(&landing);
        seen.write(json, version);
        event.take_if(top("account_uuid"), |uuid| uuid.is(parts.account.as_str()));
        json.object("unmapped", |json| event.write_rest(json));
        json.text("raw_data", parts.payload);
    })
}

impl<'a> Landing<'a> {
    fn of(version: OcsfVersion, feature: &'a Feature, event: &Event<'a>) -> Self {
        let schema = Schema::of(feature);
        let action = event.text(top("action")).map(Text::decoded).unwrap_or_default();
        let object_type = event.text(top("object_type")).map(Text::decoded);
        let (class, subject, activity) = match schema {
            Schema::SignInAttempt => (Class::Authentication, Subject::Unknown, Some(Activity(1, "Logon"))),
            Schema::ItemUsage => (Class::ApiActivity, Subject::Unknown, table::item_activity(&action)),
            Schema::AuditEvent => {
                let subject = object_type.as_deref().map_or(Subject::Unknown, Subject::of).in_version(version);
                (subject.class(), subject, subject.activity(&action))
            }
            Schema::Open => (Class::BaseEvent, Subject::Unknown, None),
        };
        Self { version, feature, schema, class, subject, activity, action }
    }

    /// Class, activity and type, which the action decides together with the class.
    fn write_type(&self, json: &mut Json) {
        json.plain("class_uid", self.class.uid());
        json.text("class_name", self.class.caption());
        json.plain("category_uid", self.class.category_uid());
        let number = match self.activity {
            Some(Activity(number, _)) => number,
            // An event that does not say what it is has activity 0, Unknown.
            None if self.action.is_empty() => 0,
            None => OTHER,
        };
        json.plain("activity_id", number);
        match self.activity {
            Some(Activity(_, caption)) => json.text("activity_name", caption),
            None if self.action.is_empty() => json.text("activity_name", "Unknown"),
            None => json.text("activity_name", &self.action),
        }
        json.plain("type_uid", u64::from(self.class.uid()) * 100 + u64::from(number));
    }
}

impl Body<'_, '_> {
    /// What the event is to whoever keeps it. Comes after the attributes of the class, which decide the profiles.
    fn write_metadata(&mut self, landing: &Landing<'_>) {
        let (event, parts, profiles) = (self.event, self.parts, &self.profiles);
        let code = if landing.schema == Schema::SignInAttempt { "type" } else { "action" };
        self.json.object("metadata", |json| {
            json.text("version", landing.version.as_str());
            json.copied("uid", event.take(top("uuid")));
            json.object("product", |json| {
                let (vendor, _) = service_of(landing.feature);
                let (name, vendor) =
                    if landing.schema == Schema::Open { (vendor, vendor) } else { ("1Password", "AgileBits") };
                json.text("name", name);
                // Version 1.3 requires the vendor as well.
                json.text("vendor_name", vendor);
            });
            json.text("log_name", landing.feature.as_str());
            json.text("log_provider", &parts.hub.name);
            json.text("log_version", &parts.hub.version);
            json.copied("event_code", event.take(top(code)));
            json.copied("original_time", event.take(top("timestamp")));
            json.plain("logged_time", millis(parts.arrival));
            json.plain("sequence", parts.position);
            json.text("tenant_uid", parts.account.as_str());
            json.array("profiles", |json| profiles.iter().for_each(|profile| json.text_element(profile)));
        });
    }
}

/// Milliseconds since 1970, as OCSF counts time.
fn millis(time: Timestamp) -> i64 {
    time.as_nanos().div_euclid(1_000_000)
}
