//! Attackers and owners side by side, on a clock that tests move.

use proptest::prelude::*;

use super::{buckets::BUCKETS_MAX, *};
use crate::console::credentials::devices::Devices;

const EMAIL: &str = "wendy@example.com";
const DAY_SECS: i64 = 24 * 60 * 60;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn from(address: &str) -> Attempt<'static> {
    Attempt { email: EMAIL, address: address.parse().unwrap(), device: None }
}

/// The network `number` of many.
fn network(number: u32) -> IpAddr {
    IpAddr::V4((0x0b00_0000 + (number << 8)).into())
}

fn known_device(address: &str) -> Attempt<'static> {
    let devices = Devices::new(&[7; 32]);
    let cookie = devices.issue(EMAIL, at(0));
    Attempt { device: devices.recognise(&cookie, EMAIL, at(0)), ..from(address) }
}

/// How many of the attempts, one per `step` seconds of a day, are admitted.
fn admitted_in_a_day(step: usize, mut attempt: impl FnMut(i64) -> Result<(), Wait>) -> usize {
    (0..DAY_SECS).step_by(step).filter(|second| attempt(*second).is_ok()).count()
}

#[test]
fn five_attempts_are_free_and_then_waits_double() {
    let throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    let mut now = 0;
    for _ in 0..5 {
        throttle.admit(&attempt, at(now)).unwrap();
    }
    for secs in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900] {
        assert_eq!(throttle.admit(&attempt, at(now)), Err(Wait { secs }));
        now += i64::try_from(secs).unwrap();
        assert_eq!(throttle.admit(&attempt, at(now - 1)), Err(Wait { secs: 1 }));
        throttle.admit(&attempt, at(now)).unwrap();
    }
    assert_eq!(throttle.admit(&attempt, at(now)), Err(Wait { secs: 900 }));
    assert_eq!(Wait { secs: 900 }.to_string(), "too many attempts to sign in, try again in 900 s");
}

#[test]
fn success_starts_afresh() {
    let throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    for _ in 0..4 {
        for _ in 0..5 {
            throttle.admit(&attempt, at(0)).unwrap();
        }
        throttle.admit(&attempt, at(0)).unwrap_err();
        throttle.succeeded(&attempt);
    }
}

#[test]
fn busy_hub_costs_nobody_an_attempt() {
    let throttle = Throttle::default();
    for attempt in [from("192.0.2.1"), known_device("192.0.2.1")] {
        for _ in 0..1_000 {
            throttle.admit(&attempt, at(0)).unwrap();
            throttle.withdrawn(&attempt);
        }
    }
}

#[test]
fn owner_on_a_known_device_never_waits_for_others() {
    let throttle = Throttle::default();
    let owner = known_device("192.0.2.7");
    for second in 0..2_000 {
        let number = u32::try_from(second).unwrap();
        for address in [network(number), "192.0.2.7".parse().unwrap()] {
            let _ = throttle.admit(&Attempt { address, ..from("192.0.2.7") }, at(second));
        }
        throttle.admit(&owner, at(second)).unwrap();
        throttle.succeeded(&owner);
    }
}

#[test]
fn stolen_device_cookie_guesses_as_slowly_as_anybody() {
    let throttle = Throttle::default();
    let thief = known_device("192.0.2.7");
    let guesses = admitted_in_a_day(1, |second| throttle.admit(&thief, at(second)));
    assert!((90..=120).contains(&guesses), "{guesses}");
}

#[test]
fn owner_on_an_unknown_device_waits_30_seconds_at_most_for_others() {
    let throttle = Throttle::default();
    for number in 0..5_000 {
        let _ = throttle.admit(&Attempt { address: network(number), ..from("192.0.2.7") }, at(0));
        let _ = throttle.admit(&Attempt { address: network(number), ..from("192.0.2.7") }, at(30));
    }
    let owner = from("192.0.2.7");
    assert_eq!(throttle.admit(&owner, at(30)), Err(Wait { secs: 30 }));
    for number in 5_000..6_000 {
        let _ = throttle.admit(&Attempt { address: network(number), ..owner }, at(59));
    }
    throttle.admit(&owner, at(60)).unwrap();
    assert_eq!(throttle.admit(&owner, at(60)), Err(Wait { secs: 30 }));
}

#[test]
fn attacker_on_one_network_gets_few_guesses_a_day() {
    let throttle = Throttle::default();
    let guesses = admitted_in_a_day(1, |second| {
        let address = IpAddr::from([192, 0, 2, u8::try_from(second % 256).unwrap()]);
        throttle.admit(&Attempt { address, ..from("192.0.2.1") }, at(second))
    });
    assert!((90..=120).contains(&guesses), "{guesses}");
    let next_day = admitted_in_a_day(1, |second| throttle.admit(&from("192.0.2.1"), at(DAY_SECS + second)));
    assert!(next_day <= 100, "{next_day}");
}

