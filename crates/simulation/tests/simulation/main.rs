//! The company, looked at from outside: wire form, rhythm, determinism, incidents.

#![allow(clippy::unwrap_used)]

mod incidents;
mod spec;

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use daybook_events::{
    AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp,
    wire::{AuditEvent, ItemUsage, SignInAttempt, validate},
};
use daybook_simulation::{Company, Plan, SimulatedEvent};
use serde_json::Value;

const ACCOUNT: &str = "LMN4QRS7TUV2WXYZA3BCDE5FGH";
const START: &str = "2026-03-02T00:00:00Z";
const DAY_SECS: i64 = 86_400;

/// An event with its payload read.
struct Read {
    event: SimulatedEvent,
    time: Timestamp,
    json: Value,
}

/// Thirty days of fifty people, from a Monday.
static HISTORY: LazyLock<Vec<Read>> = LazyLock::new(|| read_history(&plan(7, 50, 30)));

fn read_history(plan: &Plan) -> Vec<Read> {
    let read = |event: SimulatedEvent| {
        let time = validate(&event.feature, &event.payload, event.arrival).unwrap();
        let json = serde_json::from_str(&event.payload).unwrap();
        Read { event, time, json }
    };
    Company::new(plan).history().map(read).collect()
}

fn plan(seed: u64, users: u32, days: u32) -> Plan {
    Plan { seed, users, account_uuid: ACCOUNT.to_owned(), start: START.parse().unwrap(), days }
}

fn of<'a>(history: &'a [Read], feature: &Feature) -> impl Iterator<Item = &'a Read> {
    history.iter().filter(move |read| read.event.feature == *feature)
}

fn hash_of(plan: &Plan) -> u64 {
    let mut hasher = DefaultHasher::new();
    for event in Company::new(plan).history() {
        (event.feature, event.arrival, event.uuid, event.payload).hash(&mut hasher);
    }
    hasher.finish()
}

fn text<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn every_event_is_accepted_and_known_to_the_typed_schema() {
    let first = HISTORY.iter().find(|read| read.event.uuid != text(&read.json, "/uuid"));
    assert!(first.is_none());
    for read in HISTORY.iter() {
        let is_whole = match &read.event.feature {
            feature if *feature == SIGN_IN_ATTEMPTS => {
                serde_json::from_value::<SignInAttempt>(read.json.clone()).unwrap().extra.is_empty()
            }
            feature if *feature == ITEM_USAGES => {
                serde_json::from_value::<ItemUsage>(read.json.clone()).unwrap().extra.is_empty()
            }
            _ => serde_json::from_value::<AuditEvent>(read.json.clone()).unwrap().extra.is_empty(),
        };
        assert!(is_whole, "{}", read.event.payload);
        assert_eq!(text(&read.json, "/account_uuid"), ACCOUNT);
    }
}

#[test]
fn one_plan_gives_the_same_bytes_and_another_seed_or_account_other_ids() {
    let few = plan(7, 12, 8);
    assert_eq!(hash_of(&few), hash_of(&few));
    assert_ne!(hash_of(&few), hash_of(&plan(8, 12, 8)));

    let mut company = Company::new(&few);
    let ids: HashSet<String> = company.history().map(|event| event.uuid).collect();
    let again: HashSet<String> = company.history().map(|event| event.uuid).collect();
    assert_eq!(ids, again);
    for other in [plan(8, 12, 8), Plan { account_uuid: "ABN4QRS7TUV2WXYZA3BCDE5FGH".to_owned(), ..few }] {
        assert!(Company::new(&other).history().all(|event| !ids.contains(&event.uuid)));
    }
}

#[test]
fn arrivals_are_in_order_within_the_history_and_never_before_the_event() {
    let start: Timestamp = START.parse().unwrap();
    let end = Timestamp::from_seconds(start.as_seconds() + 30 * DAY_SECS);
    assert!(HISTORY.is_sorted_by_key(|read| read.event.arrival));
    assert!(
        HISTORY.iter().all(|read| start <= read.time && read.time <= read.event.arrival && read.event.arrival < end)
    );
    let ids: HashSet<&str> = HISTORY.iter().map(|read| read.event.uuid.as_str()).collect();
    assert_eq!(ids.len(), HISTORY.len());
}

