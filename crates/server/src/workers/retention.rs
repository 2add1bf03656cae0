//! Drops blocks past their account's retention, and forgets idempotency keys past their window.

use std::time::Duration;

use daybook_events::{HubGrant, Kind, Kinded};
use daybook_store::{CursorKey, StoreError};

use super::{Pause, packer::chain};
use crate::state::{App, days_long};

const HUB: HubGrant = HubGrant::of_the_hub_itself();

pub(super) async fn run(app: App, mut pause: Pause) {
    let every = Duration::from_secs(app.config.workers.retention_secs);
    while pause.take(every).await {
        if let Err(error) = round(&app, &pause).await {
            if error.kind() == Kind::Conflict {
                tracing::debug!(%error, "another node trims this stream");
            } else {
                tracing::warn!(error = chain(&error), "retention was put off");
            }
        }
    }
}

async fn round(app: &App, pause: &Pause) -> Result<(), StoreError> {
    app.log.forget_old_idempotency_keys(HUB).await?;
    for account in app.catalog.list_accounts(HUB).await? {
        let Some(days) = account.retention_days else { continue };
        let before = app.clock.now().minus(days_long(days));
        for stream in app.log.streams(HUB, Some(&account.account_id)).await? {
            let key = CursorKey { name: "retention".into(), stream_id: stream.stream_id };
            while !pause.is_over() {
                let lease_life = Duration::from_secs(app.config.workers.lease_secs);
                let Some(lease) = app.cursors.lease(&key, lease_life).await? else { break };
                let dropped = app.log.trim(&lease, before).await;
                app.cursors.release(lease).await?;
                match dropped? {
                    0 => break,
                    events => tracing::info!(
                        account = account.account_id.as_str(),
                        feature = stream.feature.as_str(),
                        batch.events = events,
                        "dropped events past retention"
                    ),
                }
            }
        }
    }
    Ok(())
}
