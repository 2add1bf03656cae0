//! Which class and activity an event lands in, as data.
//!
//! The type of the object decides the class, the action decides the activity within the class. An action without a row
//! is activity 99, *Other*, with the action as its name; an object type without a row is API Activity.

use super::OcsfVersion;

/// A class of OCSF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    BaseEvent,
    AccountChange,
    Authentication,
    EntityManagement,
    UserAccess,
    GroupManagement,
    ApiActivity,
}

impl Class {
    /// `class_uid`.
    pub(super) const fn uid(self) -> u32 {
        match self {
            Self::BaseEvent => 0,
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
            Self::GroupManagement => 3006,
            Self::ApiActivity => 6003,
        }
    }

    /// `category_uid`.
    pub(super) const fn category_uid(self) -> u32 {
        self.uid() / 1000
    }

    /// `class_name`.
    pub(super) const fn caption(self) -> &'static str {
        match self {
            Self::BaseEvent => "Base Event",
            Self::AccountChange => "Account Change",
            Self::Authentication => "Authentication",
            Self::EntityManagement => "Entity Management",
            Self::UserAccess => "User Access Management",
            Self::GroupManagement => "Group Management",
            Self::ApiActivity => "API Activity",
        }
    }
}

/// An activity of a class: its number and its caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Activity(pub(super) u8, pub(super) &'static str);

/// The activity that stands for everything a class has no number for.
pub(super) const OTHER: u8 = 99;

/// What the object of an audit event is to OCSF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A person of the account: Account Change.
    Person,
    /// A membership, the object being the group and the auxiliary the member: Group Management.
    Member,
    /// A group: Group Management.
    Group,
    /// A person's access to a vault: User Access Management.
    PersonAccess,
    /// A group's access to a vault. User Access Management requires a user, so it is Group Management.
    GroupAccess,
    /// Any other thing, with its `type_id` and what people call it: Entity Management.
    Entity(u8, &'static str),
    /// A type that is not known: API Activity.
    Unknown,
}

impl Subject {
    /// The subject of an object type.
    pub(super) fn of(object_type: &str) -> Self {
        OBJECTS.iter().find(|(code, _)| *code == object_type).map_or(Self::Unknown, |(_, subject)| *subject)
    }

    /// The subject in a version. Group Management of 1.3 wants a user or privileges, which events of groups have not:
    /// there a group is an entity like others.
    pub(super) fn in_version(self, version: OcsfVersion) -> Self {
        match self {
            Self::Group if version == OcsfVersion::V1_3 => Self::Entity(3, "group"),
            _ => self,
        }
    }

    /// The class its events are of.
    pub(super) const fn class(self) -> Class {
        match self {
            Self::Person => Class::AccountChange,
            Self::Member | Self::Group | Self::GroupAccess => Class::GroupManagement,
            Self::PersonAccess => Class::UserAccess,
            Self::Entity(..) => Class::EntityManagement,
            Self::Unknown => Class::ApiActivity,
        }
    }

    /// What an action is to its class; `None` for *Other*.
    pub(super) fn activity(self, action: &str) -> Option<Activity> {
        let table = match self {
            Self::Person => PERSON,
            Self::Member => MEMBER,
            Self::Group => GROUP,
            Self::PersonAccess => PERSON_ACCESS,
            Self::GroupAccess => GROUP_ACCESS,
            Self::Entity(..) => ENTITY,
            Self::Unknown => API,
        };
        find(table, action)
    }
}

/// What an action upon an item is to API Activity; `None` for *Other*.
pub(super) fn item_activity(action: &str) -> Option<Activity> {
    find(ITEM, action)
}

type Actions = [(&'static [&'static str], Activity)];

fn find(table: &Actions, action: &str) -> Option<Activity> {
    table.iter().find(|(actions, _)| actions.contains(&action)).map(|(_, activity)| *activity)
}

/// `type_id` of a managed entity: 1 device, 4 organisation, 5 policy, 99 whatever its `type` says.
static OBJECTS: &[(&str, Subject)] = &[
    ("account", Subject::Entity(4, "account")),
    ("card", Subject::Entity(99, "payment card")),
    ("cred", Subject::Entity(99, "passkey")),
    ("device", Subject::Entity(1, "device")),
    ("dlgdsess", Subject::Entity(99, "delegated session")),
    ("ec", Subject::Entity(99, "e-mail change")),
    ("famchild", Subject::Entity(99, "family account")),
    ("file", Subject::Entity(99, "file")),
    ("gm", Subject::Member),
    ("group", Subject::Group),
    ("gva", Subject::GroupAccess),
    ("invite", Subject::Entity(99, "invitation")),
    ("item", Subject::Entity(99, "item")),
    ("itemhist", Subject::Entity(99, "item history")),
    ("items", Subject::Entity(99, "items of a vault")),
    ("miguser", Subject::Person),
    ("mngdacc", Subject::Entity(4, "managed account")),
    ("pm", Subject::Entity(99, "payment method")),
    ("report", Subject::Entity(99, "report")),
    ("sa", Subject::Entity(99, "service account")),
    ("satoken", Subject::Entity(99, "service account token")),
    ("slackapp", Subject::Entity(99, "Slack app")),
    ("sso", Subject::Entity(5, "single sign-on")),
    ("ssotkn", Subject::Entity(99, "single sign-on token")),
    ("sub", Subject::Entity(99, "subscription")),
    ("template", Subject::Entity(99, "template")),
    ("user", Subject::Person),
    ("uva", Subject::PersonAccess),
    ("vault", Subject::Entity(99, "vault")),
    ("vaultkey", Subject::Entity(99, "vault key")),
];

