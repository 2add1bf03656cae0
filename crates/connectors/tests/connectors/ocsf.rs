//! OCSF events against the schema: a table of what each class requires, and an independent validator.

use std::{
    collections::BTreeSet,
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use daybook_connectors::format::{Format, OcsfVersion, encode};
use daybook_events::AUDIT_EVENTS;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use crate::format::{feature, payload};
use crate::sample::{Sample, believable, parts};

const VERSIONS: [OcsfVersion; 3] = [OcsfVersion::V1_3, OcsfVersion::V1_4, OcsfVersion::V1_8];

const ACTIONS: &str = "activate addgsso begin beginr cancel cancelr changeks changela changemp changenm changesk chngasso \
    chngdsso chngpsso complete completr convert create dealldev delete delgsso delshare deolddev detchild disblduo \
    disblmfa disblsso dlgsess dvrfydmn enblduo enblmfa enblsso expire export grant hide join launchi leave musercom \
    muserdec patch propose provsn prsndall purge rdmchild reactive reauth replace resendts revoke role sdvcsso sendpkg \
    sendts share ssotknv suspend tdvcsso trename trevoke trvlaway trvlback tverify uisas unhide unknown unlink updatduo \
    update updatea updatfw updatmfa upguest uvrfydmn verify view vrfydmn";

const OBJECT_TYPES: &str = "account card cred device dlgdsess ec famchild file gm group gva invite item itemhist items \
    miguser mngdacc pm report sa satoken slackapp sso ssotkn sub template user uva vault vaultkey";

/// What schema 1.4 requires of a class besides what it requires of every event, and of which attributes one must be there.
struct Class {
    uid: u64,
    required: &'static [&'static str],
    at_least_one: &'static [&'static str],
    activities: &'static [u64],
}

const EVERY_EVENT: [&str; 7] =
    ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"];

const CLASSES: [Class; 7] = [
    Class { uid: 0, required: &[], at_least_one: &[], activities: &[0, 99] },
    Class {
        uid: 3001,
        required: &["user"],
        at_least_one: &[],
        activities: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99],
    },
    Class {
        uid: 3002,
        required: &["user"],
        at_least_one: &["service", "dst_endpoint"],
        activities: &[0, 1, 2, 3, 4, 5, 6, 99],
    },
    Class {
        uid: 3004,
        required: &["entity"],
        at_least_one: &[],
        activities: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99],
    },
    Class { uid: 3005, required: &["user", "privileges"], at_least_one: &[], activities: &[0, 1, 2, 99] },
    Class { uid: 3006, required: &["group"], at_least_one: &[], activities: &[0, 1, 2, 3, 4, 5, 6, 99] },
    Class {
        uid: 6003,
        required: &["actor", "api", "src_endpoint"],
        at_least_one: &[],
        activities: &[0, 1, 2, 3, 4, 99],
    },
];

/// Objects of which at least one attribute must be there, wherever they are.
const OBJECTS: [(&[&str], &[&str]); 6] = [
    (&["user"], &["account", "name", "uid"]),
    (&["product", "group", "service", "resource"], &["name", "uid"]),
    (&["actor"], &["process", "user", "invoked_by", "session", "app_name", "app_uid"]),
    (&["entity"], &["name", "uid", "device", "group", "org", "policy", "user"]),
    (&["src_endpoint"], &["ip", "uid", "name", "hostname", "svc_name", "domain"]),
    (&["location"], &["city", "country", "postal_code", "region"]),
];

fn has(json: &Value, name: &str) -> bool {
    json.get(name).is_some_and(|value| !value.is_null())
}

fn check(event: &Value) {
    let class = CLASSES.iter().find(|class| event["class_uid"] == class.uid).expect("a class of the table");
    for name in EVERY_EVENT.iter().chain(class.required) {
        assert!(has(event, name), "{name} is not in {event}");
    }
    let one = class.at_least_one;
    assert!(one.is_empty() || one.iter().any(|name| has(event, name)), "none of {one:?} is in {event}");
    let activity = event["activity_id"].as_u64().unwrap();
    assert!(class.activities.contains(&activity), "activity {activity} of {event}");
    assert_eq!(event["type_uid"], class.uid * 100 + activity);
    assert_eq!(event["category_uid"], class.uid / 1000);
    assert!(activity != 99 || has(event, "activity_name") || class.uid == 0, "{event}");
    check_objects(event);
}

fn check_objects(json: &Value) {
    let Value::Object(members) = json else { return };
    for (name, value) in members.iter().filter(|(name, _)| *name != "unmapped") {
        if let Some((_, one)) = OBJECTS.iter().find(|(names, _)| names.contains(&name.as_str())) {
            assert!(one.iter().any(|attribute| has(value, attribute)), "{name} of {json} has none of {one:?}");
        }
        check_objects(value);
    }
}

fn ocsf(version: OcsfVersion, sample: &Sample) -> String {
    encode(Format::Ocsf(version), &sample.feature, &parts(&sample.payload)).into_owned()
}

