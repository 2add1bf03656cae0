//! Signals for new events: from this process at once, from other nodes by LISTEN/NOTIFY.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, Weak},
    time::Duration,
};

use daybook_events::{AccountId, Feature};
use sqlx::postgres::PgListener;
use tokio::sync::watch;

use crate::database::Database;

const RECONNECT_WAIT: Duration = Duration::from_secs(1);

/// Tells when a stream may have new events. A signal may be spurious, and may stand for many appends; it is never
/// missed within one process. Across nodes a lost connection can lose one: readers poll as well.
#[derive(Debug)]
pub struct Watch {
    receiver: watch::Receiver<u64>,
}

impl Watch {
    /// Waits for the next signal since the last call.
    pub async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            // The log is closed: there will never be another.
            std::future::pending::<()>().await;
        }
    }
}

/// Who watches what.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    streams: Mutex<HashMap<(AccountId, Feature), watch::Sender<u64>>>,
}

impl Watchers {
    pub(super) fn subscribe(&self, account: &AccountId, feature: &Feature) -> Watch {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|_, sender| sender.receiver_count() > 0);
        let sender = streams.entry((account.clone(), feature.clone())).or_default();
        Watch { receiver: sender.subscribe() }
    }

    pub(super) fn notify(&self, account: &AccountId, feature: &Feature) {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.is_empty() {
            return;
        }
        if let Some(sender) = streams.get(&(account.clone(), feature.clone())) {
            sender.send_modify(|signals| *signals = signals.wrapping_add(1));
        }
    }

    fn notify_all(&self) {
        for sender in self.streams.lock().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_modify(|signals| *signals = signals.wrapping_add(1));
        }
    }
}

/// Passes on what other nodes append, until the log is gone. After a lost connection everybody is told to look.
pub(super) async fn listen_to_other_nodes(database: Database, watchers: Weak<Watchers>) {
    while watchers.strong_count() > 0 {
        if let Err(error) = pass_on(database.url(), &watchers).await {
            tracing::warn!(%error, "lost the connection that tells of other nodes' appends; polling until it is back");
        }
        tokio::time::sleep(RECONNECT_WAIT).await;
    }
}

async fn pass_on(url: &str, watchers: &Weak<Watchers>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen("daybook_append").await?;
    while let Some(watchers) = watchers.upgrade() {
        watchers.notify_all();
        while let Some(notification) = listener.try_recv().await? {
            let Some((account, feature)) = notification.payload().split_once(' ') else { continue };
            if let (Ok(account), Ok(feature)) = (account.parse(), feature.parse()) {
                watchers.notify(&account, &feature);
            }
        }
    }
    Ok(())
}
