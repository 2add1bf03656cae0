//! Signing in, seen by those who should not: what nobody learns, which forms are believed, and who has to wait.

use daybook_testkit::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Browser, Hub, PASSWORD, daybook, first_account, invitation_code, is_signed_in, join, location, page, reset_code,
    setup_code,
};

const SESSION: &str = "__Host-daybook-session";
const VISIT: &str = "__Host-daybook-visit";
const DEVICE: &str = "__Host-daybook-device";
const CHALLENGE: &str = "__Host-daybook-challenge";
const OLGA: &str = "olga@acme.example";
const WRONG: &str = "a wrong password of hers";

/// What a module of a page sends.
async fn script(browser: &Browser, path: &str, csrf: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let own = [("x-csrf-token", csrf), ("accept", "application/json")];
    browser.send(Method::POST, path, &[&own[..], headers].concat(), body.to_string()).await
}

/// A module is told in JSON, since it cannot follow to a page.
#[track_caller]
fn told_in_json(answer: &Answer, status: u16) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text);
    assert_eq!((answer.status, answer.json()["status"].as_u64()), (status, Some(status.into())), "{}", answer.text);
}

fn asked(next: &str) -> String {
    format!("/sign-in?next={}", form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>())
}

#[tokio::test]
async fn before_there_is_anybody_every_door_leads_to_the_set_up() {
    let hub = Hub::start(daybook());
    let browser = Browser::new(&hub);
    for path in ["/", "/sign-in"] {
        assert_eq!(location(&browser.get(path).await), "/setup", "{path}");
    }
}

#[tokio::test]
async fn every_cookie_is_for_this_host_over_tls_and_out_of_reach_of_script() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let browser = Browser::new(&hub);
    let visit = browser.get("/sign-in").await;
    let begun = browser.submit("/sign-in", &[("email", OLGA), ("password", PASSWORD)]).await;
    let lines = [visit.headers_named("set-cookie"), begun.headers_named("set-cookie")].concat();
    for name in [SESSION, DEVICE, VISIT] {
        assert!(lines.iter().any(|line| line.starts_with(name)), "{name} in {lines:?}");
    }
    for line in lines {
        assert!(line.starts_with("__Host-daybook-") && !line.contains("Domain"), "{line}");
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(line.split("; ").any(|part| part == attribute), "{attribute} in {line}");
        }
    }
    assert_eq!(browser.cookie(VISIT), None, "it ends with the visit");
    let shown = page(&browser, "/me").await;
    for name in [SESSION, DEVICE] {
        assert!(!shown.contains(&browser.cookie(name).unwrap()), "{name} is on no page");
    }
}

#[tokio::test]
async fn every_failure_is_told_in_the_same_words() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let mut pages = Vec::new();
    for (email, password) in
        [(OLGA, WRONG), (OLGA, ""), ("nobody@acme.example", PASSWORD), ("' OR 1=1 --", PASSWORD), ("", PASSWORD)]
    {
        let browser = Browser::new(&hub);
        let answer = browser.sign_in(email, password).await.expect_status(422);
        assert!(answer.text.contains("Email and password do not match."), "{}", answer.text);
        assert!(!answer.text.contains(PASSWORD) && !answer.text.contains(WRONG), "{}", answer.text);
        assert_eq!((browser.cookie(SESSION), browser.cookie(DEVICE)), (None, None));
        let kept = format!("value=\"{}\"", email.replace('\'', "&#39;"));
        assert!(answer.text.contains(&kept), "what was typed stays, escaped: {}", answer.text);
        pages.push(answer.text.replace(&browser.csrf(), "CSRF").replacen(&kept, "EMAIL", 1));
    }
    // An empty email is the value of more fields than one.
    pages.pop();
    assert!(pages.windows(2).all(|two| two[0] == two[1]), "{pages:#?}");
}

