//! What people and administrators do in the account on ordinary days: pairs of action and object that go together.
//!
//! Nobody gives themselves access here and nothing is exported: that is left to the incidents.

use crate::{
    audit::{Aux, Subject},
    company::Company,
    json::Id,
    people::{Role, SQUAD_PEOPLE},
    random::Dice,
    sign_in::Session,
    timeline::Deed,
    vaults,
};

/// How often, and what.
struct Chore {
    weight: u64,
    action: &'static str,
    object_type: &'static str,
    object: Object,
    aux: AuxKind,
}

/// What a chore is about.
#[derive(Clone, Copy)]
enum Object {
    Actor,
    Colleague,
    Account,
    Vault,
    Item,
    Group,
    OwnDevice,
    /// Something of its own whose id is written in lower case.
    Small,
    /// Something of its own whose id is written in upper case.
    Large,
}

/// What else a chore is about.
#[derive(Clone, Copy)]
enum AuxKind {
    None,
    Actor,
    Colleague,
    Group,
    Membership,
    Email,
}

const fn chore(weight: u64, action: &'static str, object_type: &'static str, object: Object, aux: AuxKind) -> Chore {
    Chore { weight, action, object_type, object, aux }
}

static OF_EVERYBODY: [Chore; 22] = [
    chore(520, "patch", "items", Object::Vault, AuxKind::None),
    chore(170, "patch", "device", Object::OwnDevice, AuxKind::Actor),
    chore(60, "share", "item", Object::Item, AuxKind::None),
    chore(40, "create", "file", Object::Small, AuxKind::None),
    chore(30, "grant", "uva", Object::Vault, AuxKind::Colleague),
    chore(14, "update", "vault", Object::Vault, AuxKind::None),
    chore(12, "create", "vault", Object::Small, AuxKind::None),
    chore(12, "revoke", "uva", Object::Vault, AuxKind::Colleague),
    chore(12, "create", "cred", Object::Small, AuxKind::None),
    chore(10, "update", "uva", Object::Vault, AuxKind::Colleague),
    chore(10, "delshare", "item", Object::Item, AuxKind::None),
    chore(8, "delete", "file", Object::Small, AuxKind::None),
    chore(8, "changemp", "user", Object::Actor, AuxKind::None),
    chore(8, "enblmfa", "user", Object::Actor, AuxKind::None),
    chore(6, "purge", "items", Object::Vault, AuxKind::None),
    chore(5, "updatmfa", "user", Object::Actor, AuxKind::None),
    chore(5, "changela", "user", Object::Actor, AuxKind::None),
    chore(4, "changenm", "user", Object::Actor, AuxKind::None),
    chore(4, "delete", "device", Object::OwnDevice, AuxKind::Actor),
    chore(3, "trvlaway", "user", Object::Actor, AuxKind::None),
    chore(3, "trvlback", "user", Object::Actor, AuxKind::None),
    chore(2, "changesk", "user", Object::Actor, AuxKind::None),
];

