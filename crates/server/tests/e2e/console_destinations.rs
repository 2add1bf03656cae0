//! Destinations in the console: who sees what, what becomes of a form, and that a receiver's word is all that counts.

use daybook_events::Role;
use daybook_testkit::receiver::Receiver;
use reqwest::Method;
use serde_json::json;

use crate::support::{Guests, Hub, SECRET, Seat, daybook, eventually, pushing};

/// Fields of a webhook that works.
fn webhook<'a>(name: &'a str, url: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("kind", "webhook"), ("connector_name", name), ("url", url), ("secret", SECRET)]
}

/// Adds a webhook and gives its path.
async fn add(seat: &Seat, base: &str, fields: &[(&str, &str)]) -> String {
    let added = seat.post(&format!("{base}/new"), fields).await.expect_status(303);
    added.header("location").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_see_how_destinations_stand_and_nothing_of_their_settings() {
    let guests = Guests::of(&Hub::start(pushing())).await;
    let account = guests.first_account();
    let base = format!("/accounts/{account}/destinations");
    let path = add(&guests.owner, &base, &webhook("SOAR", "http://127.0.0.1:9/very-own-path")).await;
    let viewer = guests.join(&account, "Vera", Role::Viewer).await;
    for page in [viewer.page(&base).await, viewer.page(&path).await, viewer.page(&format!("{path}/dead-letters")).await]
    {
        assert!(page.contains("SOAR") && !page.contains("very-own-path"), "{page}");
        assert!(
            !page.contains("/settings\"")
                && !page.contains("/remove\"")
                && !page.contains("<button class=\"button\" type=\"submit\">")
        );
    }
    let settings = guests.owner.page(&format!("{path}/settings")).await;
    assert!(settings.contains("very-own-path") && !settings.contains(SECRET) && settings.contains("kept sealed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_writes_on_the_hubs_machine_is_for_whoever_runs_it() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let base = format!("/accounts/{account}/destinations");
    let adam = guests.join(&account, "Adam", Role::Administrator).await;
    assert!(guests.owner.page(&format!("{base}/new")).await.contains("kind=file"));
    let kinds = adam.page(&format!("{base}/new")).await;
    assert!(kinds.contains("kind=webhook") && !kinds.contains("kind=file") && !kinds.contains("kind=stdout"));
    adam.get(&format!("{base}/new?kind=file")).await.expect_status(404);
    let file = [("kind", "file"), ("connector_name", "Archive"), ("path", "archive.ndjson")];
    for path in ["new", "new/test"] {
        adam.post(&format!("{base}/{path}"), &file).await.expect_status(404);
    }
    let added = add(&guests.owner, &base, &file).await;
    adam.post(&format!("{added}/settings"), &[("connector_name", "Archive"), ("path", "other.ndjson")])
        .await
        .expect_status(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_stands_beside_its_field_and_secrets_travel_sealed() {
    let guests = Guests::of(&Hub::start(pushing())).await;
    let base = format!("/accounts/{}/destinations", guests.first_account());
    let mut fields = webhook("SOAR", "ftp://nowhere");
    fields.push(("batch_events", "0"));
    let again = guests.owner.post(&format!("{base}/new"), &fields).await.expect_status(422).text;
    assert!(again.contains("id=\"url-error\"") && again.contains("URL must begin with https://"), "{again}");
    assert!(again.contains("id=\"batch_events-error\"") && again.contains("value=\"ftp://nowhere\""));
    assert!(!again.contains(SECRET), "the secret is not on the page");

    // The secret that was typed goes with the form, for this person and kind alone.
    let kept = again.split_once("name=\"kept\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let without =
        [("kind", "webhook"), ("connector_name", "SOAR"), ("url", "http://127.0.0.1:9/"), ("kept", kept.as_str())];
    let adam = guests.join(&guests.first_account(), "Adam", Role::Administrator).await;
    let refused = adam.post(&format!("{base}/new"), &without).await.expect_status(422).text;
    assert!(refused.contains("Secret is missing"), "another's secret does not open: {refused}");
    add(&guests.owner, &base, &without).await;
    let taken = guests.owner.post(&format!("{base}/new"), &without).await.expect_status(422).text;
    assert!(taken.contains("id=\"connector_name-error\""), "{taken}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connected_is_said_after_the_first_acknowledgement() {
    let hub = Hub::start(pushing());
    let guests = Guests::of(&hub).await;
    let account = guests.first_account();
    let base = format!("/accounts/{account}/destinations");
    let receiver = Receiver::start().await;
    let path = add(&guests.owner, &base, &webhook("SOAR", &receiver.url())).await;
    assert!(!guests.owner.page(&path).await.contains(">Connected<") || !receiver.stored().is_empty());
    let integration = json!({"name": "an event", "kind": "other"});
    hub.manage(Method::POST, &format!("accounts/{account}/integrations"), integration).await.expect_status(201);
    eventually("connected", async || guests.owner.page(&path).await.contains(">Connected<")).await;
    assert!(!receiver.stored().is_empty());

    let tested = guests.owner.post(&format!("{path}/test"), &[]).await.expect_status(200).text;
    assert!(tested.contains("The way there works"), "{tested}");
    guests.owner.did(&guests.owner.post(&format!("{path}/retry"), &[]).await, &path);
    let trail = guests.owner.page(&format!("/accounts/{account}/audit")).await;
    for did in ["Added the destination", "Paused the destination", "Resumed the destination"] {
        assert!(trail.contains(did), "{did}: {trail}");
    }
}
