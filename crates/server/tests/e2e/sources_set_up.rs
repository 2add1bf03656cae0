//! Sources as people set them up from the configuration file.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Hub, PUSHING, daybook, eventually, id_of, refusal, scripted, uuids};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_of_the_configuration_file_are_taken_up_at_every_start() {
    let folder = tempfile::tempdir().unwrap();
    let (config, secret) = (folder.path().join("daybook.toml"), folder.path().join("token"));
    std::fs::write(&config, PUSHING).unwrap();
    std::fs::write(&secret, "an-opaque-token\n").unwrap();
    let upstream = scripted(30).await;
    let mut daybook = daybook().config_file(&config).start();
    let account = Hub::attach(&daybook).account().await;
    let of_file = |poll_max: u32| {
        format!(
            "[[connectors.sources]]\naccount = \"{}\"\nname = \"Mirror\"\nkind = \"upstream\"\nsettings = {{ url = \"{}\", \
             poll_max_secs = \"{poll_max}\" }}\nsecret_files = {{ token = {secret:?} }}\n",
            account.uuid,
            upstream.url(),
        )
    };
    let mut restart_with = |more: &str| {
        std::fs::write(&config, format!("{PUSHING}{more}")).unwrap();
        tokio::task::block_in_place(|| daybook.restart());
    };
    let list = async || account.manage(Method::GET, "sources", Value::Null).await.expect_status(200).json();
    let updates = async || {
        let trail = account.audit_trail().await;
        trail.iter().filter(|event| event["object_type"] == "sa" && event["action"] == "update").count()
    };
    restart_with(&of_file(1));
    let source = list().await[0].clone();
    let shown = (&source["name"], &source["origin"], &source["secrets"]);
    assert_eq!(shown, (&json!("Mirror"), &json!("configuration"), &json!(["token"])), "{source}");
    assert!(!source.to_string().contains("an-opaque-token"), "{source}");
    eventually("everything is here", async || account.everything().await.len() == 30).await;
    assert_eq!(account.everything().await, uuids(0..30));

    let before = updates().await;
    restart_with(&of_file(1));
    assert_eq!(updates().await, before, "a start that changes nothing says nothing");
    restart_with(&of_file(2));
    assert_eq!((list().await[0]["settings"]["poll_max_secs"].clone(), updates().await), (json!("2"), before + 1));
    let own = format!("sources/{}", id_of(&source));
    let change = json!({"settings": {"poll_max_secs": "9"}});
    assert!(refusal(&account.manage(Method::PATCH, &own, change).await, 409).contains("configuration file"));

    restart_with("");
    assert_eq!(list().await[0]["status"], "paused", "what is taken out of the file is kept, and reads nothing");
    restart_with(&of_file(2));
    eventually("it goes on", async || list().await[0]["status"] == "ok").await;
    assert_eq!(id_of(&list().await[0]), id_of(&source));
    assert_eq!(account.everything().await, uuids(0..30), "it goes on where it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_of_the_file_that_cannot_be_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("daybook.toml");
    std::fs::write(&config, PUSHING).unwrap();
    let mut daybook = daybook().config_file(&config).start();
    let account = Hub::attach(&daybook).account().await;
    let file = |account: &str, name: &str, path: &str| {
        format!(
            "[[connectors.sources]]\naccount = \"{account}\"\nname = \"{name}\"\nkind = \"file\"\nsettings = {{ path = \
             \"{path}\", feature = \"acme.audit\" }}\n"
        )
    };
    let all = [
        file("Nobody", "A", "a.ndjson"),
        file(&account.uuid, "B", "/etc/passwd"),
        file(&account.uuid, "C", "c.ndjson"),
    ];
    std::fs::write(&config, format!("{PUSHING}{}", all.concat())).unwrap();
    tokio::task::block_in_place(|| daybook.restart());
    let list = account.manage(Method::GET, "sources", Value::Null).await.expect_status(200).json();
    let names: Vec<&Value> = list.as_array().unwrap().iter().map(|source| &source["name"]).collect();
    assert_eq!(names, [&json!("C")], "{list}");
    let log = daybook.log();
    for part in ["no account", "outside of", "was not taken up"] {
        assert!(log.contains(part), "{part}: {log}");
    }
}
