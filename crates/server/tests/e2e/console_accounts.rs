//! Accounts over HTTP: to choose one, to add one, and the address that leads to a new integration.

use daybook_events::Role;

use crate::support::{Guests, Hub, daybook};

const CREATE: &str = "/integrations/events_reporting/create?type=splunk&name=Splunk%20%26%20more";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_runs_the_hub_adds_accounts() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let other_owner = guests.join(&account, "Ada Lind", Role::Owner).await;

    other_owner.get("/accounts/new").await.expect_status(403);
    other_owner.post("/accounts/new", &[("name", "Northwind")]).await.expect_status(403);
    let answer = guests.owner.post("/accounts/new", &[("name", " Northwind ")]).await.expect_status(303);
    let home = answer.header("location").unwrap().to_owned();
    guests.owner.page(&format!("{home}/people")).await;
    other_owner.get(&format!("{home}/people")).await.expect_status(404);
    assert!(guests.owner.page("/accounts").await.contains("<bdi>Northwind</bdi>"));

    let answer = guests.owner.post("/accounts/new", &[("name", "Northwind")]).await.expect_status(422);
    assert!(answer.text.contains("exists already"));
    guests.owner.post("/accounts/new", &[("name", &"x".repeat(10_000))]).await.expect_status(422);
    guests.owner.post("/accounts/new", &[("name", " ")]).await.expect_status(422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_from_elsewhere_leads_to_the_wizard() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let account = guests.first_account();
    let answer = guests.owner.get(CREATE).await.expect_status(303);
    let wizard = format!("/accounts/{account}/integrations/new?kind=splunk&name=Splunk+%26+more");
    assert_eq!(answer.header("location"), Some(wizard.as_str()));

    let other = guests.account("Northwind").await;
    let answer = guests.owner.get(CREATE).await.expect_status(303);
    let choice = answer.header("location").unwrap().to_owned();
    let page = guests.owner.page(&choice).await;
    assert!(page.contains(&format!("/accounts/{other}/integrations/new?kind=splunk")));

    let viewer = guests.join(&account, "Ada", Role::Viewer).await;
    let answer = viewer.get(CREATE).await.expect_status(303);
    let page = viewer.page(answer.header("location").unwrap()).await;
    assert!(page.contains("administrator of none") && !page.contains("/integrations/new"));

    let answer = hub.get(CREATE, None).await.expect_status(303);
    assert!(answer.header("location").unwrap().starts_with("/sign-in?next=%2Fintegrations%2F"));
}
