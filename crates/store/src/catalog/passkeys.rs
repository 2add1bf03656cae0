//! Passkeys of people. What verifies them is opaque here.

use daybook_events::{Actor, PersonId, Timestamp};
use serde_json::json;
use sqlx::any::AnyRow;

use super::{Catalog, Person, optional_time, people::about, text, time};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

/// A passkey of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The authenticator's id of it, base64url.
    pub credential_id: String,
    /// Whose.
    pub person_id: PersonId,
    /// Its name.
    pub name: String,
    /// What verifies it, and its counter.
    pub credential: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

impl Catalog {
    /// Adds a passkey to a person.
    ///
    /// # Errors
    ///
    /// `Conflict`: it is somebody's already.
    pub async fn add_passkey(
        &self,
        actor: &Actor,
        person: &Person,
        (credential_id, credential): (&str, &str),
        name: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("add a passkey")?;
        let query = self.database.query(sql::INSERT_PASSKEY).bind(credential_id).bind(person.person_id.as_str());
        let query = query.bind(name).bind(credential).bind(self.clock.now().as_nanos());
        if query.execute(&mut *transaction).await.step("add a passkey")?.rows_affected() == 0 {
            return Err(StoreError::Exists { what: "passkey", name: name.to_owned() });
        }
        let record = about(person, "create").with_change(serde_json::Value::Null, json!({"passkey": name}));
        let record = daybook_events::AuditRecord { object_type: "cred", ..record };
        self.audit_everywhere(&mut transaction, actor, &person.person_id, &record).await?;
        transaction.commit().await.step("add a passkey")
    }

    /// A passkey by the authenticator's id of it.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn find_passkey(&self, credential_id: &str) -> Result<Option<Passkey>, StoreError> {
        let query = self.database.query(sql::FIND_PASSKEY).bind(credential_id);
        let row = query.fetch_optional(self.database.readers()).await.step("find a passkey")?;
        row.map(|row| passkey(&row)).transpose()
    }

    /// The passkeys of a person, oldest first.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_passkeys(&self, person_id: &PersonId) -> Result<Vec<Passkey>, StoreError> {
        let query = self.database.query(sql::LIST_PASSKEYS).bind(person_id.as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list passkeys")?;
        rows.iter().map(passkey).collect()
    }

    /// Notes that a passkey was used, and its counter.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn record_passkey_use(&self, passkey: &Passkey, credential: &str) -> Result<(), StoreError> {
        let query = self.database.query(sql::UPDATE_PASSKEY).bind(&passkey.credential_id);
        let query = query.bind(passkey.person_id.as_str()).bind(credential).bind(self.clock.now().as_nanos());
        query.execute(self.database.writers()).await.step("note the use of a passkey").map(|_| ())
    }

    /// Renames a passkey of a person.
    ///
    /// # Errors
    ///
    /// `NotFound`: the person has no such passkey.
    pub async fn rename_passkey(&self, person: &Person, credential_id: &str, name: &str) -> Result<(), StoreError> {
        let query = self.database.query(sql::RENAME_PASSKEY).bind(credential_id);
        let query = query.bind(person.person_id.as_str()).bind(name);
        let renamed = query.execute(self.database.writers()).await.step("rename a passkey")?.rows_affected();
        if renamed == 0 {
            return Err(StoreError::Missing { what: "passkey", name: credential_id.to_owned() });
        }
        Ok(())
    }

    /// Removes a passkey of a person.
    ///
    /// # Errors
    ///
    /// `NotFound`: the person has no such passkey. `Conflict`: without it there is no way in.
    pub async fn remove_passkey(&self, actor: &Actor, person: &Person, passkey: &Passkey) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("remove a passkey")?;
        self.lock_person(&mut transaction, &person.person_id).await?;
        let query = self.database.query(sql::DELETE_PASSKEY).bind(&passkey.credential_id);
        let query = query.bind(person.person_id.as_str());
        if query.execute(&mut *transaction).await.step("remove a passkey")?.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "passkey", name: passkey.name.clone() });
        }
        self.check_way_in(&mut transaction, &person.person_id).await?;
        let record = about(person, "delete").with_change(json!({"passkey": passkey.name}), serde_json::Value::Null);
        let record = daybook_events::AuditRecord { object_type: "cred", ..record };
        self.audit_everywhere(&mut transaction, actor, &person.person_id, &record).await?;
        transaction.commit().await.step("remove a passkey")
    }
}

fn passkey(row: &AnyRow) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        credential_id: text(row, "credential_id")?,
        person_id: parse_stored("person id", text(row, "person_id")?)?,
        name: text(row, "name")?,
        credential: text(row, "credential")?,
        created_at: time(row, "created_at")?,
        used_at: optional_time(row, "used_at")?,
    })
}
