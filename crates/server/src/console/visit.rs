//! Who asks: anybody, a person who is signed in, or a member of an account with at least a role.
//!
//! ```text
//!  Visit ──▶ SignedIn ──▶ Member<Viewer> ── Member<Administrator> ── Member<Owner>
//! ```
//!
//! A handler's signature says which of them it needs. Somebody who is not signed in is sent to sign in and back; an
//! account that is not theirs does not exist for them.

use std::{marker::PhantomData, time::Duration};

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{Method, StatusCode, request::Parts},
};
use data_encoding::HEXLOWER;
use daybook_events::{AccountId, Actor, Grant, Role, Timestamp};
use daybook_store::{Member as MemberRow, MemberState, Membership, Person, Session};
use ring::hmac;

use super::{cookies, error::PageError, flash::Flash, words};
use crate::{events_api::header_text, request::client_address, state::App, tokens::digest_of};

/// A session's last use is written down at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// A request to the console, whoever sends it.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// What every form of this browser carries, and a `Set-Cookie` value if it was made just now.
    pub(super) csrf: String,
    pub(super) new_cookie: Option<String>,
    pub(super) flash: Option<Flash>,
    pub(super) address: String,
    pub(super) user_agent: String,
}

/// A person who is signed in.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    pub(super) visit: Visit,
    pub(super) person: Person,
    pub(super) session: Session,
    /// The accounts that they may enter, by name.
    pub(super) memberships: Vec<Membership>,
}

/// A person in an account, with at least the role `R`.
#[derive(Debug, Clone)]
pub(super) struct Member<R> {
    pub(super) signed_in: SignedIn,
    pub(super) membership: Membership,
    /// What they may see: everything of the account for an administrator, its events for a viewer.
    pub(super) grant: Grant,
    role: PhantomData<R>,
}

/// The least role that a handler asks for, as a type.
pub(super) trait LeastRole {
    const ROLE: Role;
}

#[derive(Debug, Clone)]
pub(super) enum Viewer {}
#[derive(Debug, Clone)]
pub(super) enum Administrator {}
#[derive(Debug, Clone)]
pub(super) enum Owner {}

impl LeastRole for Viewer {
    const ROLE: Role = Role::Viewer;
}

impl LeastRole for Administrator {
    const ROLE: Role = Role::Administrator;
}

impl LeastRole for Owner {
    const ROLE: Role = Role::Owner;
}

/// For as long after signing in somebody may add a way in without doing so again.
const FRESH_FOR: Duration = Duration::from_secs(15 * 60);

impl SignedIn {
    /// Whether they have signed in just now: a cookie that was stolen later must not become a way in of its own.
    pub(super) fn is_fresh(&self, app: &App) -> bool {
        app.clock.now().since(self.session.created_at) < FRESH_FOR
    }

    /// The person as the one who acts.
    pub(super) fn actor(&self) -> Actor {
        Actor {
            uuid: self.person.person_id.to_string(),
            name: self.person.name.clone(),
            email: self.person.email.clone(),
            ip: address_or_loopback(&self.visit.address),
            since: self.session.created_at,
        }
    }
}

impl<R> Member<R> {
    /// The account's id.
    pub(super) fn account(&self) -> &AccountId {
        &self.membership.account.account_id
    }

    /// The person as the one who acts.
    pub(super) fn actor(&self) -> Actor {
        self.signed_in.actor()
    }

    /// What the person may do here.
    pub(super) fn role(&self) -> Role {
        self.membership.role
    }

    /// Whether it is the person's own membership.
    pub(super) fn is(&self, other: &MemberRow) -> bool {
        other.person_id == self.signed_in.person.person_id
    }

    /// `/accounts/ID/PATH`
    pub(super) fn path(&self, path: &str) -> String {
        format!("/accounts/{}{}{path}", self.account(), if path.is_empty() { "" } else { "/" })
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let (secret, new_cookie) = match form_secret(parts) {
            Some(secret) => (secret, None),
            None => {
                let secret = random_secret();
                (secret.clone(), Some(secret))
            }
        };
        let user_agent = header_text(&parts.headers, "user-agent").unwrap_or_default();
        Ok(Self {
            csrf: csrf_of(&secret),
            new_cookie,
            flash: Flash::of(&parts.headers),
            address: client_address(parts, app).map(|address| address.to_string()).unwrap_or_default(),
            user_agent: user_agent.chars().filter(|character| !character.is_control()).take(200).collect(),
        })
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let visit = <Visit as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let signed_in = find_session(parts, app, &visit).await?;
        let (session, person) = signed_in.ok_or_else(|| PageError::sign_in_first(parts))?;
        let memberships = app.catalog.list_memberships(&person.person_id).await?;
        let memberships = memberships.into_iter().filter(|it| it.state == MemberState::Active).collect();
        Ok(Self { visit, person, session, memberships })
    }
}

