//! Links that are good once: the set-up of a hub, invitations, new passwords; and the commands that make them.

use std::os::unix::fs::PermissionsExt;

use daybook_testkit::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Browser, Guests, Hub, PASSWORD, code_of, daybook, first_account, invitation_code, is_signed_in, join, location,
    page, refusal, reset_code, setup_code,
};

const SESSION: &str = "__Host-daybook-session";
const OLGA: &str = "olga@acme.example";
const ADA: &str = "ada@acme.example";
const ENDED: &str = "This code is not good, or not any more";
const JOIN_ENDED: &str = "This invitation is not good, or not any more";

/// Tries to become the owner with a code.
async fn set_up(hub: &Hub, code: &str) -> Answer {
    let browser = Browser::new(hub);
    page(&browser, "/join").await;
    let fields = [("code", code), ("account_name", "Evil"), ("name", "Eve"), ("email", "eve@evil.example")];
    browser.submit("/setup", &[&fields[..], &[("password", PASSWORD)]].concat()).await
}

#[tokio::test]
async fn the_set_up_link_is_for_whoever_may_read_the_data_directory() {
    let hub = Hub::start(daybook());
    let code = setup_code(&hub);
    assert_eq!(code.len(), 52, "256 bits");
    let file = hub.daybook().data_dir().join("setup.link");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let port = hub.address().rsplit_once(':').unwrap().1;
    let link = format!("https://localhost:{port}/setup#{code}\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), link, "under a name, to which passkeys can be bound");
    for wrong in ["", "guess", &"a".repeat(52), &code[1..]] {
        assert!(set_up(&hub, wrong).await.expect_status(422).text.contains(ENDED), "{wrong}");
    }

    let owner = Browser::of_the_owner(&hub, OLGA).await;
    let welcome = page(&owner, "/me?welcome=yes").await;
    assert!(welcome.contains("Welcome, <bdi>Olga</bdi>") && welcome.contains("Add a passkey"), "{welcome}");
    let onward = format!("href=\"/accounts/{}\"", first_account(&hub).await);
    assert!(welcome.contains(&onward), "with the way on: {welcome}");
    set_up(&hub, &code).await.expect_status(422);
    let people = hub.manage(Method::GET, "people", Value::Null).await.expect_status(200).json();
    assert_eq!(people.as_array().unwrap().len(), 1, "{people}");
}

#[tokio::test]
async fn a_restart_makes_a_new_set_up_link() {
    let mut server = daybook().start();
    let code = |server: &daybook_testkit::Daybook| {
        let link = std::fs::read_to_string(server.data_dir().join("setup.link")).unwrap();
        link.trim().split_once('#').unwrap().1.to_owned()
    };
    let first = code(&server);
    server.terminate_and_wait();
    server.restart();
    let second = code(&server);
    assert_ne!(first, second);
    let hub = Hub::attach(&server);
    assert!(set_up(&hub, &first).await.expect_status(422).text.contains(ENDED));
    assert_eq!(location(&set_up(&hub, &second).await), "/me?welcome=yes");
}

#[tokio::test]
async fn what_was_typed_stays_and_a_weak_password_is_explained() {
    let hub = Hub::start(daybook());
    let code = setup_code(&hub);
    let browser = Browser::new(&hub);
    page(&browser, "/setup").await;
    let fields = [("code", code.as_str()), ("account_name", "Acme"), ("name", "Olga <Vale>"), ("email", OLGA)];
    for (password, why) in [
        ("short", "too short"),
        ("password1234", "very common"),
        ("olgavale1234", "easy to guess for those who know your name"),
        (&"a1".repeat(100), "too long"),
    ] {
        let typed = [&fields[..], &[("password", password)]].concat();
        let answer = browser.submit("/setup", &typed).await.expect_status(422);
        assert!(answer.text.contains(why), "{password}: {}", answer.text);
        assert!(answer.text.contains("Olga &#60;Vale&#62;"), "kept, and escaped: {}", answer.text);
        assert!(!answer.text.contains(&format!("value=\"{password}\"")), "but for the password");
    }
    let answer = browser.submit("/setup", &[("code", &code)]).await.expect_status(422);
    for field in ["name", "email", "account_name"] {
        assert!(answer.text.contains(&format!("id=\"{field}-error\"")), "{field}: {}", answer.text);
    }
    assert_eq!(setup_code(&hub), code, "the link is not used up");
    Browser::of_the_owner(&hub, OLGA).await;
}

#[tokio::test]
async fn the_owner_of_a_hub_with_accounts_owns_them_all() {
    let hub = Hub::start(daybook());
    let accounts = [hub.account().await.uuid, hub.account().await.uuid];
    assert!(!hub.get("/setup", None).await.text.contains("account_name"), "no further one is made");
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    for uuid in accounts {
        page(&owner, &format!("/accounts/{uuid}/settings")).await;
    }
    assert_eq!(location(&owner.get("/").await), "/accounts", "there is a choice");
}

#[tokio::test]
async fn an_invitation_says_what_it_is_and_is_followed_once() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let account = first_account(&hub).await;
    let code = invitation_code(&hub, &account, "Ada@Acme.example", "viewer").await;
    let (guest, second) = (Browser::new(&hub), Browser::new(&hub));
    page(&second, "/join").await;
    assert!(!page(&guest, "/join").await.contains("Acme"), "nothing is told without the code");
    let link = format!("https://localhost/join#{code}");
    let shown = guest.submit("/join", &[("code", &link)]).await.expect_status(200);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    for part in ["<bdi>Acme</bdi>", "<bdi>ada@acme.example</bdi>", "Viewer", "Whoever runs this hub"] {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }
    let place = hub.daybook().data_dir().display().to_string();
    assert!(!shown.text.contains(&place), "where the hub is kept is nobody's business: {}", shown.text);

    let weak = guest.submit("/join/accept", &[("code", &code), ("name", "Ada"), ("password", "weak")]).await;
    assert!(weak.expect_status(422).text.contains("too short"), "the invitation is not used up");
    let fields = [("code", code.as_str()), ("name", "Ada Osei"), ("password", PASSWORD)];
    assert_eq!(location(&guest.submit("/join/accept", &fields).await), "/me?welcome=yes");
    page(&guest, &format!("/accounts/{account}")).await;
    for path in ["/join", "/join/accept"] {
        let again = second.submit(path, &fields).await.expect_status(422);
        assert!(again.text.contains(JOIN_ENDED), "{path}: {}", again.text);
    }
}

