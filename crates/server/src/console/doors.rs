//! What signing in needs and every request shares: the hasher, passkeys and their open challenges, the throttle.

use std::{net::IpAddr, num::NonZeroU32};

use anyhow::Result;
use axum::http::StatusCode;
use daybook_events::{PersonId, SessionId};
use daybook_store::Catalog;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;

use super::credentials::{
    challenges::Challenges,
    devices::Devices,
    passkeys::{AuthenticationChallenge, RegistrationChallenge, RelyingParty},
    passwords::{Hasher, Password, PasswordError},
    strength::About,
    throttle::Throttle,
};
use super::words;
use crate::{
    error::ApiError,
    tokens::{SecretSealer, hub_key},
};

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
    /// What one network may ask for that costs more than a page: challenges, of which too many would push out those of
    /// others, and new passwords.
    questions: DefaultKeyedRateLimiter<IpNet>,
}

/// Such questions a minute and network.
const QUESTIONS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("60 is not 0");
/// Networks that are kept; beyond that those that are quiet are forgotten.
const NETWORKS_MAX: usize = 10_000;
/// What one customer of a provider has, as a rule.
const IPV4_BITS: u8 = 32;
const IPV6_BITS: u8 = 48;

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
        let key = hub_key(catalog, sealer, "device key").await?;
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

    /// Counts a question that costs something.
    ///
    /// # Errors
    ///
    /// 429: the network of this address has asked too often.
    pub(super) fn count_question(&self, address: &str) -> Result<(), ApiError> {
        if self.questions.len() > NETWORKS_MAX {
            self.questions.retain_recent();
        }
        let address = address.parse().unwrap_or(IpAddr::from([127, 0, 0, 1])).to_canonical();
        let bits = if address.is_ipv4() { IPV4_BITS } else { IPV6_BITS };
        let network = IpNet::new(address, bits).map_or_else(|_| IpNet::from(address), |network| network.trunc());
        let too_many = || ApiError::new(StatusCode::TOO_MANY_REQUESTS, words::sign_in::TOO_MANY).retry_after(60);
        self.questions.check_key(&network).map_err(|_| too_many())
    }

    /// The hash of a new password; or, as the inner error, what is wrong with it in words.
    pub(super) async fn hash_new(
        &self,
        typed: &str,
        about: &About<'_>,
    ) -> Result<Result<String, String>, PasswordError> {
        let about = [about.name, about.email, about.account_name].map(str::to_owned);
        let outcome = self.hasher.hash_new(Password::new(typed), about).await?;
        Ok(outcome.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
    }
}
