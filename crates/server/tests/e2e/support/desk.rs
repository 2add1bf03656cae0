//! An owner at work on an integration: tokens as the console's forms make and change them, and readers that use them.

use daybook_testkit::Answer;

use super::{Browser, Hub, eventually};

/// An owner, the path of their account, and an integration.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) hub: Hub,
    pub(crate) browser: Browser,
    pub(crate) account: String,
    pub(crate) integration: String,
}

impl Desk {
    /// The first owner of a hub, with an integration that is called Lab.
    pub(crate) async fn at(hub: Hub) -> Self {
        let browser = Browser::of_the_owner(&hub, "olga@acme.example").await;
        let account = browser.get("/").await.header("location").unwrap().to_owned();
        let mut desk = Self { hub, browser, account, integration: String::new() };
        desk.integration = desk.add("other", "Lab").await;
        desk
    }

    /// The path of a new integration.
    pub(crate) async fn add(&self, kind: &str, name: &str) -> String {
        let path = format!("{}/integrations/new", self.account);
        self.browser.get(&format!("{path}?kind={kind}")).await.expect_status(200);
        let answer = self.browser.submit(&path, &[("kind", kind), ("name", name)]).await.expect_status(303);
        answer.header("location").unwrap().split("/tokens/").next().unwrap().to_owned()
    }

    /// The text and the path of a new token with these features.
    pub(crate) async fn issue(&self, name: &str, features: &[&str]) -> (String, String) {
        let path = format!("{}/tokens/new", self.integration);
        self.browser.get(&path).await.expect_status(200);
        let mut fields = vec![("name", name), ("expires", "30")];
        fields.extend(features.iter().map(|feature| ("features", *feature)));
        saved(&self.browser.submit(&path, &fields).await)
    }

    /// Sends the form of a token's rights.
    pub(crate) async fn change(&self, token: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("{token}/rights");
        self.browser.get(&path).await.expect_status(200);
        self.browser.submit(&path, fields).await
    }

    /// Asks for an event with a token.
    pub(crate) async fn read(&self, feature: &str, token: &str) -> Answer {
        self.hub.post(&format!("/api/v2/{feature}"), Some(token), r#"{"limit":1}"#).await
    }

    /// The details of the integration.
    pub(crate) async fn page(&self) -> String {
        self.browser.get(&self.integration).await.expect_status(200).text
    }

    /// Presses a button of the integration.
    pub(crate) async fn press(&self, action: &str) -> Answer {
        self.browser.get("/me").await;
        self.browser.submit(&format!("{}/{action}", self.integration), &[]).await.expect_status(303)
    }

    /// Whether the live check says this, as it does within the seconds in which uses are written down.
    pub(crate) async fn check_says(&self, words: &str) {
        let path = format!("{}/check", self.integration);
        eventually(words, async || self.browser.get(&path).await.text.contains(words)).await;
    }
}

/// What the page that shows a token has: the token, and where its own pages are.
#[track_caller]
pub(crate) fn saved(answer: &Answer) -> (String, String) {
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text);
    let token = answer.text.split_once("name=\"token\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let path = answer.text.split_once("/environment\"").unwrap().0.rsplit_once('"').unwrap().1;
    (token.to_owned(), path.to_owned())
}
