//! Vaults and items: one vault for everybody, one a department, two a squad. Nothing is stored, all is computed.
//!
//! People go back to a handful of favourites most of the time, and else to what the vault's others use most.

use crate::{
    company::Company,
    json::Id,
    random::{Dice, Purpose},
    rhythm::DAY_NANOS,
};

const DEPARTMENTS: u32 = 8;
const FAVOURITES: u64 = 7;
const FAVOURITE_PERMILLE: u64 = 600;
/// 2020-01-01, before which no item has changed, in days since 1970.
const FIRST_DAY: i64 = 18_262;

/// An item of a vault, both by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) vault: u32,
    pub(crate) item: u32,
}

/// The first or second vault of a squad.
pub(crate) fn vault_of_squad(squad: u32, nth: u32) -> u32 {
    1 + DEPARTMENTS + squad * 2 + nth
}

impl Company {
    /// A vault's id.
    pub(crate) fn vault_id(&self, vault: u32) -> Id {
        Id::Lower(self.source.id(Purpose::Vault, u64::from(vault), 0))
    }

    /// An item's id.
    pub(crate) fn item_id(&self, item: Item) -> Id {
        Id::Lower(self.source.id(Purpose::Item, u64::from(item.vault), u64::from(item.item)))
    }

    /// The id of a squad's group.
    pub(crate) fn group_id(&self, squad: u32) -> Id {
        Id::Lower(self.source.id(Purpose::Group, u64::from(squad), 0))
    }

    /// How many items a vault has: 14 to 73.
    pub(crate) fn item_count(&self, vault: u32) -> u32 {
        14 + (self.source.number(Purpose::Vault, u64::from(vault), 1) % 60) as u32
    }

    /// The version an item has at a time; popular items change a few times a year.
    pub(crate) fn item_version(&self, item: Item, time_nanos: i64) -> u64 {
        let number = self.source.number(Purpose::Item, u64::from(item.item), u64::from(item.vault));
        let days = (time_nanos.div_euclid(DAY_NANOS) - FIRST_DAY).max(0) as u64;
        1 + number % 5 + (days + number % 97) / (60 + number % 900)
    }

    /// A vault of somebody of the squad.
    pub(crate) fn any_vault(&self, squad: u32, dice: &mut Dice) -> u32 {
        match dice.below(100) {
            0..48 => vault_of_squad(squad, 0),
            48..74 => vault_of_squad(squad, 1),
            74..92 => 1 + squad % DEPARTMENTS,
            _ => 0,
        }
    }

    /// An item that a person uses.
    pub(crate) fn any_item(&self, index: u32, dice: &mut Dice) -> Item {
        let squad = self.person(index).squad;
        if dice.chance(FAVOURITE_PERMILLE) {
            let nth = dice.skewed_below(FAVOURITES);
            let mut habit = self.source.dice(Purpose::Favourite, u64::from(index), nth);
            return self.popular_item(squad, &mut habit);
        }
        self.popular_item(squad, dice)
    }

    fn popular_item(&self, squad: u32, dice: &mut Dice) -> Item {
        let vault = self.any_vault(squad, dice);
        self.item_of_vault(vault, dice)
    }

    /// An item of a vault, the popular ones more often.
    pub(crate) fn item_of_vault(&self, vault: u32, dice: &mut Dice) -> Item {
        Item { vault, item: dice.skewed_below(u64::from(self.item_count(vault))) as u32 }
    }
}
