//! What happens now: one event at a time, by somebody likely to be at work.
//!
//! Who is at work, where, and in which session is computed from the same habits as the history, so that live events go
//! on where the history ends and nothing needs to be remembered between them.

use crate::{
    chores, clients,
    company::Company,
    day,
    draft::{Draft, What},
    places,
    random::{Dice, Purpose},
    rhythm::{self, DAY_NANOS, HOUR_NANOS, MINUTE_NANOS, Shift},
    services,
    sign_in::{self, Session},
    timeline::{Seat, Timeline},
    usage,
};

/// Of a thousand live events; the rest are item usages.
const SIGN_IN_PERMILLE: u64 = 80;
const AUDIT_PERMILLE: u64 = 8;
/// Of a thousand sign-ins, those of strangers who are stopped.
const STRANGER_PERMILLE: u64 = 12;
/// Of a thousand events while nobody is found at work, those of service accounts.
const NIGHT_SERVICE_PERMILLE: u64 = 600;
/// How many people are asked whether they are at work.
const TRIES: u32 = 12;

/// The draft of a live event that happens and arrives now.
pub(crate) fn draft(company: &Company, number: u64, now_nanos: i64) -> Draft {
    let dice = company.source.dice(Purpose::Live, number, now_nanos as u64);
    let mut drafts = Vec::with_capacity(1);
    let mut timeline = Timeline { company, drafts: &mut drafts, dice };
    let (seat, is_service) = any_seat(company, now_nanos, &mut timeline.dice);
    match timeline.dice.below(1000) {
        0..SIGN_IN_PERMILLE => put_sign_in(&mut timeline, seat, now_nanos),
        roll if roll < SIGN_IN_PERMILLE + AUDIT_PERMILLE && !is_service => put_chore(&mut timeline, seat, now_nanos),
        _ => put_usage(&mut timeline, seat, now_nanos),
    }
    let mut draft = drafts.pop().expect("each of the three puts down one draft");
    draft.arrival_nanos = now_nanos;
    draft
}

/// Somebody at work; at night a service account, or somebody at home who cannot sleep.
fn any_seat(company: &Company, now_nanos: i64, dice: &mut Dice) -> (Seat, bool) {
    for _ in 0..TRIES {
        let index = dice.below(u64::from(company.users)) as u32;
        if let Some(shift) = shift_at(company, index, now_nanos) {
            return (seat_of(company, index, shift.daytime, dice), false);
        }
    }
    if !dice.chance(NIGHT_SERVICE_PERMILLE) {
        for _ in 0..TRIES {
            let index = dice.below(u64::from(company.users)) as u32;
            let person = company.person(index);
            let today = local_day(company, index, now_nanos);
            if person.is_member_at(now_nanos) && !rhythm::is_away(company, index, today) {
                return (seat_of(company, index, person.home, dice), false);
            }
        }
    }
    let last = company.bridge.unwrap_or(company.people.len() as u32);
    let index = company.users + dice.below(u64::from(last - company.users)) as u32;
    (seat_of(company, index, company.person(index).home, dice), true)
}

fn local_day(company: &Company, index: u32, now_nanos: i64) -> i64 {
    (now_nanos + company.person(index).office.offset_nanos()).div_euclid(DAY_NANOS)
}

fn shift_at(company: &Company, index: u32, now_nanos: i64) -> Option<Shift> {
    let person = company.person(index);
    let today = local_day(company, index, now_nanos);
    let shift = rhythm::shift_of(company, index, today).filter(|_| person.is_member_at(now_nanos))?;
    (shift.start_nanos..shift.end_nanos()).contains(&now_nanos).then_some(shift)
}

fn seat_of(company: &Company, index: u32, network: places::Network, dice: &mut Dice) -> Seat {
    Seat { person: index, device: day::any_device(company.person(index), false, dice), network }
}

fn put_sign_in(timeline: &mut Timeline<'_>, seat: Seat, now_nanos: i64) {
    if timeline.dice.chance(STRANGER_PERMILLE) {
        let number = timeline.dice.below(80);
        let device = services::new_device(timeline, clients::web_browser(number));
        let seat = Seat { device, network: places::stranger(number), ..seat };
        timeline.sign_in(seat, now_nanos, &sign_in::COUNTRY_BLOCKED);
        return;
    }
    let success = timeline.company.person(seat.person).success;
    let outcome = sign_in::any_slip(success, &mut timeline.dice).unwrap_or(success);
    timeline.sign_in(seat, now_nanos, outcome);
}

fn put_chore(timeline: &mut Timeline<'_>, seat: Seat, now_nanos: i64) {
    let session = session_at(timeline.company, seat, now_nanos);
    match chores::any_chore(timeline.company, seat.person, session, now_nanos, &mut timeline.dice) {
        Some(deed) => timeline.audit(seat.person, session, now_nanos, deed),
        None => put_usage(timeline, seat, now_nanos),
    }
}

fn put_usage(timeline: &mut Timeline<'_>, seat: Seat, now_nanos: i64) {
    let item = timeline.company.any_item(seat.person, &mut timeline.dice);
    let action = usage::any_action(seat.device.client.family(), &mut timeline.dice);
    timeline.usage(seat, now_nanos, item, action, None);
}

/// The newest session that the person opened today or yesterday, or one of an hour ago where there is none.
fn session_at(company: &Company, seat: Seat, now_nanos: i64) -> Session {
    let today = local_day(company, seat.person, now_nanos);
    let mut drafts = Vec::new();
    day::write_day(company, seat.person, today - 1, &mut drafts);
    day::write_day(company, seat.person, today, &mut drafts);
    let opened = drafts.iter().filter_map(|draft| match &draft.what {
        What::SignIn(attempt) if draft.time_nanos < now_nanos && attempt.outcome.is_success() => {
            Some(attempt.session(draft.time_nanos))
        }
        _ => None,
    });
    opened.max_by_key(|session| session.login_nanos).unwrap_or_else(|| {
        let hour = now_nanos.div_euclid(HOUR_NANOS) - 1;
        Session {
            bits: company.source.id(Purpose::LiveSession, u64::from(seat.person), hour as u64),
            login_nanos: hour * HOUR_NANOS + 7 * MINUTE_NANOS,
            device: seat.device.id,
            network: seat.network,
        }
    })
}
