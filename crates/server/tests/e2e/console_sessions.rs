//! Signing in over HTTP: cookies, forms of other sites, guessing, links that are good once, and what the log keeps quiet.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Browser, Hub, PASSWORD, daybook, setup_code};

const SESSION: &str = "__Host-daybook-session";
const OLGA: &str = "olga@acme.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_begins_with_a_secret_that_nobody_has_seen() {
    let hub = Hub::start(daybook());
    let browser = Browser::new(&hub);
    browser.put_cookie(SESSION, "planted");
    let answer = browser.sign_up(OLGA).await.expect_status(303);
    let cookie = answer.headers_named("set-cookie").into_iter().find(|line| line.starts_with(SESSION)).unwrap();
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let first = browser.cookie(SESSION).unwrap();
    assert_ne!(first, "planted");
    browser.get("/me").await.expect_status(200);
    browser.submit("/sign-out", &[]).await.expect_status(303);
    assert_eq!(browser.cookie(SESSION), None);
    browser.sign_in(OLGA, PASSWORD).await.expect_status(303);
    assert_ne!(browser.cookie(SESSION).unwrap(), first);
    // What was signed out stays out, whoever still has the cookie.
    let thief = Browser::new(&hub);
    thief.put_cookie(SESSION, &first);
    assert_eq!(thief.get("/me").await.header("location"), Some("/sign-in?next=%2Fme"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_from_before_a_sign_in_and_from_after_it_are_not_believed() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let browser = Browser::new(&hub);
    // Somebody else knows this cookie, and so the mark of its forms.
    browser.put_cookie("__Host-daybook-visit", "planted");
    browser.get("/sign-in").await.expect_status(200);
    let before = browser.csrf();
    browser.sign_in(OLGA, PASSWORD).await.expect_status(303);
    browser.put_cookie("__Host-daybook-visit", "planted");
    let name = [("name", "Changed")];
    browser.submit_with("/me/name", &name, &before, &[]).await.expect_status(403);
    browser.get("/me").await.expect_status(200);
    let own = browser.csrf();
    browser.submit("/sign-out", &[]).await.expect_status(303);
    browser.submit_with("/sign-in", &[("email", OLGA), ("password", PASSWORD)], &own, &[]).await.expect_status(403);
    browser.sign_in(OLGA, PASSWORD).await.expect_status(303);
    browser.submit_with("/me/name", &name, &own, &[]).await.expect_status(403);
    assert!(!browser.get("/me").await.text.contains("Changed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_everywhere_and_a_new_password_end_other_sessions() {
    let hub = Hub::start(daybook());
    let here = Browser::of_the_owner(&hub, OLGA).await;
    let there = Browser::new(&hub);
    there.sign_in(OLGA, PASSWORD).await.expect_status(303);
    here.get("/me").await.expect_status(200);
    let fields = [("current_password", "wrong"), ("new_password", "another quiet harbour 1868")];
    here.submit("/me/password", &fields).await.expect_status(422);
    there.get("/me").await.expect_status(200);
    let fields = [("current_password", PASSWORD), ("new_password", "another quiet harbour 1868")];
    here.submit("/me/password", &fields).await.expect_status(303);
    here.get("/me").await.expect_status(200);
    there.get("/me").await.expect_status(303);
    there.sign_in(OLGA, "another quiet harbour 1868").await.expect_status(303);
    there.get("/me").await.expect_status(200);
    there.submit("/sign-out/everywhere", &[]).await.expect_status(303);
    here.get("/me").await.expect_status(303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_site_or_browser_is_refused_and_changes_nothing() {
    let hub = Hub::start(daybook());
    let olga = Browser::of_the_owner(&hub, OLGA).await;
    olga.get("/me").await.expect_status(200);
    let other = Browser::new(&hub);
    other.get("/sign-in").await;
    let name = [("name", "Changed")];
    let own = olga.csrf();
    let attempts: [(&str, &[(&str, &str)]); 5] = [
        ("", &[]),
        (&other.csrf(), &[]),
        (&own, &[("sec-fetch-site", "cross-site")]),
        (&own, &[("sec-fetch-site", "same-site")]),
        (&own, &[("origin", "https://evil.example")]),
    ];
    for (csrf, headers) in attempts {
        olga.submit_with("/me/name", &name, csrf, headers).await.expect_status(403);
    }
    assert!(!olga.get("/me").await.text.contains("Changed"));
    let origin = format!("https://{}", hub.address());
    olga.submit_with("/me/name", &name, &own, &[("origin", &origin), ("sec-fetch-site", "same-origin")])
        .await
        .expect_status(303);
    assert!(olga.get("/me").await.text.contains("Changed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_sent_to_another_site_after_signing_in() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    for (next, goes_to) in [("//evil.example", "/"), ("https://evil.example", "/"), ("/me", "/me")] {
        let browser = Browser::new(&hub);
        browser.get("/sign-in").await;
        let fields = [("email", OLGA), ("password", PASSWORD), ("next", next)];
        let answer = browser.submit("/sign-in", &fields).await.expect_status(303);
        assert_eq!(answer.header("location"), Some(goes_to), "{next}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_slowed_down_and_the_owner_s_own_device_is_not() {
    let hub = Hub::start(daybook());
    let olga = Browser::of_the_owner(&hub, OLGA).await;
    olga.get("/me").await;
    olga.submit("/sign-out", &[]).await.expect_status(303);
    let guesser = Browser::new(&hub);
    let mut statuses = Vec::new();
    for number in 0..8 {
        let answer = guesser.sign_in(OLGA, &format!("guess number {number}")).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..5], [422; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
    olga.sign_in(OLGA, PASSWORD).await.expect_status(303);
    let unknown = Browser::new(&hub).sign_in("nobody@acme.example", "guess").await.expect_status(422);
    assert!(unknown.text.contains("Email and password do not match."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_set_up_link_works_once_and_a_new_one_voids_the_old() {
    let hub = Hub::start(daybook());
    let old = setup_code(&hub);
    hub.manage(Method::POST, "setup-link", Value::Null).await.expect_status(201);
    assert_ne!(setup_code(&hub), old);
    let late = Browser::new(&hub);
    late.get("/setup").await.expect_status(200);
    let fields = |code: &str| {
        [
            ("code", code.to_owned()),
            ("account_name", "A".into()),
            ("name", "O".into()),
            ("email", OLGA.into()),
            ("password", PASSWORD.into()),
        ]
    };
    let with_old = fields(&old);
    let with_old: Vec<(&str, &str)> = with_old.iter().map(|(name, value)| (*name, value.as_str())).collect();
    late.submit("/setup", &with_old).await.expect_status(422);
    let code = setup_code(&hub);
    Browser::of_the_owner(&hub, OLGA).await;
    assert!(!hub.daybook().data_dir().join("setup.link").exists());
    let again = fields(&code);
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
    late.submit("/setup", &again).await.expect_status(422);
    hub.manage(Method::POST, "setup-link", Value::Null).await.expect_status(409);
    assert_eq!(late.get("/setup").await.header("location"), Some("/sign-in"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_asks_browsers_to_be_careful() {
    let hub = Hub::start(daybook().config_text("[server]\npublic_url = \"https://events.acme.example\"\n"));
    let answer = Browser::new(&hub).get("/setup").await.expect_status(200);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    // A name that other programs of the machine have too is not bound to TLS.
    let local = Hub::start(daybook());
    assert_eq!(Browser::new(&local).get("/setup").await.header("strict-transport-security"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_keeps_secrets_quiet() {
    let hub = Hub::start(daybook().config_text("[logs]\nlevel = \"debug\"\n"));
    let code = setup_code(&hub);
    let browser = Browser::of_the_owner(&hub, OLGA).await;
    browser.get("/me").await.expect_status(200);
    Browser::new(&hub).sign_in(OLGA, "a wrong password of hers").await.expect_status(422);
    let log = hub.daybook().log();
    let session = browser.cookie(SESSION).unwrap();
    for secret in [code.as_str(), PASSWORD, "a wrong password of hers", session.as_str(), OLGA] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
