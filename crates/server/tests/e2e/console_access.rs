//! Every route of the console, as everybody: who is below the least role of a route is refused and changes nothing, and
//! what belongs to another account does not exist.

use daybook_events::{AccountId, Role};
use daybook_server::console::{Least, ROUTES};
use daybook_testkit::Answer;
use reqwest::Method;
use serde_json::json;

use crate::{
    on_own_hubs,
    support::{Guests, Hub, LONG_AGO, SECRET, Seat, id_of, token_of},
};

/// What everybody is told of what is not theirs, or not there.
const MISSING: &str = "There is nothing here, or it is not yours to see.";

/// No name server knows this name, so that nothing is sent there.
const NOWHERE: &str = "https://siem.acme.example/";

/// Ids of one account, to put into paths.
#[derive(Debug, Clone)]
struct Ids {
    account: String,
    integration: String,
    token: String,
    /// The text of the token.
    token_text: String,
    person: String,
    invitation: String,
    source: String,
    destination: String,
    replay: String,
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
        let token = token.expect_status(201).json();
        let (token, token_text) = (id_of(&token), token_of(&token));
        let invitation = json!({"email": format!("{name}@x.example"), "role": "viewer"});
        hub.manage(Method::POST, &format!("accounts/{account}/invitations"), invitation).await.expect_status(201);
        let person = guests.join(account, "Paula", Role::Viewer).await.person.person_id.to_string();
        let invitation = guests.catalog.list_invitations(&guests.grant(account)).await.unwrap().remove(0).link_id;
        let (source, (destination, replay)) = (source(hub, account).await, destination(hub, account).await);
        let account = account.to_string();
        Self { account, integration, token, token_text, person, invitation, source, destination, replay }
    }

    /// Ids that nothing has, in an account that there is.
    fn made_up(account: &AccountId) -> Self {
        let id = daybook_events::random_upper_id;
        Self {
            account: account.to_string(),
            integration: id(),
            token: id(),
            token_text: "a.b.c".to_owned(),
            person: id(),
            invitation: id(),
            source: id(),
            destination: id(),
            replay: id(),
        }
    }

    /// A path of a route with these ids in it.
    fn fill(&self, path: &str) -> String {
        let known = [
            ("{account}", self.account.as_str()),
            ("{integration}", &self.integration),
            ("{token}", &self.token),
            ("{person}", &self.person),
            ("{invitation}", &self.invitation),
            ("{source}", &self.source),
            ("{destination}", &self.destination),
            ("{replay}", &self.replay),
            ("{name}", "console.css"),
        ];
        let filled = known.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(!filled.contains('{'), "{path} has a part that this test does not know: give it an id here");
        filled
    }
}

/// A source that is paused, so that it asks nothing anywhere.
async fn source(hub: &Hub, account: &AccountId) -> String {
    let path = format!("accounts/{account}/sources");
    let name = daybook_events::random_upper_id();
    let body = json!({"name": name, "kind": "upstream", "settings": {"url": NOWHERE, "token": "opaque"}});
    let source = id_of(&hub.manage(Method::POST, &path, body).await.expect_status(201).json());
    hub.manage(Method::PATCH, &format!("{path}/{source}"), json!({"state": "paused"})).await.expect_status(200);
    source
}

/// A destination that is paused, so that it sends nothing anywhere, with a replay.
async fn destination(hub: &Hub, account: &AccountId) -> (String, String) {
    let path = format!("accounts/{account}/destinations");
    let name = daybook_events::random_upper_id();
    let body = json!({"name": name, "kind": "webhook", "settings": {"url": NOWHERE, "secret": SECRET}});
    let destination = id_of(&hub.manage(Method::POST, &path, body).await.expect_status(201).json());
    let own = format!("{path}/{destination}");
    hub.manage(Method::PATCH, &own, json!({"state": "paused"})).await.expect_status(200);
    let replay = hub.manage(Method::POST, &format!("{own}/replays"), json!({"since": LONG_AGO})).await;
    (destination, id_of(&replay.expect_status(201).json()))
}

