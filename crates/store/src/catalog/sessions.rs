//! Sessions: a person signed in on one device. The cookie's secret is known here by its digest alone.

use daybook_events::{PersonId, SessionId, Timestamp};
use sqlx::any::AnyRow;

use super::{Catalog, Person, named_enum, people::person, text, time};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

named_enum! {
    /// With what somebody signed in.
    SignInMethod {
        /// A password.
        Password = "password",
        /// A passkey.
        Passkey = "passkey",
        /// A link that is good once.
        Link = "link",
    }
}

/// A session about to begin.
#[derive(Clone)]
pub struct NewSession {
    /// Whose.
    pub person_id: PersonId,
    /// SHA-256 of the cookie's secret, hexadecimal.
    pub secret_digest: String,
    /// With what they signed in.
    pub method: SignInMethod,
    /// Until when, however much it is used.
    pub expires_at: Timestamp,
    /// From which IP address.
    pub address: String,
    /// With which browser.
    pub user_agent: String,
}

/// A person signed in on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id; not the secret.
    pub session_id: SessionId,
    /// With what they signed in.
    pub method: SignInMethod,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// Until when, however much it is used.
    pub expires_at: Timestamp,
    /// The IP address it was last used from.
    pub address: String,
    /// With which browser they signed in.
    pub user_agent: String,
}

impl Catalog {
    /// Begins a session.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`.
    pub async fn add_session(&self, new: &NewSession) -> Result<SessionId, StoreError> {
        let now = self.clock.now().as_nanos();
        let session_id = SessionId::random();
        let mut transaction = self.database.writers().begin().await.step("begin a session")?;
        let query = self.database.query(sql::INSERT_SESSION).bind(&new.secret_digest).bind(session_id.as_str());
        let query = query.bind(new.person_id.as_str()).bind(new.method.as_str()).bind(now);
        let query = query.bind(new.expires_at.as_nanos()).bind(&new.address).bind(&new.user_agent);
        query.execute(&mut *transaction).await.step("begin a session")?;
        let query = self.database.query(sql::RECORD_SIGN_IN).bind(new.person_id.as_str()).bind(now);
        query.execute(&mut *transaction).await.step("record a sign-in")?;
        transaction.commit().await.step("begin a session")?;
        Ok(session_id)
    }

    /// The session of a cookie and its person, if it still holds and was used after `seen_after`.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn find_session(
        &self,
        secret_digest: &str,
        seen_after: Timestamp,
    ) -> Result<Option<(Session, Person)>, StoreError> {
        let query = self.database.query(sql::FIND_SESSION).bind(secret_digest).bind(self.clock.now().as_nanos());
        let query = query.bind(seen_after.as_nanos());
        let row = query.fetch_optional(self.database.readers()).await.step("find a session")?;
        row.map(|row| Ok((session(&row)?, person(&row)?))).transpose()
    }

    /// Notes that a session is in use.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `StorageFull` or `Internal`.
    pub async fn touch_session(&self, secret_digest: &str, address: &str) -> Result<(), StoreError> {
        let query = self.database.query(sql::TOUCH_SESSION).bind(secret_digest);
        let query = query.bind(self.clock.now().as_nanos()).bind(address);
        query.execute(self.database.writers()).await.step("note the use of a session").map(|_| ())
    }

    /// The sessions of a person that still hold, newest first.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_sessions(&self, person_id: &PersonId, seen_after: Timestamp) -> Result<Vec<Session>, StoreError> {
        let query = self.database.query(sql::LIST_SESSIONS).bind(person_id.as_str());
        let query = query.bind(self.clock.now().as_nanos()).bind(seen_after.as_nanos());
        let rows = query.fetch_all(self.database.readers()).await.step("list sessions")?;
        rows.iter().map(session).collect()
    }

    /// Ends one session of a person; one that has ended already is no error.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn end_session(&self, person_id: &PersonId, session_id: &str) -> Result<(), StoreError> {
        let query = self.database.query(sql::DELETE_SESSION).bind(session_id).bind(person_id.as_str());
        query.execute(self.database.writers()).await.step("end a session").map(|_| ())
    }

    /// Ends every session of a person, on every device.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn end_sessions(&self, person_id: &PersonId) -> Result<(), StoreError> {
        let query = self.database.query(sql::DELETE_OTHER_SESSIONS).bind(person_id.as_str()).bind("");
        query.execute(self.database.writers()).await.step("end sessions").map(|_| ())
    }

    /// Forgets sessions and links that ended before a time.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn forget_ended_sessions(&self, before: Timestamp) -> Result<(), StoreError> {
        for statement in [sql::DELETE_OLD_SESSIONS, sql::DELETE_OLD_LINKS] {
            let query = self.database.query(statement).bind(before.as_nanos());
            query.execute(self.database.writers()).await.step("forget ended sessions")?;
        }
        Ok(())
    }
}

fn session(row: &AnyRow) -> Result<Session, StoreError> {
    Ok(Session {
        session_id: parse_stored("session id", text(row, "session_id")?)?,
        method: parse_stored("sign-in method", text(row, "method")?)?,
        created_at: time(row, "began_at")?,
        seen_at: time(row, "seen_at")?,
        expires_at: time(row, "expires_at")?,
        address: text(row, "address")?,
        user_agent: text(row, "user_agent")?,
    })
}
