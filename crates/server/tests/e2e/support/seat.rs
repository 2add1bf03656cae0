//! People at a browser who are signed in already: put into the hub's store from outside, so that a test of pages needs no
//! password and can have people of every role.
//!
//! ```text
//!   Guests::of(&hub) ── account("Fabrikam") ── join(account, "Ada", Role::Viewer) ──▶ Seat ── get, post
//! ```

use std::sync::Arc;

use data_encoding::HEXLOWER;
use daybook_events::{AccountId, Actor, Grant, HubGrant, Role, SystemClock};
use daybook_store::{Catalog, Database, NewLink, NewPerson, NewSession, Person, SignInMethod};
use daybook_testkit::Answer;
use reqwest::Method;
use ring::digest::{SHA256, digest};

use super::{Hub, days_ago};

const HUB: HubGrant = HubGrant::of_the_hub_itself();

/// The people of a hub of the test's own.
#[derive(Debug)]
pub(crate) struct Guests {
    hub: Hub,
    pub(crate) catalog: Catalog,
    first_account: AccountId,
    /// The first owner, who looks after the hub.
    pub(crate) owner: Seat,
}

/// A person at a browser.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    hub: Hub,
    pub(crate) person: Person,
    cookie: String,
}

impl Guests {
    /// The hub with its first owner, Robin.
    pub(crate) async fn of(hub: &Hub) -> Self {
        let catalog = Catalog::new(Database::open(hub.store_options()).await.unwrap(), Arc::new(SystemClock));
        let code = daybook_events::random_upper_id();
        catalog.add_setup_link(HUB, &link(&code)).await.unwrap();
        let new = new_person("Robin Vale", "robin@fabrikam.example");
        let person = catalog.create_owner(&hex_digest(&code), &new, "Fabrikam", "192.0.2.1").await.unwrap();
        let first_account =
            catalog.list_memberships(&person.person_id).await.unwrap().swap_remove(0).account.account_id;
        let owner = seat(hub, &catalog, person).await;
        Self { hub: hub.clone(), catalog, first_account, owner }
    }

    /// The account that the hub began with.
    pub(crate) fn first_account(&self) -> AccountId {
        self.first_account.clone()
    }

    /// Another account, of which Robin is the owner.
    pub(crate) async fn account(&self, name: &str) -> AccountId {
        let actor = self.actor();
        let added = self.catalog.add_owned_account(HUB, &actor, &self.owner.person, name).await;
        added.unwrap().account_id
    }

    /// Somebody new in an account.
    pub(crate) async fn join(&self, account: &AccountId, name: &str, role: Role) -> Seat {
        let email = format!("{}@fabrikam.example", daybook_events::random_upper_id().to_lowercase());
        let (code, grant) = (daybook_events::random_upper_id(), self.grant(account));
        let by = (&self.actor(), Role::Owner);
        let invitation = self.catalog.invite(&grant, by, (&email, role), &link(&code)).await.unwrap();
        let new = new_person(name, &email);
        let joined = self.catalog.accept_invitation_as_new(&hex_digest(&code), &invitation, &new, "192.0.2.2").await;
        seat(&self.hub, &self.catalog, joined.unwrap()).await
    }

    pub(crate) fn grant(&self, account: &AccountId) -> Grant {
        HUB.account(account.clone())
    }

    pub(crate) fn actor(&self) -> Actor {
        let person = &self.owner.person;
        Actor {
            uuid: person.person_id.to_string(),
            name: person.name.clone(),
            email: person.email.clone(),
            ip: "192.0.2.1".to_owned(),
            since: days_ago(0),
        }
    }
}

impl Seat {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path).await
    }

    /// Any request without a body.
    pub(crate) async fn send(&self, method: Method, path: &str) -> Answer {
        let headers = [("cookie", self.cookie.as_str())];
        self.hub.http.send(method, &format!("{}{path}", self.hub.url), None, &headers, Vec::new()).await
    }

    /// A page as text, after a look at what every page has to be.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await.expect_status(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.text.contains(" style=") && !answer.text.contains(" onclick="), "{path}");
        answer.text
    }

    /// A form, as a page of ours sends it.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/accounts/new").await.text;
        let page = if page.contains("name=\"csrf\"") { page } else { self.get("/accounts").await.text };
        let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", csrf).extend_pairs(fields);
        self.post_raw(path, form.finish()).await
    }

    pub(crate) async fn post_raw(&self, path: &str, body: String) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.hub.http.send(Method::POST, &format!("{}{path}", self.hub.url), None, &headers, body.into()).await
    }

    /// Checks that a form succeeded and goes on with this page.
    #[track_caller]
    pub(crate) fn did(&self, answer: &Answer, path: &str) {
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(answer.header("location"), Some(path));
    }
}

async fn seat(hub: &Hub, catalog: &Catalog, person: Person) -> Seat {
    let secret = daybook_events::random_upper_id();
    let new = NewSession {
        person_id: person.person_id.clone(),
        secret_digest: hex_digest(&secret),
        method: SignInMethod::Password,
        expires_at: in_a_day(),
        address: "192.0.2.1".to_owned(),
        user_agent: "a test".to_owned(),
    };
    catalog.add_session(&new).await.unwrap();
    Seat { hub: hub.clone(), person, cookie: format!("__Host-daybook-session={secret}") }
}

fn new_person(name: &str, email: &str) -> NewPerson {
    NewPerson { email: email.to_owned(), name: name.to_owned(), password_hash: "$argon2id$none".to_owned() }
}

fn link(code: &str) -> NewLink {
    NewLink { code_digest: hex_digest(code), expires_at: in_a_day() }
}

fn in_a_day() -> daybook_events::Timestamp {
    days_ago(0).plus(std::time::Duration::from_secs(24 * 3600))
}

fn hex_digest(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}
