//! Destinations as people set them up: tests of the way, settings, secrets, other accounts, the configuration file.

use std::time::Duration;

use daybook_testkit::receiver::{Fault, Receiver, TlsSetup};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Hub, PUSHING, Pushing, SECRET, Store, daybook, eventually, id_of, merged, once, refusal};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_names_the_hop_that_fails_and_its_fix() {
    let pushing = Pushing::start().await;
    let test = async |settings: Value| {
        let body = json!({"name": "x", "kind": "webhook", "settings": merged(pushing.webhook(), settings)});
        let hops = pushing.account.manage(Method::POST, "destinations/test", body).await.expect_status(200).json();
        let hops = hops.as_array().unwrap().clone();
        let names: Vec<String> = hops.iter().map(|hop| hop["hop"].as_str().unwrap().to_owned()).collect();
        (names.join(" "), hops.last().unwrap().clone())
    };
    let (names, last) = test(json!({})).await;
    assert_eq!((names.as_str(), &last["passed"]), ("dns tcp event", &json!(true)), "{last}");
    pushing.receiver.until_told(Fault::status(403));
    let (names, last) = test(json!({})).await;
    assert_eq!(names, "dns tcp credentials");
    assert!(last["fix"].as_str().unwrap().contains("credentials"), "{last}");
    let (names, last) = test(json!({"url": "http://127.0.0.1:9"})).await;
    assert_eq!((names.as_str(), last["fix"].as_str().unwrap().contains("firewalls")), ("dns tcp", true), "{last}");
    let (names, last) = test(json!({"url": "https://no.such.host.invalid"})).await;
    assert_eq!((names.as_str(), &last["passed"]), ("dns", &json!(false)), "{last}");
    for (setup, trusts, part) in [
        (TlsSetup::ExpiredCertificate, true, "xpired"),
        (TlsSetup::UnknownAuthority, true, "UnknownIssuer"),
        (TlsSetup::Valid, false, "UnknownIssuer"),
    ] {
        let receiver = Receiver::builder().tls(setup).start().await;
        let ca = if trusts { receiver.ca_pem() } else { "" };
        let (names, last) = test(json!({"url": receiver.url(), "ca_pem": ca})).await;
        assert_eq!((names.as_str(), &last["passed"]), ("dns tcp tls", &json!(false)), "{setup:?} {last}");
        assert!(last["seen"].as_str().unwrap().contains(part), "{setup:?} {last}");
        assert_eq!(receiver.received().len(), 0, "nothing was sent");
    }
    let receiver = Receiver::builder().tls(TlsSetup::Valid).start().await;
    let (names, last) = test(json!({"url": receiver.url(), "ca_pem": receiver.ca_pem()})).await;
    assert_eq!((names.as_str(), &last["passed"]), ("dns tcp tls event", &json!(true)), "{last}");
    assert!(receiver.stored()[0].text().contains("A test of this destination"));
    assert!(
        pushing.account.manage(Method::GET, "destinations", Value::Null).await.json().as_array().unwrap().is_empty()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_sealed_and_never_shown_again() {
    let pushing = Pushing::start().await;
    let id = pushing.add(json!({"client_certificate_pem": "", "previous_secret": SECRET})).await;
    let listed = pushing.account.manage(Method::GET, "destinations", Value::Null).await.expect_status(200).text;
    let shown = pushing.show(&id).await;
    assert_eq!(shown["secrets"], json!(["previous_secret", "secret"]));
    let trail = serde_json::to_string(&pushing.account.audit_trail().await).unwrap();
    let changed = pushing.change(&id, json!({"settings": {"batch_events": "50", "previous_secret": ""}})).await;
    assert_eq!(changed["secrets"], json!(["secret"]));
    let database = pushing.account.hub.daybook().data_dir().join("daybook.db");
    let kept: Vec<u8> = [database.clone(), database.with_extension("db-wal")]
        .iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect();
    let log = pushing.account.hub.daybook().log();
    let secret = SECRET.trim_start_matches("whsec_").as_bytes();
    for (place, text) in [
        ("the list", listed.as_bytes()),
        ("the details", shown.to_string().as_bytes()),
        ("the audit trail", trail.as_bytes()),
        ("the database", &kept),
        ("the log", log.as_bytes()),
    ] {
        assert!(!text.windows(secret.len()).any(|window| window == secret), "{place} shows the secret");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_settings_are_refused_all_at_once() {
    let pushing = Pushing::start().await;
    let refused = async |kind: &str, settings: Value| {
        let body = json!({"name": "x", "kind": kind, "settings": settings});
        refusal(&pushing.account.manage(Method::POST, "destinations", body).await, 400)
    };
    let message = refused("webhook", json!({"url": "nowhere", "colour": "red", "batch_events": "0"})).await;
    for part in ["url: must be", "secret: is missing", "colour: is no option", "batch_events: must be"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(refused("carrier-pigeon", json!({})).await.contains("is no kind of destination"));
    assert!(refused("file", json!({"path": "/etc/passwd"})).await.contains("outside of"));
    assert!(refused("file", json!({"path": "../x"})).await.contains(".."));
    assert!(refused("webhook", merged(pushing.webhook(), json!({"secret": "hush"}))).await.contains("whsec_"));
    assert!(refused("webhook", merged(pushing.webhook(), json!({"filter": "?"}))).await.contains("filter:"));
    let name = json!({"name": "", "kind": "stdout", "settings": {}});
    assert!(refusal(&pushing.account.manage(Method::POST, "destinations", name).await, 400).contains("name"));
    let twice = json!({"name": "twice", "kind": "file", "settings": {}});
    pushing.account.manage(Method::POST, "destinations", twice.clone()).await.expect_status(201);
    refusal(&pushing.account.manage(Method::POST, "destinations", twice).await, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_pushes_into_no_private_network_unless_it_is_told_to() {
    let pushing = Pushing::on(&Hub::shared(Store::Sqlite)).await;
    for url in [
        "http://127.0.0.1:9/",
        "https://169.254.169.254/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[fd00:ec2::254]/",
    ] {
        let body = json!({"name": "x", "kind": "webhook", "settings": merged(pushing.webhook(), json!({"url": url}))});
        let message = refusal(&pushing.account.manage(Method::POST, "destinations", body).await, 400);
        assert!(message.contains("allow_networks"), "{url}: {message}");
    }
    let body = json!({"name": "x", "kind": "webhook", "settings": merged(pushing.webhook(), json!({"url": "https://localhost:9/"}))});
    let hops = pushing.account.manage(Method::POST, "destinations/test", body).await.expect_status(200).json();
    let seen = hops[0]["seen"].as_str().unwrap();
    assert!(seen.starts_with("localhost leads to an address that is not allowed"), "{hops}");
    assert!(!seen.contains("127.0.0.1") && !seen.contains("::1"), "where it leads is not told: {hops}");
    let log = pushing.account.hub.daybook().log();
    assert!(log.contains("this machine's loopback"), "the log tells it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_accounts_destinations_are_not_there() {
    let pushing = Pushing::start().await;
    let id = pushing.add(json!({})).await;
    let other = pushing.account.hub.account().await;
    let all = json!({"number": null});
    for (method, path, body) in [
        (Method::GET, format!("destinations/{id}"), Value::Null),
        (Method::PATCH, format!("destinations/{id}"), json!({"state": "paused"})),
        (Method::DELETE, format!("destinations/{id}"), Value::Null),
        (Method::POST, format!("destinations/{id}/test"), Value::Null),
        (Method::GET, format!("destinations/{id}/hours"), Value::Null),
        (Method::GET, format!("destinations/{id}/attempts"), Value::Null),
        (Method::GET, format!("destinations/{id}/dead-letters"), Value::Null),
        (Method::POST, format!("destinations/{id}/dead-letters/redrive"), all.clone()),
        (Method::POST, format!("destinations/{id}/dead-letters/discard"), all),
        (Method::GET, format!("destinations/{id}/replays"), Value::Null),
        (Method::POST, format!("destinations/{id}/replays"), json!({"since": "2026-01-01T00:00:00Z"})),
        (Method::DELETE, format!("destinations/{id}/replays/{id}"), Value::Null),
    ] {
        let answer = other.manage(method.clone(), &path, body).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
    }
    assert_eq!(pushing.show(&id).await["status"], "starting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_destination_is_gone_with_what_belonged_to_it() {
    let pushing = Pushing::start().await;
    let id = pushing.add(json!({})).await;
    pushing.account.ingest(0..10).await;
    pushing.delivered(&id).await;
    pushing.account.manage(Method::DELETE, &format!("destinations/{id}"), Value::Null).await.expect_status(204);
    refusal(&pushing.account.manage(Method::GET, &format!("destinations/{id}"), Value::Null).await, 404);
    // Its loops end within a second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    pushing.account.ingest(10..20).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(pushing.stored(), once(0..10), "nothing is sent to it any more");
    let status = pushing.account.hub.manage(Method::GET, "status", Value::Null).await.json().to_string();
    assert!(!status.contains(&id), "its cursors are gone: {status}");
    let actions: Vec<String> = pushing
        .account
        .audit_trail()
        .await
        .iter()
        .filter(|event| event["object_uuid"] == json!(id))
        .map(|event| event["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["create", "delete"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_can_be_looked_up() {
    let pushing = Pushing::start().await;
    pushing.receiver.for_next(1, &Fault::status(503));
    pushing.account.ingest(0..10).await;
    let id = pushing.add(json!({})).await;
    pushing.delivered(&id).await;
    let get = async |path: &str| {
        let path = format!("destinations/{id}/{path}");
        pushing.account.manage(Method::GET, &path, Value::Null).await.expect_status(200).json()
    };
    eventually("attempts are written down", async || get("attempts").await.as_array().unwrap().len() == 2).await;
    let attempts = get("attempts").await;
    let outcomes: Vec<&Value> = attempts.as_array().unwrap().iter().map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(outcomes, [&json!("done"), &json!("retried")]);
    assert!(attempts[1]["detail"].as_str().unwrap().contains("503"), "{attempts}");
    let hours = get("hours").await;
    let sum = |name: &str| hours.as_array().unwrap().iter().map(|hour| hour[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("events"), sum("retries"), sum("batches")), (10, 1, 1));
    let label = format!("destination=\"{id}\"");
    assert!(pushing.account.hub.metric("daybook_destination_events_total", &[&label]).await >= 10.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn destinations_of_the_configuration_file_are_taken_up_at_every_start() {
    let folder = tempfile::tempdir().unwrap();
    let (config, secret) = (folder.path().join("daybook.toml"), folder.path().join("secret"));
    let base = PUSHING;
    std::fs::write(&config, base).unwrap();
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let mut daybook = daybook().config_file(&config).start();
    let pushing = Pushing::on(&Hub::attach(&daybook)).await;
    pushing.account.ingest(0..10).await;
    let of_file = |batch: u32| {
        format!(
            "[[connectors.destinations]]\naccount = \"{}\"\nname = \"SOAR\"\nkind = \"webhook\"\nsettings = {{ url = \"{}\", \
             one_request = \"batch\", from = \"beginning\", features = \"itemusages\", batch_events = \"{batch}\" }}\nsecret_files = {{ secret = {secret:?} }}\n",
            pushing.account.uuid,
            pushing.receiver.url(),
        )
    };
    let mut restart_with = |more: &str| {
        std::fs::write(&config, format!("{base}{more}")).unwrap();
        tokio::task::block_in_place(|| daybook.restart());
    };
    let list =
        async || pushing.account.manage(Method::GET, "destinations", Value::Null).await.expect_status(200).json();
    let updates = async || {
        let trail = pushing.account.audit_trail().await;
        trail.iter().filter(|event| event["object_type"] == "sa" && event["action"] == "update").count()
    };
    restart_with(&of_file(5));
    let id = id_of(&list().await[0]);
    pushing.delivered(&id).await;
    assert_eq!(pushing.stored(), once(0..10));
    let before = updates().await;
    restart_with(&of_file(5));
    assert_eq!(updates().await, before, "a start that changes nothing says nothing");
    restart_with(&of_file(7));
    assert_eq!((list().await[0]["settings"]["batch_events"].clone(), updates().await), (json!("7"), before + 1));
    let change = json!({"settings": {"batch_events": "9"}});
    let message = refusal(&pushing.account.manage(Method::PATCH, &format!("destinations/{id}"), change).await, 409);
    assert!(message.contains("configuration file"), "{message}");
    restart_with("");
    assert_eq!(list().await[0]["status"], "paused");
    restart_with(&of_file(7));
    pushing.account.ingest(10..20).await;
    pushing.delivered(&id).await;
    assert_eq!(pushing.stored(), once(0..20), "it goes on where it was");
}
