//! The events that are sent: a simulated company's, made before anything is timed, as NDJSON bodies.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use daybook_events::{Feature, ITEM_USAGES, Timestamp};
use daybook_simulation::{Company, Plan};
use hyper::Uri;
use serde_json::Value;

/// Events of a body, and of a page.
pub(crate) const BATCH_EVENTS: usize = 1000;
/// Events of the first body of each feature. It is sent before the clock starts, and sees to it that blocks and pages do
/// not begin at the same positions, which would make pages look cheaper than they are.
const WARM_UP_EVENTS: usize = 500;

const SEED: u64 = 7;
const USERS: u32 = 1000;
const DAYS_MAX: u32 = 3660;

/// Events of one feature, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) uri: Uri,
    pub(crate) body: Bytes,
    pub(crate) events: usize,
}

/// All bodies, in the order in which their last events arrived.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) warm_up: Vec<Batch>,
    pub(crate) batches: Vec<Batch>,
}

impl Corpus {
    /// About so many events; what does not fill a body is left out.
    pub(crate) fn generate(events: usize) -> Result<Self> {
        Self::beginning_at("2025-01-01T00:00:00Z".parse().context("begin the simulation")?, events)
    }

    /// The same, of a company whose history begins at a time.
    pub(crate) fn beginning_at(start: Timestamp, events: usize) -> Result<Self> {
        let account_uuid = "BENCHMARKBENCHMARKBENCHMAR".to_owned();
        let mut company = Company::new(&Plan { seed: SEED, users: USERS, account_uuid, start, days: DAYS_MAX });
        let mut corpus = Self { warm_up: Vec::new(), batches: Vec::new() };
        let mut open: BTreeMap<Feature, (String, usize)> = BTreeMap::new();
        for event in company.history().take(events) {
            let is_first = !open.contains_key(&event.feature);
            let (body, count) = open.entry(event.feature.clone()).or_default();
            body.push_str(&event.payload);
            body.push('\n');
            *count += 1;
            let is_warm_up = is_first || !corpus.warm_up.iter().any(|batch| batch.is_of(&event.feature));
            if *count == if is_warm_up { WARM_UP_EVENTS } else { BATCH_EVENTS } {
                let batch = Batch::new(&event.feature, std::mem::take(body), std::mem::take(count))?;
                if is_warm_up { &mut corpus.warm_up } else { &mut corpus.batches }.push(batch);
            }
        }
        ensure!(!corpus.batches.is_empty(), "{events} events are too few to fill a body");
        Ok(corpus)
    }

    pub(crate) fn events(&self) -> usize {
        self.batches.iter().map(|batch| batch.events).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.batches.iter().map(|batch| batch.body.len()).sum()
    }

    /// One item usage.
    pub(crate) fn item_usage(&self) -> Result<Value> {
        self.first_of("itemusages")
    }

    /// The first event of a feature.
    pub(crate) fn first_of(&self, feature: &str) -> Result<Value> {
        let found = self.batches.iter().find(|batch| batch.feature() == Some(feature));
        found.with_context(|| format!("the simulation has no {feature}"))?.first_event()
    }

    /// Times that divide the item usages, the most frequent events, into so many parts; the first is that of the first.
    pub(crate) fn times(&self, parts: usize) -> Result<Vec<String>> {
        let batches: Vec<&Batch> = self.item_usages().collect();
        let time = |part: usize| {
            let event = batches
                .get(part * batches.len() / parts)
                .context("the simulation has no item usages")?
                .first_event()?;
            Ok(event["timestamp"].as_str().context("an event has a time")?.to_owned())
        };
        (0..parts).map(time).collect()
    }

    /// The bodies of item usages, over and over again up to so many events: one long stream.
    pub(crate) fn item_usages_of(&self, events: usize) -> Vec<Batch> {
        let count = events.div_ceil(BATCH_EVENTS);
        self.item_usages().cycle().take(count).cloned().collect()
    }

    fn item_usages(&self) -> impl Iterator<Item = &Batch> + Clone {
        self.batches.iter().filter(|batch| batch.is_of(&ITEM_USAGES))
    }
}

impl Batch {
    fn new(feature: &Feature, body: String, events: usize) -> Result<Self> {
        let uri = ingest_uri(feature.as_str())?;
        Ok(Self { uri, body: Bytes::from(body), events })
    }

    /// Only its first events.
    pub(crate) fn first(&self, events: usize) -> Self {
        let ends = self.body.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let end = ends.take(events).last().unwrap_or_default();
        Self { body: self.body.slice(..end), events: events.min(self.events), ..self.clone() }
    }

    fn first_event(&self) -> Result<Value> {
        let line = self.body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice(line).context("read an event of a body")
    }

    fn is_of(&self, feature: &Feature) -> bool {
        self.feature() == Some(feature.as_str())
    }

    fn feature(&self) -> Option<&str> {
        self.uri.path().rsplit('/').next()
    }
}

/// Where events of a feature are sent.
pub(crate) fn ingest_uri(feature: &str) -> Result<Uri> {
    Uri::try_from(format!("/ingest/v1/{feature}")).context("name a feature in a path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_full_and_the_same_every_time() {
        let corpus = Corpus::generate(20_000).unwrap();
        assert!(corpus.batches.iter().all(|batch| batch.body.iter().filter(|byte| **byte == b'\n').count() == 1000));
        assert!(corpus.warm_up.iter().all(|batch| batch.events == 500));
        assert!(corpus.warm_up.len() >= 2);
        assert_eq!(Corpus::generate(20_000).unwrap().batches[3].body, corpus.batches[3].body);
        assert!(corpus.item_usage().unwrap()["used_version"].is_number());
    }
}