#[tokio::test]
async fn an_invitation_is_for_the_person_whose_email_it_names() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    let viewer = join(&hub, &first_account(&hub).await, ADA, "viewer").await;
    let other = hub.account().await.uuid;
    let code = invitation_code(&hub, &other, ADA, "administrator").await;
    let fields = [("code", code.as_str()), ("name", "Mallory"), ("password", "a long password nobody has")];
    let nobody = Browser::new(&hub);
    page(&nobody, "/join").await;
    page(&owner, "/me").await;
    for path in ["/join", "/join/accept"] {
        let answer = nobody.submit(path, &fields).await;
        assert!(answer.text.contains("There is somebody with this email here already"), "{}", answer.text);
        assert_eq!(nobody.cookie(SESSION), None, "a link is no way around their password");
        let answer = owner.submit(path, &fields).await;
        assert!(answer.text.contains("You are signed in with another email"), "{}", answer.text);
    }
    assert_eq!(viewer.get(&format!("/accounts/{other}")).await.status, 404);
    page(&viewer, "/me").await;
    let shown = viewer.submit("/join", &fields).await.expect_status(200);
    assert!(!shown.text.contains("name=\"password\""), "one button is enough");
    assert_eq!(location(&viewer.submit("/join/accept", &fields[..1]).await), format!("/accounts/{other}"));
    page(&viewer, &format!("/accounts/{other}/integrations")).await;
    assert!(page(&viewer, "/me").await.contains("Ada Osei"), "nothing else has changed");
    assert_eq!(location(&Browser::new(&hub).sign_in(ADA, PASSWORD).await), "/");
}

