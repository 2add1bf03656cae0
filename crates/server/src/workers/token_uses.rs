//! When tokens were last used, gathered in memory and written every few seconds: reading must not cost a commit.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use daybook_events::{Timestamp, TokenId};
use daybook_store::{FeatureUse, StoreError, TokenRefusal, TokenUse};

use super::{Pause, packer::chain};
use crate::{events_api::ClientInfo, state::App, tokens::Refused};

/// Uses that are not written yet. After a crash the last few seconds of counts are missing; events never are.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenUses(Arc<Mutex<Unwritten>>);

#[derive(Debug, Default)]
struct Unwritten {
    uses: HashMap<(TokenId, String), FeatureUse>,
    /// By token, if one is known, and reason: there are never more than tokens times reasons.
    refusals: HashMap<(Option<TokenId>, String), TokenRefusal>,
}

/// For how long the hours of tokens are kept.
const HOURS_KEPT: Duration = Duration::from_secs(31 * 24 * 3600);
const TIDY_EVERY: Duration = Duration::from_secs(3600);

impl TokenUses {
    /// Adds one use.
    pub(crate) fn note(&self, TokenUse { token_id, used }: TokenUse) {
        match self.unwritten().uses.entry((token_id, used.feature.clone())) {
            Entry::Vacant(vacant) => {
                vacant.insert(used);
            }
            Entry::Occupied(mut occupied) => {
                let known = occupied.get_mut();
                let (requests, events) = (known.requests + used.requests, known.events + used.events);
                *known = FeatureUse { requests, events, ..used };
            }
        }
    }

    /// Notes that a request was refused, if that says something about a token.
    pub(crate) fn note_refusal(&self, refused: &Refused, feature: &str, client: &ClientInfo, now: Timestamp) {
        let Some(reason) = refused.fault.code() else { return };
        let verdict = refused.verdict.as_deref();
        self.note_refusals(TokenRefusal {
            account_id: verdict.map(|verdict| verdict.account_id.clone()),
            token_id: verdict.map(|verdict| verdict.token_id.clone()),
            reason: reason.to_owned(),
            feature: feature.to_owned(),
            refused_at: now,
            address: client.address.clone(),
            user_agent: client.user_agent.clone(),
            requests: 1,
        });
    }

    /// Notes a connection that came to nothing in its TLS handshake.
    pub(crate) fn note_failed_handshake(&self, address: String, error: &str, now: Timestamp) {
        self.note_refusals(TokenRefusal {
            account_id: None,
            token_id: None,
            reason: "tls".to_owned(),
            feature: String::new(),
            refused_at: now,
            address,
            user_agent: error.chars().take(200).collect(),
            requests: 1,
        });
    }

    fn note_refusals(&self, refusal: TokenRefusal) {
        let mut unwritten = self.unwritten();
        let key = (refusal.token_id.clone(), refusal.reason.clone());
        let earlier = unwritten.refusals.get(&key).map_or(0, |known| known.requests);
        unwritten.refusals.insert(key, TokenRefusal { requests: earlier + refusal.requests, ..refusal });
    }

    fn take(&self) -> (Vec<TokenUse>, Vec<TokenRefusal>) {
        let Unwritten { uses, refusals } = std::mem::take(&mut *self.unwritten());
        let uses = uses.into_iter().map(|((token_id, _), used)| TokenUse { token_id, used });
        (uses.collect(), refusals.into_values().collect())
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn run(app: App, mut pause: Pause) {
    let every = Duration::from_secs(app.config.workers.token_use_secs);
    let mut is_running = true;
    let mut tidied: Option<Instant> = None;
    while is_running {
        is_running = pause.take(every).await;
        let (uses, refusals) = app.token_uses.take();
        if !uses.is_empty() || !refusals.is_empty() {
            write(&app, uses, refusals).await;
        }
        if tidied.is_none_or(|tidied| tidied.elapsed() > TIDY_EVERY) {
            tidied = Some(Instant::now());
            if let Err(error) = tidy(&app).await {
                tracing::warn!(error = chain(&error), "what is over was not forgotten; it is tried again");
            }
        }
    }
}

/// Forgets old counts of tokens, and sessions and links that have ended.
async fn tidy(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    app.catalog.forget_token_hours(now.minus(HOURS_KEPT)).await?;
    app.catalog.forget_ended_sessions(now).await
}

async fn write(app: &App, uses: Vec<TokenUse>, refusals: Vec<TokenRefusal>) {
    if let Err(error) = app.catalog.record_token_uses(&uses, &refusals).await {
        tracing::warn!(error = chain(&error), "the use of tokens was not recorded; it is tried again");
        uses.into_iter().for_each(|used| app.token_uses.note(used));
        refusals.into_iter().for_each(|refusal| app.token_uses.note_refusals(refusal));
    }
}
