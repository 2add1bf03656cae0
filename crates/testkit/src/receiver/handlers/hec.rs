//! Splunk's HTTP Event Collector, as far as a sender of events sees it, with the codes of its manual.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};

use super::{Received, Reply};

/// How a collector behaves.
#[derive(Debug, Clone, Default)]
pub struct HecBehaviour {
    /// The token it wants, any where there is none.
    pub token: Option<String>,
    /// Indexer acknowledgement.
    pub acks: Acks,
    /// An event whose JSON contains this text is refused; those before it in the request are kept.
    pub invalid_marker: Option<String>,
}

/// Whether and when it says that events are indexed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acks {
    /// The token has none: no `ackId`, and `/ack` answers code 14.
    #[default]
    Disabled,
    /// `false` for this many questions, then `true` once, then `false` for ever, as the real one forgets what it told.
    TrueOnce {
        /// How often it says `false` before.
        after_polls: u32,
    },
    /// `false` for ever.
    Never,
}

/// A collector; clones are the same one.
#[derive(Debug, Clone)]
pub struct Hec {
    behaviour: HecBehaviour,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Value>,
    next_ack: u64,
    /// How often each acknowledgement that is not told yet was asked for.
    polls: BTreeMap<(String, u64), u32>,
}

/// A collector that behaves like this.
#[must_use]
pub fn hec(behaviour: HecBehaviour) -> Hec {
    Hec { behaviour, state: Arc::default() }
}