#[tokio::test]
async fn a_second_invitation_changes_nothing_and_does_not_say_so() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let viewer = join(&hub, &first_account(&hub).await, ADA, "viewer").await;
    let other = hub.account().await.uuid;
    let path = format!("/accounts/{other}");
    let as_viewer = invitation_code(&hub, &other, ADA, "viewer").await;
    let as_owner = invitation_code(&hub, &other, ADA, "owner").await;
    assert_eq!(location(&viewer.submit("/join/accept", &[("code", &as_viewer)]).await), path);
    assert!(page(&viewer, &path).await.contains("now, as viewer."));
    assert_eq!(location(&viewer.submit("/join/accept", &[("code", &as_owner)]).await), path);
    assert!(!page(&viewer, &path).await.contains("now, as owner."));
    assert_eq!(viewer.get(&format!("{path}/settings")).await.status, 403);
}

#[tokio::test]
async fn a_code_is_good_for_its_own_purpose() {
    let hub = Hub::start(daybook());
    let setup = setup_code(&hub);
    let browser = Browser::new(&hub);
    page(&browser, "/join").await;
    for path in ["/join", "/join/accept", "/reset"] {
        browser.submit(path, &[("code", &setup), ("password", PASSWORD)]).await.expect_status(422);
    }
    Browser::of_the_owner(&hub, OLGA).await;
    let invitation = invitation_code(&hub, &first_account(&hub).await, ADA, "owner").await;
    let reset = reset_code(&hub, OLGA).await;
    for (path, code) in [("/reset", &invitation), ("/join", &reset), ("/join/accept", &reset)] {
        browser.submit(path, &[("code", code), ("password", PASSWORD)]).await.expect_status(422);
    }
    for code in [&invitation, &reset] {
        set_up(&hub, code).await.expect_status(422);
    }
}

#[tokio::test]
async fn a_reset_lets_its_person_in_and_everybody_else_out() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    let elsewhere = Browser::new(&hub);
    elsewhere.sign_in(OLGA, PASSWORD).await.expect_status(303);
    let viewer = join(&hub, &first_account(&hub).await, ADA, "viewer").await;
    let (first, second) = (reset_code(&hub, OLGA).await, reset_code(&hub, OLGA).await);
    assert!(is_signed_in(&owner).await, "a link alone changes nothing");

    let (browser, late) = (Browser::new(&hub), Browser::new(&hub));
    page(&browser, "/reset").await;
    page(&late, "/reset").await;
    let new = "three ships beyond the 7th cape";
    let voided = browser.submit("/reset", &[("code", &first), ("password", new)]).await.expect_status(422);
    assert!(voided.text.contains(ENDED), "{}", voided.text);
    let weak = browser.submit("/reset", &[("code", &second), ("password", OLGA)]).await.expect_status(422);
    assert!(weak.text.contains("id=\"password-error\""), "{}", weak.text);
    assert_eq!(location(&browser.submit("/reset", &[("code", &second), ("password", new)]).await), "/");
    assert!(is_signed_in(&browser).await);
    assert!(!is_signed_in(&owner).await && !is_signed_in(&elsewhere).await, "every other session has ended");
    assert!(is_signed_in(&viewer).await, "nobody else's");
    assert_eq!(Browser::new(&hub).sign_in(OLGA, PASSWORD).await.status, 422);
    assert_eq!(location(&Browser::new(&hub).sign_in(OLGA, new).await), "/");
    let again = late.submit("/reset", &[("code", &second), ("password", PASSWORD)]).await.expect_status(422);
    assert!(again.text.contains(ENDED), "{}", again.text);
}

