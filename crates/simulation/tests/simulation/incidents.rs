//! Each incident is in the last third of the history, shaped so that a rule finds it.

use std::{collections::HashMap, time::Duration};

use daybook_events::{AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};
use serde_json::Value;

use crate::{DAY_SECS, HISTORY, Read, START, of, text};

const HOUR: Duration = Duration::from_secs(3_600);

fn is_in_last_third(read: &Read) -> bool {
    read.time.as_seconds() >= START.parse::<Timestamp>().unwrap().as_seconds() + 20 * DAY_SECS
}

fn audits(action: &'static str, object_type: &'static str) -> impl Iterator<Item = &'static Read> {
    of(&HISTORY, &AUDIT_EVENTS)
        .filter(move |read| text(&read.json, "/action") == action && text(&read.json, "/object_type") == object_type)
}

fn is_within(read: &Read, since: Timestamp, at_most: Duration) -> bool {
    read.time >= since && read.time.since(since) <= at_most
}

#[test]
fn a_password_is_guessed_from_one_address_and_noticed() {
    let mut tries: HashMap<(&str, &str), Vec<&Read>> = HashMap::new();
    for read in of(&HISTORY, &SIGN_IN_ATTEMPTS).filter(|read| text(&read.json, "/category") == "credentials_failed") {
        let key = (text(&read.json, "/target_user/uuid"), text(&read.json, "/client/ip_address"));
        tries.entry(key).or_default().push(read);
    }
    let ((person, address), tries) = tries.into_iter().max_by_key(|(_, tries)| tries.len()).unwrap();
    let last = tries.last().unwrap();
    let recent = tries.iter().filter(|read| last.time.since(read.time) < HOUR).count();
    assert!(recent >= 20 && is_in_last_third(last));

    let success = of(&HISTORY, &SIGN_IN_ATTEMPTS).find(|read| {
        text(&read.json, "/category") == "success"
            && text(&read.json, "/target_user/uuid") == person
            && text(&read.json, "/client/ip_address") == address
    });
    assert!(is_within(success.unwrap(), last.time, Duration::from_secs(60)));
    let device = audits("create", "device").find(|read| text(&read.json, "/session/ip") == address);
    assert_eq!(text(&device.unwrap().json, "/aux_uuid"), person);
    let reaction = audits("dealldev", "user").find(|read| text(&read.json, "/object_uuid") == person);
    assert!(is_within(reaction.unwrap(), last.time, 2 * HOUR));
}

fn kilometres_between(first: &Value, second: &Value) -> f64 {
    let radians = |json: &Value, name: &str| json["location"][name].as_f64().unwrap().to_radians();
    let [north, south] = [first, second].map(|json| radians(json, "latitude"));
    let east = radians(first, "longitude") - radians(second, "longitude");
    let chord = ((north - south) / 2.0).sin().powi(2) + north.cos() * south.cos() * (east / 2.0).sin().powi(2);
    2.0 * 6_371.0 * chord.sqrt().asin()
}

/// Pairs of consecutive successes of one person that are too far apart for the time between them.
fn impossible_trips(history: &[Read]) -> Vec<(&Read, &Read)> {
    let mut successes: HashMap<&str, Vec<&Read>> = HashMap::new();
    for read in of(history, &SIGN_IN_ATTEMPTS) {
        if ["success", "firewall_reported_success"].contains(&text(&read.json, "/category")) {
            successes.entry(text(&read.json, "/target_user/uuid")).or_default().push(read);
        }
    }
    let is_impossible = |pair: &&[&Read]| {
        let kilometres = kilometres_between(&pair[0].json, &pair[1].json);
        let hours = pair[1].time.since(pair[0].time).as_secs_f64() / 3_600.0;
        kilometres > 500.0 && kilometres / hours > 1_000.0
    };
    let trips = successes.values_mut().flat_map(|list| {
        list.sort_by_key(|read| read.time);
        list.windows(2).filter(is_impossible).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    });
    trips.collect()
}

