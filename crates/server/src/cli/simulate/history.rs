//! A company's history on its way to the hub: made on a thread of its own, sent feature by feature side by side, each
//! feature in the order of arrival.
//!
//! ```text
//!  Company::history() ─▶ batches of 1000 per feature ─▶ one sender a feature ─▶ Appender
//!                                                               └─▶ Memo, after every batch
//! ```

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use daybook_events::{AUDIT_EVENTS, Feature, ITEM_USAGES, SIGN_IN_ATTEMPTS, Timestamp};
use daybook_simulation::Company;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::{JoinSet, spawn_blocking},
};

use super::memo::{Memo, Terms};
use crate::{
    cli::{
        appender::{Appender, Patience, digest},
        output::say,
    },
    manage::types::AccountView,
};

const BATCH_EVENTS: usize = 1000;
/// Batches that wait for the sender of their feature.
const BATCHES_AHEAD: usize = 2;
const PATIENCE: Patience = Patience::For(Duration::from_secs(300));

/// Where a history goes.
#[derive(Clone)]
pub(super) struct History {
    pub(super) account: AccountView,
    pub(super) appender: Arc<Appender>,
    pub(super) memo_file: PathBuf,
    pub(super) days: u32,
}

/// Some events of one feature.
struct Batch {
    number: u64,
    lines: Vec<u8>,
}

/// The batch of one feature that is being filled.
struct Lane {
    feature: Feature,
    batches: Sender<Batch>,
    number: u64,
    /// Batches before this one are on disk.
    first: u64,
    lines: Vec<u8>,
    count: usize,
}

impl History {
    /// Sends what the memo does not have yet; the company comes back with how many events were accepted and rejected.
    pub(super) async fn send(self, mut company: Company, memo: Memo) -> Result<(Company, u64, u64)> {
        let terms = memo.terms;
        memo.write(&self.memo_file)?;
        let (mut lanes, mut receivers) = (Vec::new(), Vec::new());
        for feature in [ITEM_USAGES, SIGN_IN_ATTEMPTS, AUDIT_EVENTS] {
            let (batches, receiver) = channel(BATCHES_AHEAD);
            let first = memo.batches_of(&feature);
            lanes.push(Lane { feature: feature.clone(), batches, number: 0, first, lines: Vec::new(), count: 0 });
            receivers.push((feature, receiver));
        }
        let memo = Arc::new(Mutex::new(memo));
        let mut senders = JoinSet::new();
        for (feature, receiver) in receivers {
            senders.spawn(self.clone().send_feature(feature, receiver, Arc::clone(&memo)));
        }
        let bar = self.bar();
        let producer = spawn_blocking({
            let bar = bar.clone();
            move || {
                fill(&mut company, lanes, terms.start, &bar);
                company
            }
        });
        let (mut accepted, mut rejected) = (0, 0);
        while let Some(sent) = senders.join_next().await {
            let (more_accepted, more_rejected) = sent.context("a sender ended")??;
            accepted += more_accepted;
            rejected += more_rejected;
        }
        let company = producer.await.context("the history ended")?;
        bar.finish_and_clear();
        let mut memo = memo.lock().unwrap_or_else(PoisonError::into_inner).clone();
        memo.is_done = true;
        memo.write(&self.memo_file)?;
        say(&format!("{}: {accepted} events of history sent, {rejected} rejected.", self.account.name));
        Ok((company, accepted, rejected))
    }

    async fn send_feature(
        self,
        feature: Feature,
        mut batches: Receiver<Batch>,
        memo: Arc<Mutex<Memo>>,
    ) -> Result<(u64, u64)> {
        let terms = memo.lock().unwrap_or_else(PoisonError::into_inner).terms;
        let (mut accepted, mut rejected) = (0, 0);
        while let Some(batch) = batches.recv().await {
            let key = key_of(&terms, &self.account.uuid, &feature, batch.number);
            let answer = self.appender.append(&feature, &batch.lines, &key, PATIENCE).await?;
            accepted += answer.accepted;
            rejected += answer.rejected.len() as u64;
            let mut memo = memo.lock().unwrap_or_else(PoisonError::into_inner);
            memo.count_batch(&feature);
            memo.write(&self.memo_file)?;
        }
        Ok((accepted, rejected))
    }

