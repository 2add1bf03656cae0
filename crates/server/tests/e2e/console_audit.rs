//! The audit trail over HTTP: its filters, its pages, and what is exported.

use daybook_events::Role;

use crate::support::{Guests, Hub, daybook};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trail_is_filtered_and_paged() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let account = guests.first_account();
    let (owner, base) = (&guests.owner, format!("/accounts/{account}/audit"));
    for number in 0..60 {
        let (grant, actor) = (guests.grant(&account), guests.actor());
        guests.catalog.rename_account(&grant, &actor, &format!("name-{number}")).await.unwrap();
    }

    let newest = owner.page(&base).await;
    assert!(newest.contains("<del>") && newest.contains("name-58") && !newest.contains("name-5<"), "newest first");
    let older = newest.split_once("rel=\"next\" href=\"").unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&");
    let second = owner.page(&older).await;
    assert!(second.contains("name-5<") && !second.contains("name-58") && second.contains("Newest"));
    assert!(!second.contains("rel=\"next\""));

    let joined = owner.page(&format!("{base}?action=join&kind=user")).await;
    assert!(joined.contains("robin@fabrikam.example") && !joined.contains("name-58"));
    assert!(owner.page(&format!("{base}?object={account}")).await.contains("name-58"));
    assert!(owner.page(&format!("{base}?to=2020-01-01")).await.contains("Nothing fits this filter"));
    assert!(owner.get(&format!("{base}?from=soon")).await.expect_status(422).text.contains("Write a date"));
    owner.get(&format!("{base}?before=x")).await.expect_status(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_has_everything_of_this_account_alone_and_computes_nothing() {
    let guests = Guests::of(&Hub::start(daybook())).await;
    let (here, there) = (guests.first_account(), guests.account("Northwind").await);
    guests.catalog.rename_account(&guests.grant(&here), &guests.actor(), "=HYPERLINK(\"x\",\"y\")").await.unwrap();
    guests.catalog.rename_account(&guests.grant(&there), &guests.actor(), "elsewhere").await.unwrap();
    let viewer = guests.join(&here, "Ada", Role::Viewer).await;

    let answer = guests.owner.get(&format!("/accounts/{here}/audit/export?format=csv")).await.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(answer.header("content-disposition").unwrap().starts_with("attachment; filename=\"daybook-audit-"));
    assert!(answer.text.contains(",\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\","), "{}", answer.text);
    assert!(!answer.text.contains("elsewhere") && !answer.text.contains("Northwind"));

    let path = format!("/accounts/{here}/audit/export?format=json&action=update");
    let answer = guests.owner.get(&path).await.expect_status(200);
    let actions = answer.json();
    assert_eq!(actions.as_array().unwrap().len(), 1);
    assert_eq!(actions[0]["before"]["name"], "Fabrikam");
    assert_eq!(actions[0]["actor"]["email"], "robin@fabrikam.example");
    viewer.get(&format!("/accounts/{here}/audit/export")).await.expect_status(403);
}
