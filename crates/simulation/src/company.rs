//! The company: made once from a plan, then asked for its history or for what happens now.

use daybook_events::Timestamp;

use crate::{
    Plan, SimulatedEvent,
    draft::Draft,
    history::History,
    incidents, live, names,
    people::{Mold, Person},
    random::{Purpose, Source, hash_text},
    rhythm::DAY_NANOS,
};

/// 2200-01-01, so that no time of a history is beyond what 64 bits of nanoseconds hold.
const START_NANOS_MAX: i64 = 7_258_118_400_000_000_000;
const USERS_MAX: u32 = 100_000;
const DAYS_MAX: u32 = 3_660;
/// With fewer people there is no bridge to a directory, and nobody joins or leaves.
const USERS_WITH_BRIDGE_MIN: u32 = 10;

/// A company whose people sign in, use items and change things.
#[derive(Debug)]
pub struct Company {
    pub(crate) source: Source,
    /// The account's id as a JSON text, quotes included.
    pub(crate) account_json: String,
    pub(crate) start_nanos: i64,
    pub(crate) end_nanos: i64,
    /// How many of `people` are persons; the first of them are administrators.
    pub(crate) users: u32,
    pub(crate) administrators: u32,
    /// Persons, then service accounts, then the bridge.
    pub(crate) people: Vec<Person>,
    pub(crate) bridge: Option<u32>,
    pub(crate) incidents: Vec<Draft>,
    live_count: u64,
}

impl Company {
    /// Makes up the company of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let source = Source::new(plan.seed, &plan.account_uuid);
        let users = plan.users.clamp(1, USERS_MAX);
        let start_nanos = plan.start.as_nanos().clamp(0, START_NANOS_MAX);
        let length_nanos = i64::from(plan.days.clamp(1, DAYS_MAX)) * DAY_NANOS;
        let account_json = serde_json::Value::from(plan.account_uuid.as_str()).to_string();
        let administrators = (users / 100).clamp(1, 40);
        let mut company = Self {
            source,
            account_json: String::new(),
            start_nanos,
            end_nanos: start_nanos + length_nanos,
            users,
            administrators,
            people: Vec::new(),
            bridge: None,
            incidents: Vec::new(),
            live_count: 0,
        };
        company.people = company.hire(&account_json, hash_text(&plan.account_uuid));
        company.bridge = (users >= USERS_WITH_BRIDGE_MIN).then(|| company.people.len() as u32 - 1);
        company.account_json = account_json;
        company.incidents = incidents::stage(&mut company);
        company
    }

    fn hire(&self, account_json: &str, account_number: u64) -> Vec<Person> {
        let has_bridge = self.users >= USERS_WITH_BRIDGE_MIN;
        let mold = Mold {
            source: self.source,
            account_json,
            domain: names::domain(account_number),
            start_nanos: self.start_nanos,
            end_nanos: self.end_nanos,
            administrators: self.administrators,
            has_turnover: has_bridge,
        };
        let services = (1 + self.users / 50).min(200);
        let mut people: Vec<Person> = (0..self.users).map(|number| mold.person(number)).collect();
        people.extend((0..services).map(|nth| mold.service(nth, self.users + nth)));
        people.extend(has_bridge.then(|| mold.bridge(self.users + services)));
        people
    }

    /// All events of the history in arrival order; the same each time it is asked for.
    ///
    /// What happens and arrives within the plan's days is in it. Days are drafted one after the other, so that about one
    /// and a half days of drafts are held at a time (some 20 kB a person), and no more than one written event.
    pub fn history(&mut self) -> impl Iterator<Item = SimulatedEvent> {
        History::new(self)
    }

    /// An event that happens at `now` and arrives at once, by somebody likely to be at work then, from the devices,
    /// addresses and sessions that the history has them at. Endless; its id depends on `now` and on how many live
    /// events came before.
    pub fn live_event(&mut self, now: Timestamp) -> SimulatedEvent {
        let number = self.live_count;
        self.live_count += 1;
        let draft = live::draft(self, number, now.as_nanos());
        draft.write(self, self.source.id(Purpose::LiveEvent, number, now.as_nanos() as u64))
    }

    pub(crate) fn person(&self, index: u32) -> &Person {
        &self.people[index as usize]
    }
}
