//! The people of the company and the accounts that work like people: who they are and what is always so about them.

use crate::{
    clients::{self, Client},
    company::Company,
    json::{Id, Object},
    names,
    places::{self, Network, Office},
    random::{Dice, Purpose, Source},
    rhythm::{self, DAY_NANOS, HOUR_NANOS, MINUTE_NANOS},
    sign_in::{self, Outcome},
};

/// How many people work together in a squad; it has two vaults and a group.
pub(crate) const SQUAD_PEOPLE: u32 = 12;
const SERVICE_DOMAIN: &str = "1passwordserviceaccounts.com";
/// Of so many people one joins and one leaves within the history.
const TURNOVER_PEOPLE: u64 = 24;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Administrator,
    Member,
    /// A program that fetches items.
    Service,
    /// The program that brings people in from the directory.
    Bridge,
}

/// One device, or one program on it, that is signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) id: Id,
    pub(crate) client: Client,
}

/// A person, or an account that works like one.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: Id,
    pub(crate) role: Role,
    pub(crate) email: String,
    /// The user object of sign-in attempts and item usages.
    pub(crate) user_json: String,
    /// The three members that audit events name a person by.
    pub(crate) brief_json: String,
    pub(crate) office: &'static Office,
    pub(crate) home: Network,
    pub(crate) devices: Vec<Device>,
    pub(crate) squad: u32,
    /// How this person's sign-ins succeed: password only, a second factor, or single sign-on.
    pub(crate) success: &'static Outcome,
    /// When work usually begins, in minutes after local midnight.
    pub(crate) start_minutes: u16,
    /// Item usages of an ordinary day at work.
    pub(crate) usages_per_day: u16,
    /// Weekdays at home, Monday in the lowest bit.
    pub(crate) home_days: u8,
    /// When the person joins; the earliest time for those who are there already.
    pub(crate) joined_nanos: i64,
    /// When the person is suspended; the latest time for those who stay.
    pub(crate) left_nanos: i64,
    /// Whether the person is needed for an incident and so never is away.
    pub(crate) is_settled: bool,
}

/// Everything that makes people of one account alike.
pub(crate) struct Mold<'a> {
    pub(crate) source: Source,
    pub(crate) account_json: &'a str,
    pub(crate) domain: &'static str,
    pub(crate) start_nanos: i64,
    pub(crate) end_nanos: i64,
    pub(crate) administrators: u32,
    pub(crate) has_turnover: bool,
}