#[tokio::test]
async fn an_email_is_the_same_in_any_case() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    assert_eq!(location(&Browser::new(&hub).sign_in(" Olga@ACME.example ", PASSWORD).await), "/");
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    let path = format!("/accounts/{}/audit?action=create", first_account(&hub).await);
    let browser = Browser::new(&hub);
    assert_eq!(location(&browser.get(&path).await), asked(&path));
    assert_eq!(location(&browser.get("/").await), "/sign-in");
    assert!(page(&browser, &asked(&path)).await.contains(&format!("value=\"{path}\"")));
    let form = browser.submit("/me/name", &[("name", "X")]).await;
    assert_eq!(location(&form), "/sign-in", "what was sent is not sent again");
    told_in_json(&script(&browser, "/me/passkeys/start", &browser.csrf(), &[], &json!({})).await, 401);
    for (next, leads) in [
        (path.as_str(), path.as_str()),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example", "/"),
        ("/me\r\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        assert_eq!(location(&owner.get(&asked(next)).await), leads, "{next:?}");
        page(&browser, "/sign-in").await;
        let fields = [("email", OLGA), ("password", PASSWORD), ("next", next)];
        assert_eq!(location(&browser.submit("/sign-in", &fields).await), leads, "{next:?}");
        page(&browser, "/me").await;
        browser.submit("/sign-out", &[]).await.expect_status(303);
    }
}

#[tokio::test]
async fn each_form_is_believed_only_from_a_page_of_this_session() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    let elsewhere = Browser::new(&hub);
    elsewhere.sign_in(OLGA, PASSWORD).await.expect_status(303);
    let stranger = Browser::new(&hub);
    page(&owner, "/me").await;
    page(&elsewhere, "/me").await;
    page(&stranger, "/sign-in").await;
    let own = owner.csrf();
    let altered = format!("{}{}", if own.starts_with('0') { "1" } else { "0" }, &own[1..]);
    for (why, csrf, headers) in [
        ("none", "", &[][..]),
        ("of nobody", "00", &[]),
        ("altered", &altered, &[]),
        ("of another browser", &stranger.csrf(), &[]),
        ("of another session of the same person", &elsewhere.csrf(), &[]),
        ("from another site", &own, &[("sec-fetch-site", "cross-site")]),
        ("from a sibling", &own, &[("sec-fetch-site", "same-site")]),
        ("from another origin", &own, &[("origin", "https://evil.example")]),
        ("from nowhere", &own, &[("origin", "null")]),
    ] {
        for path in ["/me/name", "/sign-out", "/sign-out/everywhere", "/me/password", "/me/sessions/end"] {
            let answer = owner.submit_with(path, &[("name", "Mallory")], csrf, headers).await;
            assert_eq!(answer.status, 403, "{path} with a mark {why}: {}", answer.text);
        }
        for path in ["/me/passkeys/start", "/me/passkeys/finish"] {
            told_in_json(&script(&owner, path, csrf, headers, &json!({})).await, 403);
        }
    }
    assert!(!page(&owner, "/me").await.contains("Mallory"));
    assert!(is_signed_in(&elsewhere).await, "nothing has happened");
}

#[tokio::test]
async fn nobody_is_signed_in_by_a_form_of_another_browser() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let (browser, attacker) = (Browser::new(&hub), Browser::new(&hub));
    page(&browser, "/sign-in").await;
    page(&attacker, "/sign-in").await;
    for csrf in ["", attacker.csrf().as_str()] {
        let fields = [("email", OLGA), ("password", PASSWORD)];
        browser.submit_with("/sign-in", &fields, csrf, &[]).await.expect_status(403);
    }
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn who_waits_learns_nothing_and_only_an_own_device_does_not_wait() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    let viewer = join(&hub, &first_account(&hub).await, "ada@acme.example", "viewer").await;
    let attacker = Browser::new(&hub);
    let mut status = 422;
    for _ in 0..12 {
        status = attacker.sign_in(OLGA, WRONG).await.status;
        if status == 429 {
            break;
        }
    }
    assert_eq!(status, 429, "guessing is slowed down");
    assert_eq!(attacker.sign_in(OLGA, PASSWORD).await.status, 429, "the right password is not told from others");
    let device = owner.cookie(DEVICE).unwrap();
    for (whose, cookie) in
        [("forged", format!("A{}", &device[1..])), ("somebody else's", viewer.cookie(DEVICE).unwrap())]
    {
        let browser = Browser::new(&hub);
        browser.put_cookie(DEVICE, &cookie);
        assert_eq!(browser.sign_in(OLGA, PASSWORD).await.status, 429, "{whose}");
    }
    let own = Browser::new(&hub);
    own.put_cookie(DEVICE, &device);
    assert_eq!(location(&own.sign_in(OLGA, PASSWORD).await), "/");
}

