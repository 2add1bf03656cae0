//! Links that are good once: to make the hub's first owner, to join an account, to choose a new password.
//!
//! Whoever follows a link uses it up in the transaction that does what it is for, so that it cannot do it twice.

use daybook_events::{AccountId, Actor, AuditRecord, Grant, HubGrant, PersonId, Role, Timestamp, random_upper_id};
use serde_json::{Value, json};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Catalog, NewPerson, Person, named_enum,
    people::{about, person},
    text, time,
};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

named_enum! {
    /// What a link is for.
    LinkPurpose {
        /// To make the hub's first owner.
        Setup = "setup",
        /// To join an account.
        Invitation = "invitation",
        /// To choose a new password.
        Reset = "reset",
    }
}

/// A link about to be given to somebody.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// SHA-256 of its code, hexadecimal.
    pub code_digest: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// A link that nobody has followed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id; not the code.
    pub link_id: String,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The account to join, of an invitation.
    pub account_id: Option<AccountId>,
    /// The name of that.
    pub account_name: String,
    /// Whose password it resets.
    pub person_id: Option<PersonId>,
    /// Whom an invitation is for, in lower case.
    pub email: String,
    /// What an invitation makes of them.
    pub role: Role,
    /// Who gave it, for people.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What is written of a link.
#[derive(Default)]
struct Terms<'a> {
    account: &'a str,
    person: &'a str,
    email: &'a str,
    role: &'a str,
    by: (&'a str, &'a str),
}

