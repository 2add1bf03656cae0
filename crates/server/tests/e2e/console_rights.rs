//! What a token may do, changed while a system goes on using it, and the words in which the live check says what happens.

use daybook_events::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_own_hubs,
    support::{Desk, Guests, Hub, daybook, days_ago, eventually, first_account, forged, id_of, join, token_of},
};

/// The path of a day so many days from now, as a form takes it.
fn in_days(days: u64) -> String {
    let day = days_ago(0).plus(std::time::Duration::from_secs(days * 24 * 3600));
    day.to_string().split_once('T').unwrap().0.to_owned()
}

/// The fields of a form that leaves everything as it is but for these.
fn fields<'a>(changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = [("expires", "same"), ("features", "auditevents")];
    let kept = kept.into_iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    kept.chain(changed.iter().copied()).collect()
}

on_own_hubs! {
    async fn an_end_is_moved_both_ways_and_a_token_that_has_expired_comes_back(hub: Hub) {
        let desk = Desk::at(hub).await;
        let account = first_account(&desk.hub).await;
        let integration = desk.integration.rsplit_once('/').unwrap().1;
        let path = format!("accounts/{account}/integrations/{integration}/tokens");
        let short = json!({"name": "short", "features": ["auditevents"], "expires_in_secs": 1});
        let issued = desk.hub.manage(Method::POST, &path, short).await.expect_status(201).json();
        let (token, path) = (token_of(&issued), format!("{}/tokens/{}", desk.integration, id_of(&issued)));
        eventually("it expires", async || desk.read("auditevents", &token).await.status == 401).await;
        let refused = desk.read("auditevents", &token).await.expect_status(401);
        assert!(refused.text.contains("expired"), "{}", refused.text);
        desk.check_says("The token “short” was used from 127.0.0.1, and it has expired.").await;
        assert!(desk.page().await.contains("Expired"));

        // Later than the text of the token says, then earlier, then never; the text stays the same.
        let (soon, late) = (in_days(1), in_days(400));
        for changed in [
            [("expires", "30"), ("expires_on", "")],
            [("expires", "custom"), ("expires_on", &late)],
            [("expires", "custom"), ("expires_on", &soon)],
            [("expires", "never"), ("expires_on", "")],
        ] {
            desk.change(&path, &fields(&changed)).await.expect_status(303);
            desk.read("auditevents", &token).await.expect_status(200);
        }
        desk.check_says("Other reads events").await;
        assert!(desk.browser.get(&format!("{path}/rights")).await.text.contains("It never expires."));
        for (day, why) in [("2001-01-01", "This day is over."), ("soon", "Write a day"), ("9999-12-31", "hundred years")] {
            let refused = desk.change(&path, &fields(&[("expires", "custom"), ("expires_on", day)])).await;
            assert!(refused.expect_status(422).text.contains(why), "{day}");
        }
        desk.read("auditevents", &token).await.expect_status(200);
    }

    async fn a_token_is_let_in_from_its_networks_alone(hub: Hub) {
        let desk = Desk::at(hub).await;
        let (token, path) = desk.issue("first", &["auditevents"]).await;
        for (networks, status) in [
            ("192.0.2.0/24", 401),
            ("192.0.2.0/24\r\n127.0.0.1", 200),
            ("2001:db8::/32", 401),
            ("127.0.0.0/8, 2001:db8::1", 200),
            ("128.0.0.0/1", 401),
            ("", 200),
        ] {
            desk.change(&path, &fields(&[("networks", networks)])).await.expect_status(303);
            for answer in [
                desk.read("auditevents", &token).await,
                desk.hub.get("/api/v2/auth/introspect", Some(&token)).await,
                desk.hub.get("/api/auth/introspect", Some(&token)).await,
            ] {
                assert_eq!(answer.status, status, "{networks:?}: {}", answer.text);
            }
        }
        // Who is no proxy of ours says in vain where a request is from.
        desk.change(&path, &fields(&[("networks", "192.0.2.0/24")])).await.expect_status(303);
        let forwarded = [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7"), ("x-real-ip", "192.0.2.7")];
        desk.hub.post_with("/api/v2/auditevents", Some(&token), &forwarded, "{}").await.expect_status(401);
    }

    async fn a_form_with_mistakes_keeps_what_was_typed_and_changes_nothing(hub: Hub) {
        let desk = Desk::at(hub).await;
        let (token, path) = desk.issue("first", &["auditevents"]).await;
        for (field, value) in [
            ("networks", "everywhere"),
            ("networks", "10.0.0.0/33"),
            ("networks", "<script>"),
            ("requests_per_minute", "0"),
            ("requests_per_minute", "-1"),
            ("requests_per_minute", "100001"),
            ("requests_per_minute", "many"),
            ("features", "signinattempts"),
            ("features", "everything"),
            ("expires", "tomorrow"),
        ] {
            let other = if field == "networks" { ("requests_per_minute", "1") } else { ("networks", "192.0.2.1") };
            let refused = desk.change(&path, &fields(&[other, (field, value)])).await;
            assert_eq!(refused.status, 422, "{field} {value}: {}", refused.text);
            assert!(refused.text.contains(&format!("id=\"{field}-error\"")), "{field} {value}: {}", refused.text);
            assert!(!refused.text.contains("<script>"));
        }
        let none = [("expires", "same"), ("networks", "192.0.2.1")];
        assert!(desk.change(&path, &none).await.expect_status(422).text.contains("Choose at least one kind of events."));
        desk.read("auditevents", &token).await.expect_status(200);
    }

    async fn the_live_check_says_why_somebody_is_refused(hub: Hub) {
        let desk = Desk::at(hub).await;
        assert!(desk.page().await.contains("It has no token yet."));
        let (token, path) = desk.issue("first", &["auditevents"]).await;
        desk.check_says("Daybook is waiting for the first request of Other").await;
        for (stray, words) in [
            ("nonsense".to_owned(), "Something from 127.0.0.1 is no token."),
            (of_another_hub(), "A token from 127.0.0.1 is not known to this hub."),
            (with_another_signature(&token), "A token from 127.0.0.1 has a signature that is not right."),
        ] {
            desk.read("auditevents", &stray).await.expect_status(401);
            desk.check_says(words).await;
        }
        let administrator = join(&desk.hub, &first_account(&desk.hub).await, "ada@acme.example", "administrator").await;
        let seen = administrator.get(&format!("{}/check", desk.integration)).await.expect_status(200).text;
        assert!(seen.contains("Daybook is waiting"), "what may be anybody's is for who runs the hub: {seen}");

        desk.hub.get("/api/v2/auth/introspect", Some(&token)).await.expect_status(200);
        desk.read("signinattempts", &token).await.expect_status(401);
        desk.check_says("The token “first” was used from 127.0.0.1 for sign-in attempts, which it may not read.").await;
        let sent = desk.hub.post("/ingest/v1/auditevents", Some(&token), "{}").await.expect_status(401);
        assert!(!sent.text.is_empty());
        desk.check_says("was used from 127.0.0.1 the wrong way round").await;
        desk.change(&path, &fields(&[("networks", "192.0.2.0/24")])).await.expect_status(303);
        desk.read("auditevents", &token).await.expect_status(401);
        desk.check_says("was used from 127.0.0.1, which is not among its networks.").await;
        desk.change(&path, &fields(&[("networks", "")])).await.expect_status(303);
        desk.press("pause").await;
        desk.check_says("This integration is paused").await;
        desk.read("auditevents", &token).await.expect_status(401);
        desk.press("resume").await;
        desk.check_says("while the integration was paused").await;
        desk.read("auditevents", &token).await.expect_status(200);
        desk.check_says("Other reads events").await;
        assert!(administrator.get(&format!("{}/check", desk.integration)).await.text.contains("Other reads events"));
        desk.browser.get(&format!("{path}/revoke")).await.expect_status(200);
        desk.browser.submit(&format!("{path}/revoke"), &[]).await.expect_status(303);
        desk.read("auditevents", &token).await.expect_status(401);
        desk.check_says("The token “first” was used from 127.0.0.1, and it is revoked.").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_of_refusals_in_another_account() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let (here, there) = (guests.first_account(), hub.account().await);
    let ours = json!({"name": "Ours", "kind": "other"});
    let ours = id_of(&hub.manage(Method::POST, &format!("accounts/{here}/integrations"), ours).await.json());
    let token = json!({"name": "ours", "features": ["auditevents"]});
    let path = format!("accounts/{here}/integrations/{ours}/tokens");
    let token = hub.manage(Method::POST, &path, token).await.expect_status(201).json();
    let theirs = there.reader_with(&["auditevents"]).await;
    hub.post("/api/v2/itemusages", Some(&token_of(&theirs)), "{}").await.expect_status(401);
    hub.post("/api/v2/itemusages", Some(&token_of(&token)), "{}").await.expect_status(401);
    let administrator = guests.join(&here, "Ada", Role::Administrator).await;
    let check = format!("/accounts/{here}/integrations/{ours}/check");
    eventually("the own one is told", async || administrator.get(&check).await.text.contains("“ours”")).await;
    let id = id_of(&theirs);
    for seat in [&administrator, &guests.owner] {
        for path in [format!("/accounts/{here}"), check.clone(), format!("/accounts/{here}/integrations")] {
            assert!(!seat.get(&path).await.expect_status(200).text.contains(&id), "{path}");
        }
        seat.get(&format!("/accounts/{here}/integrations/{}/check", theirs["integration_uuid"].as_str().unwrap()))
            .await
            .expect_status(404);
    }
}

/// A token that is well made, by a key that this hub does not have.
fn of_another_hub() -> String {
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": "ofanotherhubofanotherhub"});
    let payload = data_encoding::BASE64URL_NOPAD.encode(Value::from("{}").to_string().as_bytes());
    forged(&header, &payload, |_| vec![7; 64])
}

fn with_another_signature(token: &str) -> String {
    let (signed, _) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", data_encoding::BASE64URL_NOPAD.encode(&[7; 64]))
}
