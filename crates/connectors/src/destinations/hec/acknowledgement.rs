//! Indexer acknowledgement: whether what a collector has taken is indexed.
//!
//! Requests carry a channel, their answers an `ackId`; `…/ack` tells `true` for an id once and forgets it. An indexer that
//! restarts forgets its channels, and then says `false` for ever: the batch is sent again when the time is up.

use std::{collections::BTreeMap, time::Duration};

use data_encoding::HEXLOWER;
use reqwest::{
    RequestBuilder, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    DeliveryError,
    http::{HttpAnswer, HttpSender},
};

const ANSWER_BYTES_MAX: usize = 4 << 10;
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The channel of a connector.
#[derive(Debug)]
pub(super) struct Channel {
    id: String,
    url: Url,
}

/// What an answer says about one id.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Indexed,
    NotYet,
    /// There is nothing to be learnt here: the first answer is the last word.
    Nothing,
}

#[derive(Deserialize)]
struct Acks {
    acks: BTreeMap<String, bool>,
}

impl Channel {
    /// A new channel at the collector with this URL of events.
    pub(super) fn random(events: &Url) -> Self {
        let id = random_guid();
        let mut url = events.clone();
        let path = events.path().trim_end_matches('/').trim_end_matches("/1.0").trim_end_matches("/event");
        url.set_path(&format!("{path}/ack"));
        url.query_pairs_mut().append_pair("channel", &id);
        Self { id, url }
    }

    /// Marks a request as one of this channel.
    pub(super) fn mark(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("X-Splunk-Request-Channel", &self.id)
    }

    /// Asks, less and less often, until what was acknowledged under this id is indexed, or the collector has no word on
    /// that: then its first answer stands.
    ///
    /// # Errors
    ///
    /// [`DeliveryError::Retry`]: it is not known to be indexed when the time is up.
    pub(super) async fn wait(
        &self,
        http: &HttpSender,
        authorization: &HeaderValue,
        ack_id: u64,
        timeout: Duration,
    ) -> Result<(), DeliveryError> {
        let deadline = Instant::now() + timeout;
        let mut pause = PAUSE_FIRST;
        loop {
            tokio::time::sleep_until((Instant::now() + pause).min(deadline)).await;
            let request = self
                .mark(http.post(self.url.clone()))
                .header(AUTHORIZATION, authorization)
                .header(CONTENT_TYPE, "application/json")
                .body(format!("{{\"acks\":[{ack_id}]}}"));
            // A question that gets no answer is asked again.
            let told = http.send(request, ANSWER_BYTES_MAX).await.map_or(Told::NotYet, |answer| told(&answer, ack_id));
            if told != Told::NotYet {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let secs = timeout.as_secs();
                return Err(DeliveryError::retry(format!(
                    "the collector has not said within {secs} s that it is indexed"
                )));
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

fn told(answer: &HttpAnswer, ack_id: u64) -> Told {
    match answer.status.as_u16() {
        200..=299 => match serde_json::from_slice::<Acks>(&answer.body) {
            Ok(Acks { acks }) if acks.get(&ack_id.to_string()) == Some(&true) => Told::Indexed,
            Ok(_) => Told::NotYet,
            Err(_) => Told::Nothing,
        },
        408 | 429 | 500..=599 => Told::NotYet,
        _ => Told::Nothing,
    }
}

/// A random UUID (version 4).
fn random_guid() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = HEXLOWER.encode(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_goes_next_to_the_events() {
        for (events, ack) in [
            ("https://a.example/services/collector/event", "https://a.example/services/collector/ack"),
            ("https://a.example/services/collector", "https://a.example/services/collector/ack"),
            ("https://a.example/hec/services/collector/event/1.0", "https://a.example/hec/services/collector/ack"),
        ] {
            let channel = Channel::random(&Url::parse(events).unwrap());
            assert_eq!(channel.url.as_str(), format!("{ack}?channel={}", channel.id));
        }
    }

    #[test]
    fn a_channel_is_a_guid() {
        let (first, second) = (random_guid(), random_guid());
        assert_ne!(first, second);
        let lengths: Vec<usize> = first.split('-').map(str::len).collect();
        assert_eq!((lengths, first.as_bytes()[14]), (vec![8, 4, 4, 4, 12], b'4'));
    }
}
