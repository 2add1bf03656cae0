//! What each class tells beyond its type, time and metadata.

use super::{
    super::{
        EventParts, Schema, ecs,
        event::{Event, Path, Person, Text, top},
        writer::Json,
    },
    Landing, OcsfVersion, Subject, millis,
    objects::{
        EMAIL_ADDRESS, GROUP_UID, IP_ADDRESS, Observables, RESOURCE_UID, SESSION_UID, USER_NAME, USER_UID, is_email,
        write_endpoint, write_location, write_os, write_person,
    },
};

/// One event being written.
pub(super) struct Body<'w, 'a> {
    pub(super) json: &'w mut Json,
    pub(super) event: &'w Event<'a>,
    pub(super) parts: &'w EventParts<'a>,
    pub(super) seen: &'w mut Observables<'a>,
    /// Profiles of OCSF that the event uses.
    pub(super) profiles: Vec<&'static str>,
}

impl<'a> Body<'_, 'a> {
    /// Writes the attributes of the event's class.
    pub(super) fn write(&mut self, landing: &Landing<'_>) {
        match landing.schema {
            Schema::SignInAttempt => self.write_sign_in(),
            Schema::ItemUsage => self.write_item_usage(landing),
            Schema::AuditEvent => self.write_audit(landing),
            Schema::Open => {}
        }
    }

    fn write_sign_in(&mut self) {
        let event = self.event;
        let kind = event.text(top("type"));
        if let Some(category) = event.take(top("category")) {
            let is_success = ecs::outcome(category) == "success";
            self.write_status(is_success);
            self.json.copied("status_code", Some(category));
        }
        self.json.copied("status_detail", kind);
        let user = event.take_person(None, "target_user", is_email);
        self.write_user("user", user);
        let parts = self.parts;
        self.json.object("service", |json| {
            json.text("name", "1Password");
            json.text("uid", parts.account.as_str());
        });
        let session = event.take(top("session_uuid"));
        self.json.object("session", |json| json.copied("uid", session));
        self.seen.add("session.uid", SESSION_UID, session);
        self.json.object("actor", |json| json.copied("app_name", event.take(("client", "app_name"))));
        let kind = kind.map(Text::decoded).unwrap_or_default();
        if let Some(is_mfa) = is_mfa(&kind) {
            self.json.plain("is_mfa", is_mfa);
        }
        if kind == "federated" || kind.contains("sso") {
            self.json.plain("auth_protocol_id", 99);
            self.json.text("auth_protocol", "SSO");
        }
        self.write_source(("client", "ip_address"), None);
    }

    fn write_item_usage(&mut self, landing: &Landing<'_>) {
        let event = self.event;
        self.write_status(true);
        let user = event.take_person(None, "user", is_email);
        let app = event.take(("client", "app_name"));
        self.write_actor(user, app, None);
        self.write_api(landing, app);
        let (item, vault) = (event.take(top("item_uuid")), event.take(top("vault_uuid")));
        if item.is_some() {
            self.json.array("resources", |json| {
                json.object_element(|json| {
                    json.copied("uid", item);
                    json.text("type", "item");
                    if let Some(version) = event.take_number(top("used_version")) {
                        json.text("version", version);
                    }
                    if vault.is_some() {
                        json.object("group", |json| {
                            json.copied("uid", vault);
                            json.text("type", "vault");
                        });
                    }
                });
            });
        }
        self.seen.add("resources[0].uid", RESOURCE_UID, item);
        self.seen.add("resources[0].group.uid", RESOURCE_UID, vault);
        self.write_source(("client", "ip_address"), app);
    }

    fn write_audit(&mut self, landing: &Landing<'_>) {
        let event = self.event;
        self.write_status(true);
        let actor = event.take_person(Some("actor_uuid"), "actor_details", is_email);
        let session = event.take(("session", "uuid"));
        self.write_actor(actor, None, session);
        match landing.subject {
            Subject::Person => {
                let person = event.take_person(Some("object_uuid"), "object_details", is_email);
                self.write_user("user", person);
            }
            Subject::Member => self.write_membership(),
            Subject::Group => self.write_group(top("object_uuid")),
            Subject::PersonAccess => {
                let person = event.take_person(Some("aux_uuid"), "aux_details", is_email);
                self.write_user("user", person);
                self.write_vault();
            }
            Subject::GroupAccess => {
                self.write_group(top("aux_uuid"));
                self.write_vault();
            }
            Subject::Entity(type_id, words) => self.write_entity(type_id, words),
            Subject::Unknown => {
                self.write_api(landing, None);
                let object = event.take(top("object_uuid"));
                if object.is_some() {
                    let write_resource = |json: &mut Json| {
                        json.copied("uid", object);
                        json.copied("type", event.text(top("object_type")));
                    };
                    self.json.array("resources", |json| json.object_element(write_resource));
                }
                self.seen.add("resources[0].uid", RESOURCE_UID, object);
            }
        }
        self.write_device(landing);
        self.write_source(("session", "ip"), None);
    }

    /// The actor's device, which belongs to the profile `host`. In 1.3 API Activity has no such profile, and the other
    /// classes have `actor` through it.
    fn write_device(&mut self, landing: &Landing<'_>) {
        let is_1_3 = landing.version == OcsfVersion::V1_3;
        let has_profile = !is_1_3 || landing.subject != Subject::Unknown;
        let device = if has_profile { self.event.take(("session", "device_uuid")) } else { None };
        if device.is_some() || (is_1_3 && has_profile) {
            self.profiles.push("host");
        }
        if device.is_some() {
            self.json.object("device", |json| {
                json.copied("uid", device);
                json.plain("type_id", 0);
            });
            self.seen.add("device.uid", RESOURCE_UID, device);
        }
    }

    fn write_membership(&mut self) {
        self.write_group(top("object_uuid"));
        let event = self.event;
        let member = event.take_person(Some("aux_uuid"), "aux_details", is_email);
        self.write_user("user", member);
        let role = event.take(top("aux_info"));
        self.json.array("privileges", |json| role.into_iter().for_each(|role| json.element(role)));
    }

    fn write_group(&mut self, path: Path<'_>) {
        let group = self.event.take(path);
        self.json.object("group", |json| match group {
            Some(_) => json.copied("uid", group),
            None => json.text("name", "unknown"),
        });
        self.seen.add("group.uid", GROUP_UID, group);
    }

    /// The vault that access was given to or taken from, and which access, which only some events tell.
    fn write_vault(&mut self) {
        let (vault, access) = (self.event.take(top("object_uuid")), self.event.take(top("aux_info")));
        self.json.array("privileges", |json| match access {
            Some(access) => json.element(access),
            None => json.text_element("vault access"),
        });
        if vault.is_some() {
            self.json.object("resource", |json| {
                json.copied("uid", vault);
                json.text("type", "vault");
            });
        }
        self.seen.add("resource.uid", RESOURCE_UID, vault);
    }

    fn write_entity(&mut self, type_id: u8, words: &str) {
        let event = self.event;
        let object = event.take(top("object_uuid"));
        let is_device = type_id == 1;
        let owner =
            if is_device { event.take_person(Some("aux_uuid"), "aux_details", is_email) } else { Person::default() };
        let account = self.parts.account.as_str();
        self.json.object("entity", |json| {
            json.plain("type_id", type_id);
            json.text("type", words);
            match object {
                Some(_) => json.copied("uid", object),
                None => json.text("name", "unknown"),
            }
            if owner.uuid.is_some() || owner.name.is_some() {
                json.object("user", |json| write_person(json, owner, account));
            }
        });
        self.seen.add("entity.uid", RESOURCE_UID, object);
        self.observe("entity.user", owner);
    }

    fn write_status(&mut self, is_success: bool) {
        self.json.plain("status_id", if is_success { 1 } else { 2 });
        self.json.text("status", if is_success { "Success" } else { "Failure" });
    }

    fn write_api(&mut self, landing: &Landing<'_>, service: Option<Text<'a>>) {
        let operation = if landing.action.is_empty() { "unknown" } else { landing.action.as_ref() };
        self.json.object("api", |json| {
            json.text("operation", operation);
            if service.is_some() {
                json.object("service", |json| json.text("name", "1Password"));
            }
        });
    }

    /// Who acted, with which program, in which session.
    fn write_actor(&mut self, user: Person<'a>, app: Option<Text<'a>>, session: Option<Text<'a>>) {
        let (event, account) = (self.event, self.parts.account.as_str());
        self.json.object("actor", |json| {
            json.object("user", |json| write_person(json, user, account));
            json.copied("app_name", app);
            json.object("session", |json| {
                json.copied("uid", session);
                let begun = event.take_if(("session", "login_time"), |time| time.time().is_some());
                if let Some(begun) = begun.and_then(Text::time) {
                    json.plain("created_time", millis(begun));
                }
            });
        });
        self.observe("actor.user", user);
        self.seen.add("actor.session.uid", SESSION_UID, session);
    }

    fn write_user(&mut self, name: &str, user: Person<'a>) {
        let account = self.parts.account.as_str();
        self.json.object(name, |json| write_person(json, user, account));
        self.observe(name, user);
    }

    fn observe(&mut self, path: &str, user: Person<'a>) {
        self.seen.add(format!("{path}.uid"), USER_UID, user.uuid);
        self.seen.add(format!("{path}.name"), USER_NAME, user.name);
        self.seen.add(format!("{path}.email_addr"), EMAIL_ADDRESS, user.email);
    }

    /// Where it came from.
    fn write_source(&mut self, path: Path<'_>, name: Option<Text<'a>>) {
        let event = self.event;
        let address = event.take_address(path);
        self.json.object("src_endpoint", |json| {
            write_endpoint(json, address.map(|(_, address)| address), name);
            write_os(json, event);
            write_location(json, event);
        });
        self.seen.add("src_endpoint.ip", IP_ADDRESS, address.map(|(text, _)| text));
    }
}

/// Whether a second factor took part, where the type of an attempt tells.
fn is_mfa(kind: &str) -> Option<bool> {
    const FACTORS: [&str; 5] = ["mfa_", "totp_", "u2f_", "duo_", "code_"];
    match kind {
        "credentials_ok" | "mfa_missing" => Some(false),
        _ => FACTORS.iter().any(|factor| kind.starts_with(factor)).then_some(true),
    }
}
