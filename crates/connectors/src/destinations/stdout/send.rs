//! One write a batch, while nobody else writes.

use std::io::Write;

use crate::{
    Batch, Context, Delivered, DeliveryError, Destination, Endpoint, Settings, SettingsError,
    destinations::file::lines_of,
};

/// Standard output.
#[derive(Debug)]
pub struct Connector;

impl Connector {
    /// Standard output, whatever the settings.
    #[expect(clippy::unnecessary_wraps, reason = "every kind is opened in the same way")]
    pub(in crate::destinations) fn open(_settings: &Settings, _context: &Context) -> Result<Self, SettingsError> {
        Ok(Self)
    }
}

impl Destination for Connector {
    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    async fn deliver(&self, batch: &Batch) -> Result<Delivered, DeliveryError> {
        let lines = lines_of(batch);
        let written = tokio::task::spawn_blocking(move || {
            let mut output = std::io::stdout().lock();
            output.write_all(&lines).and_then(|()| output.flush())
        });
        let written = written.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        written
            .map(|()| Delivered::all())
            .map_err(|error| DeliveryError::retry(format!("write to standard output: {error}")))
    }
}
