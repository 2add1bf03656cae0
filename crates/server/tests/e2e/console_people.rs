//! People of an account, over HTTP: who may do what to whom, and what pages show of them.

use daybook_events::Role;

use crate::support::{Browser, Guests, Hub, PASSWORD, daybook, first_account, page};

const SCRIPT: &str = "<script>alert(1)</script>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_shown_once_replaced_and_taken_back() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let (owner, base) = (&guests.owner, format!("/accounts/{account}"));

    let invite = [("email", "Ada@Fabrikam.example"), ("role", "viewer")];
    let answer = owner.post(&format!("{base}/people/invite"), &invite).await.expect_status(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let code = answer.text.split_once("/join#").unwrap().1.split_once('<').unwrap().0;
    assert_eq!(code.len(), 52, "{code}");
    assert!(!answer.text.contains("does nothing any more"));
    let answer = owner.post(&format!("{base}/people/invite"), &invite).await.expect_status(200);
    assert!(answer.text.contains("does nothing any more"));
    let people = owner.page(&format!("{base}/people")).await;
    assert_eq!(people.matches("/withdraw\"").count(), 1);
    assert!(people.contains("ada@fabrikam.example") && !people.contains("/join#"));

    let path = people.split_once("/withdraw\"").unwrap().0.rsplit_once('"').unwrap().1;
    let path = format!("{path}/withdraw");
    owner.did(&owner.post(&path, &[]).await, &format!("{base}/people"));
    assert!(!owner.page(&format!("{base}/people")).await.contains("/withdraw\""));
    // A second click says so and breaks nothing.
    owner.did(&owner.post(&path, &[]).await, &format!("{base}/people"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_was_replaced_or_withdrawn_is_good_for_nothing() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, "olga@acme.example").await;
    let path = format!("/accounts/{}/people", first_account(&hub).await);
    let invite = async || {
        page(&owner, &path).await;
        let fields = [("email", "ada@acme.example"), ("role", "viewer")];
        // The link names this hub, whatever a request calls it.
        let names =
            [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")];
        let answer = owner.submit_with(&format!("{path}/invite"), &fields, &owner.csrf(), &names).await;
        let text = answer.expect_status(200).text;
        assert!(text.contains("https://localhost:") && !text.contains("evil.example"), "{text}");
        text.split_once("/join#").unwrap().1.split_once('<').unwrap().0.to_owned()
    };
    let (replaced, withdrawn) = (invite().await, invite().await);
    let people = page(&owner, &path).await;
    let withdraw = people.split_once("/withdraw\"").unwrap().0.rsplit_once('"').unwrap().1;
    owner.submit(&format!("{withdraw}/withdraw"), &[]).await.expect_status(303);
    let guest = Browser::new(&hub);
    page(&guest, "/join").await;
    for code in [&replaced, &withdrawn] {
        for path in ["/join", "/join/accept"] {
            let fields = [("code", code.as_str()), ("name", "Ada"), ("password", PASSWORD)];
            let answer = guest.submit(path, &fields).await.expect_status(422);
            assert!(answer.text.contains("This invitation is not good, or not any more"), "{}", answer.text);
        }
    }
    let good = invite().await;
    let fields = [("code", good.as_str()), ("name", "Ada"), ("password", PASSWORD)];
    guest.submit("/join/accept", &fields).await.expect_status(303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_with_mistakes_keep_what_was_typed() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let path = format!("/accounts/{account}/people/invite");
    let owner = &guests.owner;

    let answer = owner.post(&path, &[("email", SCRIPT), ("role", "administrator")]).await.expect_status(422);
    assert!(answer.text.contains("an email address") && !answer.text.contains(SCRIPT));
    assert!(answer.text.contains("value=\"&#60;script&#62;"), "kept, escaped");
    let long = "x".repeat(10_000) + "@fabrikam.example";
    owner.post(&path, &[("email", &long), ("role", "viewer")]).await.expect_status(422);
    let answer = owner.post(&path, &[("email", "robin@fabrikam.example"), ("role", "viewer")]).await;
    assert!(answer.expect_status(422).text.contains("belongs to the account already"));
    owner.post_raw(&path, "email=a@b.example&role=viewer".to_owned()).await.expect_status(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_person_is_kept_out_until_they_are_let_in_again() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let ada = guests.join(&account, "Ada Lind", Role::Viewer).await;
    let (owner, home) = (&guests.owner, format!("/accounts/{account}"));
    let path = format!("{home}/people/{}", ada.person.person_id);

    ada.page(&format!("{home}/events")).await;
    let answer = owner.post(&format!("{path}/suspend"), &[]).await;
    owner.did(&answer, &path);
    assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.starts_with("__Host-daybook-flash=")));
    ada.get(&format!("{home}/events")).await.expect_status(404);
    assert!(ada.page("/accounts").await.contains("Suspended"));
    owner.did(&owner.post(&format!("{path}/reinstate"), &[]).await, &path);
    ada.page(&format!("{home}/events")).await;

    owner.page(&format!("{path}/remove")).await;
    owner.did(&owner.post(&format!("{path}/remove"), &[]).await, &format!("{home}/people"));
    ada.get(&format!("{home}/events")).await.expect_status(404);
    owner.get(&path).await.expect_status(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_do_not_touch_owners_and_the_last_owner_stays() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let admin = guests.join(&account, "Ada Lind", Role::Administrator).await;
    let (owner, base) = (&guests.owner, format!("/accounts/{account}"));
    let robin = format!("{base}/people/{}", owner.person.person_id);

    assert!(admin.page(&robin).await.contains("Only owners change the role"));
    for (path, fields) in [
        (format!("{robin}/role"), vec![("role", "viewer")]),
        (format!("{robin}/suspend"), vec![]),
        (format!("{robin}/remove"), vec![]),
        (format!("{base}/people/invite"), vec![("email", "x@y.example"), ("role", "owner")]),
    ] {
        let answer = admin.post(&path, &fields).await.expect_status(422);
        assert!(answer.text.contains("Ask an owner"), "{path}");
    }
    let ada = format!("{base}/people/{}", admin.person.person_id);
    admin.post(&format!("{ada}/role"), &[("role", "owner")]).await.expect_status(422);
    admin.post(&format!("{ada}/suspend"), &[]).await.expect_status(422);

    for path in [format!("{robin}/role"), format!("{base}/leave")] {
        let answer = owner.post(&path, &[("role", "viewer")]).await.expect_status(422);
        assert!(answer.text.contains("this is the last one"), "{path}");
    }
    owner.did(&owner.post(&format!("{ada}/role"), &[("role", "owner")]).await, &ada);
    owner.did(&owner.post(&format!("{robin}/role"), &[("role", "viewer")]).await, &base);
    owner.get(&format!("{base}/people")).await.expect_status(403);
    owner.did(&owner.post(&format!("{base}/leave"), &[]).await, "/accounts");
    assert!(owner.page("/accounts").await.contains("You do not belong to an account"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_another_account_do_not_exist() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let (here, there) = (guests.first_account(), guests.account("Northwind").await);
    let admin = guests.join(&here, "Ada Lind", Role::Administrator).await;
    let stranger = guests.join(&there, "Mira Okafor", Role::Viewer).await;
    let id = &stranger.person.person_id;

    for path in ["", "/remove"] {
        admin.get(&format!("/accounts/{here}/people/{id}{path}")).await.expect_status(404);
    }
    for path in ["role", "suspend", "reinstate", "remove"] {
        let path = format!("/accounts/{here}/people/{id}/{path}");
        admin.post(&path, &[("role", "viewer")]).await.expect_status(404);
    }
    for path in ["people", "audit", "audit/export", "events", "leave"] {
        admin.get(&format!("/accounts/{there}/{path}")).await.expect_status(404);
    }
    let invite = [("email", "x@y.example"), ("role", "viewer")];
    guests.owner.post(&format!("/accounts/{there}/people/invite"), &invite).await.expect_status(200);
    let invitations = async || guests.catalog.list_invitations(&guests.grant(&there)).await.unwrap();
    let path = format!("/accounts/{here}/invitations/{}/withdraw", invitations().await[0].link_id);
    admin.post(&path, &[]).await.expect_status(303);
    assert_eq!(invitations().await.len(), 1, "an invitation of another account stays");
    let text = admin.page(&format!("/accounts/{here}/people")).await;
    assert!(!text.contains("Mira") && !text.contains("Northwind"));
    stranger.get(&format!("/accounts/{there}/people")).await.expect_status(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_are_shown_and_do_nothing() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let name = format!("{SCRIPT}\u{202e}evil 🦊");
    let ada = guests.join(&account, &name, Role::Viewer).await;
    let base = format!("/accounts/{account}");

    let shown = "<bdi>&#60;script&#62;alert(1)&#60;/script&#62;\u{202e}evil 🦊</bdi>";
    for path in ["people".to_owned(), format!("people/{}", ada.person.person_id)] {
        let text = guests.owner.page(&format!("{base}/{path}")).await;
        assert!(text.contains(shown) && !text.contains(SCRIPT), "{path}");
    }
    let audit = guests.owner.page(&format!("{base}/audit")).await;
    assert!(audit.contains(shown) && !audit.contains(SCRIPT));
}
