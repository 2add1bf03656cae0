//! From a row of the catalog to a destination that can deliver, or a source that can be read.

use std::{path::Path, sync::Arc, time::Duration};

use daybook_connectors::{
    AnyDestination, AnySource, Batch, Context, Delivered, DeliveryError, Description, Destination, DestinationKind,
    EgressGuard, FileRoots, Settings, SettingsError, Shape, SourceKind,
};
use daybook_events::{Clock, HubGrant};
use daybook_store::Connector;

use super::sealing::unseal;
use crate::{
    config::Connectors,
    state::App,
    tokens::{SealError, SecretSealer},
};

pub(super) const HUB: HubGrant = HubGrant::of_the_hub_itself();

/// A destination at work.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) destination: AnyDestination,
    /// What it gets, and in which form.
    pub(crate) shape: Shape,
    /// Events in one batch, at the most.
    pub(crate) batch_events: usize,
    /// Bytes of their texts, at the most; one event is always let through.
    pub(crate) batch_bytes: usize,
    /// How long a batch that is not full waits for more.
    pub(crate) batch_wait: Duration,
    /// Whether a new destination begins with everything kept, or with what is to come.
    pub(crate) is_from_beginning: bool,
}

/// Why a connector cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// This version has no such kind.
    #[error("{0}")]
    Kind(String),
    /// Its settings do not fit it any more.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its secrets do not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What every connector of this hub gets.
pub(crate) fn context(
    config: &Connectors,
    data_dir: &Path,
    (host, mark): (&str, String),
    clock: Arc<dyn Clock>,
) -> Context {
    let roots =
        if config.file_directories.is_empty() { vec![data_dir.join("files")] } else { config.file_directories.clone() };
    let networks = config.allow_networks.parse().expect("the configuration was validated");
    Context {
        hub_version: env!("CARGO_PKG_VERSION").to_owned(),
        hub_host: host.to_owned(),
        hub_mark: mark,
        guard: Arc::new(EgressGuard::allowing(&networks)),
        clock,
        files: FileRoots::new(roots),
    }
}

/// Opens a destination of the catalog.
///
/// # Errors
///
/// It is of another version's making, or sealed with another key.
pub(crate) fn open(app: &App, connector: &Connector) -> Result<Opened, OpenError> {
    let kind: DestinationKind = connector.kind.parse().map_err(OpenError::Kind)?;
    let settings = settings_of(&app.secret_sealer, kind.description(), connector)?;
    let key = app.redaction_keys.of(&connector.connector_id);
    Opened::new(kind, &settings, (&app.connector_context, key)).map_err(OpenError::Settings)
}

/// What a destination of the catalog gets, and whether from the beginning: what is to be known to look at it, without the
/// clients and keys with which it delivers.
///
/// # Errors
///
/// It is of another version's making, or sealed with another key.
pub(crate) fn open_shape(app: &App, connector: &Connector) -> Result<(Shape, bool), OpenError> {
    let kind: DestinationKind = connector.kind.parse().map_err(OpenError::Kind)?;
    let settings = settings_of(&app.secret_sealer, kind.description(), connector)?;
    let shape = Shape::of(&settings, &app.connector_context, app.redaction_keys.of(&connector.connector_id))?;
    Ok((shape, is_from_beginning(&settings)))
}

/// Opens a source of the catalog.
///
/// # Errors
///
/// It is of another version's making, or sealed with another key.
pub(crate) fn open_source(app: &App, connector: &Connector) -> Result<AnySource, OpenError> {
    let kind: SourceKind = connector.kind.parse().map_err(OpenError::Kind)?;
    let settings = settings_of(&app.secret_sealer, kind.description(), connector)?;
    kind.open(&settings, &app.connector_context).map_err(OpenError::Settings)
}

fn is_from_beginning(settings: &Settings) -> bool {
    settings.text("from") == "beginning"
}

fn settings_of(sealer: &SecretSealer, description: &Description, connector: &Connector) -> Result<Settings, OpenError> {
    let mut given = connector.settings.clone();
    given.extend(unseal(sealer, &connector.connector_id, &connector.sealed_secrets)?);
    Ok(Settings::check(description, &given)?)
}

impl Opened {
    /// One attempt, as [`Destination::deliver`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        self.destination.deliver(batch).await
    }

    /// A destination of these settings.
    ///
    /// # Errors
    ///
    /// The settings contradict each other, or name what may not be reached.
    pub(crate) fn new(
        kind: DestinationKind,
        settings: &Settings,
        (context, redaction_key): (&Context, [u8; 32]),
    ) -> Result<Self, SettingsError> {
        let size = |name| usize::try_from(settings.number(name)).unwrap_or(usize::MAX);
        Ok(Self {
            destination: kind.open(settings, context)?,
            shape: Shape::of(settings, context, redaction_key)?,
            batch_events: size("batch_events").max(1),
            batch_bytes: size("batch_kib") << 10,
            batch_wait: Duration::from_millis(settings.number("batch_wait_ms")),
            is_from_beginning: is_from_beginning(settings),
        })
    }
}
