//! The incidents in the last third of a history: what detection rules are to find.
//!
//! | at | incident | what a rule sees |
//! |---|---|---|
//! | 0.70 | guessed password | 45–65 `password_secret_bad` on one person from one address within 25 minutes, then a success, a new device and fetched items; later an administrator signs all devices out |
//! | 0.75 | impossible trip | two successes of one person 30–45 minutes apart, from places over 2,000 km apart, then fetched items |
//! | 0.80 | self-granted vault | an administrator grants the own account another squad's vault, uses its items 12–25 times within the hour, and revokes the grant |
//! | 0.84 | export before leaving | a vault and each of its items exported after work; suspended within two days |
//! | 0.88 | blocked spray | one address tries up to 25 people, stopped by country, then as anonymous |
//! | 0.92 | second factor off | turned off for the account and for one person, on again after a quarter of an hour |
//!
//! Each happens once for every 2,000 people, at least once, at most 20 times. Where there are fewer than 10 people or 3
//! days there are none. Those concerned are there for the whole history and have no days off.

use crate::{
    audit::{Aux, Subject},
    clients,
    company::Company,
    draft::Draft,
    places,
    random::Purpose,
    rhythm::{self, DAY_NANOS, HOUR_NANOS, MINUTE_NANOS, SECOND_NANOS},
    services,
    sign_in::{self, Session},
    timeline::{Deed, Seat, Timeline},
    vaults::{self, Item},
};

const USERS_MIN: u32 = 10;
const LENGTH_NANOS_MIN: i64 = 3 * DAY_NANOS;
const USERS_PER_ROUND: u32 = 2_000;
const ROUNDS_MAX: u32 = 20;

/// Who is concerned in one round.
struct Cast {
    round: u64,
    administrator: u32,
    guessed: u32,
    traveller: u32,
    leaver: u32,
    first_sprayed: u32,
}

/// Drafts all incidents of the history, and makes sure that those concerned are there.
pub(crate) fn stage(company: &mut Company) -> Vec<Draft> {
    let length_nanos = company.end_nanos - company.start_nanos;
    if company.users < USERS_MIN || length_nanos < LENGTH_NANOS_MIN {
        return Vec::new();
    }
    let rounds = (1 + company.users / USERS_PER_ROUND).min(ROUNDS_MAX);
    let mut taken = Vec::new();
    let casts: Vec<Cast> = (0..rounds).map(|round| cast(company, round, &mut taken)).collect();
    for cast in &casts {
        let export_nanos = at(company, 84, cast.leaver, true);
        let leaver = &mut company.people[cast.leaver as usize];
        leaver.left_nanos = export_nanos + (2 * DAY_NANOS).min((company.end_nanos - export_nanos) / 2);
    }
    let mut drafts = Vec::new();
    for cast in &casts {
        let dice = company.source.dice(Purpose::Incident, cast.round, 1);
        let mut story = Timeline { company, drafts: &mut drafts, dice };
        guess_password(&mut story, cast);
        travel_impossibly(&mut story, cast);
        take_a_vault(&mut story, cast);
        export_before_leaving(&mut story, cast);
        spray(&mut story, cast);
        switch_off_second_factor(&mut story, cast);
    }
    drafts
}

fn cast(company: &mut Company, round: u32, taken: &mut Vec<u32>) -> Cast {
    let mut dice = company.source.dice(Purpose::Incident, u64::from(round), 0);
    let administrator = round % company.administrators;
    let members = company.users - company.administrators;
    let mut next = || {
        let mut index = company.administrators + dice.below(u64::from(members)) as u32;
        while taken.contains(&index) {
            index = company.administrators + (index + 1 - company.administrators) % members;
        }
        taken.push(index);
        index
    };
    let (guessed, traveller, leaver) = (next(), next(), next());
    for index in [administrator, guessed, traveller, leaver] {
        let person = &mut company.people[index as usize];
        (person.joined_nanos, person.left_nanos, person.is_settled) = (i64::MIN, i64::MAX, true);
    }
    let first_sprayed = dice.below(u64::from(company.users)) as u32;
    Cast { round: u64::from(round), administrator, guessed, traveller, leaver, first_sprayed }
}

