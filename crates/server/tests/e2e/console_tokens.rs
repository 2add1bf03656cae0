//! Tokens as an owner sets them up, over HTTP and on both stores: the wizard, rights that change, replace, pause, revoke.

use daybook_testkit::Answer;
use serde_json::json;

use crate::support::{Browser, Hub, Store, daybook, eventually};

const OLGA: &str = "olga@acme.example";
const HOSTILE: &str = "\"><img src=x onerror=alert(1)><script>alert(2)</script>\u{202e}🦀";

/// An owner, the path of their account, and an integration.
struct Desk {
    hub: Hub,
    browser: Browser,
    account: String,
    integration: String,
}

impl Desk {
    async fn on(store: Store) -> Self {
        let hub = Hub::start_on(store, daybook());
        let browser = Browser::of_the_owner(&hub, OLGA).await;
        let account = browser.get("/").await.header("location").unwrap().to_owned();
        let mut desk = Self { hub, browser, account, integration: String::new() };
        desk.integration = desk.add("other", "Lab").await;
        desk
    }

    /// The path of a new integration.
    async fn add(&self, kind: &str, name: &str) -> String {
        let path = format!("{}/integrations/new", self.account);
        self.browser.get(&format!("{path}?kind={kind}")).await.expect_status(200);
        let answer = self.browser.submit(&path, &[("kind", kind), ("name", name)]).await.expect_status(303);
        answer.header("location").unwrap().split("/tokens/").next().unwrap().to_owned()
    }

    /// The text and the path of a new token with these features.
    async fn issue(&self, name: &str, features: &[&str]) -> (String, String) {
        let path = format!("{}/tokens/new", self.integration);
        self.browser.get(&path).await.expect_status(200);
        let mut fields = vec![("name", name), ("expires", "30")];
        fields.extend(features.iter().map(|feature| ("features", *feature)));
        saved(&self.browser.submit(&path, &fields).await)
    }

    async fn change(&self, token: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("{token}/rights");
        self.browser.get(&path).await.expect_status(200);
        self.browser.submit(&path, fields).await
    }

    async fn read(&self, feature: &str, token: &str) -> Answer {
        self.hub.post(&format!("/api/v2/{feature}"), Some(token), r#"{"limit":1}"#).await
    }

    async fn page(&self) -> String {
        self.browser.get(&self.integration).await.expect_status(200).text
    }

    /// Whether the live check says this, as it does within the seconds in which uses are written down.
    async fn check_says(&self, words: &str) {
        let path = format!("{}/check", self.integration);
        eventually(words, async || self.browser.get(&path).await.text.contains(words)).await;
    }
}

/// What the page that shows a token has: the token, and where its own pages are.
fn saved(answer: &Answer) -> (String, String) {
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text);
    let token = answer.text.split_once("name=\"token\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let path = answer.text.split_once("/environment\"").unwrap().0.rsplit_once('"').unwrap().1;
    (token.to_owned(), path.to_owned())
}

macro_rules! on_both {
    ($($name:ident($desk:ident) $body:block)+) => {
        $(
            mod $name {
                use super::*;

                async fn check($desk: Desk) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    check(Desk::on(Store::Sqlite).await).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    check(Desk::on(Store::Postgres).await).await;
                }
            }
        )+
    };
}