/// Sends what a route reads, with something in every field that a form of the console has.
async fn ask(hub: &Hub, seat: Option<&Seat>, method: &str, path: &str, ids: &Ids) -> Answer {
    let name = daybook_events::random_upper_id();
    let email = format!("{}@x.example", name.to_lowercase());
    let kind = match path {
        _ if path.contains("/sources") => "upstream",
        _ if path.contains("/destinations") => "webhook",
        _ => "other",
    };
    let fields = [
        ("name", name.as_str()),
        ("connector_name", &name),
        ("role", "administrator"),
        ("email", &email),
        ("expires", "never"),
        ("features", "auditevents"),
        ("requests_per_minute", "7"),
        ("token", &ids.token_text),
        ("kind", kind),
        ("retention_days", "4000"),
        ("url", NOWHERE),
        ("secret", SECRET),
        ("since", "2020-01-01T00:00"),
    ];
    match (seat, method) {
        (Some(seat), "get") => seat.get(path).await,
        (Some(seat), _) => seat.post(path, &fields).await,
        (None, "get") => hub.get(path, None).await,
        (None, _) => hub.post(path, None, "").await,
    }
}

on_own_hubs! {
    async fn whoever_is_below_the_least_role_of_a_route_is_refused_and_changes_nothing(hub: Hub) {
        let guests = Guests::of(&hub).await;
        let account = guests.first_account();
        let ids = Ids::in_account(&hub, &guests, &account).await;
        let elsewhere = guests.account("Elsewhere").await;
        let stranger = guests.join(&elsewhere, "Stefan", Role::Owner).await;
        let nobody_s = guests.join(&elsewhere, "Nora", Role::Viewer).await;
        nobody_s.post(&format!("/accounts/{elsewhere}/leave"), &[]).await.expect_status(303);
        let viewer = guests.join(&account, "Vera", Role::Viewer).await;
        let administrator = guests.join(&account, "Adam", Role::Administrator).await;
        let everybody = [
            (Least::Anybody, None),
            (Least::SignedIn, Some(&stranger)),
            (Least::SignedIn, Some(&nobody_s)),
            (Least::Viewer, Some(&viewer)),
            (Least::Administrator, Some(&administrator)),
        ];
        let before = state(&guests, &account).await;
        for route in ROUTES {
            let path = ids.fill(route.path);
            for (rank, seat) in everybody.iter().filter(|(rank, _)| *rank < route.least) {
                let answer = ask(&hub, *seat, route.method, &path, &ids).await;
                let what = format!("{} {path} as {rank:?}: {} {}", route.method, answer.status, answer.text);
                match rank {
                    Least::Anybody if answer.status == 303 => {
                        let to = answer.header("location").unwrap();
                        let back = format!("/sign-in?next={}", path.replace('/', "%2F"));
                        assert!(to == if route.method == "get" { &back } else { "/sign-in" }, "{to}: {what}");
                    }
                    // A module of ours asks these, and cannot follow to a page.
                    Least::Anybody => assert!([401, 403].contains(&answer.status), "{what}"),
                    Least::SignedIn => assert!(answer.status == 404 && answer.text.contains(MISSING), "{what}"),
                    // For want of a role, and not since the form was none of ours.
                    _ => assert!(answer.status == 403 && answer.text.contains("This needs the role"), "{what}"),
                }
            }
        }
        assert_eq!(state(&guests, &account).await, before);
    }

    async fn whoever_has_the_least_role_of_a_route_is_let_in(hub: Hub) {
        let guests = Guests::of(&hub).await;
        let account = guests.first_account();
        for route in ROUTES.iter().filter(|route| route.least > Least::Anybody) {
            let seat = match route.least {
                Least::Viewer => guests.join(&account, "Vera", Role::Viewer).await,
                Least::Administrator => guests.join(&account, "Adam", Role::Administrator).await,
                Least::Owner => guests.join(&account, "Otto", Role::Owner).await,
                // These are told in what they do, and some end the session; to look is enough here.
                _ if route.method == "get" => guests.owner.clone(),
                _ => continue,
            };
            // Some end what they are about.
            let ids = Ids::in_account(&hub, &guests, &account).await;
            let before = state(&guests, &account).await;
            let path = ids.fill(route.path);
            let answer = ask(&hub, Some(&seat), route.method, &path, &ids).await;
            let what = format!("{} {path}: {} {}", route.method, answer.status, answer.text);
            assert!([200, 303].contains(&answer.status), "{what}");
            assert!(!answer.header("location").is_some_and(|to| to.starts_with("/sign-in")), "{what}");
            let is_changed = state(&guests, &account).await != before;
            let downloads = path.ends_with("/environment");
            // What is active is not resumed; source and destination are paused, and are.
            let goes_on = (path.ends_with("/resume") && path.contains("/integrations/"))
                || path.ends_with("/restore")
                || path.ends_with("/reinstate")
                || (path.ends_with("/pause") && (path.contains("/sources/") || path.contains("/destinations/")));
            // A test changes nothing, and there are no dead letters.
            let nothing = path.ends_with("/test") || path.contains("/dead-letters/");
            assert_eq!(is_changed, route.method == "post" && !downloads && !goes_on && !nothing, "{what}");
        }
    }

    async fn what_is_another_account_s_does_not_exist(hub: Hub) {
        let guests = Guests::of(&hub).await;
        let (ours, theirs) = (guests.first_account(), guests.account("Theirs").await);
        let owner = guests.join(&ours, "Otto", Role::Owner).await;
        let (own, foreign) = (Ids::in_account(&hub, &guests, &ours).await, Ids::in_account(&hub, &guests, &theirs).await);
        let second = Ids::in_account(&hub, &guests, &ours).await;
        let made_up = Ids::made_up(&ours);
        let before = (state(&guests, &ours).await, state(&guests, &theirs).await);
        for route in ROUTES.iter().filter(|route| route.path.matches('{').count() > 1) {
            let unknown = ask(&hub, Some(&owner), route.method, &made_up.fill(route.path), &made_up).await;
            let (all, token) = (foreign.clone(), foreign.token.clone());
            let mut mixed = vec![("all of it", Ids { account: ours.to_string(), ..all })];
            if route.path.contains("{replay}") {
                mixed.push(("another destination's replay", Ids { replay: second.replay.clone(), ..own.clone() }));
            }
            if route.path.contains("{token}") {
                mixed.push(("another account's token", Ids { token, ..own.clone() }));
                mixed.push(("another integration's token", Ids { token: second.token.clone(), ..own.clone() }));
                mixed.push(("no id at all", Ids { token: "%00".to_owned(), ..own.clone() }));
            }
            for (why, ids) in mixed {
                let answer = ask(&hub, Some(&owner), route.method, &ids.fill(route.path), &ids).await;
                let what = format!("{} {} with {why}: {}", route.method, route.path, answer.text);
                assert_eq!((answer.status, &answer.text), (unknown.status, &unknown.text), "{what}");
                // An invitation may have been followed a moment ago: the list says that it is gone.
                let expected = if route.path.contains("{invitation}") { 303 } else { 404 };
                assert_eq!(answer.status, expected, "{what}");
            }
        }
        let nowhere = Ids { account: daybook_events::random_upper_id(), ..made_up.clone() };
        for route in ROUTES.iter().filter(|route| route.path.contains("{account}")) {
            let answer = ask(&hub, Some(&owner), route.method, &foreign.fill(route.path), &foreign).await;
            let unknown = ask(&hub, Some(&owner), route.method, &nowhere.fill(route.path), &nowhere).await;
            assert_eq!((answer.status, &answer.text), (404, &unknown.text), "{} {}", route.method, route.path);
        }
        assert_eq!((state(&guests, &ours).await, state(&guests, &theirs).await), before);
    }

    async fn whoever_only_looks_changes_nothing(hub: Hub) {
        let guests = Guests::of(&hub).await;
        let account = guests.first_account();
        let ids = Ids::in_account(&hub, &guests, &account).await;
        let before = state(&guests, &account).await;
        for route in ROUTES {
            let path = ids.fill(route.path);
            let looks = ROUTES.iter().any(|other| other.path == route.path && other.method == "get");
            for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE] {
                let answer = guests.owner.send(method.clone(), &path).await;
                let is_look = [Method::GET, Method::HEAD].contains(&method) && looks;
                let what = format!("{method} {path}: {} {}", answer.status, answer.text);
                assert_eq!(![404, 405].contains(&answer.status), is_look, "{what}");
                if method == Method::HEAD && route.least > Least::Anybody && is_look {
                    let nobody = hub.http.send(method, &format!("{}{path}", hub.url), None, &[], Vec::new()).await;
                    assert_eq!(nobody.status, 303, "{what}");
                }
            }
        }
        assert_eq!(state(&guests, &account).await, before);
        guests.owner.get("/me").await.expect_status(200);
    }

    async fn a_suspended_member_is_out_with_the_next_request(hub: Hub) {
        let guests = Guests::of(&hub).await;
        let account = guests.first_account();
        let ids = Ids::in_account(&hub, &guests, &account).await;
        let home = format!("/accounts/{account}");
        let adam = guests.join(&account, "Adam", Role::Administrator).await;
        let person = format!("{home}/people/{}", adam.person.person_id);
        adam.get(&home).await.expect_status(200);
        guests.owner.post(&format!("{person}/suspend"), &[]).await.expect_status(303);
        let before = state(&guests, &account).await;
        for route in ROUTES.iter().filter(|route| route.path.contains("{account}")) {
            let answer = ask(&hub, Some(&adam), route.method, &ids.fill(route.path), &ids).await;
            assert_eq!(answer.status, 404, "{} {}", route.method, route.path);
        }
        assert_eq!(state(&guests, &account).await, before);
        guests.owner.post(&format!("{person}/reinstate"), &[]).await.expect_status(303);
        adam.get(&home).await.expect_status(200);
        guests.owner.post(&format!("{person}/role"), &[("role", "viewer")]).await.expect_status(303);
        adam.get(&format!("{home}/people")).await.expect_status(403);
        guests.owner.post(&format!("{person}/remove"), &[]).await.expect_status(303);
        adam.get(&home).await.expect_status(404);
    }
}

/// Everything of an account that the console can change, as text.
async fn state(guests: &Guests, account: &AccountId) -> String {
    let grant = guests.grant(account);
    let accounts = guests.catalog.list_memberships(&guests.owner.person.person_id).await.unwrap();
    let members = guests.catalog.list_members(&grant).await.unwrap();
    let integrations = guests.catalog.list_integrations(&grant).await.unwrap();
    let tokens = guests.catalog.list_tokens(&grant).await.unwrap();
    let invitations = guests.catalog.list_invitations(&grant).await.unwrap();
    let sources = guests.catalog.list_connectors(&grant, daybook_store::Direction::Source).await.unwrap();
    let destinations = guests.catalog.list_connectors(&grant, daybook_store::Direction::Destination).await.unwrap();
    let mut replays = Vec::new();
    for destination in &destinations {
        replays.extend(guests.catalog.list_replays(&grant, &destination.connector_id).await.unwrap());
    }
    let actions =
        guests.catalog.list_actions(&grant, &daybook_store::ActionFilter::default(), None, 1000).await.unwrap();
    let connectors = format!("{sources:?} {destinations:?} {replays:?}");
    format!("{accounts:?} {members:?} {integrations:?} {tokens:?} {invitations:?} {connectors} {}", actions.len())
}
