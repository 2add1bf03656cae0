//! One local day of one person: sign-ins with slips, item usages, chores, and strangers at the door.

use crate::{
    chores, clients,
    company::Company,
    draft::Draft,
    lifecycle,
    people::{Device, Person, Role},
    places,
    random::{Dice, Purpose},
    rhythm::{self, DAY_NANOS, MINUTE_NANOS, SECOND_NANOS, Shift},
    services,
    sign_in::{self, Outcome, Session},
    timeline::{Seat, Timeline},
    usage::{self, Offline},
};

const EVENING_PERMILLE: u64 = 70;
const OFFLINE_DAY_PERMILLE: u64 = 60;
const STRANGER_PERMILLE: u64 = 7;
const CHORE_PERMILLE: u64 = 300;

/// What strangers are stopped by.
static BARRIERS: [(u64, &Outcome); 5] = [
    (40, &sign_in::COUNTRY_BLOCKED),
    (25, &sign_in::PASSWORD_BAD),
    (15, &sign_in::CONTINENT_BLOCKED),
    (10, &sign_in::ADDRESS_BLOCKED),
    (10, &sign_in::ANONYMOUS_BLOCKED),
];

/// Writes what a person or program does on a local day since 1970, in no order.
pub(crate) fn write_day(company: &Company, index: u32, day: i64, drafts: &mut Vec<Draft>) {
    let person = company.person(index);
    let dice = company.source.dice(Purpose::DayEvents, u64::from(index), day as u64);
    let mut timeline = Timeline { company, drafts, dice };
    match person.role {
        Role::Service => return services::write_night(&mut timeline, index, day),
        Role::Bridge => return services::write_bridge_sign_in(&mut timeline, index, day),
        Role::Administrator | Role::Member => {}
    }
    let has_turnover = person.joined_nanos != i64::MIN || person.left_nanos != i64::MAX;
    if !has_turnover {
        return write_person(&mut timeline, index, day);
    }
    let before = timeline.drafts.len();
    write_person(&mut timeline, index, day);
    let mut own = timeline.drafts.split_off(before);
    own.retain(|draft| person.is_member_at(draft.time_nanos));
    timeline.drafts.append(&mut own);
    lifecycle::write_turning_points(&mut timeline, index, day);
}

fn write_person(timeline: &mut Timeline<'_>, index: u32, day: i64) {
    if timeline.dice.chance(STRANGER_PERMILLE) {
        write_stranger(timeline, index, day);
    }
    if let Some(shift) = rhythm::shift_of(timeline.company, index, day) {
        let person = timeline.company.person(index);
        let sessions = write_sign_ins(timeline, index, person, &shift);
        write_usages(timeline, index, person, &shift, rhythm::is_weekend(day));
        write_chores(timeline, index, person, &shift, &sessions);
    }
}

/// Somebody unknown tries once to three times and is stopped.
fn write_stranger(timeline: &mut Timeline<'_>, index: u32, day: i64) {
    let number = timeline.dice.below(80);
    let device = services::new_device(timeline, clients::web_browser(number));
    let seat = Seat { person: index, device, network: places::stranger(number) };
    let barrier = timeline.dice.weighted(&BARRIERS, |(weight, _)| *weight).1;
    let mut time_nanos = day * DAY_NANOS + timeline.dice.between(0, DAY_NANOS - 1);
    for _ in 0..=timeline.dice.below(3) {
        timeline.sign_in(seat, time_nanos, barrier);
        time_nanos += timeline.dice.between(4 * SECOND_NANOS, 40 * SECOND_NANOS);
    }
}

