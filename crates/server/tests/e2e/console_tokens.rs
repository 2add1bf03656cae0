//! Tokens as an owner sets them up, over HTTP and on both stores: the wizard, rights that change, replace, pause, revoke.

use serde_json::json;

use crate::{
    on_own_hubs,
    support::{Desk, Hub, daybook, eventually, saved},
};

const HOSTILE: &str = "\"><img src=x onerror=alert(1)><script>alert(2)</script>\u{202e}🦀";

on_own_hubs! {
    async fn rights_change_and_the_token_stays_the_same(hub: Hub) {
        let desk = Desk::at(hub).await;
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

    async fn a_successor_has_the_same_rights_and_the_old_one_can_go(hub: Hub) {
        let desk = Desk::at(hub).await;
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

    async fn a_pause_keeps_tokens_and_a_removal_can_be_undone(hub: Hub) {
        let desk = Desk::at(hub).await;
        let (token, _) = desk.issue("first", &["auditevents"]).await;
        for (action, status) in [("pause", 401), ("resume", 200), ("remove", 401), ("restore", 200)] {
            desk.press(action).await;
            assert_eq!(desk.read("auditevents", &token).await.status, status, "{action}");
        }
        desk.press("remove").await;
        desk.add("other", "Lab").await;
        let taken = desk.press("restore").await;
        assert!(taken.header("location").unwrap().ends_with("/integrations"));
        desk.read("auditevents", &token).await.expect_status(401);
    }

    async fn hostile_names_are_shown_and_do_nothing(hub: Hub) {
        let desk = Desk::at(hub).await;
        let account = &desk.account;
        desk.browser.get("/me").await;
        desk.browser.submit("/me/name", &[("name", HOSTILE)]).await.expect_status(303);
        desk.browser.submit(&format!("{account}/settings/name"), &[("name", HOSTILE)]).await.expect_status(303);
        let desk = Desk { integration: desk.add("splunk", HOSTILE).await, ..desk };
        let account = &desk.account;
        let (token, path) = desk.issue(HOSTILE, &["auditevents"]).await;
        desk.read("auditevents", &token).await.expect_status(200);
        let pages = desk.browser.every_page(account).await;
        let of_token = ["rights", "rename", "replace", "revoke"].map(|page| format!("{path}/{page}"));
        let of_account = ["integrations", "people", "audit", "settings", "events"].map(|page| format!("{account}/{page}"));
        for shown in of_token.iter().chain(&of_account).chain([account, &desk.integration]) {
            assert!(pages.contains_key(shown), "a link leads to {shown}: {:?}", pages.keys());
        }
        for (page, text) in &pages {
            // An export is a file, and has what there is as it is.
            if text.starts_with("<!doctype html>") {
                assert!(!text.contains("<img") && !text.contains("<script>"), "{page}");
                assert!(text.contains("&#60;script&#62;"), "{page} shows the name");
            }
        }
        for shown in [&path, account, &format!("{account}/people")] {
            let hostile = format!("{shown}?q=\"><script>&feature=<script>&kind=<script>&name=<script>");
            assert!(!desk.browser.get(&hostile).await.text.contains("<script>"), "{shown}");
        }
        desk.browser.get(&desk.integration).await;
        let file = desk.browser.submit(&format!("{path}/environment"), &[("token", &token)]).await.expect_status(200);
        assert!(file.text.lines().all(|line| line.starts_with("# ") || line.starts_with("DAYBOOK_")), "{}", file.text);
    }

    async fn names_have_1_to_100_characters_none_of_which_ends_a_line(hub: Hub) {
        let desk = Desk::at(hub).await;
        let new = format!("{}/integrations/new", desk.account);
        let rename = format!("{}/rename", desk.integration);
        let token = format!("{}/tokens/new", desk.integration);
        desk.browser.get(&rename).await.expect_status(200);
        for name in ["", "   ", "two\nlines", "bell\u{7}", "zero\0", &"x".repeat(101), &"x".repeat(10_000)] {
            let fields = [("kind", "other"), ("name", name), ("expires", "never"), ("features", "auditevents")];
            for path in [&new, &rename, &token] {
                let refused = desk.browser.submit(path, &fields).await.expect_status(422);
                assert!(refused.text.contains("id=\"name-error\""), "{path}: {name:?}");
            }
        }
        let page = desk.page().await;
        assert!(page.contains("<bdi>Lab</bdi>") && page.contains("It has no token yet"), "{page}");
        let long = "🦀".repeat(10_000);
        let refused = desk.browser.submit(&new, &[("kind", "other"), ("name", &long)]).await.expect_status(413);
        assert!(refused.text.contains("This did not work") && !refused.text.contains(&long), "{}", refused.text);
        desk.add("other", &"🦀".repeat(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_on_one_page_and_in_one_file() {
    let desk = Desk::at(Hub::start(daybook().config_text("[logs]\nlevel = \"trace\"\n"))).await;
    let (token, path) = desk.issue("first", &["auditevents"]).await;
    let secret = token.rsplit_once('.').unwrap().1;
    desk.read("auditevents", &token).await.expect_status(200);
    desk.read("itemusages", &token).await.expect_status(401);
    let pages = desk.browser.every_page(&desk.account).await;
    assert!(pages.contains_key(&desk.integration) && pages.len() > 15, "{:?}", pages.keys());
    for (page, text) in pages {
        assert!(!text.contains(secret), "{page}");
    }
    desk.browser.get(&desk.integration).await;
    let environment = format!("{path}/environment");
    let file = desk.browser.submit(&environment, &[("token", &token)]).await.expect_status(200);
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"daybook.env\""));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    assert!(file.text.contains(&format!("DAYBOOK_EVENTS_API_TOKEN='{token}'")), "{}", file.text);
    // Nothing that was not issued here gets into a file under our name.
    let (other, _) = desk.issue("second", &["auditevents"]).await;
    for wrong in ["rm -rf /", "", &other, &format!("{token}'; rm -rf /'"), &format!("\n{token}")] {
        desk.browser.submit(&environment, &[("token", wrong)]).await.expect_status(404);
    }
    let log = desk.hub.daybook().log();
    assert!(log.contains("http.route=\"/api/v2/auditevents\"") && !log.contains(secret));
}
