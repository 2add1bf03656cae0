//! What a collector says, and what it means for the batch.
//!
//! | code | meaning | what to do |
//! |---|---|---|
//! | 0 | taken | done |
//! | 1, 2, 3, 4, 16, 21, 22 | the token is disabled, missing, in another form, or unknown | stop |
//! | 5 | no data: somebody on the way emptied the request | stop |
//! | 6, 12, 13 | an event is bad, the first one in `invalid-event-number` | all the others again, or halves |
//! | 7 | the token may not write to the index | stop |
//! | 8, 9, 18, 19, 20, 23, 24, 25 | busy, full, or shutting down | the same again |
//! | 10, 11 | the channel did not arrive | stop |
//! | 15 | the indexed field is refused | stop |
//! | 26, 27 | too large | halves |
//! | another | – | what the status says |
//! | none, with a status of success | Splunk says 0 of what it has taken; of other products it is not known | stop, or taken unless it is a page for people |
//! | none, with another status | – | what the status says |

use serde::Deserialize;

use crate::{
    Delivered, DeliveryError, Rejected, Unsettled,
    http::{HttpAnswer, shorten, somebody_else, without_pages},
};

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The collector has it.
    Taken {
        /// By what to ask whether it is indexed.
        ack_id: Option<u64>,
    },
    /// All, part or nothing but this event is there.
    BadEvent {
        /// Which of the batch's events.
        index: usize,
        /// What the collector says.
        reason: String,
    },
}

#[derive(Debug, Default, Deserialize)]
struct Said {
    code: Option<u32>,
    #[serde(default)]
    text: String,
    #[serde(rename = "ackId")]
    ack_id: Option<u64>,
    #[serde(rename = "invalid-event-number")]
    invalid_event_number: Option<usize>,
}

enum Meaning {
    Stop(&'static str),
    Retry,
    TooLarge,
    BadEvent,
}

const FIX_TOKEN: &str = "check the token at the collector: that it is there, enabled, and entered here";
const FIX_ON_THE_WAY: &str = "look for a proxy or load balancer on the way that changes requests";

fn meaning(code: u32) -> Option<Meaning> {
    Some(match code {
        1..=4 | 16 | 21 | 22 => Meaning::Stop(FIX_TOKEN),
        5 | 10 | 11 => Meaning::Stop(FIX_ON_THE_WAY),
        7 => Meaning::Stop("let the token write to the index, or change index and indexes here"),
        15 => Meaning::Stop("switch indexed_uuid off"),
        17 => Meaning::Stop("the URL is the one of the health check; give the one of events"),
        8 | 9 | 18..=20 | 23..=25 => Meaning::Retry,
        26 | 27 => Meaning::TooLarge,
        6 | 12 | 13 => Meaning::BadEvent,
        _ => return None,
    })
}

/// Reads the answer to a request of so many events, of a product that says `"code":0` or may not.
///
/// # Errors
///
/// What to do with the batch, when it was not taken.
pub(super) fn read(answer: &HttpAnswer, event_count: usize, says_code: bool) -> Result<Reading, DeliveryError> {
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some((code, meaning)) = said.code.and_then(|code| Some((code, meaning(code)?))) else {
        without_pages(answer)?;
        if says_code && said.code != Some(0) {
            return Err(somebody_else(answer, "something else"));
        }
        return Ok(Reading::Taken { ack_id: said.ack_id });
    };
    let reason = format!("the collector answered {}, code {code}: {}", answer.status.as_u16(), shorten(&said.text));
    Err(match meaning {
        Meaning::Stop(fix) => DeliveryError::stop(reason, fix),
        Meaning::Retry => DeliveryError::Retry { reason, after: answer.retry_after() },
        Meaning::TooLarge => DeliveryError::too_large(reason),
        Meaning::BadEvent => match said.invalid_event_number {
            Some(index) if index < event_count => return Ok(Reading::BadEvent { index, reason }),
            _ => DeliveryError::refused(reason),
        },
    })
}

/// What came of a batch in which one event is bad. The collector reads no further than that event, and may have kept
/// those before it, or not: it does not tell. All the others are sent again at once, rather a second time than never.
pub(super) fn all_but(index: usize, reason: String, event_count: usize) -> Delivered {
    let indices: Vec<usize> = (0..event_count).filter(|other| *other != index).collect();
    let unsettled = (!indices.is_empty()).then(|| Unsettled {
        indices,
        error: DeliveryError::Retry {
            reason: format!("event {index} of the request is bad, so the others are sent again: {reason}"),
            after: Some(std::time::Duration::ZERO),
        },
    });
    Delivered { rejected: vec![Rejected { index, reason }], unsettled, ..Delivered::default() }
}
