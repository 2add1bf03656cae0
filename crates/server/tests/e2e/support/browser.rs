//! A browser without a window: it keeps cookies, remembers the mark of the last form it saw, and follows nothing by itself.

use std::{collections::BTreeMap, sync::Mutex};

use daybook_testkit::Answer;
use reqwest::Method;

use super::Hub;

/// A password that nobody guesses.
pub(crate) const PASSWORD: &str = "a quiet harbour at dusk 1867";

/// More pages than an account of a test has.
const PAGES_MAX: usize = 300;

/// One person's browser.
#[derive(Debug)]
pub(crate) struct Browser {
    hub: Hub,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cookies: BTreeMap<String, String>,
    csrf: String,
}

impl Browser {
    pub(crate) fn new(hub: &Hub) -> Self {
        Self { hub: hub.clone(), state: Mutex::default() }
    }

    /// The first owner, by the link in the data directory.
    pub(crate) async fn of_the_owner(hub: &Hub, email: &str) -> Self {
        let browser = Self::new(hub);
        browser.sign_up(email).await.expect_status(303);
        browser
    }

    /// Follows the link in the data directory.
    pub(crate) async fn sign_up(&self, email: &str) -> Answer {
        let code = setup_code(&self.hub);
        self.get("/setup").await;
        let fields = [
            ("code", code.as_str()),
            ("account_name", "Acme"),
            ("name", "Olga"),
            ("email", email),
            ("password", PASSWORD),
        ];
        self.submit("/setup", &fields).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.get("/sign-in").await;
        self.submit("/sign-in", &[("email", email), ("password", password)]).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let answer = self.send(Method::GET, path, &[], String::new()).await;
        if let Some((_, rest)) = answer.text.split_once("name=\"csrf\" value=\"") {
            self.state.lock().unwrap().csrf = rest.split_once('"').unwrap().0.to_owned();
        }
        answer
    }

    /// Every page of the account that links lead to from here, by path; forms are not sent.
    pub(crate) async fn every_page(&self, account: &str) -> BTreeMap<String, String> {
        let mut pages = BTreeMap::new();
        let mut paths = vec![account.to_owned()];
        while let Some(path) = paths.pop() {
            if pages.contains_key(&path) {
                continue;
            }
            assert!(pages.len() < PAGES_MAX, "there is no end to the pages: {:?}", pages.keys());
            let text = self.get(&path).await.expect_status(200).text;
            let links = text.split("href=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0.replace("&#38;", "&"));
            paths.extend(links.filter(|link| link.starts_with(account)).map(|link| without_fragment(&link)));
            pages.insert(path, text);
        }
        pages
    }

    /// A form as the last page had it.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        self.submit_with(path, fields, &csrf, &[]).await
    }

    /// A form with another mark and further headers.
    pub(crate) async fn submit_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        csrf: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", csrf).extend_pairs(fields);
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &[&kind[..], headers].concat(), form.finish()).await
    }

    /// The mark of the last form that it saw.
    pub(crate) fn csrf(&self) -> String {
        self.state.lock().unwrap().csrf.clone()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.state.lock().unwrap().cookies.get(name).cloned()
    }

    pub(crate) fn put_cookie(&self, name: &str, value: &str) {
        self.state.lock().unwrap().cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Any request with this browser's cookies.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let kept = self.state.lock().unwrap().cookies.clone();
        let cookies = kept.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let headers = [&[("cookie", cookies.as_str())][..], headers].concat();
        let url = format!("{}{path}", self.hub.url);
        let answer = self.hub.http.send(method, &url, None, &headers, body.into()).await;
        for line in answer.headers_named("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            let mut state = self.state.lock().unwrap();
            if value.is_empty() {
                state.cookies.remove(name);
            } else {
                state.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

fn without_fragment(link: &str) -> String {
    link.split('#').next().unwrap_or_default().to_owned()
}

/// The code of the link in the data directory.
pub(crate) fn setup_code(hub: &Hub) -> String {
    let link = std::fs::read_to_string(hub.daybook().data_dir().join("setup.link")).unwrap();
    link.trim().split_once('#').unwrap().1.to_owned()
}
