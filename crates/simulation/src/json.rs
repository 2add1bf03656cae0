//! Writes JSON members one after the other, straight into one text.
//!
//! Texts are written without escaping: every table of this crate is free of quotes, backslashes and control characters,
//! and the one text that comes from outside, the account's id, is escaped once when the company is made.

use std::{fmt::Write, net::IpAddr};

use crate::rhythm::{DAY_NANOS, SECOND_NANOS};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_LENGTH: usize = 26;

/// An id of 128 bits in the case that real data uses for its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
    /// Events, people, sessions, integrations and their tokens, invitations.
    Upper(u128),
    /// Vaults, items, groups, devices, files.
    Lower(u128),
}

/// How exactly a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    /// Three digits after the second: item usages.
    Millis,
    /// Nine digits after the second: sign-in attempts, audit events, sessions.
    Nanos,
}

impl Id {
    fn digits(self) -> [u8; ID_LENGTH] {
        let (Self::Upper(bits) | Self::Lower(bits)) = self;
        let mut text = [0; ID_LENGTH];
        for (at, digit) in text.iter_mut().enumerate() {
            let five = if at < 25 { bits >> (123 - 5 * at) } else { bits << 2 };
            *digit = BASE32[(five & 31) as usize];
            if matches!(self, Self::Lower(_)) {
                digit.make_ascii_lowercase();
            }
        }
        text
    }

    /// Writes the 26 characters.
    pub(crate) fn write_to(self, out: &mut String) {
        out.push_str(str::from_utf8(&self.digits()).expect("base32 is ASCII"));
    }

    /// The 26 characters.
    pub(crate) fn text(self) -> String {
        let mut text = String::with_capacity(ID_LENGTH);
        self.write_to(&mut text);
        text
    }
}

/// One JSON object being written.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> Object<'a> {
    /// Opens an object.
    pub(crate) fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, is_empty: true }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) {
        self.out.push_str(if self.is_empty { "\"" } else { ",\"" });
        self.out.push_str(name);
        self.out.push_str("\":");
        self.is_empty = false;
    }

    /// A member that is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.push_str(json);
    }

    /// A text free of quotes, backslashes and control characters.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.out.push('"');
        self.out.push_str(value);
        self.out.push('"');
    }

    /// Anything that prints as text free of quotes, backslashes and control characters.
    pub(crate) fn printed(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        self.name(name);
        self.out.push('"');
        self.out.write_fmt(value).expect("writing to a text cannot fail");
        self.out.push('"');
    }

    /// An id.
    pub(crate) fn id(&mut self, name: &str, id: Id) {
        self.name(name);
        self.out.push('"');
        id.write_to(self.out);
        self.out.push('"');
    }

    /// An address.
    pub(crate) fn address(&mut self, name: &str, address: IpAddr) {
        self.name(name);
        self.out.push('"');
        match address {
            IpAddr::V4(address) => {
                for (at, octet) in address.octets().into_iter().enumerate() {
                    if at > 0 {
                        self.out.push('.');
                    }
                    push_number(self.out, u64::from(octet));
                }
            }
            IpAddr::V6(address) => write!(self.out, "{address}").expect("writing to a text cannot fail"),
        }
        self.out.push('"');
    }

    /// A whole number.
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        push_number(self.out, number);
    }

    /// A time in UTC.
    pub(crate) fn time(&mut self, name: &str, time_nanos: i64, precision: Precision) {
        self.name(name);
        self.out.push('"');
        push_time(self.out, time_nanos, precision);
        self.out.push('"');
    }

    /// Opens an object within this one. Close it before going on.
    pub(crate) fn object(&mut self, name: &str) -> Object<'_> {
        self.name(name);
        Object::open(self.out)
    }
}

fn push_number(out: &mut String, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.push_str(str::from_utf8(&digits[at..]).expect("digits are ASCII"));
}

fn push_time(out: &mut String, time_nanos: i64, precision: Precision) {
    let (year, month, day) = date_of(time_nanos.div_euclid(DAY_NANOS));
    let nanos = time_nanos.rem_euclid(DAY_NANOS);
    let seconds = nanos / SECOND_NANOS;
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    let mut put = |from: usize, to: usize, mut number: i64| {
        for digit in text[from..to].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    put(0, 4, year);
    put(5, 7, month);
    put(8, 10, day);
    put(11, 13, seconds / 3600);
    put(14, 16, seconds / 60 % 60);
    put(17, 19, seconds % 60);
    put(20, 29, nanos % SECOND_NANOS);
    let kept = if precision == Precision::Millis { 23 } else { 29 };
    out.push_str(str::from_utf8(&text[..kept]).expect("digits are ASCII"));
    out.push('Z');
}

/// Year, month and day of a day counted from 1970-01-01, after Howard Hinnant's `civil_from_days`.
fn date_of(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use daybook_events::Timestamp;

    use super::*;

    #[test]
    fn times_are_written_as_the_domain_reads_them() {
        for time in
            ["1970-01-01T00:00:00.000000001Z", "2024-02-29T23:59:59.999999999Z", "2026-12-31T12:00:00.100000000Z"]
        {
            let mut out = String::new();
            push_time(&mut out, time.parse::<Timestamp>().unwrap().as_nanos(), Precision::Nanos);
            assert_eq!(out, time);
        }
        let mut out = String::new();
        push_time(&mut out, 1_772_600_767_123_000_000, Precision::Millis);
        assert_eq!(out, "2026-03-04T05:06:07.123Z");
    }

    #[test]
    fn ids_are_26_characters_of_base32() {
        assert_eq!(Id::Upper(0).text(), "A".repeat(26));
        assert_eq!(Id::Lower(u128::MAX).text(), format!("{}4", "7".repeat(25)));
    }

    #[test]
    fn members_follow_each_other() {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        object.number("a", 70);
        let mut inner = object.object("b");
        inner.address("c", "192.0.2.7".parse().unwrap());
        inner.close();
        object.raw("d", "null");
        object.close();
        assert_eq!(out, r#"{"a":70,"b":{"c":"192.0.2.7"},"d":null}"#);
    }
}