/// A time at so many hundredths of the history; `at_work` moves it to a working hour of the person nearby, if the last
/// third of the history has one.
fn at(company: &Company, percent: i64, index: u32, at_work: bool) -> i64 {
    let length_nanos = company.end_nanos - company.start_nanos;
    let near_nanos = company.start_nanos + length_nanos / 100 * percent;
    let office = company.person(index).office;
    let day = (near_nanos + office.offset_nanos()).div_euclid(DAY_NANOS);
    let roll = company.source.number(Purpose::Incident, u64::from(index), percent as u64);
    let time_of_day = 10 * HOUR_NANOS + (roll % (5 * HOUR_NANOS as u64)) as i64;
    let in_time = company.start_nanos + length_nanos * 2 / 3..company.end_nanos - 6 * HOUR_NANOS;
    [0, -1, -2, 1, 2]
        .into_iter()
        .filter(|shift| at_work && !rhythm::is_weekend(day + shift))
        .map(|shift| (day + shift) * DAY_NANOS - office.offset_nanos() + time_of_day)
        .find(|time_nanos| in_time.contains(time_nanos))
        .unwrap_or(near_nanos)
}

/// The person's first device at the office.
fn seat_at_office(company: &Company, index: u32) -> Seat {
    let person = company.person(index);
    Seat { person: index, device: person.devices[0], network: person.office.network(index) }
}

fn sign_in_at_office(story: &mut Timeline<'_>, index: u32, time_nanos: i64) -> (Seat, Session) {
    let seat = seat_at_office(story.company, index);
    let session = story.sign_in(seat, time_nanos, story.company.person(index).success);
    (seat, session)
}

/// A stranger's browser as if it were the person's.
fn seat_of_stranger(story: &mut Timeline<'_>, index: u32, number: u64) -> Seat {
    let device = services::new_device(story, clients::web_browser(number));
    Seat { person: index, device, network: places::stranger(number) }
}

fn guess_password(story: &mut Timeline<'_>, cast: &Cast) {
    let seat = seat_of_stranger(story, cast.guessed, cast.round);
    let mut time_nanos = at(story.company, 70, cast.guessed, false);
    for _ in 0..story.dice.between(45, 65) {
        story.sign_in(seat, time_nanos, &sign_in::PASSWORD_BAD);
        time_nanos += story.dice.between(6 * SECOND_NANOS, 22 * SECOND_NANOS);
    }
    let session = story.sign_in(seat, time_nanos, &sign_in::CREDENTIALS_OK);
    let person = Subject::Person(cast.guessed);
    let create =
        Deed { action: "create", object_type: "device", object: Subject::Thing(session.device), aux: Aux::of(person) };
    story.audit(cast.guessed, session, time_nanos + SECOND_NANOS, create);
    fetch_items(story, seat, time_nanos);

    let noticed_nanos = time_nanos + story.dice.between(35 * MINUTE_NANOS, 80 * MINUTE_NANOS);
    let (_, session) = sign_in_at_office(story, cast.administrator, noticed_nanos);
    let sign_out = Deed { action: "dealldev", object_type: "user", object: person, aux: Aux::default() };
    story.audit(cast.administrator, session, noticed_nanos + 2 * MINUTE_NANOS, sign_out);
}

fn travel_impossibly(story: &mut Timeline<'_>, cast: &Cast) {
    let here_nanos = at(story.company, 75, cast.traveller, true);
    sign_in_at_office(story, cast.traveller, here_nanos);
    let seat = seat_of_stranger(story, cast.traveller, cast.round + 1);
    let there_nanos = here_nanos + story.dice.between(30 * MINUTE_NANOS, 45 * MINUTE_NANOS);
    story.sign_in(seat, there_nanos, &sign_in::CREDENTIALS_OK);
    fetch_items(story, seat, there_nanos);
}

