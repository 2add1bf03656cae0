//! An `Idempotency-Key` makes a retry safe: the same answer, and no event twice.

use daybook_events::ITEM_USAGES;
use daybook_testkit::{Answer, events};

use crate::{
    on_both_stores,
    support::{Account, Hub, Store, daybook, refusal, start_on, uuids},
};

async fn send(account: &Account, key: &str, body: &str) -> Answer {
    account.try_ingest("itemusages", &[("idempotency-key", key)], body).await
}

on_both_stores! {
    async fn a_repeat_gets_the_same_answer_and_appends_nothing(hub: Hub) {
        let account = hub.account().await;
        let body = format!("{}not json\n", events::batch(&ITEM_USAGES, 0..5));
        let first = send(&account, "batch 1", &body).await.expect_status(200);
        assert_eq!(first.json()["accepted"], 5);
        for _ in 0..3 {
            assert_eq!(send(&account, "batch 1", &body).await.expect_status(200).text, first.text);
        }
        assert_eq!(send(&account, "batch 2", &body).await.expect_status(200).text, first.text);
        assert_eq!(account.everything().await, uuids((0..5).chain(0..5)));
    }

    async fn another_body_under_the_same_key_is_409(hub: Hub) {
        let account = hub.account().await;
        send(&account, "key", &events::batch(&ITEM_USAGES, 0..5)).await.expect_status(200);
        let message = refusal(&send(&account, "key", &events::batch(&ITEM_USAGES, 5..10)).await, 409);
        assert_eq!(message, "the idempotency key was used for a different body; use a new key for new events");
        assert_eq!(account.everything().await, uuids(0..5));
        // A batch of others in the same moment is not concerned.
        account.ingest(10..12).await;
    }

    async fn repeats_at_the_same_moment_append_once(hub: Hub) {
        let account = hub.account().await;
        let body = events::batch(&ITEM_USAGES, 0..40);
        let repeats: Vec<_> = (0..12)
            .map(|_| {
                let (account, body) = (account.clone(), body.clone());
                tokio::spawn(async move { send(&account, "all at once", &body).await })
            })
            .collect();
        for repeat in repeats {
            assert_eq!(repeat.await.unwrap().expect_status(200).text, r#"{"accepted":40,"rejected":[]}"#);
        }
        assert_eq!(account.everything().await, uuids(0..40));
    }

    async fn a_key_is_one_stream_s_own(hub: Hub) {
        let (account, other) = (hub.account().await, hub.account().await);
        let body = events::batch(&ITEM_USAGES, 0..2);
        send(&account, "key", &body).await.expect_status(200);
        send(&other, "key", &events::batch(&ITEM_USAGES, 2..4)).await.expect_status(200);
        let open = account.try_ingest("okta.system", &[("idempotency-key", "key")], "{}").await.expect_status(200);
        assert_eq!(open.json()["accepted"], 1);
        assert_eq!((account.everything().await, other.everything().await), (uuids(0..2), uuids(2..4)));
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let account = Hub::shared(Store::Sqlite).account().await;
    let body = events::batch(&ITEM_USAGES, 0..1);
    for key in ["", &"x".repeat(256), "schlüssel"] {
        let message = refusal(&send(&account, key, &body).await, 400);
        assert_eq!(message, "Idempotency-Key: must be 1 to 255 printable ASCII characters", "{key:?}");
    }
    send(&account, &"x".repeat(255), &body).await.expect_status(200);
    assert_eq!(account.everything().await, uuids(0..1));
}

#[tokio::test]
async fn a_refused_body_does_not_use_its_key_up() {
    let account = Hub::shared(Store::Sqlite).account().await;
    refusal(&send(&account, "key", "[").await, 400);
    send(&account, "key", &events::batch(&ITEM_USAGES, 0..1)).await.expect_status(200);
    assert_eq!(account.everything().await, uuids(0..1));
}

#[tokio::test]
async fn a_repeat_after_a_restart_appends_nothing() {
    let mut server = start_on(Store::Sqlite, daybook());
    let account = Hub::attach(&server.daybook).account().await;
    let body = events::batch(&ITEM_USAGES, 0..5);
    let first = send(&account, "key", &body).await.expect_status(200);
    server.daybook.restart();
    let account = account.on(&Hub::attach(&server.daybook));
    assert_eq!(send(&account, "key", &body).await.expect_status(200).text, first.text);
    assert_eq!(account.everything().await, uuids(0..5));
}
