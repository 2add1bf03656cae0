//! Too much at a time: who does not fit in is told to come back, and memory stays bounded.

use std::time::Duration;

use crate::support::{Account, Hub, Raw, daybook, eventually, refusal, uuids};

/// One account may have the whole budget: a body, and what it may unpack to.
const CONFIG: &str = "[ingest]\nbody_mib_max = 1\nin_flight_mib_max = 2\nwait_secs = 1\n";
const BODY_BYTES: usize = 1 << 20;

/// A request that holds as many bytes as a body may have, and does not end yet.
fn occupy(account: &Account) -> Raw {
    let mut raw = Raw::connect(&account.hub);
    raw.send(format!(
        "POST /ingest/v1/itemusages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {BODY_BYTES}\r\n\
         Connection: close\r\n\r\n",
        account.source
    ));
    raw.send(" ".repeat(BODY_BYTES - 1));
    raw
}

/// Two such requests, which take all there is.
fn occupy_all(account: &Account) -> [Raw; 2] {
    [occupy(account), occupy(account)]
}

async fn is_refused(account: &Account) -> Option<daybook_testkit::Answer> {
    let answer = account.try_ingest("itemusages", &[], "\n\n").await;
    (answer.status != 200).then_some(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_fit_in_gets_503_until_there_is_room() {
    let hub = Hub::start(daybook().config_text(CONFIG));
    let account = hub.account().await;
    account.ingest(0..1).await;
    let slow = occupy_all(&account);
    let mut refused = None;
    eventually("slow bodies take the budget", async || {
        refused = is_refused(&account).await;
        refused.is_some()
    })
    .await;
    let refused = refused.unwrap();
    assert_eq!(refusal(&refused, 503), "too much is being ingested at once; try again");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(account.everything().await, uuids(0..1), "reading goes on");

    for mut slow in slow {
        slow.send(" ");
        assert_eq!(slow.read_to_end().unwrap().status, 200);
    }
    account.ingest(1..2).await;
    assert_eq!(account.everything().await, uuids(0..2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_goes_away_gives_its_room_back() {
    let hub = Hub::start(daybook().config_text(CONFIG));
    let account = hub.account().await;
    let slow = occupy_all(&account);
    eventually("slow bodies take the budget", async || is_refused(&account).await.is_some()).await;
    drop(slow);
    eventually("there is room again", async || is_refused(&account).await.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_wait_is_waited() {
    let hub = Hub::start(daybook().config_text(&CONFIG.replace("wait_secs = 1", "wait_secs = 20")));
    let account = hub.account().await;
    let slow = occupy_all(&account);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let waiting = tokio::spawn({
        let account = account.clone();
        async move { account.ingest(0..1).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    for mut slow in slow {
        slow.send(" ");
        assert_eq!(slow.read_to_end().unwrap().status, 200);
    }
    waiting.await.unwrap();
    assert_eq!(account.everything().await, uuids(0..1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_account_does_not_take_the_room_of_others() {
    let hub = Hub::start(daybook().config_text(&CONFIG.replace("in_flight_mib_max = 2", "in_flight_mib_max = 4")));
    let (greedy, other) = (hub.account().await, hub.account().await);
    let slow = occupy_all(&greedy);
    eventually("the account has its share", async || is_refused(&greedy).await.is_some()).await;
    other.ingest(0..1).await;
    drop(slow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_producers_at_once_lose_nothing() {
    let hub = Hub::start(daybook().config_text("[store]\nappend_queue_max = 4\n"));
    let account = hub.account().await;
    let producers: Vec<_> =
        (0..8_u64).map(|producer| tokio::spawn(produce(account.clone(), producer * 1000))).collect();
    let mut acknowledged = Vec::new();
    for producer in producers {
        acknowledged.extend(producer.await.unwrap());
    }
    let mut stored = account.everything().await;
    stored.sort();
    acknowledged.sort();
    assert_eq!(stored, acknowledged);
}

/// Ten batches; the events that were acknowledged.
async fn produce(account: Account, first: u64) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for batch in 0..10 {
        let numbers = first + batch * 10..first + batch * 10 + 10;
        let body = daybook_testkit::events::batch(&daybook_events::ITEM_USAGES, numbers.clone());
        let answer = account.try_ingest("itemusages", &[], body).await;
        match answer.status {
            200 => acknowledged.extend(uuids(numbers)),
            _ => assert_eq!(refusal(&answer, 503), "not available at the moment; try again"),
        }
    }
    acknowledged
}