/// Account Change.
static PERSON: &Actions = &[
    (&["create", "join", "provsn"], Activity(1, "Create")),
    (&["activate", "reactive", "verify"], Activity(2, "Enable")),
    (&["changemp"], Activity(3, "Password Change")),
    (&["completr"], Activity(4, "Password Reset")),
    (&["suspend"], Activity(5, "Disable")),
    (&["delete", "purge"], Activity(6, "Delete")),
    (&["enblmfa", "enblduo"], Activity(10, "MFA Factor Enable")),
    (&["disblmfa", "disblduo"], Activity(11, "MFA Factor Disable")),
];

/// Group Management, memberships. A change of role is an assignment: its privilege is the new role.
static MEMBER: &Actions = &[
    (&["role"], Activity(1, "Assign Privileges")),
    (&["join", "create"], Activity(3, "Add User")),
    (&["leave", "delete"], Activity(4, "Remove User")),
];

/// Group Management, groups.
static GROUP: &Actions =
    &[(&["delete", "purge"], Activity(5, "Delete")), (&["create", "provsn"], Activity(6, "Create"))];

/// Group Management, access of groups.
static GROUP_ACCESS: &Actions =
    &[(&["grant"], Activity(1, "Assign Privileges")), (&["revoke"], Activity(2, "Revoke Privileges"))];

/// User Access Management.
static PERSON_ACCESS: &Actions = GROUP_ACCESS;

/// Entity Management.
static ENTITY: &Actions = &[
    (&["create", "provsn", "addgsso", "begin", "propose"], Activity(1, "Create")),
    (&["view"], Activity(2, "Read")),
    (
        &[
            "update", "updatea", "updatduo", "updatfw", "updatmfa", "patch", "replace", "trename", "chngasso",
            "chngdsso", "chngpsso", "changela", "changenm", "convert", "uisas",
        ],
        Activity(3, "Update"),
    ),
    (&["delete", "purge", "delgsso", "delshare", "dvrfydmn"], Activity(4, "Delete")),
    (&["enblduo", "enblmfa", "enblsso"], Activity(8, "Enable")),
    (&["disblduo", "disblmfa", "disblsso"], Activity(9, "Disable")),
    (&["activate", "complete", "verify", "tverify", "vrfydmn", "ssotknv"], Activity(10, "Activate")),
    (
        &["cancel", "revoke", "trevoke", "expire", "unlink", "detchild", "uvrfydmn", "dealldev", "deolddev"],
        Activity(11, "Deactivate"),
    ),
    (&["suspend"], Activity(12, "Suspend")),
    (&["reactive", "reauth"], Activity(13, "Resume")),
];

const CREATE: Activity = Activity(1, "Create");
const READ: Activity = Activity(2, "Read");
const UPDATE: Activity = Activity(3, "Update");
const DELETE: Activity = Activity(4, "Delete");

/// API Activity, for objects that are not known.
static API: &Actions = &[
    (&["create"], CREATE),
    (&["view"], READ),
    (&["update", "updatea", "patch", "replace"], UPDATE),
    (&["delete", "purge"], DELETE),
];

/// API Activity, for item usages.
static ITEM: &Actions = &[
    (&["server-create"], CREATE),
    (&["fill", "reveal", "secure-copy", "server-fetch", "select-sso-provider"], READ),
    (&["enter-item-edit-mode", "server-update"], UPDATE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_types_are_in_order_and_there_once() {
        assert!(OBJECTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn an_action_is_one_activity_of_a_class() {
        for table in [PERSON, MEMBER, GROUP, GROUP_ACCESS, ENTITY, API, ITEM] {
            let actions: Vec<&str> = table.iter().flat_map(|(actions, _)| actions.iter().copied()).collect();
            let unique: std::collections::BTreeSet<&str> = actions.iter().copied().collect();
            assert_eq!(unique.len(), actions.len(), "{actions:?}");
        }
    }
}
