//! Dead letters that people queued to be delivered once more, one by one: each gets its own answer. A lease on a stream
//! that does not exist keeps two nodes from the same letters.

use std::{sync::Arc, time::Duration};

use daybook_connectors::{Batch, DeliveryError};
use daybook_events::StoredEvent;
use daybook_store::{Connector, CursorKey, CursorName, DeadLetter, Lease, Settlement, StoreError};
use tokio::sync::watch;

use super::{
    fleet::HUB,
    stream::{STOP_GRACE, stopped_for},
};
use crate::{
    connectors::Opened,
    state::App,
    workers::{backoff::Backoff, packer::chain},
};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Letters read at a time.
const LETTERS_MAX: u32 = 100;
/// Streams have numbers from 1.
const NO_STREAM: i64 = 0;

pub(super) async fn run(app: App, opened: Arc<Opened>, connector: Connector, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    let mut wait = LOOK_EVERY;
    while tokio::time::timeout(wait, stop.wait_for(|stop| *stop)).await.is_err() {
        wait = match round(&app, &opened, &connector, &mut stop).await {
            Ok(None) => {
                backoff.reset();
                LOOK_EVERY
            }
            Ok(Some(error)) => backoff.wait_after(&error),
            Err(error) => {
                tracing::warn!(error = chain(&error), "dead letters were not redriven; it is tried again");
                LOOK_EVERY
            }
        };
    }
}

/// Delivers what is queued; `Some` if the receiver does not take anything at the moment.
async fn round(
    app: &App,
    opened: &Opened,
    connector: &Connector,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<DeliveryError>, StoreError> {
    if app.catalog.queued_dead_letters(HUB, &connector.connector_id, 1).await?.is_empty() {
        return Ok(None);
    }
    let key = CursorKey { name: CursorName::of_destination(&connector.connector_id), stream_id: NO_STREAM };
    let life = Duration::from_secs(app.config.workers.lease_secs);
    let Some(lease) = app.cursors.lease(&key, life).await? else { return Ok(None) };
    let came = deliver_queued(app, opened, connector, stop, (&lease, life)).await;
    app.cursors.release(lease).await?;
    came
}

async fn deliver_queued(
    app: &App,
    opened: &Opened,
    connector: &Connector,
    stop: &mut watch::Receiver<bool>,
    (lease, life): (&Lease, Duration),
) -> Result<Option<DeliveryError>, StoreError> {
    loop {
        let letters = app.catalog.queued_dead_letters(HUB, &connector.connector_id, LETTERS_MAX).await?;
        if letters.is_empty() {
            return Ok(None);
        }
        for letter in letters {
            if *stop.borrow() {
                return Ok(None);
            }
            let came = tokio::select! {
                came = redeliver(opened, connector, &letter) => came,
                // What is broken off is still queued.
                () = stopped_for(stop, STOP_GRACE) => return Ok(None),
                lost = keep_lease(app, lease, life) => return Err(lost),
            };
            let settlement = match came {
                Ok(settlement) => settlement,
                Err(error) => return Ok(Some(error)),
            };
            app.catalog.settle_dead_letter(HUB, &connector.connector_id, letter.dead_letter_id, &settlement).await?;
        }
    }
}

/// Renews a lease for as long as it is ours; ends with why it is not.
async fn keep_lease(app: &App, lease: &Lease, life: Duration) -> StoreError {
    loop {
        if let Err(lost) = app.cursors.renew(lease, life).await {
            return lost;
        }
        tokio::time::sleep(life / 3).await;
    }
}

async fn redeliver(opened: &Opened, connector: &Connector, letter: &DeadLetter) -> Result<Settlement, DeliveryError> {
    let batch = batch_of(opened, connector, letter);
    match opened.deliver(&batch).await {
        Ok(delivered) => match (delivered.rejected.into_iter().next(), delivered.unsettled) {
            (Some(rejected), _) => Ok(Settlement::Refused { reason: rejected.reason }),
            (None, Some(unsettled)) => settle(unsettled.error),
            (None, None) => Ok(Settlement::Delivered),
        },
        Err(error) => settle(error),
    }
}

fn settle(error: DeliveryError) -> Result<Settlement, DeliveryError> {
    match error {
        DeliveryError::Refused { reason } | DeliveryError::TooLarge { reason } => Ok(Settlement::Refused { reason }),
        error => Err(error),
    }
}

/// The letter in the form that the destination's settings want by now. The filter has let it pass before, and what was
/// asked for by hand is sent whatever it says today.
fn batch_of(opened: &Opened, connector: &Connector, letter: &DeadLetter) -> Batch {
    let event = StoredEvent {
        position: letter.position,
        time: letter.event_time,
        arrival: letter.created_at,
        payload: &letter.payload,
    };
    let outgoing = opened.shape.prepare_all_the_same(&connector.account_id, &letter.feature, &event);
    Batch { account: connector.account_id.clone(), feature: letter.feature.clone(), events: vec![outgoing] }
}
