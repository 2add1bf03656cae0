//! When tokens were last used, gathered in memory and written every few seconds: reading must not cost a commit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use daybook_events::TokenId;
use daybook_store::{FeatureUse, TokenUse};

use super::{Pause, packer::chain};
use crate::state::App;

/// Uses that are not written yet. After a crash the last few seconds of counts are missing; events never are.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenUses(Arc<Mutex<HashMap<(TokenId, String), FeatureUse>>>);

impl TokenUses {
    /// Adds one use.
    pub(crate) fn note(&self, TokenUse { token_id, used }: TokenUse) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match uses.entry((token_id, used.feature.clone())) {
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert(used);
            }
            std::collections::hash_map::Entry::Occupied(mut occupied) => {
                let known = occupied.get_mut();
                let (requests, events) = (known.requests + used.requests, known.events + used.events);
                *known = FeatureUse { requests, events, ..used };
            }
        }
    }

    fn take(&self) -> Vec<TokenUse> {
        let uses = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        uses.into_iter().map(|((token_id, _), used)| TokenUse { token_id, used }).collect()
    }
}

pub(super) async fn run(app: App, mut pause: Pause) {
    let every = Duration::from_secs(app.config.workers.token_use_secs);
    let mut is_running = true;
    while is_running {
        is_running = pause.take(every).await;
        let uses = app.token_uses.take();
        if uses.is_empty() {
            continue;
        }
        if let Err(error) = app.catalog.record_token_uses(&uses).await {
            tracing::warn!(error = chain(&error), "the use of tokens was not recorded; it is tried again");
            uses.into_iter().for_each(|used| app.token_uses.note(used));
        }
    }
}
