//! A destination of a test's own: a hub that may push to this machine, a receiver, and what is asked of both.

use std::{collections::BTreeMap, time::Duration};

use daybook_testkit::{
    DaybookBuilder,
    receiver::{Received, Receiver},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Account, Hub, daybook, eventually, id_of, uuids};

/// Lets connectors go to this machine, and workers notice soon.
pub(crate) const PUSHING: &str = "[connectors]\nallow_networks = \"127.0.0.0/8\"\n[workers]\nlease_secs = 5\npack_secs = 1\n[events_api]\nrequests_per_minute = 0\nrequests_per_hour = 0\n";
/// Base64 of 24 bytes.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Long enough for retries with their waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A hub that may push to this machine.
pub(crate) fn pushing() -> DaybookBuilder {
    daybook().config_text(PUSHING)
}

/// An account of a hub, and a receiver.
pub(crate) struct Pushing {
    pub(crate) account: Account,
    pub(crate) receiver: Receiver,
}

impl Pushing {
    pub(crate) async fn start() -> Self {
        Self::on(&Hub::start(pushing())).await
    }

    pub(crate) async fn on(hub: &Hub) -> Self {
        Self { account: hub.account().await, receiver: Receiver::start().await }
    }

    /// The settings of a webhook that takes item usages in batches of 100, from the beginning.
    pub(crate) fn webhook(&self) -> Value {
        json!({
            "url": self.receiver.url(), "secret": SECRET, "one_request": "batch", "from": "beginning",
            "features": "itemusages", "batch_events": "100", "batch_wait_ms": "0", "timeout_secs": "2",
        })
    }

    /// Adds a webhook with these settings besides; its id.
    pub(crate) async fn add(&self, settings: Value) -> String {
        self.add_kind("webhook", merged(self.webhook(), settings)).await
    }

    pub(crate) async fn add_kind(&self, kind: &str, settings: Value) -> String {
        let name = daybook_events::random_upper_id();
        let body = json!({"name": name, "kind": kind, "settings": settings});
        id_of(&self.account.manage(Method::POST, "destinations", body).await.expect_status(201).json())
    }

    /// A destination as the hub sees it.
    pub(crate) async fn show(&self, id: &str) -> Value {
        self.account.manage(Method::GET, &format!("destinations/{id}"), Value::Null).await.expect_status(200).json()
    }

    pub(crate) async fn change(&self, id: &str, change: Value) -> Value {
        self.account.manage(Method::PATCH, &format!("destinations/{id}"), change).await.expect_status(200).json()
    }

    pub(crate) async fn dead_letters(&self, id: &str) -> Vec<Value> {
        let path = format!("destinations/{id}/dead-letters");
        let letters = self.account.manage(Method::GET, &path, Value::Null).await.expect_status(200).json();
        letters.as_array().unwrap().clone()
    }

    /// Waits until nothing is left to deliver.
    pub(crate) async fn delivered(&self, id: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let shown = self.show(id).await;
            let streams = shown["streams"].as_array().unwrap();
            if !streams.is_empty() && streams.iter().all(|stream| stream["behind"] == 0) {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "still behind: {shown:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn has_status(&self, id: &str, status: &str) {
        eventually(status, async || self.show(id).await["status"] == status).await;
    }

    /// How often the receiver stored each event.
    pub(crate) fn stored(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for uuid in self.receiver.stored().iter().flat_map(uuids_in) {
            *times.entry(uuid).or_default() += 1;
        }
        times
    }
}

/// The events of a webhook's batch, in their order.
pub(crate) fn uuids_in(received: &Received) -> Vec<String> {
    let body = received.json();
    body["data"].as_array().unwrap().iter().map(|event| event["uuid"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn merged(mut settings: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("settings are an object") };
    settings.as_object_mut().unwrap().extend(more);
    settings
}

/// Each event once.
pub(crate) fn once(numbers: std::ops::Range<u64>) -> BTreeMap<String, usize> {
    uuids(numbers).into_iter().map(|uuid| (uuid, 1)).collect()
}
