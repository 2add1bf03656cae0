//! What a browser loads besides a page: files that it keeps, the hub's certificate, and how much it all weighs.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::support::{Browser, Desk, Hub, Raw, Store, daybook, location, page};

const CREATE: &str = "/integrations/events_reporting/create?type=splunk&name=Splunk%20%26%20more";
/// What a page and everything that it loads may weigh over the wire, headers and all.
const PAGE_BYTES_MAX: usize = 150_000;

/// The addresses of what a page loads, modules of modules included.
async fn loaded(browser: &Browser, page: &str) -> BTreeSet<String> {
    let mut found: Vec<String> = quoted(page, "/assets/");
    let mut all = BTreeSet::new();
    while let Some(link) = found.pop() {
        let path = link.split('#').next().unwrap().to_owned();
        if path.contains(".js") && !all.contains(&path) {
            let module = browser.get(&path).await.expect_status(200).text;
            found.extend(quoted(&module, "./").iter().map(|name| name.replacen("./", "/assets/", 1)));
        }
        all.insert(path);
    }
    all
}

/// Every text in double quotes that begins so.
fn quoted(text: &str, start: &str) -> Vec<String> {
    let start_quoted = format!("\"{start}");
    let parts = text.split(&start_quoted).skip(1).map(|rest| rest.split('"').next().unwrap());
    parts.map(|rest| format!("{start}{rest}")).collect()
}

