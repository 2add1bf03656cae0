//! What signing in needs and every request shares: the hasher, passkeys and their open challenges, the throttle.

use std::{net::IpAddr, num::NonZeroU32};

use anyhow::{Context, Result};
use daybook_events::{HubGrant, PersonId, SessionId};
use daybook_store::Catalog;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::credentials::{
    challenges::Challenges,
    devices::Devices,
    passkeys::{AuthenticationChallenge, RegistrationChallenge, RelyingParty},
    passwords::{Hasher, Password, PasswordError},
    strength::{About, find_problems},
    throttle::Throttle,
};
use crate::tokens::SecretSealer;

/// Shared by all sign-ins of this node.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(super) hasher: Hasher,
    /// `None` when the hub is known by an IP address, to which passkeys cannot be bound.
    pub(super) relying_party: Option<RelyingParty>,
    pub(super) registrations: Challenges<Registering>,
    pub(super) authentications: Challenges<AuthenticationChallenge>,
    pub(super) throttle: Throttle,
    pub(super) devices: Devices,
    /// Challenges that one address may ask for: too many would push out those of others.
    questions: DefaultKeyedRateLimiter<IpAddr>,
}

/// Challenges a minute and address.
const QUESTIONS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not 0");
/// Addresses that are kept; beyond that those that are quiet are forgotten.
const ADDRESSES_MAX: usize = 10_000;

/// Who is adding a passkey, in which session.
#[derive(Debug)]
pub(super) struct Registering {
    pub(super) person_id: PersonId,
    pub(super) session_id: SessionId,
    pub(super) name: String,
    pub(super) challenge: RegistrationChallenge,
}

impl Doors {
    /// For the hub under this name.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or its secrets were sealed with another master key.
    pub(crate) async fn open(
        catalog: &Catalog,
        sealer: &SecretSealer,
        (public_host, plain_http): (&str, bool),
    ) -> Result<Self> {
        let relying_party = RelyingParty::new(public_host, plain_http).unwrap_or_else(|error| {
            tracing::warn!(%error, "passkeys are not offered");
            None
        });
        let mut fresh = [0_u8; 32];
        getrandom::fill(&mut fresh).context("draw a random key")?;
        let hub = HubGrant::of_the_hub_itself();
        let sealed = catalog.find_or_keep_secret(hub, "device key", &sealer.seal("device key", &fresh)).await?;
        let key = sealer.open("device key", &sealed)?;
        let key: [u8; 32] = key.try_into().ok().context("the device key in the store is not 32 bytes")?;
        Ok(Self {
            hasher: Hasher::default(),
            relying_party,
            registrations: Challenges::default(),
            authentications: Challenges::default(),
            throttle: Throttle::default(),
            devices: Devices::new(&key),
            questions: RateLimiter::keyed(Quota::per_minute(QUESTIONS_PER_MINUTE)),
        })
    }

    /// Whether an address may ask for one more challenge.
    pub(super) fn may_ask(&self, address: &str) -> bool {
        if self.questions.len() > ADDRESSES_MAX {
            self.questions.retain_recent();
        }
        let address = address.parse().unwrap_or(IpAddr::from([127, 0, 0, 1]));
        self.questions.check_key(&address).is_ok()
    }

    /// The hash of a new password; or, as the inner error, what is wrong with it in words.
    pub(super) async fn hash_new(
        &self,
        typed: &str,
        about: &About<'_>,
    ) -> Result<Result<String, String>, PasswordError> {
        let password = Password::new(typed);
        let problems = find_problems(&password, about);
        if !problems.is_empty() {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return Ok(Err(texts.join(" ")));
        }
        self.hasher.hash(password).await.map(Ok)
    }
}