impl Hec {
    /// The function for `Receiver::answer_with`.
    pub fn handler(&self) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
        let hec = self.clone();
        move |received| hec.answer(received)
    }

    /// The envelopes it has kept (`{"time", "event", …}`), in order, with repeats.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.state().events.clone()
    }

    fn answer(&self, received: &Received) -> Reply {
        if received.path.starts_with("/services/collector/health") {
            return said(200, 17, "HEC is healthy");
        }
        if let Err(refusal) = self.authorize(received.header("authorization")) {
            return refusal;
        }
        match received.path.as_str() {
            "/services/collector/ack" => self.acknowledge(received),
            "/services/collector" | "/services/collector/event" | "/services/collector/event/1.0" => {
                self.take_events(received)
            }
            _ => Reply::status(404),
        }
    }

    fn authorize(&self, header: Option<&str>) -> Result<(), Reply> {
        let Some(header) = header else { return Err(said(401, 2, "Token is required")) };
        let Some(token) = header.strip_prefix("Splunk ") else { return Err(said(401, 3, "Invalid authorization")) };
        match &self.behaviour.token {
            Some(wanted) if wanted != token => Err(said(403, 4, "Invalid token")),
            _ => Ok(()),
        }
    }

    fn take_events(&self, received: &Received) -> Reply {
        let channel = channel_of(received);
        if self.behaviour.acks != Acks::Disabled && channel.is_none() {
            return said(400, 10, "Data channel is missing");
        }
        let body = received.body_plain();
        let envelopes: Vec<_> = serde_json::Deserializer::from_slice(&body).into_iter::<Value>().collect();
        if envelopes.is_empty() {
            return said(400, 5, "No data");
        }
        for (number, envelope) in envelopes.into_iter().enumerate() {
            let (code, text) = match envelope {
                Err(_) => (6, "Invalid data format"),
                Ok(envelope) if self.is_marked(&envelope) => (6, "Invalid data format"),
                Ok(envelope) if envelope["event"].is_null() => (12, "Event field is required"),
                Ok(envelope) if envelope["event"] == "" => (13, "Event field cannot be blank"),
                Ok(envelope) => {
                    self.state().events.push(envelope);
                    continue;
                }
            };
            return Reply::json(400, &json!({ "text": text, "code": code, "invalid-event-number": number }));
        }
        match channel.filter(|_| self.behaviour.acks != Acks::Disabled) {
            None => said(200, 0, "Success"),
            Some(channel) => {
                let id = self.state().new_ack(channel);
                Reply::json(200, &json!({ "text": "Success", "code": 0, "ackId": id }))
            }
        }
    }

    fn is_marked(&self, envelope: &Value) -> bool {
        self.behaviour.invalid_marker.as_ref().is_some_and(|marker| envelope.to_string().contains(marker))
    }

    fn acknowledge(&self, received: &Received) -> Reply {
        if self.behaviour.acks == Acks::Disabled {
            return said(400, 14, "ACK is disabled");
        }
        let Some(channel) = channel_of(received) else { return said(400, 10, "Data channel is missing") };
        let question: Value = serde_json::from_slice(&received.body_plain()).unwrap_or_default();
        let Some(ids) = question["acks"].as_array() else { return said(400, 6, "Invalid data format") };
        let mut state = self.state();
        let answers = ids.iter().filter_map(Value::as_u64).map(|id| {
            let told = state.poll(&channel, id, self.behaviour.acks);
            (id.to_string(), Value::Bool(told))
        });
        let answers: serde_json::Map<String, Value> = answers.collect();
        Reply::json(200, &json!({ "acks": answers }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn new_ack(&mut self, channel: String) -> u64 {
        let id = self.next_ack;
        self.next_ack += 1;
        self.polls.insert((channel, id), 0);
        id
    }

    /// Whether to say `true` now.
    fn poll(&mut self, channel: &str, id: u64, acks: Acks) -> bool {
        let key = (channel.to_owned(), id);
        let Some(polls) = self.polls.get_mut(&key) else { return false };
        *polls += 1;
        let is_told = matches!(acks, Acks::TrueOnce { after_polls } if *polls > after_polls);
        if is_told {
            self.polls.remove(&key);
        }
        is_told
    }
}

fn channel_of(received: &Received) -> Option<String> {
    let header = received.header("x-splunk-request-channel").map(str::to_owned);
    header.or_else(|| received.query_value("channel"))
}

fn said(status: u16, code: u32, text: &str) -> Reply {
    Reply::json(status, &json!({ "text": text, "code": code }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Receiver, TestHttp};

    const EVENT: &str = "/services/collector/event";
    const ACK: &str = "/services/collector/ack";

    async fn collector(behaviour: HecBehaviour) -> (Receiver, Hec) {
        let (receiver, hec) = (Receiver::start().await, hec(behaviour));
        receiver.answer_with(hec.handler());
        (receiver, hec)
    }

    async fn post(receiver: &Receiver, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let url = format!("{}{path}", receiver.url());
        TestHttp::new(None).send(reqwest::Method::POST, &url, None, headers, body.into()).await
    }

    #[tokio::test]
    async fn events_before_the_invalid_one_are_kept() {
        let behaviour = HecBehaviour { invalid_marker: Some("poison".into()), ..HecBehaviour::default() };
        let (receiver, hec) = collector(behaviour).await;
        let body = r#"{"event":{"a":1}}{"event":"poison"}{"event":{"a":3}}"#;
        let answer = post(&receiver, EVENT, &[("authorization", "Splunk t")], body).await;
        let wanted = json!({ "text": "Invalid data format", "code": 6, "invalid-event-number": 1 });
        assert_eq!((answer.status, answer.json()), (400, wanted));
        assert_eq!(hec.events(), [json!({ "event": { "a": 1 } })]);
    }

    #[tokio::test]
    async fn tokens_are_asked_for_as_splunk_does() {
        let (receiver, hec) = collector(HecBehaviour { token: Some("t".into()), ..HecBehaviour::default() }).await;
        for (headers, status, code) in [
            (&[][..], 401, 2),
            (&[("authorization", "Bearer t")], 401, 3),
            (&[("authorization", "Splunk x")], 403, 4),
            (&[("authorization", "Splunk t")], 200, 0),
        ] {
            let answer = post(&receiver, EVENT, headers, r#"{"event":1}"#).await;
            assert_eq!((answer.status, answer.json()["code"].as_u64()), (status, Some(code)));
        }
        assert_eq!(hec.events().len(), 1);
    }

    #[tokio::test]
    async fn an_acknowledgement_is_true_once_and_false_ever_after() {
        let acks = Acks::TrueOnce { after_polls: 1 };
        let (receiver, _) = collector(HecBehaviour { acks, ..HecBehaviour::default() }).await;
        let headers = &[("authorization", "Splunk t"), ("x-splunk-request-channel", "c")];
        let missing = post(&receiver, EVENT, &headers[..1], r#"{"event":1}"#).await;
        assert_eq!((missing.status, missing.json()["code"].as_u64()), (400, Some(10)));
        let answer = post(&receiver, EVENT, headers, r#"{"event":1}"#).await;
        assert_eq!(answer.json()["ackId"], 0);
        let mut told = Vec::new();
        for _ in 0..4 {
            let answer = post(&receiver, ACK, headers, r#"{"acks":[0,9]}"#).await.json();
            told.push((answer["acks"]["0"].clone(), answer["acks"]["9"].clone()));
        }
        assert_eq!(told, [false, true, false, false].map(|first| (first.into(), false.into())));
    }

    #[tokio::test]
    async fn acknowledgements_can_stay_away_or_be_disabled() {
        for (acks, wanted) in [
            (Acks::Never, json!({ "acks": { "0": false } })),
            (Acks::Disabled, json!({ "text": "ACK is disabled", "code": 14 })),
        ] {
            let (receiver, _) = collector(HecBehaviour { acks, ..HecBehaviour::default() }).await;
            let headers = &[("authorization", "Splunk t"), ("x-splunk-request-channel", "c")];
            post(&receiver, EVENT, headers, r#"{"event":1}"#).await.expect_status(200);
            assert_eq!(post(&receiver, ACK, headers, r#"{"acks":[0]}"#).await.json(), wanted);
        }
    }
}
