//! Audit events: who did what to what in which session, and how it is written.

use crate::{
    company::Company,
    json::{Id, Object, Precision},
    sign_in::Session,
};

/// One action of a person in the account.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    pub(crate) actor: u32,
    pub(crate) action: &'static str,
    pub(crate) object_type: &'static str,
    pub(crate) object: Subject,
    pub(crate) aux: Aux,
    pub(crate) session: Session,
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Somebody of the company, by number.
    Person(u32),
    /// The account itself.
    Account,
    /// Anything else.
    Thing(Id),
}

/// What else an action is about. Members that say nothing are left out of the event.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Aux {
    /// A number; never 0.
    pub(crate) id: Option<u64>,
    pub(crate) subject: Option<Subject>,
    pub(crate) info: Option<Info>,
}

/// Words about it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Info {
    /// `R` member or `A` manager of a group.
    Role(&'static str),
    /// The address of somebody of the company, by number.
    EmailOf(u32),
}

impl Aux {
    /// Something else concerned.
    pub(crate) fn of(subject: Subject) -> Self {
        Self { subject: Some(subject), ..Self::default() }
    }

    /// A group's member and the role in it.
    pub(crate) fn membership(id: u64, member: u32, role: &'static str) -> Self {
        Self { id: Some(id), subject: Some(Subject::Person(member)), info: Some(Info::Role(role)) }
    }

    /// An invited address.
    pub(crate) fn email_of(person: u32) -> Self {
        Self { info: Some(Info::EmailOf(person)), ..Self::default() }
    }
}

impl Audit {
    /// Writes the event.
    pub(crate) fn write(&self, company: &Company, id: Id, time_nanos: i64, out: &mut String) {
        let actor = company.person(self.actor);
        let mut event = Object::open(out);
        event.id("uuid", id);
        event.time("timestamp", time_nanos, Precision::Nanos);
        event.id("actor_uuid", actor.id);
        event.raw("actor_details", &actor.brief_json);
        event.text("actor_type", "user");
        event.raw("actor_account_uuid", &company.account_json);
        event.raw("account_uuid", &company.account_json);
        event.text("action", self.action);
        event.text("object_type", self.object_type);
        write_subject(company, &mut event, self.object, ["object_uuid", "object_details"]);
        self.write_aux(company, &mut event);
        let mut session = event.object("session");
        session.id("uuid", Id::Upper(self.session.bits));
        session.time("login_time", self.session.login_nanos, Precision::Nanos);
        session.id("device_uuid", self.session.device);
        session.address("ip", self.session.network.address);
        session.close();
        self.session.network.place.write(event.object("location"));
        event.close();
    }

    fn write_aux(&self, company: &Company, event: &mut Object<'_>) {
        if let Some(id) = self.aux.id {
            event.number("aux_id", id);
        }
        if let Some(subject) = self.aux.subject {
            write_subject(company, event, subject, ["aux_uuid", "aux_details"]);
        }
        match self.aux.info {
            Some(Info::Role(role)) => event.text("aux_info", role),
            Some(Info::EmailOf(person)) => event.text("aux_info", &company.person(person).email),
            None => {}
        }
    }
}

fn write_subject(company: &Company, event: &mut Object<'_>, subject: Subject, names: [&str; 2]) {
    match subject {
        Subject::Person(index) => {
            event.id(names[0], company.person(index).id);
            event.raw(names[1], &company.person(index).brief_json);
        }
        Subject::Account => event.raw(names[0], &company.account_json),
        Subject::Thing(id) => event.id(names[0], id),
    }
}
