//! When people work: weekdays, working hours of their office with a dip at lunch, days off, days at home, journeys.
//!
//! A journey takes a week: two silent days on the way, three days at another office between them, so that nobody is
//! ever faster than an airliner.

use crate::{
    company::Company,
    people::Person,
    places::{Network, Office},
    random::{Dice, Purpose},
};

pub(crate) const SECOND_NANOS: i64 = 1_000_000_000;
pub(crate) const MINUTE_NANOS: i64 = 60 * SECOND_NANOS;
pub(crate) const HOUR_NANOS: i64 = 60 * MINUTE_NANOS;
pub(crate) const DAY_NANOS: i64 = 24 * HOUR_NANOS;

const WEEKDAY_OFF_PERMILLE: u64 = 70;
const WEEKEND_WORK_PERMILLE: u64 = 50;
const JOURNEY_PERMILLE: u64 = 12;

/// One day at work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    /// When it begins, in UTC.
    pub(crate) start_nanos: i64,
    /// How long it is, lunch included.
    pub(crate) length_nanos: i64,
    /// The place of the hours of work.
    pub(crate) daytime: Network,
    /// The place of the hours after.
    pub(crate) evening: Network,
    /// Noon, in UTC.
    noon_nanos: i64,
    /// Whether the person is at another office.
    pub(crate) is_journey: bool,
}

/// The day of the week of a day since 1970; Monday is 0.
pub(crate) fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// Whether a day since 1970 is a Saturday or Sunday.
pub(crate) fn is_weekend(day: i64) -> bool {
    weekday(day) >= 5
}

/// The shift of a person on a local day since 1970, if there is one.
pub(crate) fn shift_of(company: &Company, index: u32, day: i64) -> Option<Shift> {
    let person = company.person(index);
    let mut dice = company.source.dice(Purpose::Attendance, u64::from(index), day as u64);
    let off_permille = match is_weekend(day) {
        true => 1000 - WEEKEND_WORK_PERMILLE,
        false if person.is_settled => 0,
        false => WEEKDAY_OFF_PERMILLE,
    };
    let is_off = dice.chance(off_permille);
    let journey = journey_of(company, index, person, day);
    let host = match journey {
        Journey::None if is_off => return None,
        Journey::OnTheWay => return None,
        Journey::None => None,
        Journey::At(office) => Some(office),
    };
    let office = host.unwrap_or(person.office);
    let midnight_nanos = day * DAY_NANOS - office.offset_nanos();
    let start_minutes = i64::from(person.start_minutes) + dice.between(-18, 18);
    let length_minutes = if is_weekend(day) { dice.between(40, 150) } else { 510 + dice.between(-30, 45) };
    let is_home_day = person.home_days & (1 << weekday(day)) != 0 || is_weekend(day);
    Some(Shift {
        start_nanos: midnight_nanos + start_minutes * MINUTE_NANOS,
        length_nanos: length_minutes * MINUTE_NANOS,
        daytime: if is_home_day && host.is_none() { person.home } else { office.network(index) },
        evening: host.map_or(person.home, Office::hotel),
        noon_nanos: midnight_nanos + 12 * HOUR_NANOS,
        is_journey: host.is_some(),
    })
}

/// Whether a person is on a journey, or on the way, on a local day since 1970.
pub(crate) fn is_away(company: &Company, index: u32, day: i64) -> bool {
    !matches!(journey_of(company, index, company.person(index), day), Journey::None)
}

enum Journey {
    None,
    OnTheWay,
    At(&'static Office),
}

fn journey_of(company: &Company, index: u32, person: &Person, day: i64) -> Journey {
    // Those who join would be at home and abroad on one day.
    if person.is_settled || person.joined_nanos != i64::MIN {
        return Journey::None;
    }
    let week = (day + 3).div_euclid(7);
    let roll = company.source.number(Purpose::Trip, u64::from(index), week as u64);
    if roll % 1000 >= JOURNEY_PERMILLE {
        return Journey::None;
    }
    match weekday(day) {
        1..=3 => Journey::At(person.office.another(roll / 1000)),
        _ => Journey::OnTheWay,
    }
}

impl Shift {
    /// When the shift ends, in UTC.
    pub(crate) fn end_nanos(&self) -> i64 {
        self.start_nanos + self.length_nanos
    }

    /// A time of the working hours: many in the first hour and a half, few at lunch.
    pub(crate) fn any_time(&self, dice: &mut Dice) -> i64 {
        let length = if dice.chance(220) { self.length_nanos.min(90 * MINUTE_NANOS) } else { self.length_nanos };
        let time = self.start_nanos + dice.between(0, length);
        let lunch_nanos = self.noon_nanos + 10 * MINUTE_NANOS;
        let is_lunch = (lunch_nanos..lunch_nanos + 55 * MINUTE_NANOS).contains(&time);
        if is_lunch && dice.chance(750) { self.start_nanos + dice.between(0, self.length_nanos) } else { time }
    }

    /// A time of the evening, up to three hours and a half after work.
    pub(crate) fn evening_time(&self, dice: &mut Dice) -> i64 {
        self.end_nanos() + dice.between(40 * MINUTE_NANOS, 210 * MINUTE_NANOS)
    }
}
