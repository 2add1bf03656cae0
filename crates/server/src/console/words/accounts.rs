//! What is said of accounts.

pub(in crate::console) const TITLE: &str = "Accounts";
pub(in crate::console) const NEW_TITLE: &str = "New account";

pub(in crate::console) const ONLY_WHO_RUNS_THE_HUB: &str =
    "Only somebody who looks after this hub adds accounts to it. Ask the person who set the hub up.";

pub(in crate::console) fn account_added(name: &str) -> String {
    format!("The account “{name}” is there, and you own it. Add an integration, or invite people.")
}