impl Catalog {
    /// Gives a link that makes the hub's first owner; earlier ones are void.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn add_setup_link(&self, _grant: HubGrant, new: &NewLink) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("make a set-up link")?;
        self.void_links(&mut transaction, LinkPurpose::Setup, "").await?;
        let terms = Terms { role: Role::Owner.as_str(), by: ("Daybook", ""), ..Terms::default() };
        self.insert_link(&mut transaction, new, LinkPurpose::Setup, &terms).await?;
        transaction.commit().await.step("make a set-up link")
    }

    /// Gives a link with which a person chooses a new password; earlier ones are void.
    ///
    /// # Errors
    ///
    /// `NotFound`: nobody has this id.
    pub async fn add_reset_link(
        &self,
        _grant: HubGrant,
        actor: &Actor,
        person_id: &PersonId,
        new: &NewLink,
    ) -> Result<(), StoreError> {
        let person = self.find_person(person_id).await?;
        let mut transaction = self.database.writers().begin().await.step("make a reset link")?;
        self.void_links(&mut transaction, LinkPurpose::Reset, person_id.as_str()).await?;
        let by = (actor.name.as_str(), actor.uuid.as_str());
        let terms = Terms { person: person_id.as_str(), email: &person.email, role: "viewer", by, ..Terms::default() };
        self.insert_link(&mut transaction, new, LinkPurpose::Reset, &terms).await?;
        self.audit_everywhere(&mut transaction, actor, person_id, &about(&person, "beginr")).await?;
        transaction.commit().await.step("make a reset link")
    }

    /// Invites somebody to an account.
    ///
    /// # Errors
    ///
    /// `Forbidden`: `by` may not give this role. `Conflict`: they belong to the account already.
    pub async fn invite(
        &self,
        grant: &Grant,
        (actor, by): (&Actor, Role),
        (email, role): (&str, Role),
        new: &NewLink,
    ) -> Result<Link, StoreError> {
        if !by.may_manage(role) {
            return Err(StoreError::AboveRole { role: by });
        }
        let email = email.to_lowercase();
        if self.list_members(grant).await?.iter().any(|member| member.email == email) {
            return Err(StoreError::Exists { what: "member", name: email });
        }
        let mut transaction = self.database.writers().begin().await.step("invite somebody")?;
        let account = grant.account().as_str();
        let terms =
            Terms { account, email: &email, role: role.as_str(), by: (&actor.name, &actor.uuid), ..Terms::default() };
        let link_id = self.insert_link(&mut transaction, new, LinkPurpose::Invitation, &terms).await?;
        let record = AuditRecord::new("create", "invite", &link_id, &email)
            .with_change(Value::Null, json!({"email": email, "role": role.as_str()}));
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("invite somebody")?;
        let invitations = self.list_invitations(grant).await?;
        let found = invitations.into_iter().find(|invitation| invitation.link_id == link_id);
        found.ok_or(StoreError::Missing { what: "invitation", name: link_id })
    }

    /// The invitations to an account that nobody has followed, newest first, ended ones too.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_invitations(&self, grant: &Grant) -> Result<Vec<Link>, StoreError> {
        let query = self.database.query(sql::LIST_INVITATIONS).bind(grant.account().as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list invitations")?;
        rows.iter().map(link).collect()
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    ///
    /// `NotFound`: no such invitation to the account; somebody may have followed it.
    pub async fn withdraw_invitation(&self, grant: &Grant, actor: &Actor, invitation: &Link) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("take an invitation back")?;
        let query = self.database.query(sql::DELETE_INVITATION).bind(&invitation.link_id);
        let query = query.bind(grant.account().as_str());
        if query.execute(&mut *transaction).await.step("take an invitation back")?.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "invitation", name: invitation.email.clone() });
        }
        let record = AuditRecord::new("delete", "invite", &invitation.link_id, &invitation.email)
            .with_change(json!({"email": invitation.email, "role": invitation.role.as_str()}), Value::Null);
        self.audit(&mut transaction, grant.account(), actor, record).await?;
        transaction.commit().await.step("take an invitation back")
    }

    /// The link with this code, if it is still good.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn find_link(&self, code_digest: &str) -> Result<Option<Link>, StoreError> {
        let query = self.database.query(sql::FIND_LINK).bind(code_digest).bind(self.clock.now().as_nanos());
        let row = query.fetch_optional(self.database.readers()).await.step("find a link")?;
        row.map(|row| link(&row)).transpose()
    }

    /// Makes the hub's first owner, who owns every account that there is; a hub without one gets its first.
    ///
    /// # Errors
    ///
    /// `NotFound`: the link was used or has ended. `Conflict`: somebody owns the hub already.
    pub async fn create_owner(
        &self,
        code_digest: &str,
        new: &NewPerson,
        account_name: &str,
        address: &str,
    ) -> Result<Person, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("make the first owner")?;
        self.use_link(&mut transaction, code_digest).await?;
        let query = self.database.query(sql::FIND_ANY_PERSON).fetch_optional(&mut *transaction);
        if query.await.step("look for people")?.is_some() {
            return Err(StoreError::Exists { what: "owner", name: new.email.clone() });
        }
        let person = self.insert_person(&mut transaction, new, true).await?;
        let actor = self.actor_of(&person, address);
        let rows = self.database.query(sql::LIST_ACCOUNTS).fetch_all(&mut *transaction).await.step("list accounts")?;
        let mut accounts = Vec::new();
        for row in &rows {
            accounts.push(parse_stored("account id", text(row, "account_id")?)?);
        }
        if accounts.is_empty() {
            let account = self.insert_account(&mut transaction, &actor, account_name, None).await?;
            accounts.push(account.account_id);
        }
        for account in &accounts {
            self.join(&mut transaction, account, &actor, &person, Role::Owner).await?;
        }
        transaction.commit().await.step("make the first owner")?;
        Ok(person)
    }

    /// Somebody new follows an invitation.
    ///
    /// # Errors
    ///
    /// `NotFound`: the link was used, was taken back or has ended. `Conflict`: their email is somebody's already.
    pub async fn accept_invitation_as_new(
        &self,
        code_digest: &str,
        invitation: &Link,
        new: &NewPerson,
        address: &str,
    ) -> Result<Person, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("follow an invitation")?;
        self.use_link(&mut transaction, code_digest).await?;
        let person = self.insert_person(&mut transaction, new, false).await?;
        let actor = self.actor_of(&person, address);
        self.follow(&mut transaction, invitation, &actor, &person).await?;
        transaction.commit().await.step("follow an invitation")?;
        Ok(person)
    }

    /// Somebody who is signed in follows an invitation.
    ///
    /// # Errors
    ///
    /// `NotFound`: the link was used, was taken back or has ended. `Conflict`: they belong to the account already.
    pub async fn accept_invitation(
        &self,
        code_digest: &str,
        invitation: &Link,
        actor: &Actor,
        person: &Person,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("follow an invitation")?;
        self.use_link(&mut transaction, code_digest).await?;
        self.follow(&mut transaction, invitation, actor, person).await?;
        transaction.commit().await.step("follow an invitation")
    }

    /// Somebody follows a reset link: a new password, no passkeys any more if they say so, and no session.
    ///
    /// # Errors
    ///
    /// `NotFound`: the link was used or has ended.
    pub async fn reset_password(
        &self,
        code_digest: &str,
        person_id: &PersonId,
        (password_hash, removes_passkeys): (&str, bool),
        address: &str,
    ) -> Result<Person, StoreError> {
        let mut transaction = self.database.writers().begin().await.step("reset a password")?;
        self.use_link(&mut transaction, code_digest).await?;
        self.put_password(&mut transaction, person_id, Some(password_hash), "").await?;
        if removes_passkeys {
            let query = self.database.query(sql::DELETE_PASSKEYS).bind(person_id.as_str());
            query.execute(&mut *transaction).await.step("remove passkeys")?;
        }
        let query = self.database.query(sql::FIND_PERSON).bind(person_id.as_str());
        let person = person(&query.fetch_one(&mut *transaction).await.step("find a person")?)?;
        let record = about(&person, "completr").with_change(
            Value::Null,
            json!({"password": "changed", "passkeys": if removes_passkeys { "removed" } else { "kept" }}),
        );
        let actor = self.actor_of(&person, address);
        self.audit_everywhere(&mut transaction, &actor, person_id, &record).await?;
        transaction.commit().await.step("reset a password")?;
        Ok(person)
    }

    async fn follow(
        &self,
        connection: &mut AnyConnection,
        invitation: &Link,
        actor: &Actor,
        person: &Person,
    ) -> Result<(), StoreError> {
        let missing = || StoreError::Missing { what: "invitation", name: invitation.link_id.clone() };
        let account = invitation.account_id.as_ref().ok_or_else(missing)?;
        let record = AuditRecord::new("complete", "invite", &invitation.link_id, &invitation.email);
        self.audit(connection, account, actor, record).await?;
        self.join(connection, account, actor, person, invitation.role).await
    }

    pub(super) async fn join(
        &self,
        connection: &mut AnyConnection,
        account: &AccountId,
        actor: &Actor,
        person: &Person,
        role: Role,
    ) -> Result<(), StoreError> {
        self.insert_membership(connection, account, &person.person_id, role).await?;
        let record = about(person, "join")
            .with_info(role.as_str())
            .with_change(Value::Null, json!({"email": person.email, "name": person.name, "role": role.as_str()}));
        self.audit(connection, account, actor, record).await
    }

    async fn insert_link(
        &self,
        connection: &mut AnyConnection,
        new: &NewLink,
        purpose: LinkPurpose,
        terms: &Terms<'_>,
    ) -> Result<String, StoreError> {
        let link_id = random_upper_id();
        let query = self.database.query(sql::INSERT_LINK).bind(&new.code_digest).bind(&link_id).bind(purpose.as_str());
        let query = query.bind(terms.account).bind(terms.person).bind(terms.email).bind(terms.role);
        let (created_by, created_by_id) = terms.by;
        let query = query.bind(created_by).bind(created_by_id);
        let query = query.bind(self.clock.now().as_nanos()).bind(new.expires_at.as_nanos());
        query.execute(connection).await.step("make a link")?;
        Ok(link_id)
    }

    async fn void_links(
        &self,
        connection: &mut AnyConnection,
        purpose: LinkPurpose,
        person: &str,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::DELETE_LINKS_FOR).bind(purpose.as_str()).bind(person);
        query.execute(connection).await.step("end earlier links").map(|_| ())
    }

    async fn use_link(&self, connection: &mut AnyConnection, code_digest: &str) -> Result<(), StoreError> {
        let query = self.database.query(sql::USE_LINK).bind(code_digest).bind(self.clock.now().as_nanos());
        if query.execute(connection).await.step("use a link")?.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "link", name: "this one was used or has ended".to_owned() });
        }
        Ok(())
    }

    /// The person as the one who acts, just now.
    fn actor_of(&self, person: &Person, address: &str) -> Actor {
        Actor {
            uuid: person.person_id.to_string(),
            name: person.name.clone(),
            email: person.email.clone(),
            ip: address.to_owned(),
            since: self.clock.now(),
        }
    }
}

fn link(row: &AnyRow) -> Result<Link, StoreError> {
    let account_id = text(row, "account_id")?;
    let person_id = text(row, "person_id")?;
    let given = |id: &str| !id.is_empty();
    Ok(Link {
        link_id: text(row, "link_id")?,
        purpose: parse_stored("purpose of a link", text(row, "purpose")?)?,
        account_id: given(&account_id).then(|| parse_stored("account id", account_id)).transpose()?,
        account_name: text(row, "account_name")?,
        person_id: given(&person_id).then(|| parse_stored("person id", person_id)).transpose()?,
        email: text(row, "email")?,
        role: parse_stored("role", text(row, "role")?)?,
        created_by: text(row, "created_by")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}
