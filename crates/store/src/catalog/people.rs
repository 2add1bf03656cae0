//! People: who can sign in to the console, and with what.

use daybook_events::{Actor, AuditRecord, HubGrant, PersonId, Timestamp};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Catalog, number, optional_time, text, time};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

/// Somebody who can sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub person_id: PersonId,
    /// Their email, in lower case, unique on the hub.
    pub email: String,
    /// Their name.
    pub name: String,
    /// The hash of their password, as a PHC string; `None` when they have only passkeys.
    pub password_hash: Option<String>,
    /// Whether they look after the hub itself: they may add accounts.
    pub runs_hub: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub signed_in_at: Option<Timestamp>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Person").field("person_id", &self.person_id).finish_non_exhaustive()
    }
}

/// Somebody about to be able to sign in.
#[derive(Clone)]
pub struct NewPerson {
    /// Their email, in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// The hash of their password, as a PHC string.
    pub password_hash: String,
}

impl Catalog {
    /// Whether anybody can sign in to this hub at all.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn has_people(&self) -> Result<bool, StoreError> {
        let query = self.database.query(sql::FIND_ANY_PERSON);
        let row = query.fetch_optional(self.database.readers()).await.step("look for people")?;
        Ok(row.is_some())
    }

    /// A person by id.
    ///
    /// # Errors
    ///
    /// `NotFound`: nobody has this id.
    pub async fn find_person(&self, person_id: &PersonId) -> Result<Person, StoreError> {
        let query = self.database.query(sql::FIND_PERSON).bind(person_id.as_str());
        let row = query.fetch_optional(self.database.readers()).await.step("find a person")?;
        let row = row.ok_or_else(|| StoreError::Missing { what: "person", name: person_id.to_string() })?;
        person(&row)
    }

    /// A person by email, whatever its case.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn find_person_by_email(&self, email: &str) -> Result<Option<Person>, StoreError> {
        let query = self.database.query(sql::FIND_PERSON_BY_EMAIL).bind(email.to_lowercase());
        let row = query.fetch_optional(self.database.readers()).await.step("find a person")?;
        row.map(|row| person(&row)).transpose()
    }

    /// Everybody on the hub, by email.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_people(&self, _grant: HubGrant) -> Result<Vec<Person>, StoreError> {
        let rows = self.database.query(sql::LIST_PEOPLE).fetch_all(self.database.readers()).await;
        rows.step("list people")?.iter().map(person).collect()
    }

    /// Changes a person's name.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn rename_person(&self, actor: &Actor, person: &Person, name: &str) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("rename a person")?;
        let query = self.database.query(sql::UPDATE_PERSON_NAME).bind(person.person_id.as_str()).bind(name);
        query.execute(&mut *transaction).await.step("rename a person")?;
        let record = about(person, "changenm")
            .with_change(serde_json::json!({"name": person.name}), serde_json::json!({"name": name}));
        self.audit_everywhere(&mut transaction, actor, &person.person_id, &record).await?;
        transaction.commit().await.step("rename a person")
    }

    /// Changes a person's password, or takes it away when passkeys are enough. Every other session than the one named
    /// ends.
    ///
    /// # Errors
    ///
    /// `Conflict`: without it there is no way in.
    pub async fn set_password(
        &self,
        actor: &Actor,
        person: &Person,
        password_hash: Option<&str>,
        keep_session: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change a password")?;
        self.lock_person(&mut transaction, &person.person_id).await?;
        self.put_password(&mut transaction, &person.person_id, password_hash, keep_session).await?;
        self.check_way_in(&mut transaction, &person.person_id).await?;
        let has = |password: bool| serde_json::json!({"password": if password { "set" } else { "none" }});
        let record = about(person, "changemp").with_change(
            has(person.password_hash.is_some()),
            serde_json::json!({
                "password": if password_hash.is_some() { "changed" } else { "none" }
            }),
        );
        self.audit_everywhere(&mut transaction, actor, &person.person_id, &record).await?;
        transaction.commit().await.step("change a password")
    }

    /// Writes a password's hash anew because its parameters have changed, unless the password has changed since. No
    /// action of anybody.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn rehash_password(&self, person: &Person, password_hash: &str) -> Result<(), StoreError> {
        let query = self.database.query(sql::REHASH_PASSWORD).bind(person.person_id.as_str()).bind(password_hash);
        let query = query.bind(person.password_hash.as_deref().unwrap_or_default());
        query.execute(self.database.writers()).await.step("write a password's hash anew").map(|_| ())
    }

    /// Lets changes of how a person signs in happen one after the other.
    pub(super) async fn lock_person(
        &self,
        connection: &mut AnyConnection,
        person_id: &PersonId,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::LOCK_PERSON).bind(person_id.as_str());
        query.execute(connection).await.step("lock a person").map(|_| ())
    }

    /// Whether a person can still sign in.
    pub(super) async fn check_way_in(
        &self,
        connection: &mut AnyConnection,
        person_id: &PersonId,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::COUNT_WAYS_IN).bind(person_id.as_str());
        let row = query.fetch_one(connection).await.step("count the ways in")?;
        if number(&row, "ways")? == 0 { Err(StoreError::LastWayIn) } else { Ok(()) }
    }

    pub(super) async fn put_password(
        &self,
        connection: &mut AnyConnection,
        person_id: &PersonId,
        password_hash: Option<&str>,
        keep_session: &str,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::UPDATE_PASSWORD).bind(person_id.as_str());
        let query = query.bind(password_hash.unwrap_or_default());
        query.execute(&mut *connection).await.step("change a password")?;
        let query = self.database.query(sql::DELETE_OTHER_SESSIONS).bind(person_id.as_str()).bind(keep_session);
        query.execute(connection).await.step("end sessions").map(|_| ())
    }

    /// Adds a person.
    pub(super) async fn insert_person(
        &self,
        connection: &mut AnyConnection,
        new: &NewPerson,
        runs_hub: bool,
    ) -> Result<Person, StoreError> {
        let person = Person {
            person_id: PersonId::random(),
            email: new.email.to_lowercase(),
            name: new.name.clone(),
            password_hash: Some(new.password_hash.clone()),
            runs_hub,
            created_at: self.clock.now(),
            signed_in_at: None,
        };
        let query = self.database.query(sql::INSERT_PERSON).bind(person.person_id.as_str()).bind(&person.email);
        let query = query.bind(&person.name).bind(&new.password_hash).bind(i64::from(runs_hub));
        let query = query.bind(person.created_at.as_nanos());
        if query.execute(connection).await.step("add a person")?.rows_affected() == 0 {
            return Err(StoreError::Exists { what: "person", name: person.email });
        }
        Ok(person)
    }

    /// Writes down what somebody did to themselves in every account that they belong to.
    pub(super) async fn audit_everywhere(
        &self,
        connection: &mut AnyConnection,
        actor: &Actor,
        person_id: &PersonId,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::LIST_MEMBERSHIPS).bind(person_id.as_str());
        let rows = query.fetch_all(&mut *connection).await.step("list the accounts of a person")?;
        for row in &rows {
            let account = parse_stored("account id", text(row, "account_id")?)?;
            self.audit(connection, &account, actor, record.clone()).await?;
        }
        Ok(())
    }
}

/// A record about a person.
pub(super) fn about(person: &Person, action: &'static str) -> AuditRecord {
    AuditRecord::on_person(action, &person.person_id, &person.name, &person.email)
}

pub(super) fn person(row: &AnyRow) -> Result<Person, StoreError> {
    let password_hash = text(row, "password_hash")?;
    Ok(Person {
        person_id: parse_stored("person id", text(row, "person_id")?)?,
        email: text(row, "email")?,
        name: text(row, "name")?,
        password_hash: (!password_hash.is_empty()).then_some(password_hash),
        runs_hub: number(row, "runs_hub")? != 0,
        created_at: time(row, "created_at")?,
        signed_in_at: optional_time(row, "signed_in_at")?,
    })
}
