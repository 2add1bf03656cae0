//! One source: asks what there is, and keeps a loop for each feature of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use daybook_connectors::{AnySource, Begun, Source, SourceError, Terms};
use daybook_events::Feature;
use daybook_store::{AttemptOutcome, Connector, Direction};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    budget::Account,
    fleet::HUB,
    pull::{Pull, told_to_stop},
};
use crate::{
    state::App,
    workers::{
        backoff::Backoff,
        board::{Attempt, Standing},
        packer::chain,
    },
};

/// Between questions what there is: rights may be added, and a loop that ended in a panic begins again.
const BEGIN_EVERY: Duration = Duration::from_secs(300);

/// A source on its way in.
pub(super) struct Reading {
    pub(super) app: App,
    pub(super) source: Arc<AnySource>,
    pub(super) terms: Terms,
    /// What it shares with other sources; `None` where nobody counts requests.
    pub(super) account: Option<Arc<Account>>,
    pub(super) connector: Connector,
    pub(super) stop: watch::Receiver<bool>,
}

impl Reading {
    /// Reads until it is told to stop.
    pub(super) async fn run(self) {
        let mut pulls: HashMap<Feature, JoinHandle<()>> = HashMap::new();
        for feature in &self.terms.expected {
            self.app.board.note_start(&self.connector.connector_id, feature, self.app.clock.now());
        }
        let mut backoff = Backoff::default();
        let mut stop = self.stop.clone();
        loop {
            let wait = tokio::select! {
                biased;
                () = told_to_stop(&mut stop) => break,
                begun = self.begin() => match begun {
                    Ok(begun) => {
                        backoff.reset();
                        self.start_pulls(&begun, &mut pulls);
                        self.tell_withheld(&begun, &pulls).await;
                        BEGIN_EVERY
                    }
                    Err(error) => {
                        let wait = backoff.wait_after(&error);
                        if pulls.is_empty() {
                            self.note_failure(&error, backoff.failures(), wait);
                        }
                        wait
                    }
                },
            };
            if tokio::time::timeout(wait, told_to_stop(&mut stop)).await.is_ok() {
                break;
            }
        }
        for pull in pulls.into_values() {
            // A panic was reported where it happened.
            let _ = pull.await;
        }
    }

    async fn begin(&self) -> Result<Begun, SourceError> {
        if let Some(account) = &self.account {
            account.take(false).await;
        }
        let begun = self.source.begin().await.inspect_err(|error| {
            if let (Some(account), SourceError::Retry { after: Some(after), .. }) = (&self.account, error) {
                account.pause(*after);
            }
        })?;
        if begun.account.as_deref() == Some(self.connector.account_id.as_str()) {
            let reason = "the token is one of this very account: every event would come in again, for ever";
            return Err(SourceError::stop(reason, "remove the source, or give it a token of another account"));
        }
        Ok(begun)
    }

    fn start_pulls(&self, begun: &Begun, pulls: &mut HashMap<Feature, JoinHandle<()>>) {
        pulls.retain(|_, pull| !pull.is_finished());
        for feature in &begun.features {
            if !pulls.contains_key(feature) {
                let pull = Pull {
                    app: self.app.clone(),
                    source: Arc::clone(&self.source),
                    terms: self.terms.clone(),
                    account: self.account.clone(),
                    connector_id: self.connector.connector_id.clone(),
                    account_id: self.connector.account_id.clone(),
                    feature: feature.clone(),
                    stop: self.stop.clone(),
                };
                pulls.insert(feature.clone(), tokio::spawn(pull.run()));
            }
        }
        let said = [&begun.features, &begun.missing, &begun.withheld];
        let is_said = |feature: &&Feature| said.iter().any(|features| features.contains(feature));
        for feature in self.terms.expected.iter().filter(|feature| !is_said(feature)) {
            // It was a guess; whatever failed before is over.
            self.app.board.note_start(&self.connector.connector_id, feature, self.app.clock.now());
        }
        for feature in &begun.missing {
            self.note(feature, &not_readable("leave it out of `features`"), 1, BEGIN_EVERY);
        }
    }

    /// What nobody asked for by name and does not come is told; what came before is a fault.
    async fn tell_withheld(&self, begun: &Begun, pulls: &HashMap<Feature, JoinHandle<()>>) {
        if begun.withheld.is_empty() {
            return;
        }
        let (id, grant) = (&self.connector.connector_id, HUB.account(self.connector.account_id.clone()));
        let places = match self.app.cursors.list_source_cursors(&grant, id).await {
            Ok(places) => places,
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "what a source does not bring in was not told; it is tried again"
                );
                return;
            }
        };
        for feature in begun.withheld.iter().filter(|feature| !pulls.contains_key(*feature)) {
            let has_come = places.iter().any(|place| place.feature == *feature && !place.cursor.is_empty());
            if has_come {
                self.note(feature, &not_readable("name the wanted ones in `features`"), 1, BEGIN_EVERY);
            } else {
                self.app.board.note_withheld(id, feature, self.app.clock.now());
            }
        }
    }

    fn note_failure(&self, error: &SourceError, failures: u32, wait: Duration) {
        tracing::warn!(
            source.id = self.connector.connector_id.as_str(),
            wait_ms = wait.as_millis() as u64,
            "a source did not begin; it is tried again"
        );
        for feature in &self.terms.expected {
            self.note(feature, error, failures, wait);
        }
    }

    fn note(&self, feature: &Feature, error: &SourceError, failures: u32, wait: Duration) {
        let now = self.app.clock.now();
        let ((outcome, fix), reason) = (outcome_of(error), error.to_string());
        let attempt = Attempt::failed(
            (Direction::Source, &self.connector.connector_id),
            feature,
            (now, Duration::ZERO),
            (outcome, &reason),
        );
        let next_attempt_at = Some(now.plus(wait));
        self.app.board.note(&attempt, Standing { failures, next_attempt_at, fix, ..Standing::default() });
    }
}

fn not_readable(or_else: &str) -> SourceError {
    let fix = format!("make a token at the upstream that may read it, or {or_else}");
    SourceError::stop("the token may not read these events", fix)
}

/// How an attempt ended, and what a person can do about it.
pub(super) fn outcome_of(error: &SourceError) -> (AttemptOutcome, String) {
    match error {
        SourceError::Retry { .. } => (AttemptOutcome::Retried, String::new()),
        SourceError::Stop { fix, .. } => (AttemptOutcome::Stopped, fix.clone()),
    }
}