/// How many bytes an answer has as it is sent to a browser.
fn weight(hub: &Hub, browser: &Browser, path: &str) -> usize {
    let session = browser.cookie("__Host-daybook-session").unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\naccept-encoding: gzip, deflate, br, zstd\r\n\
         cookie: __Host-daybook-session={session}\r\nconnection: close\r\n\r\n"
    );
    let answer = Raw::connect(hub).send(request).read_to_end().unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.head);
    answer.head.len() + answer.body.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_light_with_all_that_it_loads() {
    let desk = Desk::at(Hub::start(daybook())).await;
    let (token, path) = desk.issue("first", &["auditevents", "itemusages"]).await;
    desk.read("auditevents", &token).await.expect_status(200);
    for number in 0..20 {
        desk.add("splunk", &format!("System {number}")).await;
    }
    let mut paths: Vec<String> = desk.browser.every_page(&desk.account).await.into_keys().collect();
    assert!(
        paths.contains(&desk.account) && paths.contains(&desk.integration) && paths.contains(&format!("{path}/rights"))
    );
    // Pages of the twenty are alike.
    paths.retain(|path| {
        !path.contains("/integrations/") || path.starts_with(&desk.integration) || path.ends_with("directory")
    });
    for path in paths.iter().map(String::as_str).chain(["/me", "/accounts", "/sign-in"]) {
        let answer = desk.browser.get(path).await;
        if !answer.text.starts_with("<!doctype html>") {
            continue;
        }
        let assets = loaded(&desk.browser, &answer.text).await;
        assert!(assets.len() >= 4, "{path} loads {assets:?}");
        let parts = assets.iter().map(String::as_str).chain([path]);
        let bytes: usize = parts.map(|part| weight(&desk.hub, &desk.browser, part)).sum();
        assert!(bytes <= PAGE_BYTES_MAX, "{path} weighs {bytes} bytes with {assets:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_pages_load_is_kept_for_good_by_its_address_and_asked_for_without_it() {
    let desk = Desk::at(Hub::start(daybook())).await;
    let (_, path) = desk.issue("first", &["auditevents"]).await;
    let mut assets = BTreeSet::new();
    for shown in ["/me", "/accounts", &desk.account, &desk.integration, &format!("{path}/rights")] {
        assets.extend(loaded(&desk.browser, &page(&desk.browser, shown).await).await);
    }
    let nobody = Browser::new(&desk.hub);
    for path in assets.iter().filter(|path| path.contains("?v=")) {
        let (name, _) = path.split_once('?').unwrap();
        let answer = nobody.get(path).await.expect_status(200);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("set-cookie"), None, "what is kept for everybody has nothing of anybody");
        let tag = answer.header("etag").unwrap().to_owned();
        for address in [name.to_owned(), format!("{name}?v=of-another-build")] {
            let unnamed = nobody.get(&address).await.expect_status(200);
            assert_eq!(unnamed.header("cache-control"), Some("no-cache"), "{address}");
            assert_eq!(unnamed.text, answer.text, "{address}");
        }
        for known in [tag.clone(), format!("W/{tag}")] {
            let again = nobody.send(Method::GET, name, &[("if-none-match", &known)], String::new()).await;
            assert_eq!(
                (again.status, again.text.as_str(), again.header("etag")),
                (304, "", Some(tag.as_str())),
                "{path}"
            );
        }
        let changed = nobody.send(Method::GET, name, &[("if-none-match", "\"another\"")], String::new()).await;
        assert_eq!(changed.status, 200, "{path}");
    }
    for missing in ["/assets/missing.js", "/assets/..%2f..%2fmaster.key", "/assets/", "/assets/%00"] {
        assert_eq!(nobody.get(missing).await.status, 404, "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_may_have_the_certificate_and_nobody_its_key() {
    let hub = Hub::shared(Store::Sqlite);
    let answer = Browser::new(&hub).get("/ca.pem").await.expect_status(200);
    assert_eq!(answer.text, std::fs::read_to_string(hub.ca_path.as_deref().unwrap()).unwrap());
    assert!(answer.text.contains("BEGIN CERTIFICATE") && !answer.text.contains("PRIVATE KEY"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"daybook-ca.pem\""));
    assert_eq!(answer.header("set-cookie"), None);
    // A hub behind a proxy has none of its own.
    let plain = Hub::start(daybook().config_text("[server]\nplain_http = true\n"));
    assert_eq!(Browser::new(&plain).get("/ca.pem").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_from_elsewhere_leads_through_the_sign_in_to_the_wizard() {
    let desk = Desk::at(Hub::start(daybook())).await;
    let browser = Browser::new(&desk.hub);
    let door = location(&browser.get(CREATE).await);
    let shown = page(&browser, &door).await;
    let next = shown.split_once("name=\"next\" value=\"").unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&");
    assert_eq!(next, CREATE);
    let fields = [("email", "olga@acme.example"), ("password", crate::support::PASSWORD), ("next", next.as_str())];
    let back = location(&browser.submit("/sign-in", &fields).await);
    let wizard = location(&browser.get(&back).await);
    assert!(page(&browser, &wizard).await.contains("value=\"Splunk &#38; more\""));
    let new = format!("{}/integrations/new", desk.account);
    let on = location(&browser.submit(&new, &[("kind", "splunk"), ("name", "Splunk & more")]).await);
    assert!(on.contains("/tokens/new"), "{on}");
    page(&browser, &on).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_get_a_page_for_what_is_not_there_and_programs_an_error() {
    let desk = Desk::at(Hub::start(daybook())).await;
    // The last one is where a form was sent to, opened again with the tabs of yesterday.
    for path in ["/nowhere", &format!("{}/nowhere", desk.account), &format!("{}/people/invite", desk.account)] {
        let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
        let page = desk.browser.send(Method::GET, path, &html, String::new()).await.expect_status(404);
        assert!(page.text.contains("There is nothing here") && page.text.contains("To the start"), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let error = desk.browser.send(Method::GET, path, &[("accept", "*/*")], String::new()).await;
        assert!([404, 405].contains(&error.status) && error.json()["message"].is_string(), "{path}: {}", error.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strange_link_from_elsewhere_does_nothing() {
    let desk = Desk::at(Hub::start(daybook())).await;
    let hostile = format!("%22%3E%3Cscript%3E{}", "x".repeat(5000));
    for query in [
        "",
        "?type=&name=",
        "?type=nonsense&name=A",
        "?type=%0d%0aset-cookie:%20a=b&name=%0d%0a",
        &format!("?type={hostile}&name={hostile}"),
        "?type=splunk&name=A&account=evil&next=//evil.example",
    ] {
        let answer = desk.browser.get(&format!("/integrations/events_reporting/create{query}")).await;
        let mut path = location(&answer);
        assert!(path.starts_with(&desk.account) && path.len() < 2000, "{path}");
        let mut shown = desk.browser.get(&path).await;
        if shown.status == 303 {
            path = location(&shown);
            assert_eq!(path, format!("{}/integrations/directory", desk.account), "no system has this name");
            shown = desk.browser.get(&path).await;
        }
        assert!(!shown.expect_status(200).text.contains("<script>"), "{path}");
    }
    assert!(!desk.browser.every_page(&desk.account).await.values().any(|text| text.contains("nonsense")));
}