#[test]
fn attacker_with_many_emails_or_ipv6_networks_is_slow_too() {
    let throttle = Throttle::default();
    let emails = admitted_in_a_day(1, |second| {
        let email = format!("person{second}@example.com");
        throttle.admit(&Attempt { email: &email, ..from("192.0.2.1") }, at(second))
    });
    assert!(emails <= 1_500, "{emails}");
    let networks = admitted_in_a_day(1, |second| {
        let address = format!("2001:db8:1:{:x}::1", second % 65_536);
        throttle.admit(&Attempt { address: address.parse().unwrap(), ..from("192.0.2.1") }, at(second))
    });
    assert!(networks <= 1_500, "{networks}");
}

#[test]
fn many_at_once_gain_nothing() {
    let throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    assert_eq!((0..1_000).filter(|_| throttle.admit(&attempt, at(0)).is_ok()).count(), 5);
}

#[test]
fn attacker_with_an_account_of_his_own_frees_nothing() {
    let throttle = Throttle::default();
    let own = Attempt { email: "attacker@example.com", ..from("192.0.2.1") };
    let guesses = admitted_in_a_day(5, |second| {
        if throttle.admit(&own, at(second)).is_ok() {
            throttle.succeeded(&own);
        }
        throttle.admit(&from("192.0.2.1"), at(second))
    });
    assert!(guesses <= 120, "{guesses}");
}

#[test]
fn office_behind_one_address_signs_in_despite_typos() {
    let throttle = Throttle::default();
    for second in (0..DAY_SECS).step_by(400) {
        let email = format!("person{}@example.com", second % 97);
        throttle.admit(&Attempt { email: &email, ..from("192.0.2.1") }, at(second)).unwrap();
    }
}

#[test]
fn failures_fade_in_hours() {
    let throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    for _ in 0..5 {
        throttle.admit(&attempt, at(0)).unwrap();
    }
    throttle.admit(&attempt, at(3_600)).unwrap();
    assert_eq!(throttle.admit(&attempt, at(3_600)), Err(Wait { secs: 2 }));
    for _ in 0..5 {
        throttle.admit(&attempt, at(DAY_SECS)).unwrap();
    }
}

#[test]
fn clock_that_goes_back_makes_nobody_wait_longer() {
    let throttle = Throttle::default();
    let attempt = from("192.0.2.1");
    for _ in 0..5 {
        throttle.admit(&attempt, at(DAY_SECS)).unwrap();
    }
    assert_eq!(throttle.admit(&attempt, at(0)), Err(Wait { secs: 2 }));
}

#[test]
fn ipv4_in_ipv6_clothes_is_the_same_network() {
    let throttle = Throttle::default();
    for address in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.200", "::ffff:192.0.2.77", "192.0.2.2"] {
        throttle.admit(&Attempt { email: "WENDY@example.com", ..from(address) }, at(0)).unwrap();
    }
    throttle.admit(&from("192.0.2.1"), at(0)).unwrap_err();
    throttle.admit(&from("192.0.3.1"), at(0)).unwrap();
}

#[test]
fn buckets_stay_bounded() {
    let throttle = Throttle::default();
    for number in 0..u32::try_from(BUCKETS_MAX).unwrap() + 500 {
        let email = format!("person{number}@example.com");
        let attempt = Attempt { email: &email, address: network(number), device: None };
        throttle.admit(&attempt, at(0)).unwrap();
        let device = known_device("192.0.2.1");
        throttle.admit(&device, at(0)).unwrap();
    }
    let counts = throttle.lock();
    for buckets in [&counts.devices, &counts.pairs, &counts.networks, &counts.emails] {
        assert_eq!(buckets.len(), BUCKETS_MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever strangers do, from whichever networks and with whichever results, a known device is admitted at once.
    #[test]
    fn strangers_never_delay_a_known_device(
        steps in proptest::collection::vec((0..50_u32, 0..3_u8, 0..600_i64), 0..400),
    ) {
        let throttle = Throttle::default();
        let owner = known_device("11.0.0.7");
        let mut now = 0;
        for (number, result, pause) in steps {
            now += pause;
            let stranger = Attempt { address: network(number), ..from("192.0.2.1") };
            if throttle.admit(&stranger, at(now)).is_ok() {
                match result {
                    0 => throttle.succeeded(&stranger),
                    1 => throttle.withdrawn(&stranger),
                    _ => {}
                }
            }
            prop_assert_eq!(throttle.admit(&owner, at(now)), Ok(()));
            throttle.succeeded(&owner);
        }
    }

    /// Whoever waits as told is admitted, however strangers fill the other buckets meanwhile.
    #[test]
    fn waiting_as_told_is_enough(strangers in 0..200_u32, failures in 0..12_usize) {
        let throttle = Throttle::default();
        let owner = from("192.0.2.1");
        let mut now = 0;
        for _ in 0..failures {
            for number in 0..strangers {
                let _ = throttle.admit(&Attempt { address: network(number), ..owner }, at(now));
            }
            let mut waited = 0;
            while let Err(Wait { secs }) = throttle.admit(&owner, at(now)) {
                now += i64::try_from(secs).unwrap();
                waited += 1;
                prop_assert!(waited <= 3 && (1..=900).contains(&secs));
            }
        }
    }
}
