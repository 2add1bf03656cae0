//! The sources at work, kept in step with the catalog.

use std::{collections::HashMap, sync::Arc, time::Duration};

use daybook_connectors::{AnySource, Source};
use daybook_events::{AUDIT_EVENTS, ConnectorId, HubGrant};
use daybook_store::{AttemptOutcome, Connector, ConnectorState, Direction, StoreError};
use tokio::{sync::watch, task::JoinHandle};

use super::{budget::Accounts, reading::Reading};
use crate::{
    connectors::open_source,
    state::App,
    workers::board::{Attempt, Standing},
};

pub(super) const HUB: HubGrant = HubGrant::of_the_hub_itself();

/// Every source of every account that is not paused.
pub(super) struct Fleet {
    app: App,
    accounts: Accounts,
    /// What the catalog's revision was when it was last read.
    revision: Option<i64>,
    running: HashMap<ConnectorId, Running>,
}

/// A source at work.
struct Running {
    revision: i64,
    stop: watch::Sender<bool>,
    reading: JoinHandle<()>,
}

impl Fleet {
    pub(super) fn new(app: App) -> Self {
        Self { app, accounts: Accounts::default(), revision: None, running: HashMap::new() }
    }

    /// Starts, stops and restarts what the catalog says.
    pub(super) async fn reconcile(&mut self) -> Result<(), StoreError> {
        let revision = self.app.catalog.revision_of_connectors(HUB).await?;
        if self.revision == Some(revision) {
            return Ok(());
        }
        let connectors = self.app.catalog.list_all_connectors(HUB).await?;
        let is_wanted = |it: &Connector| it.direction == Direction::Source && it.state == ConnectorState::Active;
        let wanted: HashMap<ConnectorId, Connector> =
            connectors.into_iter().filter(is_wanted).map(|it| (it.connector_id.clone(), it)).collect();
        let is_stale = |id: &ConnectorId, running: &Running| {
            wanted.get(id).is_none_or(|connector| connector.revision != running.revision)
        };
        let stale: Vec<ConnectorId> =
            self.running.iter().filter(|(id, running)| is_stale(id, running)).map(|(id, _)| id.clone()).collect();
        for id in stale {
            if let Some(running) = self.running.remove(&id) {
                running.stop().await;
                tracing::info!(source.id = id.as_str(), "a source was stopped: it was changed, paused or removed");
            }
        }
        for (id, connector) in wanted {
            if !self.running.contains_key(&id) {
                self.start(connector);
            }
        }
        self.revision = Some(revision);
        Ok(())
    }

    /// Ends every loop; what was fetched and not appended yet is fetched again.
    pub(super) async fn stop(mut self) {
        for running in self.running.values() {
            running.stop.send_replace(true);
        }
        for (_, running) in self.running.drain() {
            running.stop().await;
        }
    }

    fn start(&mut self, connector: Connector) {
        let id = connector.connector_id.clone();
        let source = match open_source(&self.app, &connector) {
            Ok(source) => Arc::new(source),
            Err(error) => {
                tracing::warn!(source.id = id.as_str(), %error, "a source cannot be opened");
                return self.note_broken(&id, &error.to_string());
            }
        };
        tracing::info!(source.id = id.as_str(), source.kind = connector.kind, "a source is at work");
        let (stop, stopped) = watch::channel(false);
        let revision = connector.revision;
        let reading = self.reading(source, connector, stopped);
        self.running.insert(id, Running { revision, stop, reading: tokio::spawn(reading.run()) });
    }

    fn reading(&self, source: Arc<AnySource>, connector: Connector, stop: watch::Receiver<bool>) -> Reading {
        let terms = source.terms();
        let account = self.accounts.account(terms.budget.as_ref());
        Reading { app: self.app.clone(), source, terms, account, connector, stop }
    }

    fn note_broken(&self, id: &ConnectorId, reason: &str) {
        let attempt = Attempt::failed(
            (Direction::Source, id),
            &AUDIT_EVENTS,
            (self.app.clock.now(), Duration::ZERO),
            (AttemptOutcome::Stopped, reason),
        );
        let fix = "change its settings, or remove it and add it again".to_owned();
        self.app.board.note(&attempt, Standing { failures: 1, fix, ..Standing::default() });
    }
}

impl Running {
    async fn stop(self) {
        self.stop.send_replace(true);
        // A panic was reported where it happened.
        let _ = self.reading.await;
    }
}