on_both! {
    rights_change_and_the_token_stays_the_same(desk) {
        let (token, path) = desk.issue("first", &["auditevents", "itemusages"]).await;
        desk.read("auditevents", &token).await.expect_status(200);
        desk.check_says("Other reads events").await;

        let beyond = [("expires", "same"), ("features", "auditevents"), ("features", "signinattempts")];
        let refused = desk.change(&path, &beyond).await.expect_status(422);
        assert!(refused.text.contains("does not claim signinattempts"));

        desk.change(&path, &[("expires", "same"), ("features", "auditevents")]).await.expect_status(303);
        desk.read("itemusages", &token).await.expect_status(401);
        let introspection = desk.hub.get("/api/v2/auth/introspect", Some(&token)).await.expect_status(200).json();
        assert_eq!(introspection["features"], json!(["auditevents"]));
        desk.check_says("for item usages, which it may not read").await;

        let elsewhere = [("expires", "same"), ("features", "auditevents"), ("networks", "192.0.2.0/24")];
        desk.change(&path, &elsewhere).await.expect_status(303);
        let refused = desk.read("auditevents", &token).await.expect_status(401);
        assert!(refused.text.contains("may not be used from 127.0.0.1"), "{}", refused.text);
        desk.check_says("which is not among its networks").await;

        let slow = [("expires", "never"), ("features", "itemusages"), ("networks", "127.0.0.0/8"), ("requests_per_minute", "2")];
        desk.change(&path, &slow).await.expect_status(303);
        let statuses = [
            desk.read("itemusages", &token).await.status,
            desk.read("itemusages", &token).await.status,
            desk.read("itemusages", &token).await.status,
        ];
        assert_eq!(statuses, [200, 200, 429]);
        assert!(desk.page().await.contains("At most 2 requests a minute."));
        let wrong = desk.change(&path, &[("expires", "custom"), ("expires_on", "2001-01-01"), ("features", "itemusages")]);
        assert!(wrong.await.expect_status(422).text.contains("This day is over."));
    }

    a_successor_has_the_same_rights_and_the_old_one_can_go(desk) {
        let (old, path) = desk.issue("Production", &["auditevents"]).await;
        desk.change(&path, &[("expires", "same"), ("features", "auditevents"), ("requests_per_minute", "77")]).await;
        let replace = format!("{path}/replace");
        let form = desk.browser.get(&replace).await.expect_status(200);
        assert!(form.text.contains("value=\"Production 2\""));
        let (new, _) = saved(&desk.browser.submit(&replace, &[("name", "Production 2"), ("expires", "30")]).await);
        assert_ne!(new, old);
        assert!(desk.page().await.matches("At most 77 requests a minute.").count() == 2);
        desk.read("auditevents", &old).await.expect_status(200);
        assert!(desk.browser.get(&replace).await.text.contains("has not been used yet"));
        desk.read("auditevents", &new).await.expect_status(200);
        eventually("both are in use", async || desk.browser.get(&replace).await.text.contains("Both tokens")).await;
        desk.browser.get(&format!("{path}/revoke")).await.expect_status(200);
        desk.browser.submit(&format!("{path}/revoke"), &[]).await.expect_status(303);
        desk.read("auditevents", &old).await.expect_status(401);
        desk.read("auditevents", &new).await.expect_status(200);
        desk.browser.get(&format!("{path}/rights")).await.expect_status(404);
    }

    a_pause_keeps_tokens_and_a_removal_can_be_undone(desk) {
        let (token, _) = desk.issue("first", &["auditevents"]).await;
        let go = async |action: &str| {
            desk.browser.get("/me").await;
            desk.browser.submit(&format!("{}/{action}", desk.integration), &[]).await.expect_status(303)
        };
        for (action, status) in [("pause", 401), ("resume", 200), ("remove", 401), ("restore", 200)] {
            go(action).await;
            assert_eq!(desk.read("auditevents", &token).await.status, status, "{action}");
        }
        go("remove").await;
        desk.add("other", "Lab").await;
        let taken = go("restore").await;
        assert!(taken.header("location").unwrap().ends_with("/integrations"));
        desk.read("auditevents", &token).await.expect_status(401);
    }

    hostile_names_are_shown_and_do_nothing(desk) {
        let integration = desk.add("splunk", HOSTILE).await;
        let desk = Desk { integration, ..desk };
        let (token, path) = desk.issue(HOSTILE, &["auditevents"]).await;
        desk.read("auditevents", &token).await.expect_status(200);
        let account = &desk.account;
        for page in [
            desk.integration.clone(),
            format!("{path}/rights"),
            format!("{path}/replace"),
            format!("{path}/revoke"),
            format!("{}/remove", desk.integration),
            format!("{account}/integrations"),
            format!("{account}/audit"),
            account.clone(),
        ] {
            let text = desk.browser.get(&page).await.expect_status(200).text;
            assert!(!text.contains("<img") && !text.contains("<script>"), "{page}");
            assert!(text.contains("&#60;script&#62;"), "{page} shows the name");
        }
        desk.browser.get(&format!("{account}/integrations/new?kind=other")).await;
        let long = "x".repeat(10_000);
        let refused = desk.browser.submit(&format!("{account}/integrations/new"), &[("kind", "other"), ("name", &long)]).await;
        assert!(refused.expect_status(422).text.contains("1 to 100 characters"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_on_one_page_and_in_one_file() {
    let desk = Desk::on(Store::Sqlite).await;
    let (token, path) = desk.issue("first", &["auditevents"]).await;
    let secret = token.rsplit_once('.').unwrap().1;
    for page in [desk.integration.clone(), format!("{path}/rights"), format!("{}/audit", desk.account)] {
        assert!(!desk.browser.get(&page).await.text.contains(secret), "{page}");
    }
    desk.browser.get(&desk.integration).await;
    let file = desk.browser.submit(&format!("{path}/environment"), &[("token", &token)]).await.expect_status(200);
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"daybook.env\""));
    assert!(file.text.contains(&format!("DAYBOOK_EVENTS_API_TOKEN='{token}'")), "{}", file.text);
    // Nothing that was not issued here gets into a file under our name.
    desk.browser.submit(&format!("{path}/environment"), &[("token", "rm -rf /")]).await.expect_status(404);
    assert!(!desk.hub.daybook().log().contains(secret));
}