static OF_ADMINISTRATORS: [Chore; 26] = [
    chore(240, "view", "report", Object::Small, AuxKind::None),
    chore(140, "join", "gm", Object::Group, AuxKind::Membership),
    chore(90, "grant", "gva", Object::Vault, AuxKind::Group),
    chore(80, "grant", "uva", Object::Vault, AuxKind::Colleague),
    chore(60, "leave", "gm", Object::Group, AuxKind::Colleague),
    chore(60, "update", "group", Object::Group, AuxKind::None),
    chore(40, "revoke", "gva", Object::Vault, AuxKind::Group),
    chore(40, "revoke", "uva", Object::Vault, AuxKind::Colleague),
    chore(30, "update", "gva", Object::Vault, AuxKind::Group),
    chore(30, "role", "gm", Object::Group, AuxKind::Membership),
    chore(15, "create", "group", Object::Small, AuxKind::None),
    chore(12, "beginr", "user", Object::Colleague, AuxKind::None),
    chore(12, "completr", "user", Object::Colleague, AuxKind::None),
    chore(12, "create", "invite", Object::Large, AuxKind::Email),
    chore(8, "updatea", "account", Object::Account, AuxKind::None),
    chore(8, "update", "template", Object::Small, AuxKind::None),
    chore(6, "create", "satoken", Object::Large, AuxKind::None),
    chore(6, "tverify", "satoken", Object::Large, AuxKind::None),
    chore(5, "trevoke", "satoken", Object::Large, AuxKind::None),
    chore(5, "create", "sa", Object::Large, AuxKind::None),
    chore(5, "updatfw", "account", Object::Account, AuxKind::None),
    chore(4, "trename", "satoken", Object::Large, AuxKind::None),
    chore(4, "update", "slackapp", Object::Small, AuxKind::None),
    chore(4, "addgsso", "sso", Object::Account, AuxKind::Group),
    chore(3, "chngdsso", "sso", Object::Account, AuxKind::None),
    chore(2, "update", "pm", Object::Small, AuxKind::None),
];

/// Something a person does in the account; `None` where it needs a colleague and there is none.
pub(crate) fn any_chore(
    company: &Company,
    index: u32,
    session: Session,
    time_nanos: i64,
    dice: &mut Dice,
) -> Option<Deed> {
    let person = company.person(index);
    let is_administration = person.role == Role::Administrator && dice.chance(800);
    let chores: &[Chore] = if is_administration { &OF_ADMINISTRATORS } else { &OF_EVERYBODY };
    let chore = dice.weighted(chores, |chore| chore.weight);
    let squad = if is_administration { any_squad(company, dice) } else { person.squad };
    let colleague = company.colleague_of(index, time_nanos, dice);
    let object = match chore.object {
        Object::Actor => Subject::Person(index),
        Object::Colleague => Subject::Person(colleague?),
        Object::Account => Subject::Account,
        Object::Vault => Subject::Thing(company.vault_id(company.any_vault(squad, dice))),
        Object::Item => Subject::Thing(company.item_id(company.any_item(index, dice))),
        Object::Group => Subject::Thing(company.group_id(squad)),
        Object::OwnDevice => Subject::Thing(session.device),
        Object::Small => Subject::Thing(Id::Lower(dice.id())),
        Object::Large => Subject::Thing(Id::Upper(dice.id())),
    };
    let aux = match chore.aux {
        AuxKind::None => Aux::default(),
        AuxKind::Actor => Aux::of(Subject::Person(index)),
        AuxKind::Colleague => Aux::of(Subject::Person(colleague?)),
        AuxKind::Group => Aux::of(Subject::Thing(company.group_id(squad))),
        AuxKind::Membership => {
            Aux::membership(membership_id(squad, colleague?), colleague?, if dice.chance(850) { "R" } else { "A" })
        }
        AuxKind::Email => Aux::email_of(colleague?),
    };
    Some(Deed { action: chore.action, object_type: chore.object_type, object, aux })
}

/// The number of a membership: one for each person and squad, never 0, within 31 bits.
pub(crate) fn membership_id(squad: u32, member: u32) -> u64 {
    400_000 + u64::from(member) * 64 + u64::from(squad % 64)
}

fn any_squad(company: &Company, dice: &mut Dice) -> u32 {
    dice.below(u64::from(company.squad_count())) as u32
}

impl Company {
    /// How many squads there are.
    pub(crate) fn squad_count(&self) -> u32 {
        self.users.div_ceil(SQUAD_PEOPLE)
    }

    /// A vault that a person of the squad has nothing to do with.
    pub(crate) fn foreign_vault(&self, squad: u32) -> u32 {
        let squads = self.squad_count();
        if squads > 1 { vaults::vault_of_squad((squad + squads / 2) % squads, 0) } else { 1 + (squad + 3) % 8 }
    }
}