/// For pages that are shown to both: who is signed in, if anybody is.
impl axum::extract::OptionalFromRequestParts<App> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, PageError> {
        match <Self as FromRequestParts<App>>::from_request_parts(parts, app).await {
            Ok(signed_in) => Ok(Some(signed_in)),
            Err(PageError::SignInFirst { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<R: LeastRole> FromRequestParts<App> for Member<R> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let signed_in = <SignedIn as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let path = <RawPathParams as FromRequestParts<App>>::from_request_parts(parts, app).await;
        let path = path.map_err(|_| PageError::not_found())?;
        let account = path.iter().find(|(name, _)| *name == "account").map(|(_, value)| value.to_owned());
        let account = account.unwrap_or_default();
        let found = signed_in.memberships.iter().find(|it| it.account.account_id.as_str() == account);
        let membership = found.cloned().ok_or_else(|| {
            let path = parts.uri.path();
            tracing::warn!(person = %signed_in.person.person_id, path, "somebody asked for an account that is not theirs");
            PageError::not_found()
        })?;
        if membership.role < R::ROLE {
            tracing::warn!(
                person = %signed_in.person.person_id, account, path = parts.uri.path(), role = %membership.role,
                "somebody asked for more than their role has"
            );
            return Err(PageError::Said {
                status: StatusCode::FORBIDDEN,
                text: words::above_role(membership.role, R::ROLE),
            });
        }
        let account_id = membership.account.account_id.clone();
        let grant = match membership.role {
            Role::Viewer => Grant::viewer(account_id),
            Role::Administrator | Role::Owner => Grant::administrator(account_id),
        };
        Ok(Self { signed_in, membership, grant, role: PhantomData })
    }
}

async fn find_session(parts: &Parts, app: &App, visit: &Visit) -> Result<Option<(Session, Person)>, PageError> {
    let Some(secret) = cookies::find(&parts.headers, cookies::SESSION) else { return Ok(None) };
    let digest = digest_of(secret);
    let found = app.catalog.find_session(&digest, idle_since(app)).await?;
    if let Some((session, _)) = &found {
        let now = app.clock.now();
        // A page that asks by itself is nobody at work.
        let is_by_itself = parts.uri.path().ends_with("/check");
        if now.since(session.seen_at) >= TOUCH_EVERY && !is_by_itself {
            app.catalog.touch_session(&digest, &visit.address).await?;
        }
    }
    Ok(found)
}

/// A session that was not used since then has ended.
pub(super) fn idle_since(app: &App) -> Timestamp {
    app.clock.now().minus(Duration::from_secs(app.config.console.idle_minutes * 60))
}

/// The cookie that forms are bound to: the session's, or that of a visit.
pub(super) fn form_secret(parts: &Parts) -> Option<String> {
    let cookie = |name| cookies::find(&parts.headers, name).filter(|value| !value.is_empty());
    cookie(cookies::SESSION).or_else(|| cookie(cookies::VISIT)).map(str::to_owned)
}

/// What a form carries to show that it is one of ours for this browser.
pub(super) fn csrf_of(secret: &str) -> String {
    HEXLOWER.encode(hmac::sign(&hmac_key(secret), CSRF_CONTEXT).as_ref())
}

/// Whether it does, compared in constant time.
pub(super) fn is_csrf_of(secret: &str, csrf: &str) -> bool {
    let tag = HEXLOWER.decode(csrf.as_bytes()).unwrap_or_default();
    hmac::verify(&hmac_key(secret), CSRF_CONTEXT, &tag).is_ok()
}

const CSRF_CONTEXT: &[u8] = b"daybook console form";

fn hmac_key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// 256 random bits in base32, for a cookie or a link.
pub(super) fn random_secret() -> String {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}

/// Receivers of audit events look addresses up: there is always a valid one.
pub(super) fn address_or_loopback(address: &str) -> String {
    if address.is_empty() { "127.0.0.1".to_owned() } else { address.to_owned() }
}

/// Whether a request only looks.
pub(super) fn only_looks(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_browser_is_told_apart() {
        let (own, other) = (random_secret(), random_secret());
        assert!(is_csrf_of(&own, &csrf_of(&own)));
        assert!(!is_csrf_of(&own, &csrf_of(&other)));
        assert!(!is_csrf_of(&own, "") && !is_csrf_of(&own, "zz"));
        assert_eq!(own.len(), 52);
    }
}