#[test]
fn some_item_usage_arrives_hours_late_and_nothing_else_does() {
    let late_secs = |read: &Read| read.event.arrival.since(read.time).as_secs();
    let usages: Vec<u64> = of(&HISTORY, &ITEM_USAGES).map(late_secs).collect();
    let share =
        |least_secs: u64| usages.iter().filter(|secs| **secs >= least_secs).count() as f64 / usages.len() as f64;
    assert!((0.05..0.25).contains(&share(60)), "{}", share(60));
    assert!((0.005..0.05).contains(&share(3_600)), "{}", share(3_600));
    assert!(usages.iter().all(|secs| *secs < 12 * 3_600));
    assert!(!of(&HISTORY, &ITEM_USAGES).is_sorted_by_key(|read| read.time));
    assert!(of(&HISTORY, &AUDIT_EVENTS).chain(of(&HISTORY, &SIGN_IN_ATTEMPTS)).all(|read| late_secs(read) <= 1));
}

#[test]
fn weekdays_are_busy_and_weekends_quiet() {
    let mut per_day: HashMap<i64, f64> = HashMap::new();
    for read in HISTORY.iter() {
        *per_day.entry(read.time.as_seconds() / DAY_SECS).or_default() += 1.0;
    }
    // By UTC day, Monday is 0; 1970-01-01 was a Thursday. A Saturday has a little of somebody's Friday in it.
    let mean = |weekday: i64| {
        let days: Vec<f64> =
            per_day.iter().filter(|(day, _)| (**day + 3) % 7 == weekday).map(|(_, count)| *count).collect();
        days.iter().sum::<f64>() / days.len() as f64
    };
    for busy in [1, 2, 3] {
        assert!(mean(5) * 4.0 < mean(busy), "{} {}", mean(5), mean(busy));
    }
}

#[test]
fn a_person_does_as_much_as_people_do() {
    // 22 weekdays; 50 people.
    let person_days = 50.0 * 22.0;
    let share = |feature: &Feature| of(&HISTORY, feature).count() as f64 / person_days;
    assert!((25.0..42.0).contains(&share(&ITEM_USAGES)), "{}", share(&ITEM_USAGES));
    assert!((2.0..4.0).contains(&share(&SIGN_IN_ATTEMPTS)), "{}", share(&SIGN_IN_ATTEMPTS));
    assert!((0.2..0.5).contains(&share(&AUDIT_EVENTS)), "{}", share(&AUDIT_EVENTS));
}

#[test]
fn every_value_is_of_the_specification_and_goes_with_its_partner() {
    for read in HISTORY.iter() {
        let json = &read.json;
        let is_known = match &read.event.feature {
            feature if *feature == SIGN_IN_ATTEMPTS => {
                spec::pairs_have(&spec::SIGN_IN_PAIRS, text(json, "/category"), text(json, "/type"))
            }
            feature if *feature == ITEM_USAGES => spec::has(spec::USAGE_ACTIONS, text(json, "/action")),
            _ => {
                spec::has(spec::AUDIT_ACTIONS, text(json, "/action"))
                    && spec::pairs_have(&spec::AUDIT_PAIRS, text(json, "/object_type"), text(json, "/action"))
            }
        };
        assert!(is_known, "{}", read.event.payload);
        if read.event.feature != AUDIT_EVENTS {
            assert!(spec::APP_NAMES.contains(&text(json, "/client/app_name")), "{}", read.event.payload);
        }
    }
}

#[test]
fn ids_have_26_characters_in_the_case_of_their_kind() {
    let is_id = |id: &str, case: fn(&u8) -> bool| {
        id.len() == 26 && id.bytes().all(|byte| case(&byte) || (b'2'..=b'7').contains(&byte))
    };
    let upper = ["/uuid", "/session_uuid", "/actor_uuid", "/session/uuid", "/user/uuid", "/target_user/uuid"];
    let lower = ["/vault_uuid", "/item_uuid", "/session/device_uuid"];
    for read in HISTORY.iter() {
        for (pointers, case) in
            [(&upper[..], u8::is_ascii_uppercase as fn(&u8) -> bool), (&lower, u8::is_ascii_lowercase)]
        {
            for id in pointers.iter().filter_map(|pointer| read.json.pointer(pointer)) {
                assert!(is_id(id.as_str().unwrap(), case), "{}", read.event.payload);
            }
        }
        let kind = text(&read.json, "/object_type");
        if !kind.is_empty() {
            let is_large = ["user", "account", "sso", "sa", "satoken", "invite"].contains(&kind);
            let case = if is_large { u8::is_ascii_uppercase } else { u8::is_ascii_lowercase };
            assert!(is_id(text(&read.json, "/object_uuid"), case), "{}", read.event.payload);
        }
    }
}