/// An audit event of every action and object type, with and without what it is about.
fn every_audit_event() -> Vec<Sample> {
    let of = |action: &str, object_type: &str, is_whole: bool| {
        let mut event = json!({"uuid": "E", "action": action, "object_type": object_type});
        if is_whole {
            event["object_uuid"] = json!("o");
            event["aux_uuid"] = json!("a");
            event["aux_info"] = json!("R");
            event["session"] = json!({"ip": "2001:db8::17", "device_uuid": "d", "uuid": "S"});
        }
        Sample { name: "combination", feature: AUDIT_EVENTS, payload: event.to_string() }
    };
    let types = OBJECT_TYPES.split_whitespace().chain(["unheard-of"]);
    types
        .flat_map(|object_type| {
            ACTIONS.split_whitespace().chain(["unheard-of"]).map(move |action| (action, object_type))
        })
        .flat_map(|(action, object_type)| [of(action, object_type, true), of(action, object_type, false)])
        .collect()
}

#[test]
fn every_event_has_what_its_class_requires() {
    for version in VERSIONS {
        let mut classes = BTreeSet::new();
        for sample in believable().iter().chain(&every_audit_event()) {
            let event: Value = serde_json::from_str(&ocsf(version, sample)).unwrap();
            check(&event);
            classes.insert(event["class_uid"].as_u64().unwrap());
        }
        assert_eq!(classes.into_iter().collect::<Vec<_>>(), CLASSES.map(|class| class.uid));
    }
}

#[test]
fn actions_and_object_types_land_in_their_classes() {
    let mut page = String::new();
    for sample in every_audit_event().iter().step_by(2) {
        let event: Value = serde_json::from_str(&ocsf(OcsfVersion::V1_4, sample)).unwrap();
        let source: Value = serde_json::from_str(&sample.payload).unwrap();
        if event["activity_id"] != 99 {
            let (object, action) = (source["object_type"].as_str().unwrap(), source["action"].as_str().unwrap());
            page += &format!("{object} {action}: {} {}\n", event["type_uid"], event["activity_name"].as_str().unwrap());
        }
    }
    insta::assert_snapshot!(page);
}

/// The Python that has the packages of `requirements.txt`, in the folder where `make test` has put them.
fn python() -> PathBuf {
    let programs = env::var_os("DAYBOOK_TEST_COLLECTORS").expect(
        "DAYBOOK_TEST_COLLECTORS is not set: run the tests with `make test`, which installs the OCSF validator, or set it \
         to the folder of a Python that has ocsf-json-schema and jsonschema",
    );
    Path::new(&programs).join("python")
}

/// How many odd events are checked in each version.
const ODD_EVENTS_COUNT: usize = 500;

/// Events with members missing, repeated in odd places, and of other types; always the same ones.
fn odd_samples(count: usize) -> Vec<Sample> {
    let mut runner = TestRunner::deterministic();
    let strategy = (feature(), payload());
    let odd = std::iter::repeat_with(|| strategy.new_tree(&mut runner).unwrap().current());
    odd.map(|(feature, payload)| Sample { name: "odd", feature, payload }).take(count).collect()
}

/// What the validator says of events: whether it accepts them all, how many of which class there are, what is wrong.
fn validate(events: Vec<String>) -> (bool, String, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/connectors/ocsf.py");
    let mut validator = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the validator's Python starts: run the tests with `make test`, which installs it");
    let mut input = validator.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for event in events {
            writeln!(input, "{event}").unwrap();
        }
    });
    let output = validator.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_independent_validator_accepts_every_event() {
    let mut events = Vec::new();
    for (n, sample) in believable().iter().chain(&every_audit_event()).enumerate() {
        // The default version is checked with every event, each of the others with half of them.
        let other = [OcsfVersion::V1_3, OcsfVersion::V1_8][n / 2 % 2];
        events.extend([ocsf(OcsfVersion::V1_4, sample), ocsf(other, sample)]);
    }
    let odd_events = odd_samples(ODD_EVENTS_COUNT);
    events.extend(VERSIONS.iter().flat_map(|version| odd_events.iter().map(|sample| ocsf(*version, sample))));
    let (is_valid, counts, findings) = validate(events);
    assert!(is_valid, "{counts}\n{findings}");
    for version in VERSIONS {
        let of_version = counts.lines().filter(|line| line.contains(version.as_str()));
        assert_eq!(of_version.count(), CLASSES.len(), "{counts}");
    }
    println!("{counts}");
}

#[test]
fn the_validator_refuses_what_is_wrong() {
    let sample = &every_audit_event()[0];
    let event = || serde_json::from_str::<Value>(&ocsf(OcsfVersion::V1_4, sample)).unwrap();
    let (mut lacking, mut inventing, mut empty) = (event(), event(), event());
    lacking.as_object_mut().unwrap().remove("entity");
    inventing["colour"] = json!("red");
    empty["entity"] = json!({"type_id": 4});
    let (is_valid, _, findings) = validate([lacking, inventing, empty].map(|event| event.to_string()).into());
    assert!(!is_valid && findings.lines().count() == 3, "{findings}");
}
