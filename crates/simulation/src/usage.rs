//! Item usages: what is done with which program, how late it is reported, and how it is written.

use crate::{
    clients::{Client, Family},
    company::Company,
    json::{Id, Object, Precision},
    places::Network,
    random::Dice,
    rhythm::{HOUR_NANOS, MINUTE_NANOS, SECOND_NANOS},
    vaults::Item,
};

/// One use of an item. Who used it, with what program, from where.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    pub(crate) person: u32,
    pub(crate) client: Client,
    pub(crate) network: Network,
    pub(crate) item: Item,
    pub(crate) action: &'static str,
}

type Weighted = (u64, &'static str);

static DESKTOP: [Weighted; 8] = [
    (360, "secure-copy"),
    (260, "fill"),
    (240, "reveal"),
    (85, "enter-item-edit-mode"),
    (30, "server-create"),
    (18, "share"),
    (5, "server-update"),
    (2, "other"),
];
static EXTENSION: [Weighted; 5] =
    [(830, "fill"), (80, "select-sso-provider"), (55, "secure-copy"), (25, "reveal"), (10, "enter-item-edit-mode")];
static PHONE: [Weighted; 4] = [(600, "fill"), (220, "secure-copy"), (150, "reveal"), (30, "enter-item-edit-mode")];
static WEB: [Weighted; 6] = [
    (560, "server-fetch"),
    (150, "secure-copy"),
    (130, "reveal"),
    (80, "server-update"),
    (60, "server-create"),
    (20, "share"),
];
static MACHINE: [Weighted; 3] = [(920, "server-fetch"), (50, "server-update"), (30, "server-create")];

/// What somebody does with an item in one kind of program.
pub(crate) fn any_action(family: Family, dice: &mut Dice) -> &'static str {
    let actions: &[Weighted] = match family {
        Family::Desktop => &DESKTOP,
        Family::Extension => &EXTENSION,
        Family::Phone => &PHONE,
        Family::Web => &WEB,
        Family::Machine => &MACHINE,
    };
    dice.weighted(actions, |(weight, _)| *weight).1
}

/// Hours of one day in which a device cannot report what it is used for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offline {
    from_nanos: i64,
    until_nanos: i64,
}

impl Offline {
    /// Somewhere in the twelve hours after a time, for a quarter of an hour to six hours.
    pub(crate) fn after(start_nanos: i64, dice: &mut Dice) -> Self {
        let from_nanos = start_nanos + dice.between(0, 12 * HOUR_NANOS);
        let length_minutes = 15 + dice.below(120) + dice.skewed_below(226);
        Self { from_nanos, until_nanos: from_nanos + length_minutes as i64 * MINUTE_NANOS }
    }
}

/// When the service learns of a use: at once where it takes part in it, else when the app next reports.
pub(crate) fn arrival_of(
    action: &str,
    family: Family,
    time_nanos: i64,
    offline: Option<Offline>,
    dice: &mut Dice,
) -> i64 {
    if action.starts_with("server-") || matches!(family, Family::Web | Family::Machine) {
        return time_nanos + dice.between(SECOND_NANOS / 50, SECOND_NANOS);
    }
    let delay_seconds = match (family, dice.below(100)) {
        (_, 0..2) => dice.between(600, 7_200),
        (Family::Phone, 2..50) => dice.between(60, 1_200),
        (_, 2..20) => dice.between(30, 600),
        _ => dice.between(1, 30),
    };
    let report_nanos = time_nanos + delay_seconds * SECOND_NANOS + dice.between(0, SECOND_NANOS);
    match offline {
        Some(spell) if (spell.from_nanos..spell.until_nanos).contains(&time_nanos) => {
            // Everything of the spell is reported within seconds after it.
            report_nanos.max(spell.until_nanos + dice.between(0, 4 * SECOND_NANOS))
        }
        _ => report_nanos,
    }
}

impl Usage {
    /// Writes the event.
    pub(crate) fn write(&self, company: &Company, id: Id, time_nanos: i64, out: &mut String) {
        let mut event = Object::open(out);
        event.id("uuid", id);
        event.time("timestamp", time_nanos, Precision::Millis);
        event.number("used_version", company.item_version(self.item, time_nanos));
        event.id("vault_uuid", company.vault_id(self.item.vault));
        event.id("item_uuid", company.item_id(self.item));
        event.text("action", self.action);
        event.raw("user", &company.person(self.person).user_json);
        self.client.write(event.object("client"), self.network, time_nanos);
        self.network.place.write(event.object("location"));
        event.raw("account_uuid", &company.account_json);
        event.close();
    }
}
