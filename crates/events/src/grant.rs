//! What a caller may do. Storage is asked with a [`StreamKey`] or a [`HubGrant`], and only a grant makes those: a query
//! that is not scoped to what its caller may see cannot be written by accident.

use std::{collections::BTreeSet, marker::PhantomData};

use crate::{AccountId, Feature, Kind, Kinded};

/// What may be done with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read its events.
    Read,
    /// Append events.
    Append,
}

/// The rights of one caller in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    account: AccountId,
    scope: Scope,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    Reader(BTreeSet<Feature>),
    Producer(BTreeSet<Feature>),
    Viewer,
    Administrator,
}

/// The right to see every account: the hub's own workers, and whoever holds its administration token.
#[derive(Debug, Clone, Copy)]
pub struct HubGrant(());

/// One stream, by a caller who may use it in the way `R` says: [`Read`] or [`Append`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamKey<R> {
    account: AccountId,
    feature: Feature,
    right: PhantomData<R>,
}

/// The right to read a stream, as a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Read {}

/// The right to append to a stream, as a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Append {}

/// The caller may not do this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no right to {} {feature}", match right { Right::Read => "read", Right::Append => "append" })]
pub struct GrantError {
    right: Right,
    feature: Feature,
}

impl Kinded for GrantError {
    fn kind(&self) -> Kind {
        Kind::Forbidden
    }
}

impl Grant {
    /// May read these features of the account.
    #[must_use]
    pub fn reader(account: AccountId, features: BTreeSet<Feature>) -> Self {
        Self { account, scope: Scope::Reader(features) }
    }

    /// May append to these features of the account.
    #[must_use]
    pub fn producer(account: AccountId, features: BTreeSet<Feature>) -> Self {
        Self { account, scope: Scope::Producer(features) }
    }

    /// May read every event of the account, and nothing else.
    #[must_use]
    pub fn viewer(account: AccountId) -> Self {
        Self { account, scope: Scope::Viewer }
    }

    /// May do everything in the account.
    #[must_use]
    pub fn administrator(account: AccountId) -> Self {
        Self { account, scope: Scope::Administrator }
    }

    /// The account of this grant.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The stream of a feature, if this caller may read it.
    ///
    /// # Errors
    ///
    /// `Forbidden`: the grant does not hold the right.
    pub fn to_read(&self, feature: &Feature) -> Result<StreamKey<Read>, GrantError> {
        self.stream(Right::Read, feature)
    }

    /// The stream of a feature, if this caller may append to it.
    ///
    /// # Errors
    ///
    /// `Forbidden`: the grant does not hold the right.
    pub fn to_append(&self, feature: &Feature) -> Result<StreamKey<Append>, GrantError> {
        self.stream(Right::Append, feature)
    }

    fn stream<R>(&self, right: Right, feature: &Feature) -> Result<StreamKey<R>, GrantError> {
        let allowed = match (&self.scope, right) {
            (Scope::Reader(features), Right::Read) | (Scope::Producer(features), Right::Append) => {
                features.contains(feature)
            }
            (Scope::Administrator, _) | (Scope::Viewer, Right::Read) => true,
            _ => false,
        };
        if !allowed {
            return Err(GrantError { right, feature: feature.clone() });
        }
        Ok(StreamKey { account: self.account.clone(), feature: feature.clone(), right: PhantomData })
    }
}

impl HubGrant {
    /// For the composition root and the edge that has checked an administration token.
    #[must_use]
    pub const fn of_the_hub_itself() -> Self {
        Self(())
    }

    /// The grant of one account's administrator.
    #[must_use]
    pub fn account(self, account: AccountId) -> Grant {
        Grant::administrator(account)
    }
}

impl<R> StreamKey<R> {
    /// The account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The feature.
    #[must_use]
    pub fn feature(&self) -> &Feature {
        &self.feature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AUDIT_EVENTS, ITEM_USAGES};

    #[test]
    fn a_grant_gives_only_its_own_rights() {
        let account = AccountId::random();
        let reader = Grant::reader(account.clone(), [AUDIT_EVENTS].into());
        let producer = Grant::producer(account.clone(), [AUDIT_EVENTS].into());
        let viewer = Grant::viewer(account.clone());
        let administrator = Grant::administrator(account);

        assert!(reader.to_read(&AUDIT_EVENTS).is_ok());
        assert!(reader.to_append(&AUDIT_EVENTS).is_err());
        assert!(reader.to_read(&ITEM_USAGES).is_err());
        assert!(producer.to_append(&AUDIT_EVENTS).is_ok());
        assert!(producer.to_read(&AUDIT_EVENTS).is_err());
        assert!(viewer.to_read(&ITEM_USAGES).is_ok());
        assert!(viewer.to_append(&ITEM_USAGES).is_err());
        assert!(administrator.to_append(&ITEM_USAGES).is_ok());
        assert_eq!(reader.to_append(&AUDIT_EVENTS).unwrap_err().to_string(), "no right to append auditevents");
    }
}
