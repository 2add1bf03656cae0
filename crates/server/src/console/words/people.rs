//! What is said of people and their roles.

use daybook_events::Role;
use daybook_store::MemberState;

pub(in crate::console) const INVITED_TITLE: &str = "The invitation";
pub(in crate::console) const LEAVE_TITLE: &str = "Leave the account";

pub(in crate::console) const NOT_A_ROLE: &str = "Choose one of the roles.";
pub(in crate::console) const NOT_YOURSELF: &str =
    "You cannot suspend yourself. Ask another administrator, or leave the account.";
pub(in crate::console) const INVITATION_GONE: &str =
    "This invitation is not there any more: it was followed or taken back before.";
pub(in crate::console) const INVITED_ABOVE: &str =
    "An owner has invited this person as an owner. Only an owner can change that.";
pub(in crate::console) const LAST_OWNER: &str =
    "An account needs an active owner, and this is the last one. Make somebody else an owner first.";

pub(in crate::console) const NO_PASSWORD: &str = "No password";
pub(in crate::console) const PASSWORD: &str = "Password";
pub(in crate::console) const PERSON: super::Noun = ("person", "people");
pub(in crate::console) const PASSKEY: super::Noun = ("passkey", "passkeys");

pub(in crate::console) fn may_do(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Sees home and the events. No tokens, no settings, and no changes.",
        Role::Administrator => {
            "Also adds integrations, issues and revokes bearer tokens, reads the audit trail, and looks after people \
             who are not owners."
        }
        Role::Owner => "Everything, also the retention, the account's name, and other owners.",
    }
}

pub(in crate::console) fn state(state: MemberState) -> &'static str {
    match state {
        MemberState::Active => "Active",
        MemberState::Suspended => "Suspended",
    }
}

/// The title of a person's page.
pub(in crate::console) fn title(name: &str) -> String {
    isolated(name)
}

pub(in crate::console) fn remove_title(name: &str) -> String {
    format!("Remove {}", isolated(name))
}

pub(in crate::console) fn already_here(email: &str) -> String {
    format!("{email} belongs to the account already.")
}

pub(in crate::console) fn role_above(of: Role) -> String {
    format!("You are {} here, and may not give or take the role {}. Ask an owner.", a(of), super::role(Role::Owner))
}

pub(in crate::console) fn withdrawn(email: &str) -> String {
    format!("The invitation for {email} is taken back. Its link does nothing any more.")
}

pub(in crate::console) fn role_changed(name: &str, role: Role) -> String {
    format!("{} is {} now.", isolated(name), a(role))
}

pub(in crate::console) fn suspended(name: &str) -> String {
    format!("{} is suspended and cannot enter this account any more.", isolated(name))
}

pub(in crate::console) fn reinstated(name: &str) -> String {
    format!("{} may enter this account again.", isolated(name))
}

pub(in crate::console) fn removed(name: &str) -> String {
    format!("{} does not belong to this account any more.", isolated(name))
}

pub(in crate::console) fn left(account: &str) -> String {
    format!("You have left “{}”.", isolated(account))
}

/// A name between marks that keep its direction of writing to itself (Unicode FSI and PDI), for where no markup can.
fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

fn a(role: Role) -> &'static str {
    match role {
        Role::Viewer => "a viewer",
        Role::Administrator => "an administrator",
        Role::Owner => "an owner",
    }
}
