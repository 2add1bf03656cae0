//! Every route of the console, as everybody: who is below the least role of a route is refused and changes nothing, and
//! what belongs to another account does not exist.

use daybook_events::{AccountId, Role};
use daybook_server::console::{Least, ROUTES};
use daybook_testkit::Answer;
use reqwest::Method;
use serde_json::json;

use crate::support::{Guests, Hub, Seat, daybook, id_of};

/// Ids of one account, to put into paths.
#[derive(Debug, Clone)]
struct Ids {
    account: String,
    integration: String,
    token: String,
    person: String,
    invitation: String,
}

impl Ids {
    /// One of everything in an account.
    async fn in_account(hub: &Hub, guests: &Guests, account: &AccountId) -> Self {
        let name = daybook_events::random_upper_id();
        let path = format!("accounts/{account}/integrations");
        let integration = hub.manage(Method::POST, &path, json!({"name": name, "kind": "other"})).await;
        let integration = id_of(&integration.expect_status(201).json());
        let token = json!({"name": "first", "features": ["auditevents"]});
        let token = hub.manage(Method::POST, &format!("{path}/{integration}/tokens"), token).await;
        let token = id_of(&token.expect_status(201).json());
        let invitation = json!({"email": format!("{name}@x.example"), "role": "viewer"});
        hub.manage(Method::POST, &format!("accounts/{account}/invitations"), invitation).await.expect_status(201);
        let person = guests.join(account, "Paula", Role::Viewer).await.person.person_id.to_string();
        let invitation = guests.catalog.list_invitations(&guests.grant(account)).await.unwrap().remove(0).link_id;
        Self { account: account.to_string(), integration, token, person, invitation }
    }

    /// Ids that nothing has, in an account that there is.
    fn made_up(account: &AccountId) -> Self {
        let id = daybook_events::random_upper_id;
        Self { account: account.to_string(), integration: id(), token: id(), person: id(), invitation: id() }
    }

    /// A path of a route with these ids in it.
    fn fill(&self, path: &str) -> String {
        let known = [
            ("{account}", self.account.as_str()),
            ("{integration}", &self.integration),
            ("{token}", &self.token),
            ("{person}", &self.person),
            ("{invitation}", &self.invitation),
            ("{name}", "console.css"),
        ];
        let filled = known.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(!filled.contains('{'), "{path} has a part that this test does not know: give it an id here");
        filled
    }
}

/// Enough for every form of a route to be read.
const FIELDS: &[(&str, &str)] = &[
    ("name", "Changed"),
    ("role", "viewer"),
    ("email", "new@x.example"),
    ("expires", "never"),
    ("features", "auditevents"),
    ("token", "a.b.c"),
    ("kind", "other"),
    ("retention_days", "1"),
];

