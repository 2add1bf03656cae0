//! Sources in the console: who sees what, what becomes of a form, and how far a source says that it is.

use daybook_events::Role;
use daybook_testkit::{Fault, Receiver, Reply};
use serde_json::json;

use crate::support::{Guests, Hub, Seat, daybook, eventually, page_of, pushing, scripted};

/// It stands for a bearer token, and is none.
const TOKEN: &str = "an-opaque-token-of-somebody";

/// Fields of a mirror that works.
fn mirror<'a>(name: &'a str, url: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("kind", "upstream"), ("connector_name", name), ("url", url), ("token", TOKEN), ("poll_max_secs", "1")]
}

/// Adds a source and gives its path.
async fn add(seat: &Seat, base: &str, fields: &[(&str, &str)]) -> String {
    let added = seat.post(&format!("{base}/new"), fields).await.expect_status(303);
    added.header("location").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_see_how_sources_stand_and_nothing_of_their_settings() {
    let guests = Guests::of(&Hub::start(pushing())).await;
    let account = guests.first_account();
    let base = format!("/accounts/{account}/sources");
    let path = add(&guests.owner, &base, &mirror("Mirror", "http://127.0.0.9:9")).await;
    let viewer = guests.join(&account, "Vera", Role::Viewer).await;
    for page in [viewer.page(&base).await, viewer.page(&path).await] {
        assert!(page.contains("Mirror") && !page.contains(TOKEN), "{page}");
        for link in ["/settings\"", "/remove\"", "/new\"", "<button class=\"button\" type=\"submit\">"] {
            assert!(!page.contains(link), "{link}: {page}");
        }
    }
    let settings = guests.owner.page(&format!("{path}/settings")).await;
    assert!(settings.contains("http://127.0.0.9:9") && !settings.contains(TOKEN) && settings.contains("kept sealed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reads_on_the_hubs_machine_is_for_whoever_runs_it() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let base = format!("/accounts/{account}/sources");
    let adam = guests.join(&account, "Adam", Role::Administrator).await;
    assert!(guests.owner.page(&format!("{base}/new")).await.contains("kind=file"));
    let kinds = adam.page(&format!("{base}/new")).await;
    assert!(kinds.contains("kind=upstream") && !kinds.contains("kind=file"));
    adam.get(&format!("{base}/new?kind=file")).await.expect_status(404);
    let file = [("kind", "file"), ("connector_name", "Audit"), ("path", "a.ndjson"), ("feature", "acme.audit")];
    for path in ["new", "new/test"] {
        adam.post(&format!("{base}/{path}"), &file).await.expect_status(404);
    }
    let added = add(&guests.owner, &base, &file).await;
    let elsewhere = [("connector_name", "Audit"), ("path", "other.ndjson"), ("feature", "acme.audit")];
    adam.post(&format!("{added}/settings"), &elsewhere).await.expect_status(403);
    // A destination's page shows no source, and a source's no destination.
    let id = added.rsplit_once('/').unwrap().1;
    guests.owner.get(&format!("/accounts/{account}/destinations/{id}")).await.expect_status(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_source_stands_beside_its_field_and_its_token_travels_sealed() {
    let guests = Guests::of(&Hub::start(pushing())).await;
    let base = format!("/accounts/{}/sources", guests.first_account());
    let mut fields = mirror("Mirror", "ftp://nowhere");
    fields.push(("backfill_days", "121"));
    let again = guests.owner.post(&format!("{base}/new"), &fields).await.expect_status(422).text;
    assert!(again.contains("id=\"url-error\"") && again.contains("id=\"backfill_days-error\""), "{again}");
    assert!(again.contains("value=\"ftp://nowhere\"") && !again.contains(TOKEN), "{again}");

    let kept = again.split_once("name=\"kept\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let without =
        [("kind", "upstream"), ("connector_name", "M"), ("url", "http://127.0.0.9:9"), ("kept", kept.as_str())];
    let path = add(&guests.owner, &base, &without).await;
    // To another place the token is not sent by itself.
    let moved = [("connector_name", "M"), ("url", "http://127.0.0.8:9")];
    let refused = guests.owner.post(&format!("{path}/settings"), &moved).await.expect_status(422).text;
    assert!(refused.contains("id=\"token-error\"") && refused.contains("give it again"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_says_what_may_be_read_and_following_is_said_once_everything_is_here() {
    let guests = Guests::of(&Hub::start(pushing())).await;
    let account = guests.first_account();
    let base = format!("/accounts/{account}/sources");
    let upstream = scripted(30).await;
    let url = upstream.url();
    upstream.for_next(1, &Fault::status(401));
    let broken = guests.owner.post(&format!("{base}/new/test"), &mirror("M", &url)).await.expect_status(200).text;
    assert!(broken.contains("The way there is broken") && broken.contains("Make a new token"), "{broken}");
    let whole = guests.owner.post(&format!("{base}/new/test"), &mirror("M", &url)).await.expect_status(200).text;
    assert!(whole.contains("The way there works") && whole.contains("Brings in itemusages"), "{whole}");
    assert!(!guests.owner.page(&base).await.contains("badge ok"), "a test adds nothing");

    let path = add(&guests.owner, &base, &mirror("Mirror", &url)).await;
    eventually("following", async || guests.owner.page(&path).await.contains(">Following<")).await;
    let page = guests.owner.page(&path).await;
    for part in [
        "Item usages",
        "Audit events and sign-in attempts do not come in",
        ">30<",
        "in 119 days",
        "of 30,000 requests",
        "In 30 days: 30 events brought in",
        "Answered",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(guests.owner.page(&base).await.contains(">Following<"));
    let home = guests.owner.page(&format!("/accounts/{account}")).await;
    assert!(home.contains("Where they come from") && home.contains(&format!("href=\"{path}\"")), "{home}");
    upstream.until_told(Fault::status(401));
    let is_told = async || {
        let home = guests.owner.page(&format!("/accounts/{account}")).await;
        home.contains("The source “Mirror”: stopped") && home.contains("Needs attention")
    };
    eventually("home tells that it is stopped", is_told).await;
    upstream.recover();
    let tested = guests.owner.post(&format!("{path}/test"), &[]).await.expect_status(200).text;
    assert!(tested.contains("The way there works"), "{tested}");
    guests.owner.did(&guests.owner.post(&format!("{path}/retry"), &[]).await, &path);
    let asked = guests.owner.page(&format!("{path}/remove")).await;
    assert!(asked.contains("The 30 events that it has brought in stay in the log"), "{asked}");
    guests.owner.did(&guests.owner.post(&format!("{path}/remove"), &[]).await, &base);
    guests.owner.get(&path).await.expect_status(404);
    let trail = guests.owner.page(&format!("/accounts/{account}/audit")).await;
    for did in ["Added the source", "Paused the source", "Resumed the source", "Removed the source"] {
        assert!(trail.contains(did), "{did}: {trail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_catches_up_says_how_far_it_is_and_what_is_wrong_is_told_as_it_was_said() {
    let guests = Guests::of(&Hub::start(pushing())).await;
    let base = format!("/accounts/{}/sources", guests.first_account());
    let upstream = Receiver::start().await;
    upstream.answer_with(|request| {
        if request.path.ends_with("introspect") {
            return Reply::json(200, &json!({"uuid": "I", "features": ["itemusages"]}));
        }
        match request.json()["cursor"].as_str() {
            None => Reply::json(200, &page_of(0..10, "second", true)),
            Some(_) => Reply::json(503, &json!({"Error": {"Message": "<b>not now</b>"}})),
        }
    });
    let path = add(&guests.owner, &base, &mirror("<i>Mirror</i>", &upstream.url())).await;
    eventually("it is tried again", async || guests.owner.page(&path).await.contains(">Trying again<")).await;
    let page = guests.owner.page(&path).await;
    assert!(page.contains("<progress") && page.contains("% is here"), "{page}");
    assert!(page.contains("503") && !page.contains("<b>not now") && !page.contains("<i>Mirror"), "{page}");
    assert!(page.contains("Try now"), "{page}");
}
