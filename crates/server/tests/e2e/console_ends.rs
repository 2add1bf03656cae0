//! What ends in time: links by their age, sessions by age and idleness. The hub's store is written to as if at another
//! time, since a hub keeps the time of its machine.

use std::{sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use daybook_events::{Actor, FixedClock, HubGrant, Role, Timestamp};
use daybook_store::{Catalog, Database, DatabaseOptions, NewLink, NewSession, SignInMethod};
use ring::digest::{SHA256, digest};

use crate::support::{Browser, Hub, PASSWORD, ago, daybook, first_account, is_signed_in, location, page};

const HUB: HubGrant = HubGrant::of_the_hub_itself();
const OLGA: &str = "olga@acme.example";
const SESSION: &str = "__Host-daybook-session";
const ENDED: &str = "is not good, or not any more";
const MINUTE: Duration = Duration::from_secs(60);

fn hex_digest(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The store of a hub, as it looked at another time.
async fn catalog_at(hub: &Hub, time: Timestamp) -> Catalog {
    let options = DatabaseOptions::sqlite(hub.daybook().data_dir());
    Catalog::new(Database::open(options).await.unwrap(), Arc::new(FixedClock::at(time)))
}

#[tokio::test]
async fn links_end_in_time() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let catalog = catalog_at(&hub, ago(MINUTE * 60)).await;
    let person = catalog.find_person_by_email(OLGA).await.unwrap().unwrap();
    let actor = Actor {
        uuid: person.person_id.to_string(),
        name: person.name.clone(),
        email: person.email.clone(),
        ip: "192.0.2.1".to_owned(),
        since: ago(MINUTE * 60),
    };
    let link = |code: &str, expires_at| NewLink { code_digest: hex_digest(code), expires_at };
    let grant = HUB.account(first_account(&hub).await.parse().unwrap());
    let by = (&actor, Role::Owner);
    let (late, good) = (ago(Duration::from_secs(1)), ago(Duration::ZERO).plus(MINUTE));
    catalog.invite(&grant, by, ("late@fabrikam.example", Role::Viewer), &link("late", late)).await.unwrap();
    catalog.invite(&grant, by, ("good@fabrikam.example", Role::Viewer), &link("good", good)).await.unwrap();
    let browser = Browser::new(&hub);
    page(&browser, "/join").await;
    browser.submit("/join", &[("code", "good")]).await.expect_status(200);
    assert!(browser.submit("/join", &[("code", "late")]).await.expect_status(422).text.contains(ENDED));

    catalog.add_reset_link(HUB, &actor, &person.person_id, &link("reset", late)).await.unwrap();
    let fields = [("code", "reset"), ("password", "a long password nobody has")];
    assert!(browser.submit("/reset", &fields).await.expect_status(422).text.contains(ENDED));
    assert_eq!(location(&Browser::new(&hub).sign_in(OLGA, PASSWORD).await), "/");
}

#[tokio::test]
async fn a_session_ends_by_age_and_by_idleness() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let hour = MINUTE * 60;
    let in_an_hour = ago(Duration::ZERO).plus(hour);
    for (why, seen, expires_at, holds) in [
        ("in use a moment ago", MINUTE * 29, in_an_hour, true),
        ("idle for half an hour", MINUTE * 31, in_an_hour, false),
        ("older than it may be", MINUTE, ago(Duration::from_secs(1)), false),
    ] {
        let catalog = catalog_at(&hub, ago(seen)).await;
        let person = catalog.find_person_by_email(OLGA).await.unwrap().unwrap();
        let secret = daybook_events::random_upper_id();
        let session = NewSession {
            person_id: person.person_id,
            secret_digest: hex_digest(&secret),
            method: SignInMethod::Password,
            expires_at,
            address: "192.0.2.1".to_owned(),
            user_agent: String::new(),
        };
        catalog.add_session(&session).await.unwrap();
        let browser = Browser::new(&hub);
        browser.put_cookie(SESSION, &secret);
        assert_eq!(is_signed_in(&browser).await, holds, "{why}");
        assert_eq!(is_signed_in(&browser).await, holds, "{why}, and looking does not wake it");
    }
}