#[test]
fn audit_events_leave_out_what_they_do_not_say() {
    for read in of(&HISTORY, &AUDIT_EVENTS) {
        let json = &read.json;
        assert!(json.get("country").is_none());
        assert!(json.get("aux_id").is_none_or(|id| (1..1 << 31).contains(&id.as_i64().unwrap())));
        assert!(json.pointer("/session/ip").unwrap().as_str().unwrap().parse::<std::net::IpAddr>().is_ok());
        assert_eq!(json.get("object_details").is_some(), text(json, "/object_type") == "user");
        assert!(!json.as_object().unwrap().values().any(Value::is_null));
        assert_eq!(text(json, "/timestamp").len(), "2026-03-02T00:00:00.000000000Z".len());
    }
    assert!(
        of(&HISTORY, &ITEM_USAGES).all(|read| text(&read.json, "/timestamp").len() == "2026-03-02T00:00:00.000Z".len())
    );
}

#[test]
fn an_audit_events_session_is_one_its_actor_signed_in_to() {
    let logins: HashMap<&str, &Read> =
        of(&HISTORY, &SIGN_IN_ATTEMPTS).map(|read| (text(&read.json, "/session_uuid"), read)).collect();
    let mut known = 0;
    for read in of(&HISTORY, &AUDIT_EVENTS) {
        let login_time = text(&read.json, "/session/login_time");
        assert!(login_time.parse::<Timestamp>().unwrap() < read.time);
        let Some(login) = logins.get(text(&read.json, "/session/uuid")) else { continue };
        known += 1;
        assert_eq!(login_time, text(&login.json, "/timestamp"));
        assert_eq!(text(&read.json, "/actor_uuid"), text(&login.json, "/target_user/uuid"));
        assert_eq!(text(&read.json, "/session/ip"), text(&login.json, "/client/ip_address"));
        assert!(["success", "firewall_reported_success"].contains(&text(&login.json, "/category")));
    }
    assert!(known > of(&HISTORY, &AUDIT_EVENTS).count() * 95 / 100);
}

#[test]
fn an_address_is_always_at_the_same_place() {
    let mut places: HashMap<&str, &Value> = HashMap::new();
    for read in HISTORY.iter() {
        let address = [text(&read.json, "/client/ip_address"), text(&read.json, "/session/ip")].concat();
        let place = &read.json["location"];
        let key = if address == text(&read.json, "/session/ip") { "/session/ip" } else { "/client/ip_address" };
        assert_eq!(*places.entry(text(&read.json, key)).or_insert(place), place);
        assert!(place["latitude"].as_f64().unwrap().abs() <= 90.0);
        if read.event.feature == SIGN_IN_ATTEMPTS {
            assert_eq!(read.json["country"], place["country"]);
        }
    }
    assert!(places.keys().any(|address| address.starts_with("2001:db8:")));
    assert!(places.len() > 30);
}

#[test]
fn programs_are_upgraded_during_the_month() {
    let mut versions: HashMap<(&str, &str), HashSet<&str>> = HashMap::new();
    for read in of(&HISTORY, &ITEM_USAGES) {
        let key = (text(&read.json, "/user/uuid"), text(&read.json, "/client/app_name"));
        versions.entry(key).or_default().insert(text(&read.json, "/client/app_version"));
    }
    let upgraded = versions.values().filter(|seen| seen.len() > 1).count();
    assert!(upgraded * 10 > versions.len() * 8, "{upgraded} of {}", versions.len());
}