    fn bar(&self) -> ProgressBar {
        say(&format!("{}: sending {} days of history.", self.account.name, self.days));
        let style =
            ProgressStyle::with_template("{bar:40} {percent} %, {eta} left").expect("the template is a good one");
        ProgressBar::new(u64::from(self.days) * 24).with_style(style)
    }
}

/// Makes the history and hands it out in batches, until it ends or nobody wants more.
fn fill(company: &mut Company, mut lanes: Vec<Lane>, start: Timestamp, bar: &ProgressBar) {
    for event in company.history() {
        let Some(lane) = lanes.iter_mut().find(|lane| lane.feature == event.feature) else { continue };
        lane.lines.extend_from_slice(event.payload.as_bytes());
        lane.lines.push(b'\n');
        lane.count += 1;
        if lane.count == BATCH_EVENTS {
            bar.set_position(event.arrival.since(start).as_secs() / 3600);
            if !lane.hand_out() {
                return;
            }
        }
    }
    for lane in &mut lanes {
        if lane.count > 0 && !lane.hand_out() {
            return;
        }
    }
}

impl Lane {
    /// Whether somebody still wants the batches.
    fn hand_out(&mut self) -> bool {
        let batch = Batch { number: self.number, lines: std::mem::take(&mut self.lines) };
        self.count = 0;
        self.number += 1;
        if batch.number < self.first { !self.batches.is_closed() } else { self.batches.blocking_send(batch).is_ok() }
    }
}

/// The same for the same batch of the same history, whenever it is sent.
fn key_of(terms: &Terms, account: &str, feature: &Feature, number: u64) -> String {
    let Terms { seed, users, days, start } = terms;
    let terms = format!("simulate {seed} {users} {days} {start}");
    digest(&[terms.as_bytes(), account.as_bytes(), feature.as_str().as_bytes(), &number.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use daybook_simulation::Plan;

    use super::*;

    /// The batches of a feature of a small company, of which the first ones are on disk.
    fn batches(first: u64) -> Vec<(u64, Vec<u8>)> {
        let start = Timestamp::from_seconds(1_772_600_400);
        let plan = Plan { seed: 7, users: 20, account_uuid: "A".into(), start, days: 3 };
        let (sender, mut receiver) = channel(10_000);
        let lane = Lane { feature: ITEM_USAGES, batches: sender, number: 0, first, lines: Vec::new(), count: 0 };
        fill(&mut Company::new(&plan), vec![lane], start, &ProgressBar::hidden());
        std::iter::from_fn(|| receiver.try_recv().ok()).map(|batch| (batch.number, batch.lines)).collect()
    }

    #[test]
    fn a_repeated_history_has_the_same_batches_and_skips_those_on_disk() {
        let all = batches(0);
        assert!(all.len() > 1, "{}", all.len());
        assert_eq!(batches(1), all[1..]);
        assert!(all[..all.len() - 1].iter().all(|(_, lines)| lines.split(|byte| *byte == b'\n').count() == 1001));
    }

    #[test]
    fn keys_are_of_one_batch_of_one_history() {
        let terms = Terms { seed: 7, users: 20, days: 3, start: Timestamp::from_seconds(0) };
        let key = key_of(&terms, "A", &ITEM_USAGES, 1);
        assert_eq!(key, key_of(&terms, "A", &ITEM_USAGES, 1));
        for other in [
            key_of(&Terms { seed: 8, ..terms }, "A", &ITEM_USAGES, 1),
            key_of(&terms, "B", &ITEM_USAGES, 1),
            key_of(&terms, "A", &AUDIT_EVENTS, 1),
            key_of(&terms, "A", &ITEM_USAGES, 2),
        ] {
            assert_ne!(key, other);
        }
    }
}
