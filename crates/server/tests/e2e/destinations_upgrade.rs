//! Destinations that an earlier version of the hub set up.

use std::sync::Arc;

use daybook_events::{Actor, ConnectorId, HubGrant, SystemClock, Timestamp};
use daybook_store::{Catalog, ConnectorState, Database, DatabaseOptions, Direction, NewConnector, Origin};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Hub, Pushing, eventually, pushing};

const HEADERS: &str = "x-dataset: {feature}\nx-key: hush-hush-1234";

/// The hub's catalog, from outside.
async fn catalog_in(data_dir: &std::path::Path) -> Catalog {
    let database = Database::open(DatabaseOptions::sqlite(data_dir)).await.unwrap();
    Catalog::new(database, Arc::new(SystemClock))
}

/// A destination as an earlier version kept it, its headers among what is plain.
async fn keep_as_before(catalog: &Catalog, pushing: &Pushing) -> String {
    let url = pushing.receiver.url();
    let settings = [
        ("url", url.as_str()),
        ("headers", HEADERS),
        ("from", "beginning"),
        ("features", "itemusages"),
        ("batch_wait_ms", "0"),
    ];
    let new = NewConnector {
        direction: Direction::Destination,
        kind: "http".to_owned(),
        name: "From before".to_owned(),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        sealed_secrets: Vec::new(),
        origin: Origin::Person,
        state: ConnectorState::Active,
    };
    let grant = HubGrant::of_the_hub_itself().account(pushing.account.uuid.parse().unwrap());
    let actor = Actor::hub(Timestamp::from_seconds(0));
    let added = catalog.add_connector(&grant, &actor, ConnectorId::random(), new).await.unwrap();
    added.connector_id.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_were_plain_work_are_not_shown_and_get_sealed() {
    let mut daybook = pushing().start();
    let pushing = Pushing::on(&Hub::attach(&daybook)).await;
    let catalog = catalog_in(daybook.data_dir()).await;
    let id = keep_as_before(&catalog, &pushing).await;
    let kept_plain = async || {
        let all = catalog.list_all_connectors(HubGrant::of_the_hub_itself()).await.unwrap();
        all.into_iter().find(|it| it.connector_id.as_str() == id).unwrap().settings.into_keys().collect::<Vec<_>>()
    };
    let keys = || {
        let stored = pushing.receiver.stored();
        stored.iter().map(|it| it.header("x-key").unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    pushing.account.ingest(0..10).await;
    pushing.delivered(&id).await;
    assert_eq!(keys(), ["hush-hush-1234"], "they are sent as before");
    let list = async || pushing.account.manage(Method::GET, "destinations", Value::Null).await.expect_status(200);
    let is_hidden = async || {
        let shown = list().await;
        assert!(!shown.text.contains("hush-hush"), "{}", shown.text);
        assert_eq!(shown.json()[0]["secrets"], json!(["headers", "url"]));
    };
    is_hidden().await;

    let trail = async || serde_json::to_string(&pushing.account.audit_trail().await).unwrap();
    let before = trail().await.matches("hush-hush").count();
    assert!(kept_plain().await.contains(&"headers".to_owned()));
    tokio::task::block_in_place(|| daybook.restart());
    assert_eq!(kept_plain().await, ["batch_wait_ms", "features", "from"], "the next start seals");
    is_hidden().await;
    pushing.account.ingest(10..20).await;
    pushing.delivered(&id).await;
    eventually("another request", async || keys().len() == 2).await;
    assert_eq!(keys()[1], "hush-hush-1234", "sealed, they are the same");
    pushing.change(&id, json!({"settings": {"headers": "x-key: another-hush-1"}})).await;
    assert_eq!(trail().await.matches("hush").count(), before, "the trail says no more of them than it did");
}