/// The first device when work begins and often after lunch, the others later; about three a day.
fn write_sign_ins(timeline: &mut Timeline<'_>, index: u32, person: &Person, shift: &Shift) -> Vec<Session> {
    let dice = &mut timeline.dice;
    let mut plan = vec![(0, shift.start_nanos + dice.between(0, 6 * MINUTE_NANOS))];
    if person.devices.len() > 1 {
        plan.push((1, shift.start_nanos + dice.between(7 * MINUTE_NANOS, 30 * MINUTE_NANOS)));
    }
    if dice.chance(600) {
        plan.push((person.devices.len() - 1, shift.any_time(dice).max(shift.start_nanos + 40 * MINUTE_NANOS)));
    }
    if dice.chance(700) {
        plan.push((0, shift.start_nanos + shift.length_nanos / 2 + dice.between(0, 60 * MINUTE_NANOS)));
    }
    let seat = |nth: usize| Seat { person: index, device: person.devices[nth], network: shift.daytime };
    plan.into_iter().map(|(nth, time_nanos)| write_sign_in(timeline, seat(nth), shift, time_nanos)).collect()
}

fn write_sign_in(timeline: &mut Timeline<'_>, seat: Seat, shift: &Shift, time_nanos: i64) -> Session {
    let success = timeline.company.person(seat.person).success;
    let time_nanos = time_nanos + timeline.dice.between(0, SECOND_NANOS);
    if let Some(slip) = sign_in::any_slip(success, &mut timeline.dice) {
        let mut slip_nanos = time_nanos;
        for _ in 0..=timeline.dice.below(2) {
            slip_nanos -= timeline.dice.between(8 * SECOND_NANOS, 50 * SECOND_NANOS);
            timeline.sign_in(seat, slip_nanos, slip);
        }
    }
    let is_reported = shift.is_journey && timeline.dice.chance(300);
    timeline.sign_in(seat, time_nanos, if is_reported { &sign_in::COUNTRY_REPORTED } else { success })
}

fn write_usages(timeline: &mut Timeline<'_>, index: u32, person: &Person, shift: &Shift, is_weekend: bool) {
    let percent = timeline.dice.between(70, 130) as u64 / if is_weekend { 5 } else { 1 };
    let count = u64::from(person.usages_per_day) * percent / 100;
    let offline =
        timeline.dice.chance(OFFLINE_DAY_PERMILLE).then(|| Offline::after(shift.start_nanos, &mut timeline.dice));
    for _ in 0..count {
        let is_evening = timeline.dice.chance(EVENING_PERMILLE);
        let time_nanos =
            if is_evening { shift.evening_time(&mut timeline.dice) } else { shift.any_time(&mut timeline.dice) };
        let network = if is_evening { shift.evening } else { shift.daytime };
        let seat = Seat { person: index, device: any_device(person, is_evening, &mut timeline.dice), network };
        let item = timeline.company.any_item(index, &mut timeline.dice);
        let action = usage::any_action(seat.device.client.family(), &mut timeline.dice);
        timeline.usage(seat, time_nanos, item, action, offline);
    }
}

/// The browser extension most of the time, the phone in the evening.
pub(crate) fn any_device(person: &Person, is_evening: bool, dice: &mut Dice) -> Device {
    let last = person.devices.len() - 1;
    let nth = match dice.below(100) {
        _ if is_evening => last,
        0..62 => 1,
        62..86 => 0,
        _ => 2,
    };
    person.devices[nth.min(last)]
}

fn write_chores(timeline: &mut Timeline<'_>, index: u32, person: &Person, shift: &Shift, sessions: &[Session]) {
    let extra = if person.role == Role::Administrator { 1 + timeline.dice.below(2) } else { 0 };
    let count = extra + u64::from(timeline.dice.chance(CHORE_PERMILLE));
    for _ in 0..count {
        let time_nanos = shift.any_time(&mut timeline.dice);
        let open = sessions.iter().filter(|session| session.login_nanos < time_nanos);
        let Some(session) = open.max_by_key(|session| session.login_nanos).copied() else { continue };
        let deed = chores::any_chore(timeline.company, index, session, time_nanos, &mut timeline.dice);
        if let Some(deed) = deed {
            timeline.audit(index, session, time_nanos, deed);
        }
    }
}
