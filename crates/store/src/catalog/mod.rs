//! The catalog: accounts, integrations, bearer tokens, signing keys and the hub's own secrets.
//!
//! A change and the audit event that tells of it are one transaction: there is no change without its event. Everything
//! of an account is asked with the grant of that account.

mod accounts;
mod actions;
mod integrations;
mod keys;
mod links;
mod members;
mod passkeys;
mod people;
mod sealed;
mod sessions;
mod token_rights;
mod token_uses;
mod tokens;

use std::sync::Arc;

use daybook_events::{AUDIT_EVENTS, AccountId, Actor, AuditRecord, Clock, NewEvent, Timestamp};
use sqlx::{AnyConnection, Row, any::AnyRow};

pub use accounts::Account;
pub use actions::{Action, ActionFilter, ActionPlace};
pub use integrations::{Integration, IntegrationKind, IntegrationState};
pub use keys::{AdministrationToken, KeyStatus, SigningKeyRow};
pub use links::{Link, LinkPurpose, NewLink};
pub use members::{Member, MemberState, Membership};
pub use passkeys::Passkey;
pub use people::{NewPerson, Person};
pub use sealed::{Resealing, SealedKind, SealedSecret};
pub use sessions::{NewSession, Session, SignInMethod};
pub use token_rights::{EndingToken, TokenRights};
pub(crate) use token_uses::{HOUR_NANOS, hour_of};
pub use token_uses::{TokenHour, TokenRefusal};

pub use tokens::{FeatureUse, NewToken, TokenRow, TokenUse, TokenVerdict};

use crate::{
    block::EncodedBlock,
    database::Database,
    error::{Step, StoreError},
    log::{NewBlocks, append_in},
};

/// Reads and changes the catalog.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Catalog {
    /// The catalog in an open store.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Writes down a change and appends its audit event, in the change's own transaction.
    pub(crate) async fn audit(
        &self,
        connection: &mut AnyConnection,
        account: &AccountId,
        actor: &Actor,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (event_id, payload) = record.to_event(account, actor, now);
        self.insert_action(connection, account, actor, (&event_id, &record), now).await?;
        let blocks = EncodedBlock::encode_batch(&[NewEvent { time: now, payload: &payload }]);
        append_in(&self.database, connection, NewBlocks { account, feature: &AUDIT_EVENTS, blocks }, now).await
    }
}

pub(crate) fn text(row: &AnyRow, column: &'static str) -> Result<String, StoreError> {
    row.try_get(column).step("read the catalog")
}

pub(crate) fn number(row: &AnyRow, column: &'static str) -> Result<i64, StoreError> {
    row.try_get(column).step("read the catalog")
}

pub(crate) fn time(row: &AnyRow, column: &'static str) -> Result<Timestamp, StoreError> {
    number(row, column).map(Timestamp::from_nanos)
}

/// A time of which 0 means never.
pub(crate) fn optional_time(row: &AnyRow, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    number(row, column).map(|nanos| (nanos != 0).then(|| Timestamp::from_nanos(nanos)))
}

/// A closed set that is stored, shown and parsed by the same names.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let known = || Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", ");
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
                    .ok_or_else(|| format!("{text:?} is none of {}", known()))
            }
        }
    };
}

pub(crate) use named_enum;
