//! CEF and LEEF, read back by small readers that follow their descriptions.

use std::collections::BTreeMap;

use daybook_connectors::format::{Format, encode};
use daybook_events::{AUDIT_EVENTS, ITEM_USAGES, SIGN_IN_ATTEMPTS};
use proptest::prelude::*;
use serde_json::json;

use crate::sample::{parts, samples};

/// A line's header fields and its pairs.
#[derive(Debug)]
struct Line {
    header: Vec<String>,
    pairs: BTreeMap<String, String>,
}

/// Reads CEF: seven header fields between pipes that no backslash precedes, then pairs whose keys begin after a space.
fn read_cef(line: &str) -> Line {
    let mut header = vec![String::new()];
    let mut characters = line.chars();
    while header.len() < 8 {
        let Some(character) = characters.next() else { panic!("the header of {line:?} ends early") };
        match character {
            '\\' => header.last_mut().unwrap().push(characters.next().unwrap()),
            '|' => header.push(String::new()),
            _ => header.last_mut().unwrap().push(character),
        }
    }
    assert_eq!(header.pop().unwrap(), "");
    Line { header, pairs: read_extension(characters.as_str()) }
}

/// Reads `key=value` pairs: a key is the word before an equals sign that no backslash precedes.
fn read_extension(text: &str) -> BTreeMap<String, String> {
    let bytes = text.as_bytes();
    let is_escaped = |at: usize| bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    let equals: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'=' && !is_escaped(*at)).collect();
    let key_start = |equal: usize| text[..equal].rfind(' ').map_or(0, |space| space + 1);
    let mut pairs = BTreeMap::new();
    for (index, equal) in equals.iter().enumerate() {
        let end = equals.get(index + 1).map_or(text.len(), |next| key_start(*next) - 1);
        let mut value = String::new();
        let mut characters = text[equal + 1..end].chars();
        while let Some(character) = characters.next() {
            value.push(match character {
                '\\' => match characters.next().unwrap() {
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                },
                _ => character,
            });
        }
        let key = text[key_start(*equal)..*equal].to_owned();
        assert!(pairs.insert(key, value).is_none(), "a key is there twice in {text:?}");
    }
    pairs
}

/// Reads LEEF 2.0: five header fields, the delimiter `x09`, then pairs between tabs.
fn read_leef(line: &str) -> Line {
    let mut fields = line.splitn(7, '|').map(str::to_owned);
    let header: Vec<String> = fields.by_ref().take(5).collect();
    assert_eq!(fields.next().as_deref(), Some("x09"));
    let pairs = fields.next().unwrap();
    let pairs = pairs.split('\t').map(|pair| pair.split_once('=').unwrap());
    Line { header, pairs: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect() }
}

fn cef(feature: &daybook_events::Feature, payload: &str) -> Line {
    read_cef(&encode(Format::Cef, feature, &parts(payload)))
}

fn leef(feature: &daybook_events::Feature, payload: &str) -> Line {
    read_leef(&encode(Format::Leef, feature, &parts(payload)))
}

#[test]
fn an_ipv6_address_has_its_own_key_and_a_mapped_one_is_ipv4() {
    let of = |address: &str| {
        let payload = json!({"client": {"ip_address": address}}).to_string();
        let line = cef(&SIGN_IN_ATTEMPTS, &payload);
        (line.pairs.get("src").cloned(), line.pairs.get("c6a2").cloned())
    };
    assert_eq!(of("203.0.113.9"), (Some("203.0.113.9".to_owned()), None));
    assert_eq!(of("::ffff:203.0.113.9"), (Some("203.0.113.9".to_owned()), None));
    assert_eq!(of("2001:db8::17"), (None, Some("2001:db8::17".to_owned())));
    assert_eq!(of("not an address"), (None, None));
}

#[test]
fn every_line_has_its_whole_header_and_a_severity_in_range() {
    for sample in samples() {
        let line = cef(&sample.feature, &sample.payload);
        assert_eq!(line.header.len(), 7);
        assert_eq!(line.header[0], "CEF:0");
        assert!((0..=10).contains(&line.header[6].parse::<u8>().unwrap()));
        assert_eq!(line.pairs["rt"], "1770091872407");
        let line = leef(&sample.feature, &sample.payload);
        assert_eq!(line.header[0], "LEEF:2.0");
        assert!((1..=10).contains(&line.pairs["sev"].parse::<u8>().unwrap()));
        assert_eq!(line.pairs["devTime"], "2026-02-03T04:11:12.407Z");
    }
}

#[test]
fn a_hostile_text_stays_within_its_value() {
    let payload = json!({"action": "grant", "object_type": "uva", "aux_info": "x cs1=spoofed|\\ rt=0"}).to_string();
    let line = cef(&AUDIT_EVENTS, &payload);
    assert_eq!(line.pairs["cs5"], "x cs1=spoofed|\\ rt=0");
    assert_eq!((line.pairs.get("cs1"), line.pairs["rt"].as_str()), (None, "1770091872407"));
}

/// What a reader gets of a text whose control characters became spaces, those in `kept` apart.
fn clean(text: &str, kept: &[char]) -> String {
    text.chars().map(|c| if c.is_control() && !kept.contains(&c) { ' ' } else { c }).collect()
}

proptest! {
    #[test]
    fn cef_reads_back(text in "\\PC{1,20}|[a-z=|\\\\\n\r\t ]{1,20}", name in any::<String>()) {
        let payload = json!({"action": text, "user": {"name": name, "uuid": "U"}, "item_uuid": text}).to_string();
        let encoded = encode(Format::Cef, &ITEM_USAGES, &parts(&payload));
        prop_assert!(!encoded.contains(char::is_control), "{:?}", encoded);
        let line = read_cef(&encoded);
        prop_assert_eq!(&line.header[4], &clean(&format!("item:{text}"), &[]));
        prop_assert_eq!(&line.pairs["act"], &clean(&text, &['\n', '\r']));
        prop_assert_eq!(&line.pairs["cs2"], &clean(&text, &['\n', '\r']));
        prop_assert_eq!(line.pairs.get("suser").cloned().unwrap_or_default(), clean(&name, &['\n', '\r']));
    }

    #[test]
    fn leef_reads_back(text in "\\PC{1,20}|[a-z=|\\\\\n\r\t ]{1,20}", name in any::<String>()) {
        let payload = json!({"action": text, "user": {"name": name, "uuid": "U"}, "item_uuid": text}).to_string();
        let encoded = encode(Format::Leef, &ITEM_USAGES, &parts(&payload));
        prop_assert!(!encoded.replace('\t', "").contains(char::is_control), "{:?}", encoded);
        let line = read_leef(&encoded);
        prop_assert_eq!(&line.header[4], &clean(&format!("item:{text}"), &[]).replace('|', "/"));
        prop_assert_eq!(&line.pairs["action"], &clean(&text, &[]));
        prop_assert_eq!(&line.pairs["resource"], &clean(&text, &[]));
        prop_assert_eq!(line.pairs.get("usrName").cloned().unwrap_or_default(), clean(&name, &[]));
    }
}