impl Mold<'_> {
    /// The n-th person.
    pub(crate) fn person(&self, number: u32) -> Person {
        let mut dice = self.source.dice(Purpose::Person, u64::from(number), 0);
        let shift = self.source.number(Purpose::Name, 0, 0) % 10_000;
        let (name, address) = names::person(u64::from(number), shift);
        let office = Office::any(&mut dice);
        let squad = number / SQUAD_PEOPLE;
        let role = if number < self.administrators { Role::Administrator } else { Role::Member };
        let kinds = clients::clients_of_person(squad % 8 < 2, &mut dice);
        let home = office.home(number, &mut dice);
        let mut person = self.blank(number, &name, format!("{address}@{}", self.domain), office, home, kinds);
        person.role = role;
        person.squad = squad;
        person.success = sign_in::habit(&mut dice);
        person.start_minutes = (500 + dice.below(45) + dice.below(45)) as u16;
        person.usages_per_day = (10 + dice.below(26) + dice.skewed_below(75)) as u16;
        person.home_days = (dice.below(32) & dice.below(32)) as u8;
        if self.has_turnover && role == Role::Member {
            self.turn_over(&mut person, (shift + u64::from(number)) % TURNOVER_PEOPLE, &mut dice);
        }
        person
    }

    /// The n-th service account, which works in the data centre under the person's number `number`.
    pub(crate) fn service(&self, nth: u32, number: u32) -> Person {
        let email =
            format!("{}@{SERVICE_DOMAIN}", Id::Lower(self.source.id(Purpose::Thing, u64::from(number), 0)).text());
        let kinds = vec![clients::client_of_service(nth)];
        let network = places::data_centre(nth);
        let mut person = self.blank(number, &names::service(nth), email, &places::OFFICES[1], network, kinds);
        person.role = Role::Service;
        person.squad = nth;
        person
    }

    /// The bridge to the directory.
    pub(crate) fn bridge(&self, number: u32) -> Person {
        let email =
            format!("{}@{SERVICE_DOMAIN}", Id::Lower(self.source.id(Purpose::Thing, u64::from(number), 0)).text());
        let network = places::data_centre(15);
        let kinds = vec![clients::scim_bridge()];
        let mut person = self.blank(number, "SCIM Bridge", email, &places::OFFICES[1], network, kinds);
        person.role = Role::Bridge;
        person
    }

    fn blank(
        &self,
        number: u32,
        name: &str,
        email: String,
        office: &'static Office,
        home: Network,
        clients: Vec<Client>,
    ) -> Person {
        let id = Id::Upper(self.source.id(Purpose::Person, u64::from(number), 1));
        let device = |(nth, client)| Device {
            id: Id::Lower(self.source.id(Purpose::Device, u64::from(number), nth as u64)),
            client,
        };
        Person {
            id,
            role: Role::Member,
            user_json: self.user_json(id, name, &email),
            brief_json: brief_json(id, name, &email),
            email,
            office,
            home,
            devices: clients.into_iter().enumerate().map(device).collect(),
            squad: 0,
            success: &sign_in::CREDENTIALS_OK,
            start_minutes: 540,
            usages_per_day: 0,
            home_days: 0,
            joined_nanos: i64::MIN,
            left_nanos: i64::MAX,
            is_settled: false,
        }
    }

    fn user_json(&self, id: Id, name: &str, email: &str) -> String {
        let mut out = String::with_capacity(240);
        let mut object = Object::open(&mut out);
        object.id("uuid", id);
        object.text("name", name);
        object.text("email", email);
        object.text("user_type", "user");
        object.text("type", "user");
        object.raw("user_account_uuid", self.account_json);
        object.close();
        out.shrink_to_fit();
        out
    }

    /// A few join at the beginning of a working day of the history, a few others leave at the end of one.
    fn turn_over(&self, person: &mut Person, place: u64, dice: &mut Dice) {
        let near_nanos = self.start_nanos + dice.between(0, self.end_nanos - self.start_nanos);
        let mut day = (near_nanos + person.office.offset_nanos()).div_euclid(DAY_NANOS);
        while rhythm::is_weekend(day) {
            day -= 1;
        }
        let midnight_nanos = day * DAY_NANOS - person.office.offset_nanos();
        if place == 0 {
            person.joined_nanos = midnight_nanos + 7 * HOUR_NANOS + dice.between(0, 45 * MINUTE_NANOS);
        } else if place == TURNOVER_PEOPLE / 2 {
            person.left_nanos = midnight_nanos + 17 * HOUR_NANOS + dice.between(0, 60 * MINUTE_NANOS);
        }
    }
}

fn brief_json(id: Id, name: &str, email: &str) -> String {
    let mut out = String::with_capacity(128);
    let mut object = Object::open(&mut out);
    object.id("uuid", id);
    object.text("name", name);
    object.text("email", email);
    object.close();
    out.shrink_to_fit();
    out
}

impl Person {
    /// Whether the person belongs to the company at a time.
    pub(crate) fn is_member_at(&self, time_nanos: i64) -> bool {
        (self.joined_nanos..self.left_nanos).contains(&time_nanos)
    }
}

impl Company {
    /// Somebody else of the same squad, or of the company where the squad has nobody else.
    pub(crate) fn colleague_of(&self, index: u32, time_nanos: i64, dice: &mut Dice) -> Option<u32> {
        let squad_start = index / SQUAD_PEOPLE * SQUAD_PEOPLE;
        let squad_people = SQUAD_PEOPLE.min(self.users.saturating_sub(squad_start));
        let near = squad_start + dice.below(u64::from(squad_people)) as u32;
        let far = dice.below(u64::from(self.users)) as u32;
        [near, far].into_iter().find(|other| *other != index && self.person(*other).is_member_at(time_nanos))
    }
}
