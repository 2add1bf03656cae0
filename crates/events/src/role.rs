//! What a person may do in an account.

use std::{fmt, str::FromStr};

/// A person's role in one account, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees events and dashboards; no tokens and no settings.
    Viewer,
    /// Sets up Events Reporting, and looks after people who are not owners.
    Administrator,
    /// Everything. An account always has one.
    Owner,
}

impl Role {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Administrator, Self::Owner];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Administrator => "administrator",
            Self::Owner => "owner",
        }
    }

    /// Whether somebody of this role may give, take or change the role `other`: nobody acts on what is above them, and
    /// only those who administer act at all.
    #[must_use]
    pub fn may_manage(self, other: Self) -> bool {
        self >= Self::Administrator && other <= self
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is none of viewer, administrator, owner"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_manages_what_is_above_them() {
        assert!(Role::Owner.may_manage(Role::Owner));
        assert!(Role::Administrator.may_manage(Role::Administrator));
        assert!(!Role::Administrator.may_manage(Role::Owner));
        assert!(!Role::Viewer.may_manage(Role::Viewer));
        assert!(Role::ALL.iter().all(|role| role.as_str().parse() == Ok(*role)));
    }
}
