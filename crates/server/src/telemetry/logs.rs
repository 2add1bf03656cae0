//! Log lines on standard error, for people or for machines.

use std::io::{IsTerminal, stderr};

use anyhow::{Context, Result};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{LogFormat, Logs};

/// Starts logging as the configuration says.
///
/// # Errors
///
/// The level is not understood, or logging was started before.
pub fn start_logs(config: &Logs) -> Result<()> {
    let filter = EnvFilter::try_new(&config.level).context("read logs.level")?;
    // SQL statements and connection details of libraries are for whoever asks for them by name.
    let filter = ["sqlx=warn", "hyper=warn", "rustls=warn"].into_iter().fold(filter, |filter, directive| {
        directive.parse().map_or_else(|_| EnvFilter::default(), |directive| filter.add_directive(directive))
    });
    let registry = tracing_subscriber::registry().with(filter);
    match config.format {
        LogFormat::Text => {
            let layer = fmt::layer().with_writer(stderr).with_target(false).with_ansi(stderr().is_terminal());
            registry.with(layer).try_init()
        }
        LogFormat::Json => registry.with(fmt::layer().with_writer(stderr).json().flatten_event(true)).try_init(),
    }
    .context("start logging")
}
