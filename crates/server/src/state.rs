//! What every handler and worker shares, built once in [`crate::serve`] and passed down.

use std::{path::PathBuf, sync::Arc, time::Duration};

use daybook_connectors::Context;
use daybook_events::{Clock, CursorSealer, Networks, Timestamp};
use daybook_store::{Catalog, CursorStore, Database, EventLog, TokenVerdict};
use tokio::sync::watch;

use crate::{
    background::Background,
    config::Config,
    connectors::RedactionKeys,
    console::Doors,
    data_dir::SetupLinkFile,
    events_api::RateLimits,
    ingest::{Acks, Budget, Room},
    pressure::Pressure,
    tokens::{Authenticator, Keyring, SecretSealer},
    workers::{Board, TokenUses},
};

/// The shared parts of a running hub.
#[derive(Debug, Clone)]
pub(crate) struct App(pub(crate) Arc<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where what is on its way to destinations is read, encoded and sent.
    pub(crate) background: Background,
    pub(crate) database: Database,
    pub(crate) log: EventLog,
    pub(crate) cursors: CursorStore,
    pub(crate) catalog: Catalog,
    pub(crate) keyring: Keyring,
    pub(crate) authenticator: Authenticator,
    pub(crate) cursor_sealer: CursorSealer,
    pub(crate) rate_limits: RateLimits,
    pub(crate) ingest_budget: Budget,
    pub(crate) pressure: Pressure,
    pub(crate) room: Room,
    pub(crate) acks: Acks,
    pub(crate) token_uses: TokenUses,
    /// Seals and opens what connectors keep secret.
    pub(crate) secret_sealer: SecretSealer,
    pub(crate) redaction_keys: RedactionKeys,
    pub(crate) connector_context: Context,
    pub(crate) board: Board,
    /// Told when a connector was changed on this node; other nodes look every second. Every worker has a receiver of its own.
    pub(crate) connectors_changed: watch::Sender<()>,
    pub(crate) doors: Doors,
    pub(crate) setup_link_file: SetupLinkFile,
    pub(crate) metrics: metrics_exporter_prometheus::PrometheusHandle,
    /// `host[:port]` for the `aud` of tokens.
    pub(crate) public_host: String,
    /// Whose `X-Forwarded-For` is believed; everywhere means nobody's.
    pub(crate) trusted_proxies: Networks,
    /// Whether browsers reach it by TLS under a name of its own, which may therefore be for TLS alone. Not so `localhost`:
    /// that is every other program's on the machine too.
    pub(crate) is_known_by_name: bool,
    /// What clients have to trust; `None` with a certificate of the user's own, or plain HTTP.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) started_at: Timestamp,
    /// What the OpenAPI document says; made when the routes are.
    pub(crate) openapi: std::sync::OnceLock<String>,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    /// Before this, nothing is served to the bearer of a token: retention, and the window of the Events API.
    pub(crate) fn visible_from(&self, verdict: &TokenVerdict) -> Option<Timestamp> {
        let window_days = Some(self.config.events_api.window_days).filter(|days| *days > 0);
        let days = [verdict.retention_days, window_days].into_iter().flatten().min()?;
        Some(self.clock.now().minus(days_long(days)))
    }
}

/// So many days.
pub(crate) fn days_long(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}
