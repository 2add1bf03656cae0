//! From the text of a token to what its bearer may do now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use daybook_events::{Clock, HubGrant, Kind, Kinded};
use daybook_store::{Catalog, IntegrationState, KeyStatus, StoreError, TokenVerdict};

use super::{
    Keyring,
    jwt::{self, JwtError},
};

/// How long a verdict is believed before it is looked up again: what other nodes revoke is seen within a second.
const VERDICT_LIFE: Duration = Duration::from_millis(900);
/// Verdicts kept; beyond that all are forgotten and looked up again.
const VERDICTS_MAX: usize = 10_000;
/// A token that names an unknown key makes the keys be read anew, at most this often.
const KEY_REFRESH_WAIT: Duration = Duration::from_secs(1);

/// Why a token is not honoured. The text is for its bearer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFault {
    /// No `Authorization: Bearer` header.
    #[error("send the bearer token in the header \"Authorization: Bearer …\"")]
    Missing,
    /// Not a token of ours.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// Well signed, and not registered.
    #[error("the token is not known to this hub any more")]
    Unknown,
    /// Its key was revoked.
    #[error("the key that signed the token was revoked; issue a new token")]
    KeyRevoked,
    /// It was revoked.
    #[error("the token was revoked; issue a new one")]
    Revoked,
    /// Its time is over.
    #[error("the token has expired; issue a new one")]
    Expired,
    /// Its integration is disabled or removed.
    #[error("the integration of this token is {0}")]
    Integration(IntegrationState),
    /// It lacks a feature.
    #[error("the token may not {right} {feature}; it has {has}")]
    Feature {
        /// `read` or `append to`.
        right: &'static str,
        /// What was asked for.
        feature: String,
        /// What it has.
        has: String,
    },
    /// It is a source's token, and reading was asked for; or the other way round.
    #[error("{0}")]
    WrongUse(&'static str),
    /// It may not be used from there.
    #[error("the token may not be used from {0}; its networks can be changed in the console")]
    Network(String),
    /// The store cannot say.
    #[error("look up the token")]
    Store(#[from] StoreError),
}

/// A token that is not honoured, and whose it is as far as that is known.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) fault: TokenFault,
    pub(crate) verdict: Option<Arc<TokenVerdict>>,
}

impl<F: Into<TokenFault>> From<F> for Refused {
    fn from(fault: F) -> Self {
        Self { fault: fault.into(), verdict: None }
    }
}

impl TokenFault {
    /// A short code, by which refusals are counted; `None` for what says nothing about a token.
    pub(crate) fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing | Self::Store(_) => return None,
            Self::Jwt(JwtError::Malformed | JwtError::Algorithm(_)) => "malformed",
            Self::Jwt(JwtError::UnknownKey) | Self::Unknown => "unknown",
            Self::Jwt(JwtError::Signature) => "signature",
            Self::KeyRevoked => "key_revoked",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Integration(_) => "integration",
            Self::Feature { .. } => "feature",
            Self::WrongUse(_) => "wrong_use",
            Self::Network(_) => "network",
        })
    }
}

impl Kinded for TokenFault {
    fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            _ => Kind::Unauthenticated,
        }
    }
}

/// What was looked up lately.
#[derive(Debug, Default)]
struct Verdicts {
    by_token: HashMap<String, (Instant, Arc<TokenVerdict>)>,
    /// Grows whenever all are forgotten: a look-up that began before must not be remembered after.
    generation: u64,
}

/// Believes tokens, or says why not.
#[derive(Debug)]
pub(crate) struct Authenticator {
    keyring: Keyring,
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    verdicts: Mutex<Verdicts>,
    keys_refreshed: tokio::sync::Mutex<Option<Instant>>,
}

impl Authenticator {
    /// With the hub's keys and catalog.
    #[must_use]
    pub(crate) fn new(keyring: Keyring, catalog: Catalog, clock: Arc<dyn Clock>) -> Self {
        Self { keyring, catalog, clock, verdicts: Mutex::default(), keys_refreshed: tokio::sync::Mutex::default() }
    }

    /// Forgets what was looked up: called after every change of the catalog on this node.
    pub(crate) fn forget(&self) {
        let mut verdicts = self.verdicts();
        verdicts.by_token.clear();
        verdicts.generation += 1;
    }

    /// What the bearer of a token may do now.
    ///
    /// # Errors
    ///
    /// `Unauthenticated`, with the reason; or the store's kind when it cannot say.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Arc<TokenVerdict>, Refused> {
        let verdict = match self.find_verdict(token) {
            Some(verdict) => verdict,
            None => self.look_up(token).await?,
        };
        match self.fault_of(&verdict) {
            Some(fault) => Err(Refused { fault, verdict: Some(verdict) }),
            None => Ok(verdict),
        }
    }

    fn fault_of(&self, verdict: &TokenVerdict) -> Option<TokenFault> {
        if verdict.key_status == KeyStatus::Revoked {
            return Some(TokenFault::KeyRevoked);
        }
        if verdict.revoked_at.is_some() {
            return Some(TokenFault::Revoked);
        }
        if verdict.rights.expires_at.is_some_and(|expires_at| expires_at <= self.clock.now()) {
            return Some(TokenFault::Expired);
        }
        (verdict.state != IntegrationState::Active).then_some(TokenFault::Integration(verdict.state))
    }

    /// By the digest of the whole token, so that only a token verified before is found.
    fn find_verdict(&self, token: &str) -> Option<Arc<TokenVerdict>> {
        let verdicts = self.verdicts();
        let (looked_up, verdict) = verdicts.by_token.get(&jwt::digest_of(token))?;
        (looked_up.elapsed() < VERDICT_LIFE).then(|| Arc::clone(verdict))
    }

    async fn look_up(&self, token: &str) -> Result<Arc<TokenVerdict>, TokenFault> {
        let (looked_up, generation) = (Instant::now(), self.verdicts().generation);
        let parts = jwt::parse(token)?;
        match self.keyring.verify(&parts) {
            Err(JwtError::UnknownKey) => {
                self.refresh_keys().await;
                self.keyring.verify(&parts)?;
            }
            verified => verified?,
        }
        let verdict = self.catalog.find_token(&parts.signature_digest).await?.ok_or(TokenFault::Unknown)?;
        let verdict = Arc::new(verdict);
        let mut verdicts = self.verdicts();
        if verdicts.by_token.len() >= VERDICTS_MAX {
            verdicts.by_token.clear();
        }
        if verdicts.generation == generation {
            verdicts.by_token.insert(jwt::digest_of(token), (looked_up, Arc::clone(&verdict)));
        }
        Ok(verdict)
    }

    fn verdicts(&self) -> MutexGuard<'_, Verdicts> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the keys anew, at most once a second: another node may have rotated or revoked them.
    pub(crate) async fn refresh_keys(&self) {
        let mut refreshed = self.keys_refreshed.lock().await;
        if refreshed.is_some_and(|refreshed| refreshed.elapsed() < KEY_REFRESH_WAIT) {
            return;
        }
        *refreshed = Some(Instant::now());
        if let Err(error) = self.keyring.refresh(HubGrant::of_the_hub_itself()).await {
            tracing::warn!(error = format!("{error:#}"), "could not read the signing keys anew");
        }
    }
}
