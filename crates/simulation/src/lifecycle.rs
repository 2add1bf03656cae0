//! Joining and leaving: the bridge to the directory invites and adds people, and suspends, removes and deletes them.

use crate::{
    audit::{Aux, Subject},
    chores,
    json::Id,
    people::Person,
    rhythm::{DAY_NANOS, MINUTE_NANOS, SECOND_NANOS},
    services,
    timeline::{Deed, Seat, Timeline},
};

/// How long after a suspension the person is deleted.
const DELETED_AFTER_NANOS: i64 = 3 * DAY_NANOS;

/// Writes what of a person's joining and leaving falls on a local day since 1970.
pub(crate) fn write_turning_points(timeline: &mut Timeline<'_>, index: u32, day: i64) {
    let person = timeline.company.person(index);
    let is_today = |time_nanos: i64| (time_nanos + person.office.offset_nanos()).div_euclid(DAY_NANOS) == day;
    if person.joined_nanos != i64::MIN && is_today(person.joined_nanos) {
        write_joining(timeline, index, person);
    }
    if person.left_nanos == i64::MAX {
        return;
    }
    let user = |action| Deed { action, object_type: "user", object: Subject::Person(index), aux: Aux::default() };
    if is_today(person.left_nanos) {
        by_bridge(timeline, person.left_nanos, user("suspend"));
        by_bridge(timeline, person.left_nanos + 20 * SECOND_NANOS, user("dealldev"));
        let group = timeline.company.group_id(person.squad);
        let aux = Aux::of(Subject::Person(index));
        let leave = Deed { action: "leave", object_type: "gm", object: Subject::Thing(group), aux };
        by_bridge(timeline, person.left_nanos + 40 * SECOND_NANOS, leave);
    }
    if is_today(person.left_nanos + DELETED_AFTER_NANOS) {
        by_bridge(timeline, person.left_nanos + DELETED_AFTER_NANOS, user("delete"));
    }
}

/// Invited by the bridge, signed in, a device for each program, and a member of the squad's group.
fn write_joining(timeline: &mut Timeline<'_>, index: u32, person: &Person) {
    let joined_nanos = person.joined_nanos;
    let object = Subject::Thing(Id::Upper(timeline.dice.id()));
    let invite = Deed { action: "create", object_type: "invite", object, aux: Aux::email_of(index) };
    by_bridge(timeline, joined_nanos - 35 * MINUTE_NANOS, invite);
    let user = |action| Deed { action, object_type: "user", object: Subject::Person(index), aux: Aux::default() };
    by_bridge(timeline, joined_nanos - 34 * MINUTE_NANOS, user("provsn"));

    let seat = Seat { person: index, device: person.devices[0], network: person.home };
    let session = timeline.sign_in(seat, joined_nanos + MINUTE_NANOS, person.success);
    timeline.audit(index, session, joined_nanos + MINUTE_NANOS + SECOND_NANOS, user("activate"));
    let mut time_nanos = joined_nanos + 2 * MINUTE_NANOS;
    for device in &person.devices {
        let aux = Aux::of(Subject::Person(index));
        let create = Deed { action: "create", object_type: "device", object: Subject::Thing(device.id), aux };
        timeline.audit(index, session, time_nanos, create);
        time_nanos += timeline.dice.between(SECOND_NANOS, 4 * MINUTE_NANOS);
    }
    let group = Subject::Thing(timeline.company.group_id(person.squad));
    let aux = Aux::membership(chores::membership_id(person.squad, index), index, "R");
    by_bridge(
        timeline,
        joined_nanos + 3 * MINUTE_NANOS,
        Deed { action: "join", object_type: "gm", object: group, aux },
    );
}

fn by_bridge(timeline: &mut Timeline<'_>, time_nanos: i64, deed: Deed) {
    let jitter_nanos = timeline.dice.between(0, SECOND_NANOS);
    if let Some((bridge, session)) = services::bridge_session(timeline.company, time_nanos) {
        timeline.audit(bridge, session, time_nanos + jitter_nanos, deed);
    }
}
