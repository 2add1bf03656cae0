//! The latest events over HTTP: newest first, a page at a time, of this account and inside its retention alone.

use daybook_events::Role;
use daybook_testkit::events;
use reqwest::Method;
use serde_json::json;

use crate::support::{Guests, Hub, ago, daybook, uuids};

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_paged_from_the_newest() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let account = hub.account().await;
    account.ingest(0..120).await;
    let id = account.uuid.parse().unwrap();
    let viewer = guests.join(&id, "Ada", Role::Viewer).await;
    let base = format!("/accounts/{id}/events");

    let mut path = format!("{base}?feature=itemusages");
    let mut seen = Vec::new();
    for count in [50, 50, 20] {
        let page = viewer.page(&path).await;
        assert_eq!(page.matches("class=\"detail-row\"").count(), count, "{path}");
        let ids =
            page.split("&#34;uuid&#34;: &#34;").skip(1).map(|rest| rest.split_once("&#34;").unwrap().0.to_owned());
        let ids: Vec<String> = ids.collect();
        seen.extend(uuids((0..120).rev()).into_iter().filter(|uuid| ids.contains(uuid)));
        path = page
            .split_once("rel=\"next\" href=\"")
            .map(|(_, rest)| rest.split_once('"').unwrap().0.replace("&#38;", "&"))
            .unwrap_or_default();
    }
    assert_eq!((seen, path), (uuids((0..120).rev()), String::new()));

    let empty = viewer.page(&format!("{base}?feature=signinattempts")).await;
    assert!(empty.contains("No events of this kind yet") && !empty.contains("Go to the integrations"));
    viewer.get(&format!("{base}?feature=NOPE")).await.expect_status(404);
    viewer.page(&format!("{base}?feature=itemusages&before=-5")).await;
    viewer.page(&format!("{base}?feature=itemusages&before=999999999")).await;
    viewer.get(&format!("{base}?before=x")).await.expect_status(400);
    let own = viewer.page(&format!("{base}?feature=auditevents")).await;
    assert!(own.contains("joined the account"));

    let elsewhere = guests.first_account();
    viewer.get(&format!("/accounts/{elsewhere}/events?feature=itemusages")).await.expect_status(404);
    let there = guests.owner.page(&format!("/accounts/{elsewhere}/events?feature=itemusages")).await;
    assert!(there.contains("No events of this kind yet"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_events_do_nothing_and_old_ones_are_not_shown() {
    let hub = Hub::start(daybook());
    let guests = Guests::of(&hub).await;
    let account = hub.account().await;
    let named = |name: &str, days: u32| {
        let mut event = events::sign_in_attempt(u64::from(days));
        event["target_user"]["name"] = json!(name);
        event["timestamp"] = json!(ago(DAY * days).to_string());
        event.to_string()
    };
    let hostile = "</bdi><script>alert(1)</script>\u{202e}";
    let body = [named("Too Old", 40), named(hostile, 1), named("Older Still", 50)].join("\n");
    account.ingest_body("signinattempts", body, 3).await;
    let kept = json!({"retention_days": 30});
    account.hub.manage(Method::PATCH, &format!("accounts/{}", account.uuid), kept).await.expect_status(200);
    let odd = r#"{"uuid":"1","timestamp":"2026-01-01T00:00:00Z","message":"<img src=x>"}"#;
    let id = account.uuid.parse().unwrap();
    let viewer = guests.join(&id, "Ada", Role::Viewer).await;

    let page = viewer.page(&format!("/accounts/{id}/events?feature=signinattempts")).await;
    assert!(page.contains("alert(1)") && !page.contains("<script>alert") && !page.contains("</bdi><script"));
    assert!(!page.contains("Too Old") && !page.contains("Older Still") && !page.contains("rel=\"next\""));
    let body = odd.replace("2026-01-01T00:00:00Z", &ago(DAY).to_string());
    account.try_ingest("okta.system", &[], body).await.expect_status(200);
    let page = viewer.page(&format!("/accounts/{id}/events?feature=okta.system")).await;
    assert!(page.contains("&#60;img") && !page.contains("<img") && page.contains("okta.system"));
}
