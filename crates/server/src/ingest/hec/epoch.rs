//! Times as senders write them: seconds since 1970 in decimal, read digit by digit, since a float would lose the last ones.

use daybook_events::Timestamp;

const NANOS: i128 = 1_000_000_000;
/// Larger numbers, which would be seconds after the year 5000, count milliseconds, then microseconds, then nanoseconds.
const SECONDS_BELOW: i128 = 100_000_000_000;
/// Digits before and after the point that are looked at; enough for any time in nanoseconds as if it were seconds.
const DIGITS_MAX: i64 = 30;

/// The time of a decimal number, with or without fraction and exponent; digits beyond nanoseconds are dropped.
pub(super) fn parse_epoch(text: &str) -> Option<Timestamp> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i16>().ok()?)),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanos = to_nanos(whole, fraction, exponent)?;
    let nanos = i64::try_from(to_seconds(nanos)?).ok()?;
    Some(Timestamp::from_nanos(if is_negative { -nanos } else { nanos }))
}

/// `whole.fraction` times ten to the `exponent`, in billionths.
fn to_nanos(whole: &str, fraction: &str, exponent: i64) -> Option<i128> {
    let leading_zeros = whole.bytes().take_while(|digit| *digit == b'0').count();
    let whole = &whole[leading_zeros..];
    let wanted = i64::try_from(whole.len()).ok()?.checked_add(exponent)? + 9;
    if wanted > DIGITS_MAX {
        // Nothing but zeros is no large number, however it is written.
        return fraction.bytes().chain(whole.bytes()).all(|digit| digit == b'0').then_some(0);
    }
    let wanted = usize::try_from(wanted).unwrap_or(0);
    let digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat(b'0'));
    Some(digits.take(wanted).fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0')))
}

/// The same time, if the number counted thousandths, millionths or billionths of a second.
fn to_seconds(nanos: i128) -> Option<i128> {
    let units = [1, 1_000, 1_000_000, 1_000_000_000];
    units.into_iter().map(|unit| nanos / unit).find(|nanos| *nanos < SECONDS_BELOW * NANOS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nanos(text: &str) -> Option<i64> {
        parse_epoch(text).map(Timestamp::as_nanos)
    }

    #[test]
    fn every_digit_counts() {
        assert_eq!(nanos("1767225600"), Some(1_767_225_600_000_000_000));
        assert_eq!(nanos("1767225600.123"), Some(1_767_225_600_123_000_000));
        assert_eq!(nanos("1767225600.123456"), Some(1_767_225_600_123_456_000));
        assert_eq!(nanos("1767225600.1234567899"), Some(1_767_225_600_123_456_789));
        assert_eq!(nanos("1.767225600123456e9"), Some(1_767_225_600_123_456_000));
        assert_eq!(nanos("17672256E+2"), Some(1_767_225_600_000_000_000));
        assert_eq!(nanos("17672256001234.5e-4"), Some(1_767_225_600_123_450_000));
        assert_eq!(nanos("-1.5"), Some(-1_500_000_000));
        assert_eq!(nanos("0"), Some(0));
        assert_eq!(nanos("0e999"), Some(0));
        assert_eq!(nanos("000000000000000000000000000000000000001.5"), Some(1_500_000_000));
    }

    #[test]
    fn numbers_too_large_for_seconds_are_of_smaller_units() {
        for text in ["1767225600123", "1767225600123000", "1767225600123000000"] {
            assert_eq!(nanos(text), Some(1_767_225_600_123_000_000), "{text}");
        }
        assert_eq!(nanos("1767225600123456789"), Some(1_767_225_600_123_456_789));
        assert_eq!(nanos("99999999999"), None, "the year 5138 in seconds is beyond what a time can be");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let long = "9".repeat(10_000);
        for text in
            ["", "-", ".", "NaN", "Infinity", "1.", ".5", "+1", "1e", "1e99999", "1e400", "0x10", "1,5", "１", &long]
        {
            assert_eq!(nanos(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "-?[0-9.eE+-]{0,60}|\\PC{0,30}") {
            let _ = parse_epoch(&text);
        }

        #[test]
        fn what_is_written_is_read(seconds in 0_i64..9_000_000_000, nanos in 0_i64..1_000_000_000) {
            let text = format!("{seconds}.{nanos:09}");
            prop_assert_eq!(parse_epoch(&text), Some(Timestamp::from_nanos(seconds * 1_000_000_000 + nanos)));
        }
    }
}