async fn ask(hub: &Hub, seat: Option<&Seat>, method: &str, path: &str) -> Answer {
    match (seat, method) {
        (Some(seat), "get") => seat.get(path).await,
        (Some(seat), _) => seat.post(path, FIELDS).await,
        (None, "get") => hub.get(path, None).await,
        (None, _) => hub.post(path, None, "").await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_below_the_least_role_of_a_route_is_refused_and_changes_nothing() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let account = guests.first_account();
    let ids = Ids::in_account(&hub, &guests, &account).await;
    let elsewhere = guests.account("Elsewhere").await;
    let stranger = guests.join(&elsewhere, "Stefan", Role::Owner).await;
    let viewer = guests.join(&account, "Vera", Role::Viewer).await;
    let administrator = guests.join(&account, "Adam", Role::Administrator).await;
    let everybody = [
        (Least::Anybody, None),
        (Least::SignedIn, Some(&stranger)),
        (Least::Viewer, Some(&viewer)),
        (Least::Administrator, Some(&administrator)),
    ];
    let before = state(&guests, &account).await;
    for route in ROUTES {
        let path = ids.fill(route.path);
        for (rank, seat) in everybody.iter().filter(|(rank, _)| *rank < route.least) {
            let answer = ask(&hub, *seat, route.method, &path).await;
            let what = format!("{} {path} as {rank:?}: {} {}", route.method, answer.status, answer.text);
            match rank {
                Least::Anybody if answer.status == 303 => {
                    assert!(answer.header("location").unwrap().starts_with("/sign-in"), "{what}");
                }
                // A module of ours asks these, and cannot follow to a page.
                Least::Anybody => assert!([401, 403].contains(&answer.status), "{what}"),
                Least::SignedIn => assert_eq!(answer.status, 404, "{what}"),
                _ => assert_eq!(answer.status, 403, "{what}"),
            }
        }
    }
    assert_eq!(state(&guests, &account).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_the_role_sees_every_page_of_it() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let account = guests.first_account();
    let ids = Ids::in_account(&hub, &guests, &account).await;
    for route in ROUTES.iter().filter(|route| route.method == "get" && route.least > Least::Anybody) {
        let answer = guests.owner.get(&ids.fill(route.path)).await;
        let is_good = [200, 303].contains(&answer.status);
        assert!(is_good && answer.header("location") != Some("/sign-in"), "{}: {}", route.path, answer.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_another_account_s_does_not_exist() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let (ours, theirs) = (guests.first_account(), guests.account("Theirs").await);
    let owner = guests.join(&ours, "Otto", Role::Owner).await;
    let of_theirs = Ids { account: ours.to_string(), ..Ids::in_account(&hub, &guests, &theirs).await };
    let before = state(&guests, &theirs).await;
    let made_up = Ids::made_up(&ours);
    for route in ROUTES.iter().filter(|route| route.path.matches('{').count() > 1) {
        let foreign = ask(&hub, Some(&owner), route.method, &of_theirs.fill(route.path)).await;
        let unknown = ask(&hub, Some(&owner), route.method, &made_up.fill(route.path)).await;
        assert_eq!((foreign.status, &foreign.text), (unknown.status, &unknown.text), "{} {}", route.method, route.path);
        // A form that is a button alone may go back to the list and say that the thing is gone.
        assert!([404, 303, 422].contains(&foreign.status), "{} {}: {}", route.method, route.path, foreign.status);
    }
    let whole_account = Ids::in_account(&hub, &guests, &theirs).await;
    let before_all = state(&guests, &theirs).await;
    for route in ROUTES.iter().filter(|route| route.path.contains("{account}")) {
        let answer = ask(&hub, Some(&owner), route.method, &whole_account.fill(route.path)).await;
        assert_eq!(answer.status, 404, "{} {}", route.method, route.path);
    }
    assert_eq!(state(&guests, &theirs).await, before_all);
    assert_ne!(before, before_all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_member_is_out_with_the_next_request() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let account = guests.first_account();
    let viewer = guests.join(&account, "Vera", Role::Viewer).await;
    let home = format!("/accounts/{account}");
    viewer.get(&home).await.expect_status(200);
    guests.owner.post(&format!("{home}/people/{}/suspend", viewer.person.person_id), &[]).await.expect_status(303);
    viewer.get(&home).await.expect_status(404);
    guests.owner.post(&format!("{home}/people/{}/reinstate", viewer.person.person_id), &[]).await.expect_status(303);
    viewer.get(&home).await.expect_status(200);
}

/// Everything of an account that the console can change, as text.
async fn state(guests: &Guests, account: &AccountId) -> String {
    let grant = guests.grant(account);
    let members = guests.catalog.list_members(&grant).await.unwrap();
    let integrations = guests.catalog.list_integrations(&grant).await.unwrap();
    let tokens = guests.catalog.list_tokens(&grant).await.unwrap();
    let invitations = guests.catalog.list_invitations(&grant).await.unwrap();
    let actions =
        guests.catalog.list_actions(&grant, &daybook_store::ActionFilter::default(), None, 1000).await.unwrap();
    format!("{members:?} {integrations:?} {tokens:?} {invitations:?} {}", actions.len())
}
