//! Programs that work like people: service accounts that fetch items at night, and the bridge to the directory.

use crate::{
    clients::Client,
    company::Company,
    json::Id,
    people::Device,
    random::Purpose,
    rhythm::{DAY_NANOS, HOUR_NANOS, MINUTE_NANOS, SECOND_NANOS},
    sign_in::{self, Session, SignIn},
    timeline::{Seat, Timeline},
    usage,
};

const SSO_DENIED_PERMILLE: u64 = 12;

/// A service account's job: always at the same hour of the night (UTC), 20 to 60 items within a quarter of an hour.
pub(crate) fn write_night(timeline: &mut Timeline<'_>, index: u32, day: i64) {
    let person = timeline.company.person(index);
    let seat = Seat { person: index, device: person.devices[0], network: person.home };
    let job = timeline.company.source.number(Purpose::Habits, u64::from(index), 0);
    let start_nanos =
        day * DAY_NANOS + (1 + (job % 4) as i64) * HOUR_NANOS + timeline.dice.between(0, 2 * MINUTE_NANOS);
    if timeline.dice.chance(SSO_DENIED_PERMILLE) {
        timeline.sign_in(seat, start_nanos - 30 * SECOND_NANOS, &sign_in::SERVICE_SSO_DENIED);
    }
    timeline.sign_in(seat, start_nanos, person.success);
    let mut time_nanos = start_nanos;
    for _ in 0..20 + job / 4 % 41 {
        time_nanos += timeline.dice.between(SECOND_NANOS, 30 * SECOND_NANOS);
        let item = timeline.company.any_item(index, &mut timeline.dice);
        let action = usage::any_action(seat.device.client.family(), &mut timeline.dice);
        timeline.usage(seat, time_nanos, item, action, None);
    }
}

/// The bridge signs in a few minutes after midnight UTC and stays signed in for the day.
pub(crate) fn write_bridge_sign_in(timeline: &mut Timeline<'_>, index: u32, day: i64) {
    let attempt = bridge_attempt(timeline.company, index, day);
    timeline.put_sign_in(login_of_bridge(timeline.company, day), attempt);
}

/// The bridge and its session at a time, where the company has a bridge.
pub(crate) fn bridge_session(company: &Company, time_nanos: i64) -> Option<(u32, Session)> {
    let index = company.bridge?;
    let mut day = time_nanos.div_euclid(DAY_NANOS);
    if login_of_bridge(company, day) >= time_nanos {
        day -= 1;
    }
    Some((index, bridge_attempt(company, index, day).session(login_of_bridge(company, day))))
}

fn login_of_bridge(company: &Company, day: i64) -> i64 {
    let roll = company.source.number(Purpose::Session, day as u64, 0);
    day * DAY_NANOS + 5 * MINUTE_NANOS + (roll % 20_000_000_000) as i64
}

fn bridge_attempt(company: &Company, index: u32, day: i64) -> SignIn {
    let person = company.person(index);
    SignIn {
        person: index,
        device: person.devices[0],
        network: person.home,
        session_bits: company.source.id(Purpose::Session, day as u64, 1),
        outcome: person.success,
    }
}

/// A device that nobody has seen before.
pub(crate) fn new_device(timeline: &mut Timeline<'_>, client: Client) -> Device {
    Device { id: Id::Lower(timeline.dice.id()), client }
}
