//! Who belongs to an account, and what they may do there. An account always keeps an active owner.

use daybook_events::{AccountId, Actor, AuditRecord, Grant, PersonId, Role, Timestamp};
use serde_json::json;
use sqlx::{AnyConnection, any::AnyRow};

use super::{Account, Catalog, accounts::account, named_enum, number, optional_time, text, time};
use crate::{
    error::{Step, StoreError},
    log::parse_stored,
    sql,
};

named_enum! {
    /// Whether a member may come in.
    MemberState {
        /// They may.
        Active = "active",
        /// They may not, until somebody lets them again.
        Suspended = "suspended",
    }
}

/// An account that a person belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The account.
    pub account: Account,
    /// What the person may do there.
    pub role: Role,
    /// Whether they may come in.
    pub state: MemberState,
}

/// A person who belongs to an account, for the people of that account to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Their id.
    pub person_id: PersonId,
    /// Their email.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do here.
    pub role: Role,
    /// Whether they may come in.
    pub state: MemberState,
    /// Since when they belong here.
    pub since: Timestamp,
    /// When they last signed in to the hub.
    pub signed_in_at: Option<Timestamp>,
    /// Whether they have a password.
    pub has_password: bool,
    /// How many passkeys they have.
    pub passkeys: i64,
}

/// A change of a member.
#[derive(Debug, Clone, Copy)]
enum Change {
    Role(Role),
    State(MemberState),
    Removed,
}

impl Catalog {
    /// The accounts of a person, by name, suspended memberships too.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_memberships(&self, person_id: &PersonId) -> Result<Vec<Membership>, StoreError> {
        let query = self.database.query(sql::LIST_MEMBERSHIPS).bind(person_id.as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list the accounts of a person")?;
        let membership = |row: &AnyRow| {
            Ok(Membership {
                account: account(row)?,
                role: parse_stored("role", text(row, "role")?)?,
                state: parse_stored("state of a member", text(row, "state")?)?,
            })
        };
        rows.iter().map(membership).collect()
    }

    /// The people of an account, by name.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Internal`.
    pub async fn list_members(&self, grant: &Grant) -> Result<Vec<Member>, StoreError> {
        let query = self.database.query(sql::LIST_MEMBERS).bind(grant.account().as_str());
        let rows = query.fetch_all(self.database.readers()).await.step("list the people of an account")?;
        rows.iter().map(member).collect()
    }

    /// Gives a member another role.
    ///
    /// # Errors
    ///
    /// `NotFound`: no such member. `Forbidden`: `by` may not manage the old or the new role. `Conflict`: it is the last
    /// active owner.
    pub async fn set_member_role(
        &self,
        grant: &Grant,
        (actor, by): (&Actor, Role),
        person_id: &PersonId,
        role: Role,
    ) -> Result<(), StoreError> {
        self.change_member(grant, (actor, by), person_id, Change::Role(role)).await
    }

    /// Suspends a member, or lets them in again. A suspended person's next request is refused.
    ///
    /// # Errors
    ///
    /// As [`Catalog::set_member_role`].
    pub async fn set_member_state(
        &self,
        grant: &Grant,
        (actor, by): (&Actor, Role),
        person_id: &PersonId,
        state: MemberState,
    ) -> Result<(), StoreError> {
        self.change_member(grant, (actor, by), person_id, Change::State(state)).await
    }

    /// Removes a member from the account. The person stays, for the sake of their other accounts.
    ///
    /// # Errors
    ///
    /// As [`Catalog::set_member_role`].
    pub async fn remove_member(
        &self,
        grant: &Grant,
        (actor, by): (&Actor, Role),
        person_id: &PersonId,
    ) -> Result<(), StoreError> {
        self.change_member(grant, (actor, by), person_id, Change::Removed).await
    }

