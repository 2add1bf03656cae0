//! What happens when several people, or one with several clicks, do the same thing at the same moment.

use daybook_events::Role;
use daybook_testkit::Answer;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

use crate::{
    on_own_hubs,
    support::{Browser, Desk, Guests, Hub, PASSWORD, first_account, invitation_code, page, reset_code, setup_code},
};

const OLGA: &str = "olga@acme.example";
const AT_ONCE: usize = 6;

/// So many browsers with a page open.
async fn browsers(hub: &Hub, path: &str) -> Vec<Browser> {
    let browsers: Vec<Browser> = (0..AT_ONCE).map(|_| Browser::new(hub)).collect();
    for browser in &browsers {
        page(browser, path).await;
    }
    browsers
}

/// All of them send the same form.
async fn submit_at_once(browsers: &[Browser], path: &str, fields: &[(&str, &str)]) -> Vec<Answer> {
    join_all(browsers.iter().map(|browser| browser.submit(path, fields))).await
}

/// That it worked once, and was refused in words every other time.
#[track_caller]
fn worked_once(answers: &[Answer], status: u16) {
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|it| **it == status).count(), 1, "{statuses:?}");
    for answer in answers.iter().filter(|answer| answer.status != status) {
        assert!([422, 429, 503].contains(&answer.status), "{}: {}", answer.status, answer.text);
    }
}

on_own_hubs! {
    async fn the_set_up_link_makes_one_owner(hub: Hub) {
        let code = setup_code(&hub);
        let browsers = browsers(&hub, "/setup").await;
        let fields = [("code", code.as_str()), ("account_name", "Acme"), ("name", "Olga"), ("password", PASSWORD)];
        let emails: Vec<String> = (0..AT_ONCE).map(|number| format!("olga{number}@acme.example")).collect();
        let forms = browsers.iter().zip(&emails).map(|(browser, email)| {
            let fields = [&fields[..], &[("email", email.as_str())]].concat();
            async move { browser.submit("/setup", &fields).await }
        });
        worked_once(&join_all(forms).await, 303);
        for list in ["people", "accounts"] {
            let all = hub.manage(Method::GET, list, Value::Null).await.expect_status(200).json();
            assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
        }
    }

    async fn an_invitation_makes_one_member(hub: Hub) {
        Browser::of_the_owner(&hub, OLGA).await;
        let code = invitation_code(&hub, &first_account(&hub).await, "ada@acme.example", "viewer").await;
        let browsers = browsers(&hub, "/join").await;
        let fields = [("code", code.as_str()), ("name", "Ada"), ("password", PASSWORD)];
        worked_once(&submit_at_once(&browsers, "/join/accept", &fields).await, 303);
        let people = hub.manage(Method::GET, "people", Value::Null).await.expect_status(200).json();
        assert_eq!(people.as_array().unwrap().len(), 2, "{people}");
    }

    async fn a_reset_link_sets_one_password(hub: Hub) {
        Browser::of_the_owner(&hub, OLGA).await;
        let code = reset_code(&hub, OLGA).await;
        let browsers = browsers(&hub, "/reset").await;
        let passwords: Vec<String> = (0..AT_ONCE).map(|number| format!("three ships beyond cape {number}")).collect();
        let forms = browsers.iter().zip(&passwords).map(|(browser, password)| {
            let fields = [("code", code.as_str()), ("password", password.as_str())];
            async move { browser.submit("/reset", &fields).await }
        });
        let answers = join_all(forms).await;
        worked_once(&answers, 303);
        let first = answers.iter().position(|answer| answer.status == 303).unwrap();
        Browser::new(&hub).sign_in(OLGA, &passwords[first]).await.expect_status(303);
    }

    async fn one_owner_stays_when_all_of_them_go(hub: Hub) {
        let guests = Guests::of(&hub).await;
        for round in 0..4 {
            let account = guests.account(&format!("Acme {round}")).await;
            let mut owners = vec![guests.owner.clone()];
            for _ in 1..AT_ONCE {
                owners.push(guests.join(&account, "Otto", Role::Owner).await);
            }
            let base = format!("/accounts/{account}");
            let answers = join_all(owners.iter().enumerate().map(|(number, owner)| {
                let next = &owners[(number + 1) % AT_ONCE].person.person_id;
                let (path, role) = match (round + number) % 3 {
                    0 => (format!("{base}/leave"), ""),
                    1 => (format!("{base}/people/{next}/role"), "viewer"),
                    _ => (format!("{base}/people/{next}/suspend"), ""),
                };
                async move { owner.post(&path, &[("role", role)]).await }
            }))
            .await;
            for answer in &answers {
                assert!([303, 403, 404, 422].contains(&answer.status), "{}: {}", answer.status, answer.text);
            }
            let members = guests.catalog.list_members(&guests.grant(&account)).await.unwrap();
            let is_owner = |it: &&daybook_store::Member| {
                it.role == Role::Owner && it.state == daybook_store::MemberState::Active
            };
            assert!(members.iter().any(|it| is_owner(&it)), "{members:?}");
        }
    }

    async fn a_form_that_is_sent_twice_is_done_once(hub: Hub) {
        let desk = Desk::at(hub).await;
        let issue = format!("{}/tokens/new", desk.integration);
        page(&desk.browser, &issue).await;
        let fields = [("name", "first"), ("expires", "never"), ("features", "auditevents")];
        worked_once(&join_all((0..AT_ONCE).map(|_| desk.browser.submit(&issue, &fields))).await, 200);
        let new = format!("{}/integrations/new", desk.account);
        let fields = [("kind", "other"), ("name", "Second")];
        worked_once(&join_all((0..AT_ONCE).map(|_| desk.browser.submit(&new, &fields))).await, 303);
        // A button alone may be pressed twice; the trail has what changed, and no more.
        for action in ["pause", "resume", "remove", "restore"] {
            for _ in 0..2 {
                let answer = desk.browser.submit(&format!("{}/{action}", desk.integration), &[]).await;
                assert!([303, 404].contains(&answer.status), "{action}: {}", answer.text);
            }
        }
        let export = format!("{}/audit/export?format=json", desk.account);
        let trail = desk.browser.get(&export).await.expect_status(200).json();
        for action in trail.as_array().unwrap().iter().filter(|action| action["action"] == "update") {
            assert_ne!(action["before"], action["after"], "{action}");
        }
    }
}
