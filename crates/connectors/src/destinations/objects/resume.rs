//! Finds what an attempt left behind whose acknowledgement was lost, together with the hub's memory of it: the next batch
//! begins with the same event, but may be longer, so its object would have another name and the events be there twice.

use daybook_events::Position;
use object_store::list::PaginatedListOptions;

use super::{
    answers::Verdict,
    client::Fault,
    layout::{Name, digest_of},
    send::Store,
};
use crate::{Batch, DeliveryError};

/// More objects that begin with the same event there are only if settings were changed that often.
const NAMES_MAX: usize = 1000;

/// How many of the first events the store has already, in objects whose digest proves it.
///
/// # Errors
///
/// The store gives no answer for the moment. One that does not let its objects be listed has nothing to tell.
pub(super) async fn stored_events(store: &dyn Store, folder: &str, batch: &Batch) -> Result<usize, DeliveryError> {
    let mut count = 0;
    while count < batch.events.len() {
        let rest = batch.slice(count..batch.events.len());
        let names = names_beginning(store, folder, rest.first()).await?;
        match names.iter().filter_map(|name| events_of(name, &rest)).max() {
            Some(more) => count += more,
            None => break,
        }
    }
    Ok(count)
}

/// How many of the batch's first events an object of this name holds, if it holds just those.
fn events_of(name: &Name, batch: &Batch) -> Option<usize> {
    let count = 1 + batch.events.iter().position(|event| event.position == name.last)?;
    (name.first == batch.first() && digest_of(batch, &batch.events[..count]) == name.digest).then_some(count)
}

async fn names_beginning(store: &dyn Store, folder: &str, first: Position) -> Result<Vec<Name>, DeliveryError> {
    let options = PaginatedListOptions { max_keys: Some(NAMES_MAX), ..PaginatedListOptions::default() };
    let listed = store.list_paginated(Some(&Name::beginning(folder, first)), options).await;
    match listed {
        Ok(page) => Ok(page.result.objects.iter().filter_map(|it| Name::parse(it.location.as_ref())).collect()),
        Err(error) => match (Verdict::of(&error), Fault::of(&error)) {
            (Verdict::Failed(error @ DeliveryError::Retry { .. }), Some(_)) => Err(error),
            _ => {
                tracing::warn!(
                    "the object store does not let its objects be listed: events of a batch that was cut off may be there twice"
                );
                Ok(Vec::new())
            }
        },
    }
}