#[test]
fn service_accounts_fetch_at_night_and_the_bridge_brings_people_in() {
    let is_service = |json: &Value, pointer: &str| text(json, pointer).ends_with("@1passwordserviceaccounts.com");
    let mut fetched = 0;
    for read in of(&HISTORY, &ITEM_USAGES).filter(|read| is_service(&read.json, "/user/email")) {
        let hour = read.time.as_seconds() / 3_600 % 24;
        assert!((1..6).contains(&hour), "{hour}");
        fetched += usize::from(text(&read.json, "/action") == "server-fetch");
    }
    assert!(fetched > 500, "{fetched}");
    let by_bridge: HashSet<&str> = of(&HISTORY, &AUDIT_EVENTS)
        .filter(|read| is_service(&read.json, "/actor_details/email"))
        .map(|read| text(&read.json, "/action"))
        .collect();
    assert!(by_bridge.is_superset(&HashSet::from(["create", "provsn", "join", "suspend", "leave"])), "{by_bridge:?}");
}

#[test]
fn the_smallest_company_has_a_history_and_a_live_event() {
    for (users, days) in [(0, 0), (1, 1), (1, 30), (9, 3), (10, 3), (13, 4), (30, 1)] {
        let mut company = Company::new(&plan(3, users, days));
        let count = company
            .history()
            .inspect(|event| assert!(validate(&event.feature, &event.payload, event.arrival).is_ok()))
            .count();
        assert!(count > 0, "{users} users, {days} days");
        company.live_event(START.parse().unwrap());
    }
}

#[test]
fn live_events_go_on_with_the_same_people_and_items() {
    let named = |json: &Value| {
        ["/user/uuid", "/target_user/uuid", "/actor_uuid"].map(|pointer| text(json, pointer).to_owned()).concat()
    };
    let people: HashSet<String> = HISTORY.iter().map(|read| named(&read.json)).collect();
    let items: HashSet<&str> = HISTORY.iter().map(|read| text(&read.json, "/item_uuid")).collect();
    let mut company = Company::new(&plan(7, 50, 30));
    let mut again = Company::new(&plan(7, 50, 30));
    // A Wednesday after the history, around the clock.
    let begin = START.parse::<Timestamp>().unwrap().as_seconds() + 37 * DAY_SECS;
    let (mut ids, mut known_items, mut counts) = (HashSet::new(), 0, HashMap::new());
    for nth in 0..5_000 {
        let now = Timestamp::from_nanos((begin + nth * 17) * 1_000_000_000 + 123_456_789);
        let event = company.live_event(now);
        assert_eq!(event, again.live_event(now));
        assert_eq!(event.arrival, now);
        let time = validate(&event.feature, &event.payload, now).unwrap();
        assert!(now.since(time).as_millis() < 1 && time <= now);
        let json: Value = serde_json::from_str(&event.payload).unwrap();
        assert!(people.contains(&named(&json)), "{}", event.payload);
        known_items += usize::from(items.contains(text(&json, "/item_uuid")));
        *counts.entry(event.feature.clone()).or_insert(0) += 1;
        assert!(ids.insert(event.uuid));
    }
    assert!(known_items > 4_000, "{known_items}");
    assert!(
        counts[&ITEM_USAGES] > 4_000 && counts[&SIGN_IN_ATTEMPTS] > 250 && counts[&AUDIT_EVENTS] > 10,
        "{counts:?}"
    );
}

#[test]
fn three_events_of_each_feature_look_like_this() {
    let shown: Vec<&Value> = [SIGN_IN_ATTEMPTS, ITEM_USAGES, AUDIT_EVENTS]
        .iter()
        .flat_map(|feature| of(&HISTORY, feature).skip(20).step_by(37).take(3))
        .map(|read| &read.json)
        .collect();
    insta::assert_json_snapshot!(shown);
}

/// `cargo test -p daybook-simulation --release -- --ignored --nocapture speed` prints the speed.
#[test]
#[ignore = "a measurement"]
fn speed_of_the_history_and_of_live_events() {
    let began = std::time::Instant::now();
    let mut company = Company::new(&plan(7, 300, 30));
    let (count, bytes) =
        company.history().fold((0, 0), |(count, bytes), event| (count + 1, bytes + event.payload.len()));
    let elapsed_secs = began.elapsed().as_secs_f64();
    println!("history: {count} events, {} bytes each, {:.0}/s", bytes / count, count as f64 / elapsed_secs);
    let began = std::time::Instant::now();
    for nth in 0..200_000 {
        company.live_event(Timestamp::from_seconds(1_774_000_000 + nth));
    }
    println!("live: {:.0}/s", 200_000.0 / began.elapsed().as_secs_f64());
}