/// Six to twelve items of the person's first vault within three minutes.
fn fetch_items(story: &mut Timeline<'_>, seat: Seat, from_nanos: i64) {
    let vault = vaults::vault_of_squad(story.company.person(seat.person).squad, 0);
    let mut time_nanos = from_nanos;
    for _ in 0..story.dice.between(6, 12) {
        time_nanos += story.dice.between(3 * SECOND_NANOS, 15 * SECOND_NANOS);
        let item = story.company.item_of_vault(vault, &mut story.dice);
        story.usage(seat, time_nanos, item, "server-fetch", None);
    }
}

fn take_a_vault(story: &mut Timeline<'_>, cast: &Cast) {
    let start_nanos = at(story.company, 80, cast.administrator, true);
    let (seat, session) = sign_in_at_office(story, cast.administrator, start_nanos);
    let vault = story.company.foreign_vault(story.company.person(cast.administrator).squad);
    let access = |action| Deed {
        action,
        object_type: "uva",
        object: Subject::Thing(story.company.vault_id(vault)),
        aux: Aux::of(Subject::Person(cast.administrator)),
    };
    let (grant, revoke) = (access("grant"), access("revoke"));
    let granted_nanos = start_nanos + 3 * MINUTE_NANOS;
    story.audit(cast.administrator, session, granted_nanos, grant);
    let mut time_nanos = granted_nanos + MINUTE_NANOS;
    for _ in 0..story.dice.between(12, 25) {
        time_nanos += story.dice.between(10 * SECOND_NANOS, 120 * SECOND_NANOS);
        let item = story.company.item_of_vault(vault, &mut story.dice);
        let action = ["reveal", "reveal", "secure-copy", "server-fetch"][story.dice.below(4) as usize];
        story.usage(seat, time_nanos, item, action, None);
    }
    story.audit(cast.administrator, session, granted_nanos + 58 * MINUTE_NANOS, revoke);
}

fn export_before_leaving(story: &mut Timeline<'_>, cast: &Cast) {
    let export_nanos = at(story.company, 84, cast.leaver, true);
    let (seat, session) = sign_in_at_office(story, cast.leaver, export_nanos - 4 * MINUTE_NANOS);
    let vault = vaults::vault_of_squad(story.company.person(cast.leaver).squad, 0);
    let object = Subject::Thing(story.company.vault_id(vault));
    let export = Deed { action: "export", object_type: "vault", object, aux: Aux::default() };
    story.audit(cast.leaver, session, export_nanos, export);
    let mut time_nanos = export_nanos;
    for item in 0..story.company.item_count(vault) {
        time_nanos += story.dice.between(SECOND_NANOS / 50, SECOND_NANOS);
        story.usage(seat, time_nanos, Item { vault, item }, "export", None);
    }
}

fn spray(story: &mut Timeline<'_>, cast: &Cast) {
    let users = story.company.users;
    let seat = seat_of_stranger(story, cast.first_sprayed, cast.round + 2);
    let mut time_nanos = at(story.company, 88, cast.first_sprayed, false);
    let targets = (users / 2).min(25);
    for nth in 0..targets {
        let person = (cast.first_sprayed + nth) % users;
        let outcome = if nth < targets * 4 / 5 { &sign_in::COUNTRY_BLOCKED } else { &sign_in::ANONYMOUS_BLOCKED };
        story.sign_in(Seat { person, ..seat }, time_nanos, outcome);
        time_nanos += story.dice.between(5 * SECOND_NANOS, 35 * SECOND_NANOS);
    }
}

fn switch_off_second_factor(story: &mut Timeline<'_>, cast: &Cast) {
    let start_nanos = at(story.company, 92, cast.administrator, true);
    let (_, session) = sign_in_at_office(story, cast.administrator, start_nanos);
    let mut put = |minutes: i64, action, object_type, object| {
        let deed = Deed { action, object_type, object, aux: Aux::default() };
        story.audit(cast.administrator, session, start_nanos + minutes * MINUTE_NANOS, deed);
    };
    put(2, "disblmfa", "account", Subject::Account);
    put(5, "disblmfa", "user", Subject::Person(cast.traveller));
    put(17, "enblmfa", "account", Subject::Account);
}