    async fn change_member(
        &self,
        grant: &Grant,
        (actor, by): (&Actor, Role),
        person_id: &PersonId,
        change: Change,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.writers().begin().await.step("change a member")?;
        self.lock_people(&mut transaction, grant.account()).await?;
        let query = self.database.query(sql::LIST_MEMBERS).bind(grant.account().as_str());
        let rows = query.fetch_all(&mut *transaction).await.step("list the people of an account")?;
        let members = rows.iter().map(member).collect::<Result<Vec<_>, _>>()?;
        // What the actor is now, not what they were when they asked. An administration token is nobody's member.
        let acting = members.iter().find(|member| member.person_id.as_str() == actor.uuid);
        let by = match acting {
            Some(acting) if acting.state == MemberState::Suspended => Role::Viewer,
            Some(acting) => acting.role,
            None => by,
        };
        let found = members.iter().find(|member| &member.person_id == person_id);
        let found = found.ok_or_else(|| StoreError::Missing { what: "person", name: person_id.to_string() })?;
        let wanted = match change {
            Change::Role(role) => Some((role, found.state)),
            Change::State(state) => Some((found.role, state)),
            Change::Removed => None,
        };
        // Everybody may leave.
        let is_leaving = matches!(change, Change::Removed) && person_id.as_str() == actor.uuid;
        if !is_leaving && (!by.may_manage(found.role) || wanted.is_some_and(|(role, _)| !by.may_manage(role))) {
            return Err(StoreError::AboveRole { role: by });
        }
        let owns = |role: Role, state: MemberState| role == Role::Owner && state == MemberState::Active;
        let has_other_owner =
            members.iter().any(|other| other.person_id != found.person_id && owns(other.role, other.state));
        if !wanted.is_some_and(|(role, state)| owns(role, state)) && !has_other_owner {
            return Err(StoreError::LastOwner);
        }
        let query = match wanted {
            Some((role, state)) => self
                .database
                .query(sql::UPDATE_MEMBERSHIP)
                .bind(grant.account().as_str())
                .bind(person_id.as_str())
                .bind(role.as_str())
                .bind(state.as_str()),
            None => self.database.query(sql::DELETE_MEMBERSHIP).bind(grant.account().as_str()).bind(person_id.as_str()),
        };
        query.execute(&mut *transaction).await.step("change a member")?;
        let may_invite =
            |(role, state): (Role, MemberState)| role >= Role::Administrator && state == MemberState::Active;
        if !wanted.is_some_and(may_invite) {
            let query = self.database.query(sql::DELETE_INVITATIONS_BY).bind(grant.account().as_str());
            query.bind(person_id.as_str()).execute(&mut *transaction).await.step("take invitations back")?;
        }
        self.audit(&mut transaction, grant.account(), actor, record_of(found, change)).await?;
        transaction.commit().await.step("change a member")
    }

    /// Lets changes of an account's people happen one after the other.
    pub(super) async fn lock_people(
        &self,
        connection: &mut AnyConnection,
        account: &AccountId,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::LOCK_ACCOUNT).bind(account.as_str());
        query.execute(connection).await.step("lock the people of an account").map(|_| ())
    }

    pub(super) async fn insert_membership(
        &self,
        connection: &mut AnyConnection,
        account: &AccountId,
        person_id: &PersonId,
        role: Role,
    ) -> Result<(), StoreError> {
        let query = self.database.query(sql::INSERT_MEMBERSHIP).bind(account.as_str()).bind(person_id.as_str());
        let query = query.bind(role.as_str()).bind(self.clock.now().as_nanos());
        if query.execute(connection).await.step("add a person to an account")?.rows_affected() == 0 {
            return Err(StoreError::Exists { what: "member", name: person_id.to_string() });
        }
        Ok(())
    }
}

fn record_of(member: &Member, change: Change) -> AuditRecord {
    let record = |action| AuditRecord::on_person(action, &member.person_id, &member.name, &member.email);
    match change {
        Change::Role(role) => record("role")
            .with_info(role.as_str())
            .with_change(json!({"role": member.role.as_str()}), json!({"role": role.as_str()})),
        Change::State(state) => {
            let action = if state == MemberState::Suspended { "suspend" } else { "reactive" };
            record(action).with_change(json!({"state": member.state.as_str()}), json!({"state": state.as_str()}))
        }
        Change::Removed => record("delete").with_change(
            json!({"email": member.email, "name": member.name, "role": member.role.as_str()}),
            serde_json::Value::Null,
        ),
    }
}

fn member(row: &AnyRow) -> Result<Member, StoreError> {
    Ok(Member {
        person_id: parse_stored("person id", text(row, "person_id")?)?,
        email: text(row, "email")?,
        name: text(row, "name")?,
        role: parse_stored("role", text(row, "role")?)?,
        state: parse_stored("state of a member", text(row, "state")?)?,
        since: time(row, "created_at")?,
        signed_in_at: optional_time(row, "signed_in_at")?,
        has_password: number(row, "has_password")? != 0,
        passkeys: number(row, "passkeys")?,
    })
}
