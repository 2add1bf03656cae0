//! A person's own page: name and sessions; and that nobody locks themselves out with it.

use crate::support::{Browser, Hub, PASSWORD, daybook, first_account, is_signed_in, join, location, page};

const OLGA: &str = "olga@acme.example";

#[tokio::test]
async fn the_last_way_in_stays() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    page(&owner, "/me").await;
    let answer = owner.submit("/me/password/remove", &[("current_password", PASSWORD)]).await.expect_status(422);
    assert!(answer.text.contains("This is your last way in"), "{}", answer.text);
    assert_eq!(location(&Browser::new(&hub).sign_in(OLGA, PASSWORD).await), "/");

    let account = first_account(&hub).await;
    let path = format!("/accounts/{account}/leave");
    assert_ne!(owner.submit(&path, &[]).await.status, 303, "the last owner stays");
    page(&owner, &format!("/accounts/{account}/settings")).await;
    join(&hub, &account, "ada@acme.example", "owner").await;
    owner.submit(&path, &[]).await.expect_status(303);
    assert_eq!(owner.get(&format!("/accounts/{account}")).await.status, 404, "there is another one now");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_own_person() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    let viewer = join(&hub, &first_account(&hub).await, "ada@acme.example", "viewer").await;
    let elsewhere = Browser::new(&hub);
    elsewhere.sign_in(OLGA, PASSWORD).await.expect_status(303);
    let shown = page(&elsewhere, "/me").await;
    assert_eq!(shown.matches("<span class=\"tag\">This one</span>").count(), 1, "{shown}");
    assert!(shown.contains("127.0.0.1, with a one-time link"), "{shown}");
    let session = shown.split_once("name=\"session\" value=\"").unwrap().1.split_once('"').unwrap().0;

    viewer.submit("/me/sessions/end", &[("session", session)]).await;
    assert!(is_signed_in(&owner).await, "it is not the viewer's to end");
    assert_eq!(location(&elsewhere.submit("/me/sessions/end", &[("session", session)]).await), "/me");
    assert!(!is_signed_in(&owner).await && is_signed_in(&elsewhere).await);
}

#[tokio::test]
async fn a_name_is_changed_and_escaped() {
    let hub = Hub::start(daybook());
    let owner = Browser::of_the_owner(&hub, OLGA).await;
    page(&owner, "/me").await;
    assert_eq!(location(&owner.submit("/me/name", &[("name", "<b>Röbin</b>")]).await), "/me");
    let shown = page(&owner, "/me").await;
    assert!(shown.contains("&#60;b&#62;Röbin&#60;/b&#62;") && !shown.contains("<b>Röbin"), "{shown}");
    let long = "x".repeat(101);
    let answer = owner.submit("/me/name", &[("name", &long)]).await.expect_status(422);
    assert!(answer.text.contains("id=\"name-error\"") && answer.text.contains(&long), "{}", answer.text);
    for passkey in ["", "AAAA"] {
        let fields = [("passkey", passkey), ("name", "Mine")];
        assert_eq!(owner.submit("/me/passkeys/rename", &fields).await.status, 404);
        assert_eq!(owner.submit("/me/passkeys/remove", &fields).await.status, 404);
    }
}
