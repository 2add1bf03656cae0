//! A running node stays in attendance, so that nobody rotates the master key under it.

use std::time::Duration;

use anyhow::Result;
use daybook_events::HubGrant;
use daybook_store::{Attendance, StoreError};

use crate::{state::App, tokens::SealError};

const HUB: HubGrant = HubGrant::of_the_hub_itself();
const INTERVAL: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_secs(1);
const TIME_MAX: Duration = Duration::from_secs(40);

/// Keeps the attendance, and begins anew when the database has lost it. It ends only with an error.
///
/// # Errors
///
/// While the node was not in attendance, the master key was rotated: this node knows the former one, and must not seal
/// anything under it.
pub(crate) async fn attend(app: &App, mut attendance: Attendance) -> Result<()> {
    if !attendance.can_be_lost() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(INTERVAL).await;
        match in_time(attendance.check()).await {
            Ok(()) => continue,
            Err(error) => tracing::warn!(%error, "lost the session that keeps others from rotating the master key"),
        }
        attendance = begin_anew(app).await?;
    }
}

async fn begin_anew(app: &App) -> Result<Attendance> {
    loop {
        tokio::time::sleep(AGAIN_AFTER).await;
        let Ok(attendance) = in_time(Attendance::begin(&app.database)).await else { continue };
        let Ok(secrets) = in_time(app.catalog.list_sealed(HUB)).await else { continue };
        let opens = |secret| super::opens(&app.secret_sealer, secret);
        return if secrets.first().is_none_or(opens) { Ok(attendance) } else { Err(SealError.into()) };
    }
}

/// A database that does not answer is as good as gone.
async fn in_time<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(TIME_MAX, call).await.unwrap_or(Err(StoreError::Closed))
}