#[tokio::test]
async fn a_session_outlives_a_restart_of_the_hub() {
    let mut server = daybook().start();
    let link = std::fs::read_to_string(server.data_dir().join("setup.link")).unwrap();
    let browser = Browser::new(&Hub::attach(&server));
    page(&browser, "/setup").await;
    let code = link.trim().split_once('#').unwrap().1;
    let fields = [("code", code), ("account_name", "Acme"), ("name", "Olga"), ("email", OLGA), ("password", PASSWORD)];
    browser.submit("/setup", &fields).await.expect_status(303);
    server.terminate_and_wait();
    server.restart();
    let later = Browser::new(&Hub::attach(&server));
    later.put_cookie(SESSION, &browser.cookie(SESSION).unwrap());
    assert!(is_signed_in(&later).await);
    assert!(!server.data_dir().join("setup.link").exists(), "there is an owner");
}

#[tokio::test]
async fn a_passkey_is_asked_for_by_a_page_of_ours_and_a_challenge_is_answered_once() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let browser = Browser::new(&hub);
    let (start, finish) = ("/sign-in/passkey/start", "/sign-in/passkey/finish");
    for path in [start, finish] {
        told_in_json(&script(&browser, path, "", &[], &json!({})).await, 403);
    }
    page(&browser, "/sign-in").await;
    let csrf = browser.csrf();
    told_in_json(&script(&browser, finish, &csrf, &[], &json!({})).await, 401);

    let answer = script(&browser, start, &csrf, &[], &json!({})).await.expect_status(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let options = answer.json();
    let options = options.get("publicKey").unwrap_or(&options);
    assert_eq!((&options["rpId"], &options["userVerification"]), (&json!("localhost"), &json!("required")));
    assert_eq!(options["allowCredentials"].as_array().map_or(0, Vec::len), 0, "it names nobody's: {options}");
    let challenge = browser.cookie(CHALLENGE).unwrap();
    for body in [json!({}), json!({"id": "x"}), json!("junk"), json!({"response": {"userHandle": null}})] {
        told_in_json(&script(&browser, finish, &csrf, &[], &body).await, 401);
        browser.put_cookie(CHALLENGE, &challenge);
    }
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn the_log_keeps_links_forms_and_devices_quiet() {
    let hub = Hub::start(daybook().config_text("[logs]\nlevel = \"trace\"\n"));
    let setup = setup_code(&hub);
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    page(&owner, "/me").await;
    let invitation = invitation_code(&hub, &first_account(&hub).await, "ada@acme.example", "viewer").await;
    let reset = reset_code(&hub, OLGA).await;
    let guest = Browser::new(&hub);
    guest.sign_in(OLGA, WRONG).await.expect_status(422);
    guest.submit("/join", &[("code", &invitation)]).await.expect_status(200);
    let new = "three ships beyond the 7th cape";
    guest.submit("/reset", &[("code", &reset), ("password", new)]).await.expect_status(303);
    let log = hub.daybook().log();
    assert!(log.contains("http.route=\"/reset\""), "every request is told: {log}");
    let mut secrets = vec![setup, invitation, reset, owner.csrf(), guest.csrf()];
    for browser in [&owner, &guest] {
        secrets.extend([SESSION, DEVICE].map(|name| browser.cookie(name).unwrap()));
    }
    secrets.extend([WRONG, new, PASSWORD, OLGA, "ada@acme.example"].map(str::to_owned));
    for secret in secrets {
        assert!(!secret.is_empty() && !log.contains(&secret), "{secret} is in the log");
    }
}
