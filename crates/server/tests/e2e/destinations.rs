//! Destinations: every event arrives, whatever the receiver does, and people can see and mend what does not.

use std::{collections::BTreeMap, time::Duration};

use daybook_testkit::{
    events,
    receiver::{Fault, Receiver, Reply},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Hub, PATIENCE, Pushing, SECRET, Store, eventually, once, pushing, refusal, uuids, uuids_in};

async fn every_event_arrives_once_and_in_order(store: Store) {
    let pushing = Pushing::on(&Hub::start_on(store, pushing())).await;
    pushing.account.ingest(0..150).await;
    let id = pushing.add(json!({})).await;
    pushing.account.ingest(150..450).await;
    pushing.delivered(&id).await;
    let arrived: Vec<String> = pushing.receiver.stored().iter().flat_map(uuids_in).collect();
    assert_eq!(arrived, uuids(0..450));
    // How destinations fare is written down every second.
    pushing.has_status(&id, "ok").await;
    let shown = pushing.show(&id).await;
    assert_eq!(shown["dead_letters"], 0, "{shown:#}");
    assert!(shown["streams"][0]["last_acknowledged_at"].is_string(), "{shown:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_once_and_in_order_from_sqlite() {
    every_event_arrives_once_and_in_order(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_once_and_in_order_from_postgres() {
    every_event_arrives_once_and_in_order(Store::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_destination_begins_with_what_is_to_come() {
    let pushing = Pushing::start().await;
    pushing.account.ingest(0..10).await;
    let id = pushing.add(json!({"from": "now"})).await;
    pushing.account.ingest(10..15).await;
    pushing.delivered(&id).await;
    assert_eq!(pushing.stored(), once(10..15));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_acknowledgement_repeats_one_batch_and_loses_nothing() {
    let pushing = Pushing::start().await;
    pushing.receiver.for_next(1, &Fault::StoreThenDrop);
    pushing.account.ingest(0..250).await;
    let id = pushing.add(json!({})).await;
    pushing.delivered(&id).await;
    let stored = pushing.stored();
    assert_eq!(stored.keys().cloned().collect::<Vec<_>>(), once(0..250).into_keys().collect::<Vec<_>>());
    assert_eq!(stored.values().filter(|times| **times > 1).count(), 100, "the one batch, and no other");
    let [first, second] = &pushing.receiver.stored()[..2] else { panic!("two attempts") };
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"), "a receiver can tell the repeat by its id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_pass_are_waited_out() {
    let pushing = Pushing::start().await;
    for fault in [
        Fault::retry_after(429, 1),
        Fault::status(429),
        Fault::status(503),
        Fault::DropBeforeReading,
        Fault::TruncatedAnswer,
        Fault::GarbageAnswer,
    ] {
        pushing.receiver.for_next(1, &fault);
    }
    pushing.account.ingest(0..50).await;
    let id = pushing.add(json!({})).await;
    pushing.delivered(&id).await;
    assert_eq!(pushing.stored().len(), 50);
    let attempts = pushing.receiver.received();
    let waited = attempts[1].at.duration_since(attempts[0].at);
    assert!(waited >= Duration::from_secs(1), "the receiver asked for a second, and got {waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_too_large_is_halved() {
    let pushing = Pushing::start().await;
    pushing.receiver.answer_with(|request| Reply::status(if uuids_in(request).len() > 30 { 413 } else { 200 }));
    pushing.account.ingest(0..100).await;
    let id = pushing.add(json!({})).await;
    pushing.delivered(&id).await;
    let arrived: Vec<String> = pushing.receiver.stored().iter().flat_map(uuids_in).collect();
    assert_eq!(arrived, uuids(0..100), "in order, and none twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_poison_event_in_a_thousand_becomes_a_dead_letter_and_can_be_redriven() {
    let pushing = Pushing::start().await;
    let poison = uuids([617]).remove(0);
    let bad = poison.clone();
    pushing.receiver.answer_with(move |request| {
        if request.text().contains(&bad) { Reply::status(400).body("no such field") } else { Reply::status(200) }
    });
    pushing.account.ingest(0..1000).await;
    let id = pushing.add(json!({"batch_events": "1000"})).await;
    pushing.delivered(&id).await;
    let mut expected = once(0..1000);
    expected.remove(&poison);
    assert_eq!(pushing.stored(), expected);
    let letters = pushing.dead_letters(&id).await;
    let [letter] = &letters[..] else { panic!("one dead letter: {letters:?}") };
    assert!(letter["reason"].as_str().unwrap().contains("no such field"), "{letter}");
    assert_eq!(letter["payload"], json!(events::item_usage(617).to_string()), "the event as it is in the log");

    let redrive = format!("destinations/{id}/dead-letters/redrive");
    let choice = json!({"number": letter["number"]});
    pushing.account.manage(Method::POST, &redrive, choice).await.expect_status(200);
    eventually("refused once more", async || pushing.dead_letters(&id).await[0]["tries"] == 2).await;
    pushing.receiver.answer_with(|_| Reply::status(200));
    let all = json!({"number": null});
    let count = pushing.account.manage(Method::POST, &redrive, all).await.expect_status(200).json();
    assert_eq!(count, json!({"dead_letters": 1}));
    eventually("redriven", async || pushing.dead_letters(&id).await.is_empty()).await;
    assert_eq!(pushing.stored(), once(0..1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_receiver_refuses_without_names_is_counted_and_told() {
    let pushing = Pushing::start().await;
    pushing.receiver.answer_with(|_| {
        let partial = json!({"partialSuccess": {"rejectedLogRecords": "3", "errorMessage": "too old"}});
        Reply::json(200, &partial)
    });
    pushing.account.ingest(0..10).await;
    let settings = json!({
        "url": pushing.receiver.url(), "from": "beginning", "features": "itemusages", "batch_wait_ms": "0",
    });
    let id = pushing.add_kind("otlp", settings).await;
    pushing.delivered(&id).await;
    let get = async |path: &str| {
        let path = format!("destinations/{id}/{path}");
        pushing.account.manage(Method::GET, &path, Value::Null).await.expect_status(200).json()
    };
    eventually("the attempt is written down", async || get("attempts").await.as_array().unwrap().len() == 1).await;
    let attempt = get("attempts").await[0].clone();
    assert_eq!(attempt["outcome"], "partial", "{attempt}");
    let detail = "the receiver refused 3 of 10 records and does not say which: too old";
    assert_eq!(attempt["detail"], detail, "{attempt}");
    let hours = get("hours").await;
    let sum = |name: &str| hours.as_array().unwrap().iter().map(|hour| hour[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("events"), sum("rejected")), (7, 3), "{hours}");
    let label = format!("destination=\"{id}\"");
    let counted = pushing.account.hub.metric("daybook_destination_rejected_total", &[&label]).await;
    assert!((counted - 3.0).abs() < 0.1, "{counted}");
    assert_eq!(pushing.dead_letters(&id).await, Vec::<Value>::new());
    assert_eq!(pushing.receiver.received().len(), 1, "nothing is sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_can_be_given_up() {
    let pushing = Pushing::start().await;
    pushing.receiver.answer_with(|_| Reply::status(422));
    pushing.account.ingest(0..3).await;
    let id = pushing.add(json!({})).await;
    eventually("three dead letters", async || pushing.dead_letters(&id).await.len() == 3).await;
    let discard = format!("destinations/{id}/dead-letters/discard");
    let one = json!({"number": pushing.dead_letters(&id).await[0]["number"]});
    pushing.account.manage(Method::POST, &discard, one).await.expect_status(200);
    assert_eq!(pushing.dead_letters(&id).await.len(), 2);
    pushing.account.manage(Method::POST, &discard, json!({"number": null})).await.expect_status(200);
    assert_eq!(pushing.dead_letters(&id).await, Vec::<Value>::new());
    let message = refusal(&pushing.account.manage(Method::POST, &discard, json!({})).await, 400);
    assert!(message.contains("number"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_credentials_stop_the_destination_and_nothing_is_lost() {
    let pushing = Pushing::start().await;
    pushing.receiver.until_told(Fault::status(401));
    pushing.account.ingest(0..120).await;
    let id = pushing.add(json!({})).await;
    pushing.has_status(&id, "stopped").await;
    let shown = pushing.show(&id).await;
    let stream = &shown["streams"][0];
    assert!(stream["reason"].as_str().unwrap().contains("401"), "{stream}");
    assert!(stream["fix"].as_str().unwrap().contains("credentials"), "{stream}");
    assert!(stream["next_attempt_at"].is_string() && stream["behind"] == 120, "{stream}");
    assert!(stream["last_acknowledged_at"].is_null(), "nothing was acknowledged: {stream}");
    pushing.receiver.recover();
    pushing.change(&id, json!({"settings": {"secret": SECRET, "timeout_secs": "3"}})).await;
    pushing.delivered(&id).await;
    pushing.has_status(&id, "ok").await;
    assert_eq!(pushing.stored(), once(0..120));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_destination_does_not_slow_another() {
    let pushing = Pushing::start().await;
    let black_hole = Receiver::start().await;
    black_hole.until_told(Fault::BlackHole);
    let slow = Receiver::start().await;
    slow.until_told(Fault::SlowRead { bytes_per_second: 1 });
    let dead = pushing.add(json!({"url": black_hole.url()})).await;
    let stuck = pushing.add(json!({"url": slow.url()})).await;
    let alive = pushing.add(json!({})).await;
    pushing.account.ingest(0..300).await;
    pushing.delivered(&alive).await;
    assert_eq!(pushing.stored(), once(0..300));
    for id in [dead, stuck] {
        pushing.has_status(&id, "retrying").await;
        let stream = &pushing.show(&id).await["streams"][0];
        assert!(stream["reason"].as_str().unwrap().contains("no answer in time"), "{stream}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gap_of_an_outage_closes_by_itself() {
    let pushing = Pushing::start().await;
    let id = pushing.add(json!({})).await;
    pushing.receiver.until_told(Fault::status(503));
    for start in (0..500).step_by(50) {
        pushing.account.ingest(start..start + 50).await;
    }
    pushing.has_status(&id, "retrying").await;
    pushing.receiver.recover();
    pushing.delivered(&id).await;
    assert_eq!(pushing.stored(), once(0..500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_destination_goes_on_where_it_was() {
    let pushing = Pushing::start().await;
    let id = pushing.add(json!({})).await;
    pushing.account.ingest(0..10).await;
    pushing.delivered(&id).await;
    assert_eq!(pushing.change(&id, json!({"state": "paused"})).await["status"], "paused");
    // The loop ends after the attempt it is at.
    tokio::time::sleep(Duration::from_secs(3)).await;
    pushing.account.ingest(10..20).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(pushing.stored(), once(0..10));
    pushing.change(&id, json!({"state": "active"})).await;
    pushing.delivered(&id).await;
    assert_eq!(pushing.stored(), once(0..20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_block_stops_its_stream_and_is_told() {
    let hub = Hub::start(pushing());
    let pushing = Pushing::on(&hub).await;
    pushing.account.ingest(0..10).await;
    pushing.account.ingest(10..20).await;
    damage_blocks_after(hub.daybook().data_dir(), 10);
    let id = pushing.add(json!({"features": ""})).await;
    pushing.has_status(&id, "stopped").await;
    let shown = pushing.show(&id).await;
    let stopped = shown["streams"].as_array().unwrap().iter().find(|stream| stream["feature"] == "itemusages").unwrap();
    assert!(stopped["reason"].as_str().unwrap().starts_with("read block "), "{shown:#}");
    assert!(stopped["fix"].as_str().unwrap().contains("replay"), "{shown:#}");
    assert!(stopped["behind"].as_i64().unwrap() >= 10, "{shown:#}");
    let others = shown["streams"].as_array().unwrap().iter().filter(|stream| stream["feature"] != "itemusages");
    assert!(others.clone().count() > 0 && others.clone().all(|stream| stream["status"] != "stopped"), "{shown:#}");
}

/// Writes nonsense over the blocks of item usages that end after a position.
fn damage_blocks_after(data_dir: &std::path::Path, position: i64) {
    let script = "import sqlite3, sys; store = sqlite3.connect(sys.argv[1], timeout=10); \
                  changed = store.execute(\"UPDATE blocks SET payload = x'00' WHERE last_position > ? AND stream_id IN \
                  (SELECT stream_id FROM streams WHERE feature = 'itemusages')\", (int(sys.argv[2]),)).rowcount; \
                  store.commit(); sys.exit(changed == 0)";
    let mut command = std::process::Command::new("python3");
    command.args(["-c", script]).arg(data_dir.join("daybook.db")).arg(position.to_string());
    assert!(command.status().expect("python3 is installed").success(), "no block was damaged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_the_past_is_replayed_beside_what_is_new() {
    let pushing = Pushing::start().await;
    let id = pushing.add(json!({})).await;
    pushing.account.ingest(0..100).await;
    pushing.delivered(&id).await;
    let time = |n: u64| events::item_usage(n)["timestamp"].as_str().unwrap().to_owned();
    let replays = format!("destinations/{id}/replays");
    let window = json!({"since": time(20), "until": time(30)});
    pushing.account.manage(Method::POST, &replays, window).await.expect_status(201);
    let list = async || pushing.account.manage(Method::GET, &replays, Value::Null).await.expect_status(200).json();
    eventually("the replay is done", async || list().await[0]["state"] == "done").await;
    pushing.account.ingest(100..110).await;
    pushing.delivered(&id).await;
    let stored = pushing.stored();
    let twice: Vec<&String> = stored.iter().filter(|(_, times)| **times == 2).map(|(uuid, _)| uuid).collect();
    let mut expected = uuids(20..30);
    expected.sort();
    assert_eq!(twice, expected.iter().collect::<Vec<_>>());
    assert_eq!(stored.len(), 110);
    for (body, part) in
        [(json!({"since": "yesterday"}), "since:"), (json!({"since": time(5), "until": time(5)}), "before until")]
    {
        let message = refusal(&pushing.account.manage(Method::POST, &replays, body).await, 400);
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_redactions_and_formats_are_applied_on_the_way() {
    let pushing = Pushing::start().await;
    let settings = json!({
        "features": "signinattempts", "filter": "category!=success", "redact": "drop: client.ip_address; hash: target_user.email",
        "format": "ecs",
    });
    let id = pushing.add(settings).await;
    let body: String = (0..20).map(|n| format!("{}\n", events::sign_in_attempt(n))).collect();
    pushing.account.ingest_body("signinattempts", body, 20).await;
    pushing.delivered(&id).await;
    let received = pushing.receiver.stored().iter().map(daybook_testkit::receiver::Received::json).collect::<Vec<_>>();
    let arrived: Vec<&Value> = received.iter().flat_map(|body| body["data"].as_array().unwrap()).collect();
    assert_eq!(arrived.len(), 2, "every tenth failed");
    for event in arrived {
        assert_eq!(event["event"]["outcome"], "failure", "{event:#}");
        assert!(event["source"]["ip"].is_null(), "{event:#}");
        assert!(event["user"]["email"].as_str().unwrap().starts_with("hmac:"), "{event:#}");
    }
}

/// The hub is killed again and again while events come in and the receiver loses answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kill_minus_nine_loses_nothing_and_repeats_at_most_a_batch_a_time() {
    const KILLS: usize = 12;
    const BATCH: usize = 100;
    let mut daybook = pushing().start();
    let hub = Hub::attach(&daybook);
    let pushing = Pushing::on(&hub).await;
    let id = pushing.add(json!({"batch_events": BATCH.to_string()})).await;
    let file = pushing.add_kind("file", json!({"from": "beginning", "features": "itemusages", "batch_events": BATCH.to_string(), "batch_wait_ms": "0"})).await;
    let mut next = 0;
    for round in 0..KILLS {
        let (from, until) = (next, next + 300);
        next = until;
        pushing.account.ingest(from..until).await;
        if round % 3 == 0 {
            pushing.receiver.for_next(1, &Fault::StoreThenDrop);
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..600))).await;
        daybook.kill9();
        tokio::task::block_in_place(|| daybook.restart());
    }
    pushing.delivered(&id).await;
    pushing.delivered(&file).await;
    let stored = pushing.stored();
    assert_eq!(stored.keys().cloned().collect::<Vec<_>>(), once(0..next).into_keys().collect::<Vec<_>>());
    let repeats: usize = stored.values().map(|times| times - 1).sum();
    let (lost_answers, bound) = (KILLS.div_ceil(3), (KILLS + KILLS.div_ceil(3)) * BATCH);
    assert!(repeats <= bound, "{repeats} repeats in {KILLS} kills and {lost_answers} lost answers");
    let text = std::fs::read_to_string(daybook.data_dir().join("files/itemusages.ndjson")).unwrap();
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).expect("no line is cut");
        *lines.entry(event["uuid"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(lines.len(), usize::try_from(next).unwrap());
    let repeats_in_file: usize = lines.values().map(|times| times - 1).sum();
    assert!(repeats_in_file <= KILLS * BATCH, "{repeats_in_file}");
    println!("{repeats} repeats at the receiver, {repeats_in_file} in the file, of {next} events and {KILLS} kills");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_share_the_work_and_take_over_from_one_another() {
    let database = daybook_testkit::TestDatabase::create();
    let first = pushing().store_url(database.url()).start();
    let key = first.data_dir().join("master.key");
    let mut second = pushing().store_url(database.url()).env("DAYBOOK_SECURITY__MASTER_KEY_FILE", key).start();
    let pushing = Pushing::on(&Hub::attach(&first)).await;
    let id = pushing.add(json!({})).await;
    pushing.account.ingest(0..500).await;
    pushing.delivered(&id).await;
    assert_eq!(pushing.stored(), once(0..500), "no event from both");
    second.kill9();
    pushing.account.ingest(500..1000).await;
    let started = std::time::Instant::now();
    while pushing.stored().len() < 1000 {
        assert!(
            started.elapsed() < PATIENCE,
            "a lease of a dead node is taken over: {} events",
            pushing.stored().len()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(second);
}
