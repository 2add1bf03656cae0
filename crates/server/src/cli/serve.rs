//! `daybook serve`: the hub itself.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;

use super::{GlobalOptions, start_runtime};
use crate::config::{Config, LogFormat, Overrides};

/// How long threads that are still at something are waited for at the end.
const THREADS_END_WITHIN: Duration = Duration::from_secs(5);

/// Run the hub until Ctrl-C or SIGTERM
///
/// Without options it keeps its data in the default data directory and listens on https://127.0.0.1:8443 with a
/// certificate of its own. With --json its log lines are JSON.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  daybook serve
  daybook serve --data-dir /var/lib/daybook --listen 0.0.0.0:8443 --public-url https://events.acme.example:8443
  daybook serve --config /etc/daybook.toml --store postgres://daybook@db.acme.example/daybook")]
pub(super) struct Serve {
    #[command(flatten)]
    overrides: Overrides,
}

pub(super) fn run(global: &GlobalOptions, command: &Serve) -> Result<ExitCode> {
    let mut config = Config::load(&command.overrides)?;
    if global.json {
        config.logs.format = LogFormat::Json;
    }
    crate::start_logs(&config.logs)?;
    let runtime = start_runtime()?;
    let served = runtime.block_on(crate::serve(config, global.data_dir()));
    // A write that hangs, to a file that is far away say, keeps its thread, but not the process.
    runtime.shutdown_timeout(THREADS_END_WITHIN);
    // From here on the log is where people look.
    Ok(served.map_or_else(
        |error| {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    ))
}