#[tokio::test]
async fn a_reset_removes_passkeys_unless_their_person_keeps_them() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let robin = &guests.owner.person;
    guests.catalog.add_passkey(&guests.actor(), robin, ("credential", "{}"), "Laptop").await.unwrap();
    let reset = async |keeps: &[(&str, &str)]| {
        let (browser, code) = (Browser::new(&hub), reset_code(&hub, &robin.email).await);
        page(&browser, "/reset").await;
        let fields = [("code", code.as_str()), ("password", PASSWORD)];
        assert_eq!(location(&browser.submit("/reset", &[&fields[..], keeps].concat()).await), "/");
        guests.catalog.list_passkeys(&robin.person_id).await.unwrap().len()
    };
    assert_eq!(reset(&[("keeps_passkeys", "yes")]).await, 1);
    assert_eq!(reset(&[]).await, 0);
}

#[tokio::test]
async fn the_commands_invite_reset_and_withdraw() {
    let hub = Hub::start(daybook());
    let made = hub.daybook().cli_json(&["setup-link"]);
    assert_eq!(code_of(&made), setup_code(&hub), "the file holds the one that is good");
    Browser::of_the_owner(&hub, OLGA).await;
    let cli = |arguments: &[&str]| hub.daybook().cli_json(arguments);
    let complaint = |arguments: &[&str]| {
        let output = hub.daybook().cli(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let people = cli(&["person", "list"]);
    assert_eq!((&people[0]["email"], &people[0]["name"]), (&json!(OLGA), &json!("Olga")));
    assert!(!people.to_string().contains("argon2"), "{people}");

    let invited = cli(&["person", "invite", ADA, "--account", "Acme", "--role", "viewer"]);
    let guest = Browser::new(&hub);
    page(&guest, "/join").await;
    assert!(guest.submit("/join", &[("code", &code_of(&invited))]).await.expect_status(200).text.contains("Viewer"));
    let reset = cli(&["person", "reset", OLGA]);
    assert!(reset["link"].as_str().unwrap().contains("/reset#"), "{reset}");
    assert!(complaint(&["person", "reset", "nobody@acme.example"]).contains("nobody@acme.example"));
    assert!(complaint(&["person", "invite", "nonsense"]).contains("write an email address"));
    assert!(complaint(&["setup-link"]).contains("the hub has its first owner"));

    let tokens = cli(&["admin-token", "list"]);
    assert!(tokens[0]["is_this"] == true && !tokens.to_string().contains(hub.administration_token()), "{tokens}");
    assert!(complaint(&["admin-token", "revoke", "zz"]).contains("0 tokens begin with"));
    cli(&["admin-token", "revoke", &tokens[0]["uuid"].as_str().unwrap()[..12]]);
    refusal(&hub.manage(Method::GET, "people", Value::Null).await, 401);
}

#[tokio::test]
async fn links_of_the_management_api_are_not_cached_and_their_terms_are_checked() {
    let hub = Hub::start(daybook());
    Browser::of_the_owner(&hub, OLGA).await;
    let path = format!("accounts/{}/invitations", first_account(&hub).await);
    let made = hub.manage(Method::POST, &path, json!({"email": ADA, "role": "viewer"})).await.expect_status(201);
    assert_eq!(made.header("cache-control"), Some("no-store"), "{:?}", made.headers);
    for (body, status) in [
        (json!({"email": "ada", "role": "viewer"}), 400),
        (json!({"email": ADA, "role": "king"}), 400),
        (json!({"email": OLGA, "role": "viewer"}), 409),
    ] {
        refusal(&hub.manage(Method::POST, &path, body).await, status);
    }
    for path in ["people/AAAAAAAAAAAAAAAAAAAAAAAAAA/reset-link", "people/x/reset-link"] {
        refusal(&hub.manage(Method::POST, path, Value::Null).await, 404);
    }
    refusal(&hub.manage(Method::DELETE, "administration-tokens/zz", Value::Null).await, 404);
}
