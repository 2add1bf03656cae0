//! Everything that is sealed under the master key, and how all of it moves under another one in one transaction.

use daybook_events::HubGrant;
use sqlx::{Any, AnyConnection, Row, Transaction};

use super::{Catalog, named_enum, text};
use crate::{
    attendance::have_alone,
    database::Database,
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

named_enum! {
    /// What is sealed.
    SealedKind {
        /// A secret of the hub, by its name.
        HubSecret = "hub secret",
        /// The private part of a signing key, by the id of the key.
        SigningKey = "signing key",
        /// The secrets of a connector, by its id.
        Connector = "connector",
    }
}

/// Something that is sealed under the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// What it is.
    pub kind: SealedKind,
    /// Its name among those of its kind.
    pub name: String,
    /// As it is kept.
    pub sealed: Vec<u8>,
}

/// A transaction that seals everything anew. Dropped, it changes nothing; until it ends, no node begins to work on the
/// store.
#[derive(Debug)]
pub struct Resealing {
    database: Database,
    transaction: Transaction<'static, Any>,
}

impl Catalog {
    /// Everything that is sealed under the master key, by kind and name.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_sealed(&self, _grant: HubGrant) -> Result<Vec<SealedSecret>, StoreError> {
        let mut connection = self.database.readers().acquire().await.step("list what is sealed")?;
        list_sealed(&self.database, &mut connection).await
    }

    /// Begins to seal everything anew: the transaction, and all that has to be replaced in it.
    ///
    /// # Errors
    ///
    /// `Conflict`: nodes are at work on the store, and would seal under the key that they know.
    pub async fn begin_resealing(&self, _grant: HubGrant) -> Result<(Resealing, Vec<SealedSecret>), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("seal the store's secrets anew")?;
        have_alone(&self.database, &mut transaction).await?;
        let secrets = list_sealed(&self.database, &mut transaction).await?;
        Ok((Resealing { database: self.database.clone(), transaction }, secrets))
    }
}

impl Resealing {
    /// Replaces one secret by the same one, sealed anew.
    ///
    /// # Errors
    ///
    /// `NotFound`: there is no such secret.
    pub async fn replace(&mut self, secret: &SealedSecret, sealed: Vec<u8>) -> Result<(), StoreError> {
        let statement = match secret.kind {
            SealedKind::HubSecret => sql::RESEAL_HUB_SECRET,
            SealedKind::SigningKey => sql::RESEAL_SIGNING_KEY,
            SealedKind::Connector => sql::RESEAL_CONNECTOR,
        };
        let query = self.database.query(statement).bind(secret.name.clone()).bind(sealed);
        let changed = query.execute(&mut *self.transaction).await.step("seal a secret anew")?;
        let missing = || StoreError::Missing { what: secret.kind.as_str(), name: secret.name.clone() };
        (changed.rows_affected() == 1).then_some(()).ok_or_else(missing)
    }

    /// All of it holds from now on.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`: with a lost connection it may hold all the same.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.step("seal the store's secrets anew")
    }
}

async fn list_sealed(database: &Database, connection: &mut AnyConnection) -> Result<Vec<SealedSecret>, StoreError> {
    let rows = database.query(sql::LIST_SEALED).fetch_all(connection).await.step("list what is sealed")?;
    rows.iter()
        .map(|row| {
            Ok(SealedSecret {
                kind: parse_stored("kind of a sealed secret", text(row, "kind")?)?,
                name: text(row, "name")?,
                sealed: row.try_get("sealed").step("read what is sealed")?,
            })
        })
        .collect()
}