#[test]
fn somebody_travels_impossibly_and_nobody_else_does() {
    let trips = impossible_trips(&HISTORY);
    assert!(trips.iter().all(|(_, there)| is_in_last_third(there)));
    let travellers: std::collections::HashSet<&str> =
        trips.iter().map(|(here, _)| text(&here.json, "/target_user/uuid")).collect();
    // The traveller, and the one whose password is guessed.
    assert!((1..=2).contains(&travellers.len()), "{travellers:?}");
    assert!(trips.iter().any(|(here, there)| there.time.since(here.time) < HOUR));
}

#[test]
fn an_administrator_takes_a_vault_and_looks_into_it() {
    let is_own = |read: &&Read| read.json["actor_uuid"] == read.json["aux_uuid"];
    let grants: Vec<&Read> = audits("grant", "uva").filter(is_own).collect();
    assert_eq!(grants.len(), 1);
    let grant = grants[0];
    assert!(is_in_last_third(grant));
    let looked = of(&HISTORY, &ITEM_USAGES).filter(|read| {
        read.json["user"]["uuid"] == grant.json["actor_uuid"]
            && read.json["vault_uuid"] == grant.json["object_uuid"]
            && ["reveal", "secure-copy", "server-fetch"].contains(&text(&read.json, "/action"))
    });
    let (inside, outside): (Vec<&Read>, Vec<&Read>) = looked.partition(|read| is_within(read, grant.time, HOUR));
    assert!(inside.len() >= 12, "{}", inside.len());
    assert!(outside.is_empty());
    assert!(audits("revoke", "uva").filter(is_own).all(|read| is_within(read, grant.time, HOUR)));
}

#[test]
fn a_vault_is_exported_by_somebody_who_leaves_two_days_later() {
    let exports: Vec<&Read> = audits("export", "vault").collect();
    assert_eq!(exports.len(), 1);
    let export = exports[0];
    assert!(is_in_last_third(export));
    let items = of(&HISTORY, &ITEM_USAGES).filter(|read| {
        text(&read.json, "/action") == "export"
            && read.json["vault_uuid"] == export.json["object_uuid"]
            && read.json["user"]["uuid"] == export.json["actor_uuid"]
            && is_within(read, export.time, HOUR)
    });
    assert!(items.count() >= 14);
    let leaver = text(&export.json, "/actor_uuid");
    let suspension = audits("suspend", "user").find(|read| text(&read.json, "/object_uuid") == leaver).unwrap();
    assert!(is_within(suspension, export.time, 49 * HOUR));
    let is_leavers = |read: &&Read| [text(&read.json, "/user/uuid"), text(&read.json, "/actor_uuid")].contains(&leaver);
    assert!(HISTORY.iter().filter(is_leavers).all(|read| read.time < suspension.time));
}

#[test]
fn the_firewall_stops_strangers_and_says_what_it_matched() {
    let blocked: Vec<&Read> =
        of(&HISTORY, &SIGN_IN_ATTEMPTS).filter(|read| text(&read.json, "/category") == "firewall_failed").collect();
    assert!(blocked.iter().all(|read| !text(&read.json, "/details/value").is_empty()));
    let sprayed = blocked.iter().filter(|read| is_in_last_third(read)).fold(HashMap::new(), |mut counts, read| {
        *counts.entry(text(&read.json, "/client/ip_address")).or_insert(0) += 1;
        counts
    });
    assert!(sprayed.values().any(|count| *count >= 25), "{sprayed:?}");
    let by_country = blocked.iter().filter(|read| text(&read.json, "/type") == "country_blocked");
    assert!(by_country.clone().count() > 0);
    assert!(by_country.clone().all(|read| read.json["details"]["value"] == read.json["country"]));
    assert!(
        of(&HISTORY, &SIGN_IN_ATTEMPTS)
            .filter(|read| !text(&read.json, "/category").starts_with("firewall"))
            .all(|read| read.json["details"].is_null())
    );
}

#[test]
fn the_second_factor_is_off_for_a_quarter_of_an_hour() {
    let off: Vec<&Read> = audits("disblmfa", "account").collect();
    assert_eq!(off.len(), 1);
    assert!(is_in_last_third(off[0]));
    assert_eq!(audits("disblmfa", "user").count(), 1);
    assert!(audits("enblmfa", "account").all(|read| is_within(read, off[0].time, HOUR)));
}
